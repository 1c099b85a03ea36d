"""The tree of errors, their texts, and the outcome or failure that each carries."""

from __future__ import annotations

import pickle

import attrs
import pytest
from hypothesis import given
from support.strategies import failures, outcomes

from omnimsg.domain.errors import (
    AmbiguousError,
    ConfigError,
    InvalidValue,
    NotSentError,
    OmnimsgError,
    OperationError,
    Problem,
    RejectedError,
    SendError,
    Unsupported,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Outcome, Rejected, set_positions
from omnimsg.domain.reason import Fault, Reason, Retry

FAILURE = Failure(
    reason=Reason.INVALID_RECIPIENT,
    retry=Retry.NEVER,
    detail="Invalid\nrecipient +37255500001",
    path="to",
    retry_after=5.0,
    code="105\r\n",
    http_status=400,
    request_id="abc",
    raw={"code": 105},
)
ERRORS = {Rejected: RejectedError, NotSent: NotSentError, Ambiguous: AmbiguousError}


def test_the_tree() -> None:
    """All errors derive from `OmnimsgError`, errors of a send from `SendError`."""
    found = {each.__name__: [base.__name__ for base in each.__bases__] for each in _tree()}

    assert {
        "InvalidValue": ["OmnimsgError", "ValueError"],
        "ConfigError": ["OmnimsgError"],
        "Unsupported": ["OmnimsgError"],
        "OperationError": ["OmnimsgError"],
        "SendError": ["OmnimsgError"],
        "RejectedError": ["SendError"],
        "NotSentError": ["SendError"],
        "AmbiguousError": ["SendError"],
    } == found


def _tree(base: type[Exception] = OmnimsgError) -> list[type[Exception]]:
    children = [
        each for each in base.__subclasses__() if each.__module__.startswith("omnimsg.domain.")
    ]
    return [each for child in children for each in (child, *_tree(child))]


def test_the_sentence_of_a_failure() -> None:
    """The sentence has path, reason, codes and masked detail in one line."""
    assert FAILURE.sentence() == (
        "to: invalid_recipient (code 105 , HTTP 400): Invalid recipient +372******01"
    )


def test_the_shortest_sentence() -> None:
    """Fields that are not set are omitted."""
    assert "timeout" == Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE).sentence()


def test_the_fault_defaults_to_that_of_the_reason() -> None:
    """A failure has its reason's usual fault unless another one is given."""
    usual = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE)
    given = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE, fault=Fault.ACCOUNT)

    assert (Fault.NETWORK, Fault.ACCOUNT) == (usual.fault, given.fault)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (Rejected, "was rejected"),
        (NotSent, "was not sent"),
        (Ambiguous, "may or may not have been sent"),
    ],
)
def test_errors_of_a_send(kind: type[Rejected | NotSent | Ambiguous], verdict: str) -> None:
    """An error of a send carries its outcome and describes it in one line."""
    failure = attrs.evolve(FAILURE, retry=Retry.UNSAFE)
    outcome = kind(reference="r-1", account="main", failure=failure)

    error = ERRORS[kind](outcome)

    assert str(error) == f"message 'r-1' {verdict} by account 'main': {failure.sentence()}"
    assert (outcome, "r-1", "main", failure) == (
        error.outcome,
        error.reference,
        error.account,
        error.failure,
    )
    for value in (error, outcome):
        assert (Reason.INVALID_RECIPIENT, Fault.RECIPIENT, Retry.UNSAFE) == (
            value.reason,
            value.fault,
            value.retry,
        )
    assert outcome.retry_after == 5.0


def test_errors_of_an_operation() -> None:
    """An error of an operation names the operation and account, and carries the failure."""
    error = OperationError("status", "main", FAILURE)

    assert str(error) == f"status through account 'main' failed: {FAILURE.sentence()}"
    assert ("status", "main", FAILURE) == (error.operation, error.account, error.failure)
    assert (Reason.INVALID_RECIPIENT, Fault.RECIPIENT, Retry.NEVER) == (
        error.reason,
        error.fault,
        error.retry,
    )


def test_several_problems() -> None:
    """The text of `InvalidValue` has every problem."""
    error = InvalidValue(Problem("to", "is missing"), Problem("ttl", "must be at least 1"))

    assert str(error) == "to: is missing; ttl: must be at least 1"
    assert ["to", "ttl"] == [each.path for each in error.problems]


@given(outcomes(), failures())
def test_errors_can_be_pickled(outcome: Outcome, failure: Failure) -> None:
    """A pickled error equals the original, and its text is one line."""
    errors: list[OmnimsgError] = [
        InvalidValue(Problem("to", "a"), Problem("ttl", "b")),
        ConfigError("a"),
        Unsupported("a"),
        OperationError("status", "main", failure),
    ]
    if not isinstance(outcome, Accepted):
        errors += [SendError(outcome), ERRORS[type(outcome)](outcome)]
    for error in errors:
        read = pickle.loads(pickle.dumps(error))  # noqa: S301

        assert (type(error), str(error), vars(error)) == (type(read), str(read), vars(read))
        assert len(str(error).splitlines()) == 1


@given(outcomes())
def test_the_position_does_not_affect_equality(outcome: Outcome) -> None:
    """An outcome with another position equals the original."""
    before = pickle.loads(pickle.dumps(outcome))  # noqa: S301

    set_positions([outcome], [7])

    assert outcome.position == 7
    assert before == outcome
