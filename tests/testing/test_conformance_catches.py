"""Every check of the conformance suite fails for an adapter with the defect that it looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs
import pytest
from support.broken import addresses, callbacks, operations, proof, requests, sending
from support.broken.proof import ClaimsByStatus
from support.toy import (
    ToyAdapter,
    ToyConformance,
    ToySettings,
    TwoStepToyAdapter,
    TwoStepToyConformance,
)

from omnimsg.adapter import Verdict
from omnimsg.domain import validate
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import AdapterConformance
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.http_statuses import INCONCLUSIVE_STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Account, Request, Response
    from omnimsg.testing import Said

# Adapters that fail exactly one check.
BROKEN_ONCE = [*proof.BROKEN, *addresses.BROKEN]
BROKEN = [
    *sending.BROKEN,
    *requests.BROKEN,
    *operations.BROKEN,
    *callbacks.BROKEN,
    *proof.SEVERAL,
    *BROKEN_ONCE,
]
CHECKS = sorted(name for name in dir(AdapterConformance) if name.startswith("test_"))


class HasShortSecrets(ToyConformance):
    """A spec whose secret is too short to be detected."""

    def account(self) -> Account[ToySettings]:
        """Return an account with a key of one character."""
        return attrs.evolve(super().account(), settings=ToySettings(key=Secret("k")))


def _keys(owner: object, field: attrs.Attribute[Any], value: tuple[Secret, ...]) -> None:
    if not value or not all(value):
        raise validate.refuse(owner, field.name, "must not be empty")


@attrs.frozen(kw_only=True)
class StrictSettings(ToySettings):
    """Settings that refuse an account without keys."""

    callback_keys: tuple[Secret, ...] = attrs.field(validator=_keys)


class HasStrictSettings(ToyConformance):
    """A spec whose account must have callback keys."""

    def account(self) -> Account[ToySettings]:
        """Return an account whose settings refuse empty keys."""
        account = super().account()
        keys = account.settings.callback_keys
        settings = StrictSettings(key=account.settings.key, callback_keys=keys)
        return attrs.evolve(account, settings=settings)


class HasBadSamples(ToyConformance):
    """A spec with a sample that the adapter refuses."""

    def samples(self) -> list[Message]:
        """Return a message for a channel that Toy does not have."""
        return [Message("+37255500001", "Hello there", channel="viber")]


@attrs.frozen(kw_only=True)
class PlainSettings:
    """Settings whose key is declared as text, so that a configuration gives text."""

    key: str
    callback_keys: tuple[Secret, ...] = ()


class HasPlainSettings(ToyConformance):
    """A spec that puts a `Secret` where the settings declare text."""

    def account(self) -> Account[Any]:
        """Return an account whose key is a `Secret` nevertheless."""
        settings: Any = super().account().settings
        plain: Any = PlainSettings(key=settings.key, callback_keys=settings.callback_keys)
        account: Account[Any] = super().account()
        return attrs.evolve(account, settings=plain)


CARELESS_SPECS: list[tuple[type[ToyConformance], str]] = [
    (HasShortSecrets, "test_the_account_has_detectable_secrets"),
    (HasPlainSettings, "test_secrets_are_declared_as_secrets"),
    (HasBadSamples, "test_samples_pass_the_check"),
]


def suite_for(adapter: type[ToyAdapter]) -> ToyConformance:
    """Build the suite for a variant of Toy."""
    spec = TwoStepToyConformance if issubclass(adapter, TwoStepToyAdapter) else ToyConformance
    suite: ToyConformance = type("Broken", (spec,), {"adapter_class": adapter})()
    return suite


def is_failed(suite: ToyConformance, check: str) -> bool:
    """Return whether a check fails; a skipped check does not."""
    try:
        getattr(suite, check)()
    except AssertionError:
        return True
    except SkipTest:
        return False
    return False


@pytest.mark.parametrize(
    ("adapter", "check"),
    BROKEN,
    ids=[f"{adapter.__name__.strip('_')}-{check}" for adapter, check in BROKEN],
)
def test_a_broken_adapter_fails_the_check(adapter: type[ToyAdapter], check: str) -> None:
    """An adapter with a defect fails the check that looks for the defect, and is not skipped."""
    assert is_failed(suite_for(adapter), check)


@pytest.fixture
def few_broken_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checks break an answer in fewer ways; the tests beside this one let them try all."""
    monkeypatch.setattr(fuzz, "MAX_CUTS", 16)
    monkeypatch.setattr(fuzz, "COMMON_STATUSES", (200, 302, 400, 500))


# Each runs the whole suite, of which `test_a_broken_adapter_fails_the_check` runs every check.
@pytest.mark.no_cover
@pytest.mark.usefixtures("few_broken_answers")
@pytest.mark.parametrize(
    ("adapter", "check"), BROKEN_ONCE, ids=[each.__name__.strip("_") for each, _ in BROKEN_ONCE]
)
def test_no_other_check_fails_for_the_adapter(adapter: type[ToyAdapter], check: str) -> None:
    """An adapter with one defect fails the check that looks for it, and no other."""
    suite = suite_for(adapter)

    assert [check] == [each for each in CHECKS if is_failed(suite, each)]


def test_the_suite_plays_the_statuses_of_hops_that_gave_up() -> None:
    """The inconclusive statuses include interim answers, redirects, timeouts and server errors."""
    expected = {100, 101, 302, 303, 304, 408, 409, 425, 460, 499, 500, 502, 503, 504}

    assert expected <= set(INCONCLUSIVE_STATUSES)


@pytest.mark.parametrize("verdict", [Verdict.NOT_SENT, Verdict.ACCOUNT, Verdict.REJECTED])
@pytest.mark.parametrize("status", INCONCLUSIVE_STATUSES)
def test_every_inconclusive_status_is_played(status: int, verdict: Verdict) -> None:
    """An adapter that draws a verdict from any inconclusive status fails the check."""
    adapter = type("Broken", (ClaimsByStatus,), {"at": frozenset({status}), "verdict": verdict})
    suite = suite_for(adapter)

    with pytest.raises(AssertionError, match=f"with HTTP {status}"):
        suite.test_send_draws_no_verdict_from_an_inconclusive_status()


@pytest.mark.parametrize(("spec", "check"), CARELESS_SPECS)
def test_a_careless_spec_fails_the_check(spec: type[ToyConformance], check: str) -> None:
    """A spec that would hide defects of the adapter fails a check."""
    suite = spec()

    with pytest.raises(AssertionError):
        getattr(suite, check)()


def test_every_check_can_fail() -> None:
    """There is a broken adapter or a careless spec for each check of the suite."""
    assert set(CHECKS) == {check for _, check in [*BROKEN, *CARELESS_SPECS]}


def test_a_failure_begins_with_the_rule_and_names_each_violation_once() -> None:
    """The first line of a failure is the rule; forgeries that differ in nothing are one line."""
    adapter = next(each for each, _ in callbacks.BROKEN if each.__name__ == "_TrustsAnySignature")
    suite = suite_for(adapter)

    with pytest.raises(AssertionError) as caught:
        suite.test_forged_callbacks_are_refused()

    rule, *violations = str(caught.value).splitlines()
    assert rule == "No callback is genuine with a missing or changed proof, or with another body."
    assert sorted(violations) == sorted(set(violations))


def test_a_failure_names_the_message_the_code_and_the_difference() -> None:
    """The lines of a failure name the message, the code and what differs from the row."""
    adapter = next(each for each, _ in BROKEN if each.__name__ == "_RejectsEveryCode")
    suite = suite_for(adapter)

    with pytest.raises(AssertionError) as caught:
        suite.test_message_refusals_follow_their_rows()

    assert "message 0: code no-money (message): outcome is Rejected, the row says NotSent" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        ("ToyAdapter", False),
        ("_TrustsEverybodyWithoutAKey", False),
        ("_TrustsAnySignature", True),
    ],
)
def test_a_key_that_the_settings_require_still_proves(adapter: str, expected: bool) -> None:
    """If the settings require callback keys, only an adapter that accepts forgeries fails."""
    adapters: list[type[ToyAdapter]] = [ToyAdapter, *(each for each, _ in callbacks.BROKEN)]
    found = next(each for each in adapters if each.__name__ == adapter)
    suite: ToyConformance = type("Strict", (HasStrictSettings,), {"adapter_class": found})()

    assert expected is is_failed(suite, "test_nothing_is_genuine_without_a_secret")


class RaisesInAnswer(ToyConformance):
    """A spec whose own `answer` raises."""

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Raise an error."""
        raise LookupError("an error of the spec")


def test_an_error_of_the_spec_passes_through() -> None:
    """An error that the spec's `answer` raises is not reported as a defect of the adapter."""
    with pytest.raises(LookupError, match="error of the spec"):
        RaisesInAnswer().test_send_gives_one_outcome_per_message_in_the_order_given()
