"""Every check of the suite can fail: each catches an adapter that breaks its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from support.broken import operations, requests, sending
from support.toy import ToyAdapter, ToyConformance, ToySettings

from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import AdapterConformance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Request, Response
    from omnimsg.testing import Said

if TYPE_CHECKING:
    from omnimsg.adapter import Account

BROKEN = [*sending.BROKEN, *requests.BROKEN, *operations.BROKEN]


class HasShortSecrets(ToyConformance):
    """An author whose account proves nothing."""

    def account(self) -> Account[ToySettings]:
        """Give a key that turns up by accident."""
        return attrs.evolve(super().account(), settings=ToySettings(key=Secret("k")))


class HasBadSamples(ToyConformance):
    """An author whose sample is refused."""

    def samples(self) -> list[Message]:
        """Give a message for a channel that Toy does not have."""
        return [Message("+37255500001", "Hello there", channel="viber")]


AUTHORS: list[tuple[type[ToyConformance], str]] = [
    (HasShortSecrets, "test_the_account_has_secrets_to_look_for"),
    (HasBadSamples, "test_the_authors_samples_are_accepted"),
]


def suite_for(adapter: type[ToyAdapter]) -> ToyConformance:
    """Build the suite for a variation of Toy."""

    class Broken(ToyConformance):
        adapter_class = adapter

    return Broken()


@pytest.mark.parametrize(
    ("adapter", "check"),
    BROKEN,
    ids=[f"{adapter.__name__.strip('_')}-{check}" for adapter, check in BROKEN],
)
def test_a_broken_adapter_fails_the_check(adapter: type[ToyAdapter], check: str) -> None:
    """An adapter that breaks a promise fails the check that is named after the promise."""
    suite = suite_for(adapter)

    with pytest.raises(AssertionError):
        getattr(suite, check)()


@pytest.mark.parametrize(("author", "check"), AUTHORS)
def test_a_careless_author_is_told(author: type[ToyConformance], check: str) -> None:
    """Answers of the author that would make the suite blind fail a check."""
    suite = author()

    with pytest.raises(AssertionError):
        getattr(suite, check)()


def test_every_check_can_fail() -> None:
    """There is a broken adapter for each check of the suite."""
    checks = {name for name in dir(AdapterConformance) if name.startswith("test_")}

    assert checks == {check for _, check in [*BROKEN, *AUTHORS]}


def test_a_failure_names_the_promise_the_message_and_the_cause() -> None:
    """The lines of a failure say which message, which code and what differs."""
    adapter = next(each for each, _ in BROKEN if each.__name__ == "_RejectsWhateverTheCode")
    suite = suite_for(adapter)

    with pytest.raises(AssertionError) as caught:
        suite.test_every_documented_refusal_of_a_message_means_what_its_row_says()

    assert "message 0: code no-money (message): outcome is Rejected, the row says NotSent" in str(
        caught.value
    )


class Stumbles(ToyConformance):
    """An author whose own answer is at fault."""

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Look for what is not there."""
        raise LookupError("the author's own mistake")


def test_an_authors_own_mistake_is_not_blamed_on_the_adapter() -> None:
    """An error in the author's answer comes up as it is."""
    with pytest.raises(LookupError, match="own mistake"):
        Stumbles().test_send_gives_one_outcome_per_message_in_the_order_given()
