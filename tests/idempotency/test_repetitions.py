"""A message that is handed over again: nobody is texted twice, and no message is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from support.adapters import NUMBER, TEXT, texts, tiny
from support.repeats import end_doubt, once, patient, saying, tracking, until_arrived
from support.routed import Routed, outcome_of, slowly
from support.servers import Server, hold
from support.thread_server import accept

from omnimsg import (
    AmbiguousError,
    Client,
    HandedOver,
    Limits,
    Message,
    NotSentError,
    Observer,
    OutcomeKnown,
    Policy,
    Priority,
    Reason,
    RejectedError,
    Retry,
)

pytestmark = pytest.mark.anyio


async def test_what_was_accepted_is_not_sent_again() -> None:
    """An accepted message sent again returns the first outcome, without a request."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        first = await once(client)
        second = await once(client)

    assert first is second
    assert 1 == len(server.requests)


async def test_two_at_once_share_one_hand_over() -> None:
    """Concurrent sends of one reference share one request and its outcome."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        accepted = await asyncio.gather(*(once(client) for _ in range(10)))

    assert {"id-order-71"} == {each.provider_id for each in accepted}
    assert 1 == len(server.requests)


async def test_another_message_with_the_reference_is_refused() -> None:
    """Another message with a known reference is refused; the error names the differing fields."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client)
        with pytest.raises(NotSentError) as caught:
            await once(client, to="+37255599999", content="Another text", sender="Tables")

    assert (Reason.INVALID_MESSAGE, Retry.NEVER, "reference") == (
        caught.value.reason,
        caught.value.retry,
        caught.value.failure.path,
    )
    assert "to, content, sender differ" in str(caught.value)
    assert "Another" not in str(caught.value)
    assert "555" not in str(caught.value)
    assert 1 == len(server.requests)


async def test_observers_hear_of_the_first_call_alone() -> None:
    """A repeated call and one with another text have no events: the first one's outcome stands."""
    heard: list[str] = []

    class Listener(Observer):
        def handed_over(self, event: HandedOver) -> None:
            heard.append("handed over")

        def outcome_known(self, event: OutcomeKnown) -> None:
            heard.extend(each.kind for each in event.outcomes)

    async with Server(accept) as server:
        client = Client([tiny(server.url)], observers=[Listener()])
        async with client:
            await once(client)
            await once(client)
            with pytest.raises(NotSentError):
                await once(client, content="Another text")

    assert ["handed over", "accepted"] == heard


async def test_a_message_stays_the_same_whatever_is_noted_beside_it() -> None:
    """Another ttl, priority or metadata does not make it another message."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client, ttl=60)
        await once(client, ttl=30, priority=Priority.HIGH, metadata={"request": "2"})

    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    ("word", "error"), [("no-such-number", RejectedError), ("slow-down", NotSentError)]
)
async def test_what_nobody_received_may_be_handed_over_again(word: str, error: Any) -> None:
    """A message that was rejected or not sent can be sent again."""
    async with Server(*saying(word, "ok")) as server, patient(server) as client:
        with pytest.raises(error):
            await once(client)
        accepted = await once(client)

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_a_doubt_stays_a_doubt() -> None:
    """An ambiguous message sent again is not resent and stays ambiguous."""
    async with Server(*saying("who-knows", "ok")) as server, patient(server) as client:
        for _ in range(3):
            with pytest.raises(AmbiguousError) as caught:
                await once(client)

    assert Reason.PROVIDER_ERROR is caught.value.reason
    assert 1 == len(server.requests)


async def test_a_doubt_that_was_settled_is_an_acceptance() -> None:
    """An ambiguous message that a report or look-up found is `Accepted` when sent again."""
    async with Server(*saying("who-knows")) as server, patient(server) as client:
        receiver = tracking(client)
        with pytest.raises(AmbiguousError):
            await once(client)
        await end_doubt(receiver, "main:late")
        accepted = await once(client)

    assert "main:late" == accepted.id


async def test_generated_references_are_nobodys_key() -> None:
    """A message with a generated reference that is sent twice goes out twice."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        message = Message(NUMBER, TEXT)
        await client.send(message)
        await client.send(message)

    assert 2 == len(server.requests)


async def test_a_stream_remembers_nothing() -> None:
    """`send_many` does not deduplicate by reference."""
    async with Server(accept) as server, Client([tiny(server.url)]) as client:
        await once(client)
        again = [Message(NUMBER, TEXT, reference="order-71")]
        outcomes = [each async for each in client.send_many(again)]

    assert ["accepted"] == [each.kind for each in outcomes]
    assert 2 == len(server.requests)


async def test_whoever_waits_for_another_keeps_a_deadline_of_their_own() -> None:
    """A second caller whose deadline passes before the first has an outcome is told of a doubt."""
    async with Server(hold) as server:
        client = patient(server)
        first = asyncio.create_task(once(client))
        await until_arrived(server)
        with pytest.raises(AmbiguousError, match="had no outcome in time"):
            await client.send(Message(NUMBER, TEXT, reference="order-71"), deadline=0.02)
        first.cancel()
        await client.aclose(deadline=0)
        with suppress(asyncio.CancelledError):
            await first

    assert 1 == len(server.requests)


def test_whoever_takes_over_a_message_keeps_the_deadline() -> None:
    """The time for which a second caller has waited for the first one counts."""
    wires = Routed(slowly(3600, "ok"), policies={"a": Policy(limits=Limits(concurrency=1))})

    async def story(client: Client) -> tuple[str, float]:
        other = asyncio.create_task(outcome_of(client, *texts(1), deadline=60))
        await asyncio.sleep(1)
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        began = wires.loop.now
        second = asyncio.create_task(
            outcome_of(client, Message(NUMBER, TEXT, reference="order-71"), deadline=10)
        )
        await asyncio.sleep(6)
        first.cancel()
        outcome = await second
        seconds = wires.loop.now - began
        await other
        return outcome.kind, seconds

    kind, seconds = wires.run(story)

    assert "not_sent" == kind
    assert pytest.approx(10, abs=0.5) == seconds
