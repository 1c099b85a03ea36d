"""What observers are told of fallback legs that omnimsg runs, and in which context."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest
from support.adapters import accepted
from support.legs import COMES, ELSEWHERE, Asked, handed_over, message, wire
from support.routed import Routed, saying

from omnimsg import HandedOver, LegChanged, Observer, OutcomeKnown

if TYPE_CHECKING:
    from support.adapters import Reply

    from omnimsg import Client

caller: ContextVar[str] = ContextVar("caller", default="nobody")


class Told(Observer):
    """Keeps hand-overs with the context that they run in, outcomes and changes of legs."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []

    def handed_over(self, event: HandedOver) -> None:
        """Keep the account and the caller."""
        self.events.append(("handed over", event.account, caller.get()))

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Keep the account and the kind of each outcome."""
        self.events.extend(("outcome", each.account, each.kind) for each in event.outcomes)

    def leg_changed(self, event: LegChanged) -> None:
        """Keep the account and the state."""
        self.events.append(("leg", event.account, event.state.value))


def told(*replies: Reply, stream: bool) -> list[tuple[str, ...]]:
    """Send a message with a second leg in a task of its own, and return what observers are told."""
    seen = Told()
    routed = Routed(*replies, kind=Asked, observers=[seen])

    async def send(client: Client) -> None:
        caller.set("its caller")
        await handed_over(client, message(ELSEWHERE), stream=stream)

    async def story(client: Client) -> None:
        await asyncio.create_task(send(client))
        await asyncio.sleep(10)

    routed.run(story)
    return seen.events


@pytest.mark.parametrize("stream", [False, True])
def test_each_leg_has_one_outcome(stream: bool) -> None:
    """Each leg that is handed over has one outcome, in a stream as in a call of its own."""
    events = told(saying("no-such-number"), accepted, stream=stream)

    assert [
        ("handed over", "a", "its caller"),
        ("outcome", "a", "rejected"),
        ("leg", "a", "not_taken"),
        ("handed over", "b", "its caller"),
        ("outcome", "b", "accepted"),
        ("leg", "b", "accepted"),
    ] == events


@pytest.mark.parametrize("stream", [False, True])
def test_a_later_leg_is_handed_over_in_the_context_of_its_caller(stream: bool) -> None:
    """A leg that goes after another one has failed is handed over in its caller's context."""
    events = told(wire(accepted, COMES, (3.0, "failed")), accepted, stream=stream)

    assert [("handed over", "a", "its caller"), ("handed over", "b", "its caller")] == [
        each for each in events if each[0] == "handed over"
    ]
