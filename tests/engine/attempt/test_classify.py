"""Outcomes by HTTP status or transport fault, and parsing `Retry-After`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg import Reason, Retry
from omnimsg.adapter import CodeTable, Effect, Response, Verdict
from omnimsg.domain.failure import Failure
from omnimsg.engine.attempt.classify import (
    by_fault,
    by_status,
    of_messages,
    parse_retry_after,
    with_retry_after,
)
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.attempt.flow import describe_error
from omnimsg.transport import TransportFault

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NO_CODES = CodeTable(())


@given(st.integers(100, 599), st.sampled_from(Effect), st.binary(max_size=20))
def test_every_status_has_one_verdict(status: int, effect: Effect, body: bytes) -> None:
    """Every HTTP status has a verdict, whose retry fits the verdict and the request's effect."""
    verdict, failure = by_status(Response(status, body), effect, NO_CODES)

    assert status == failure.http_status
    assert failure.detail
    if verdict is not Verdict.AMBIGUOUS:
        assert verdict.retry is failure.retry
    elif effect in (Effect.SENDS, Effect.ONCE):
        assert Retry.UNSAFE is failure.retry
    else:
        assert failure.retry in (Retry.SAFE, Retry.NEVER)


NOT_OURS = [406, 411, 413, 414, 415, 417, 426, 428, 431, 505, 511]


@pytest.mark.parametrize("status", NOT_OURS)
def test_what_every_request_would_meet_stops_the_account(status: int) -> None:
    """A status about the form of the request, such as 415, is a misconfigured account."""
    verdict, failure = by_status(Response(status), Effect.SENDS, NO_CODES)

    assert Verdict.ACCOUNT is verdict
    assert (Reason.MISCONFIGURED, Retry.AFTER_FIX) == (failure.reason, failure.retry)


@given(
    st.integers(200, 299)
    | st.integers(500, 599).filter(lambda status: status not in NOT_OURS)
    | st.sampled_from([408, 409])
)
def test_what_may_have_acted_is_ambiguous(status: int) -> None:
    """A 2xx that cannot be read, a 408, a 409 and a 5xx are ambiguous."""
    verdict, _ = by_status(Response(status), Effect.SENDS, NO_CODES)

    assert Verdict.AMBIGUOUS is verdict


@given(
    st.sampled_from(
        [Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.CONNECTION_FAILED, Reason.MISCONFIGURED]
    ),
    st.sampled_from(Effect),
    st.booleans(),
)
def test_what_left_decides_over_how_it_broke(reason: Reason, effect: Effect, left: bool) -> None:
    """A transport fault is ambiguous if and only if a byte had left."""
    verdict, failure = by_fault(TransportFault(reason, "it broke"), effect, left=left)

    assert left is (verdict is Verdict.AMBIGUOUS)
    assert (left and effect in (Effect.SENDS, Effect.ONCE)) is (failure.retry is Retry.UNSAFE)


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (Reason.MISCONFIGURED, Verdict.ACCOUNT),
        (Reason.CANCELLED, Verdict.ACCOUNT),
        (Reason.MEDIA_INVALID, Verdict.REJECTED),
        (Reason.TIMEOUT, Verdict.NOT_SENT),
        (Reason.CONNECTION_FAILED, Verdict.NOT_SENT),
    ],
)
def test_a_request_that_has_not_left_is_judged_by_its_fault(
    reason: Reason, verdict: Verdict
) -> None:
    """Before a byte has left nothing was sent, and most faults pass."""
    found, failure = by_fault(TransportFault(reason, "it broke"), Effect.SENDS, left=False)

    assert (verdict, verdict.retry, "it broke") == (found, failure.retry, failure.detail)


@pytest.mark.parametrize(
    ("effect", "retry", "is_advised"),
    [
        (Effect.SENDS, Retry.UNSAFE, True),
        (Effect.ONCE, Retry.UNSAFE, True),
        (Effect.READ, Retry.SAFE, False),
        (Effect.REPEATABLE, Retry.SAFE, False),
    ],
)
def test_a_request_that_left_may_be_repeated_by_its_effect(
    effect: Effect, retry: Retry, is_advised: bool
) -> None:
    """What may have been carried out is ambiguous, and repeated only where that is harmless."""
    verdict, failure = by_fault(TransportFault(Reason.TIMEOUT, "it broke"), effect, left=True)

    assert (Verdict.AMBIGUOUS, retry) == (verdict, failure.retry)
    assert is_advised == ("find out before you repeat it" in failure.detail)


@pytest.mark.parametrize(
    ("status", "effect", "retry"),
    [
        (200, Effect.SENDS, Retry.UNSAFE),
        (500, Effect.ONCE, Retry.UNSAFE),
        (200, Effect.READ, Retry.NEVER),
        (299, Effect.REPEATABLE, Retry.NEVER),
        (408, Effect.READ, Retry.SAFE),
        (500, Effect.REPEATABLE, Retry.SAFE),
    ],
)
def test_an_ambiguous_status_may_be_repeated_by_its_effect(
    status: int, effect: Effect, retry: Retry
) -> None:
    """A success that cannot be read is not repeated: it would be as unreadable again."""
    verdict, failure = by_status(Response(status), effect, NO_CODES)

    assert (Verdict.AMBIGUOUS, retry) == (verdict, failure.retry)


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("verdict", Verdict)
def test_nothing_proves_a_message_unsent_after_a_request_that_sends(
    verdict: Verdict, effect: Effect
) -> None:
    """If an earlier request may have sent the message, no later answer says that it did not."""
    failure = Failure(reason=Reason.TIMEOUT, retry=Retry.SAFE, detail="it broke")

    found, changed = of_messages(Finding(verdict, failure), effect, sent_before=True)

    assert (Verdict.AMBIGUOUS, Retry.UNSAFE) == (found, changed.retry)
    assert "it broke; an earlier request may have sent the message" == changed.detail


@pytest.mark.parametrize(
    ("verdict", "effect", "expected"),
    [
        (Verdict.REJECTED, Effect.SENDS, Verdict.REJECTED),
        (Verdict.AMBIGUOUS, Effect.SENDS, Verdict.AMBIGUOUS),
        (Verdict.NOT_SENT, Effect.READ, Verdict.NOT_SENT),
        (Verdict.ACCOUNT, Effect.REPEATABLE, Verdict.ACCOUNT),
        # A refused token is no refusal of the message, and a lost one did not send it.
        (Verdict.REJECTED, Effect.REPEATABLE, Verdict.ACCOUNT),
        (Verdict.AMBIGUOUS, Effect.READ, Verdict.NOT_SENT),
    ],
)
def test_a_request_before_the_one_that_sends_leaves_a_message_unsent(
    verdict: Verdict, effect: Effect, expected: Verdict
) -> None:
    """A request that does not send neither rejects a message nor makes it doubtful."""
    failure = Failure(reason=Reason.TIMEOUT, retry=verdict.retry, detail="it broke")

    found, changed = of_messages(Finding(verdict, failure), effect, sent_before=False)

    assert (expected, expected.retry, "it broke") == (found, changed.retry, changed.detail)


@given(st.integers(0, 10**9))
def test_retry_after_in_whole_seconds(seconds: int) -> None:
    """`Retry-After` in whole seconds is read, with or without space around it."""
    assert seconds == parse_retry_after(f" {seconds} ", NOW)


@pytest.mark.parametrize(("text", "seconds"), [("0.5", 0.5), ("1.25", 1.25)])
def test_retry_after_in_fractions_of_a_second(text: str, seconds: float) -> None:
    """`Retry-After` in fractions of a second is read: no standard has it, but gateways send it."""
    assert seconds == parse_retry_after(text, NOW)


@given(st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date(seconds: int) -> None:
    """`Retry-After` as a date is the seconds until then; a past date is 0."""
    at = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert max(0, seconds) == parse_retry_after(at, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "Tue Jan  1 00:02:00 2030",
        "Tuesday, 01-Jan-30 00:02:00 GMT",
        "Tue, 01 Jan 2030 00:02:00 -0000",
        "Tue, 01 Jan 2030 00:02:00",
    ],
)
def test_retry_after_in_an_old_form_of_date(text: str) -> None:
    """An HTTP date is in UTC in each of its forms, also in those that name no zone."""
    assert parse_retry_after(text, NOW) == 120


@given(st.text() | st.from_regex(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [-+]?\w{3,4}"))
def test_any_text_as_retry_after_raises_nothing(text: str) -> None:
    """Parsing any text as `Retry-After` never raises and never gives a negative number."""
    seconds = parse_retry_after(text, NOW)

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("text", [None, "", "-1", "1.5.2", ".5", "soon", "٣", "Tue, 01 Jan 2030"])
def test_an_invalid_retry_after_is_ignored(text: str | None) -> None:
    """A `Retry-After` that is neither a number of seconds nor an HTTP date is ignored."""
    assert parse_retry_after(text, NOW) is None


def test_the_adapters_own_wait_is_kept() -> None:
    """A `retry_after` set by the adapter takes precedence over the header."""
    failure = Failure(reason=Reason.RATE_LIMITED, retry=Retry.SAFE, retry_after=3.0)

    assert failure is with_retry_after(failure, Response(429, headers={"Retry-After": "9"}), NOW)


def test_an_error_that_was_never_raised_has_no_place() -> None:
    """An exception without a traceback is described by its type alone."""
    assert "raised ValueError" == describe_error(ValueError("text"))
