"""Callers that give up: what has left is not sent again, what has not is free."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest
from support.adapters import NUMBER, TEXT, texts, tiny
from support.adapters import accepted as accepted_
from support.repeats import accepting_later, give_up, once, patient, routed, saying, until_arrived
from support.routed import Routed, slowly
from support.servers import Server
from support.thread_server import accept

from omnimsg import Accepted, Client, Message, Observer, OutcomeUnclaimed
from omnimsg.routing import Route, RouteLimits

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response

pytestmark = pytest.mark.anyio


async def test_a_first_caller_that_gives_up_takes_nothing_from_the_second() -> None:
    """If the first caller is cancelled while the message waits, the second one sends it."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        await until_arrived(server)
        first, second = (asyncio.create_task(once(client)) for _ in range(2))
        await asyncio.sleep(0)
        await give_up(first)
        go_on.set()
        accepted = await second
        await before

    assert first.cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_a_message_whose_caller_gave_up_is_not_sent_again() -> None:
    """A message whose caller was cancelled after it left is not resent.

    The second caller gets the outcome of the first send.
    """
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        first = asyncio.create_task(once(client))
        await until_arrived(server)
        await give_up(first)
        second = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await second

    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    "routes", [[], [Route(accounts=("main",), ttl=60)]], ids=["account", "route"]
)
async def test_a_message_that_is_cancelled_in_its_turn_may_be_handed_over_again(
    routes: list[Route],
) -> None:
    """A message cancelled in the loop iteration of its hand-over can be sent again."""
    async with Server(accept) as server, Client([tiny(server.url)], routes=routes) as client:
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        await give_up(first)
        message = Message(NUMBER, TEXT, reference="order-71")
        accepted = await client.send(message, deadline=5)

    assert first.cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


async def test_a_message_that_was_taken_back_may_be_handed_over_again() -> None:
    """A message cancelled in the queue can be sent again at once."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept) as server, patient(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        await until_arrived(server)
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0.01)
        await give_up(first)
        await asyncio.sleep(0)
        waiting = client.health()["main"].waiting
        go_on.set()
        accepted = await once(client)
        await before

    assert 0 == waiting
    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


async def test_an_outcome_that_comes_with_the_cancellation_counts() -> None:
    """An outcome that comes together with the caller's cancellation is remembered."""
    sending: list[asyncio.Task[Accepted]] = []

    class Cancelling(Observer):
        def outcome_known(self, _: object) -> None:
            """Cancel the caller after its future has the outcome, before it wakes."""
            sending[0].cancel()

    async with (
        Server(accept) as server,
        Client([tiny(server.url)], observers=[Cancelling()]) as client,
    ):
        sending.append(asyncio.create_task(once(client)))
        await asyncio.wait(sending)
        accepted = await once(client)

    assert sending[0].cancelled()
    assert "id-order-71" == accepted.provider_id
    assert 1 == len(server.requests)


def test_an_outcome_that_follows_the_cancellation_at_once_counts() -> None:
    """An outcome that comes after the cancellation, before the caller notices it, is remembered."""
    sending: list[asyncio.Task[Accepted]] = []

    def reply(request: Request) -> Response:
        sending[0].cancel()
        return accepted_(request)

    wires = Routed(reply)

    async def story(client: Client) -> str:
        sending.append(asyncio.create_task(once(client)))
        await asyncio.wait(sending)
        return (await client.send(Message(NUMBER, TEXT, reference="order-71"), deadline=5)).id

    assert "a:id-order-71" == wires.run(story)
    assert sending[0].cancelled()
    assert {"a": 1} == wires.asked()


async def test_a_message_that_waits_for_its_route_is_forgotten_with_its_caller() -> None:
    """A message cancelled while it waits for its route's limit can be sent again."""
    limited = Route(accounts=("main",), limits=RouteLimits(messages_per_second=0.1))
    async with Server(accept) as server:
        client = Client([tiny(server.url)], routes=[limited])
        await client.send(texts(1)[0])
        first = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        await give_up(first)
        message = Message(NUMBER, TEXT, reference="order-71")
        accepted = await client.send(message, account="main")
        await client.aclose()

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


@pytest.mark.parametrize("leaves_at", [1, 2])
async def test_a_routed_message_whose_caller_gave_up_is_not_sent_again(leaves_at: int) -> None:
    """A routed message whose caller was cancelled after it left is not resent.

    It may have left through the first account or the next one.
    """
    go_on, accept_later = accepting_later()
    acts = [*saying("slow-down")[: leaves_at - 1], accept_later]
    async with Server(*acts, accept) as server, routed(server) as client:
        first = asyncio.create_task(once(client))
        await until_arrived(server, leaves_at)
        await give_up(first)
        second = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await second

    assert "ab"[leaves_at - 1] == accepted.account
    assert leaves_at == len(server.requests)


async def test_a_second_caller_that_gives_up_leaves_what_has_left_too() -> None:
    """A message is not resent if one caller was cancelled before it left and another after."""
    go_on, accept_later = accepting_later()
    async with Server(accept_later, accept_later, accept) as server, routed(server) as client:
        before = asyncio.create_task(client.send(texts(1)[0]))
        await until_arrived(server)
        first, second = (asyncio.create_task(once(client)) for _ in range(2))
        await asyncio.sleep(0)
        await give_up(first)
        await asyncio.sleep(0)
        with anyio.fail_after(10):
            while len(server.requests) < 2:
                go_on.set()
                await asyncio.sleep(0)
                go_on.clear()
        await give_up(second)
        third = asyncio.create_task(once(client))
        await asyncio.sleep(0)
        go_on.set()
        accepted = await third
        await before

    assert "id-order-71" == accepted.provider_id
    assert 2 == len(server.requests)


def test_a_repetition_waits_for_the_answer_to_a_caller_that_is_gone() -> None:
    """A message that has left is not sent again: its repetition gets the answer when it comes."""
    wires = Routed(slowly(5, "ok"))

    async def story(client: Client) -> tuple[str, float]:
        began = wires.loop.now
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        first.cancel()
        return (await once(client)).provider_id, wires.loop.now - began

    provider_id, seconds = wires.run(story)

    assert "id-order-71" == provider_id
    assert pytest.approx(5, abs=0.5) == seconds
    assert {"a": 1} == wires.asked()


async def test_what_became_of_a_message_without_a_caller_is_told() -> None:
    """Observers get the outcome of a message whose caller was cancelled after it left."""
    told: list[OutcomeUnclaimed] = []

    class Watching(Observer):
        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            told.append(event)

    go_on, accept_later = accepting_later()
    async with Server(accept_later) as server:
        client = Client([tiny(server.url)], observers=[Watching()])
        sending = asyncio.create_task(client.send(texts(1)[0]))
        await until_arrived(server)
        await give_up(sending)
        go_on.set()
        await client.aclose()

    (event,) = told
    assert ("main", "r0", "accepted") == (
        event.account,
        event.message.reference,
        event.outcome.kind,
    )


async def test_what_waits_for_its_route_without_a_caller_was_not_sent() -> None:
    """Observers get `NotSent` for a message cancelled while it waited for its route's limit."""
    told: list[OutcomeUnclaimed] = []

    class Watching(Observer):
        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            told.append(event)

    limited = Route(accounts=("main",), limits=RouteLimits(messages_per_second=0.1))
    async with Server(accept) as server:
        client = Client([tiny(server.url)], routes=[limited], observers=[Watching()])
        await client.send(texts(1)[0])
        sending = asyncio.create_task(client.send(texts(1, start=1)[0]))
        await asyncio.sleep(0)
        await give_up(sending)
        await client.aclose()

    assert [("main", "r1", "not_sent")] == [
        (each.account, each.message.reference, each.outcome.kind) for each in told
    ]
