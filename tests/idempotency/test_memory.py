"""How long references are remembered, and how many."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import NUMBER, TEXT, ManualClock, references, results, texts, tiny
from support.adapters import accepted as accepted_
from support.repeats import once
from support.routed import Routed, outcome_of, slowly
from support.routed import saying as saying_
from support.sending import settled
from support.servers import Server
from support.thread_server import accept

from omnimsg import (
    Accepted,
    Client,
    Limits,
    Message,
    NotSentError,
    Observer,
    OnAmbiguous,
    OutcomeKnown,
    Policy,
    RetryPolicy,
)
from omnimsg.idempotency import idempotency
from omnimsg.routing import Route, RouteLimits

if TYPE_CHECKING:
    from omnimsg import Outcome
    from omnimsg.adapter import Request, Response

pytestmark = pytest.mark.anyio


async def messages_in_memory() -> int:
    """Count the messages that are in memory, once nothing more happens."""
    await settled()
    gc.collect()
    return sum(isinstance(each, Message) for each in gc.get_objects())


async def test_it_is_remembered_for_an_hour() -> None:
    """A reference is remembered for an hour, then it is free for another message."""
    clock = ManualClock()
    async with Server(accept) as server, Client([tiny(server.url)], clock=clock) as client:
        await once(client)
        clock.now += idempotency.KEPT_FOR
        await once(client)
        clock.now += 1
        await once(client, content="Another text")
        with pytest.raises(NotSentError, match="content differs"):
            await once(client)

    assert 2 == len(server.requests)


@pytest.mark.parametrize("route", [None, Route(accounts=("main",), ttl=60)])
async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, route: Route | None) -> None:
    """Beyond the limit or the hour, the oldest references are dropped, with and without a route."""
    monkeypatch.setattr(idempotency, "KEPT", 10)
    clock, routes = ManualClock(), [] if route is None else [route]
    async with (
        Server(accept) as server,
        Client([tiny(server.url)], routes=routes, clock=clock) as client,
    ):

        async def requests(count: int, *, start: int = 0) -> int:
            """Send messages, and return how many have left."""
            before = len(server.requests)
            for number in range(start, start + count):
                await client.send(*texts(1, start=number))
            return len(server.requests) - before

        before = await messages_in_memory()
        left = [await requests(30), await requests(10, start=20), await requests(1, start=19)]
        bounded = await messages_in_memory() - before
        clock.now += 2 * idempotency.KEPT_FOR
        left.append(await requests(1, start=200))
        recent = await messages_in_memory() - before

    assert [30, 0, 1, 1] == left
    assert (10, 1) == (bounded, recent)


def test_memory_shrinks_after_more_messages_than_the_limit_were_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messages beyond the limit are forgotten as others follow them, and not only after an hour."""
    monkeypatch.setattr(idempotency, "KEPT", 3)
    wires = Routed(slowly(5, "ok"))

    async def story(client: Client) -> list[int]:
        before = await messages_in_memory()
        await asyncio.gather(*map(client.send, texts(9)))
        known = [await messages_in_memory() - before]
        for number in range(6):
            await client.send(*texts(1, start=100 + number))
        return [*known, await messages_in_memory() - before]

    assert [9, 3] == wires.run(story)


def test_a_message_in_flight_is_remembered_for_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the limit, a message whose outcome is not known stays, and others go in its place."""
    monkeypatch.setattr(idempotency, "KEPT", 3)

    async def reply(request: Request) -> Response:
        if references(request) == ["order-71"]:
            await asyncio.sleep(30)
        return accepted_(request)

    wires = Routed(reply, policies={"a": Policy(limits=Limits(linger=0))})

    async def story(client: Client) -> tuple[int, list[Outcome]]:
        before = await messages_in_memory()
        first = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        for number in range(10):
            await client.send(*texts(1, start=number))
        known = await messages_in_memory() - before
        return known, [await once(client), await first]

    known, (again, first) = wires.run(story)

    assert 3 == known
    assert again is first
    assert {"a": 11} == wires.asked()


def test_a_message_that_waits_for_more_than_an_hour_is_still_known() -> None:
    """Only outcomes grow old: a message that waits for the limit of its route is not sent twice."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=1 / 5000))
    wires = Routed(saying_("ok"), routes=[route])
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> list[Outcome]:
        await client.send(*texts(1))
        first = asyncio.create_task(outcome_of(client, message, deadline=9000))
        await asyncio.sleep(4000)
        await client.send(*texts(1, start=1), account="a")  # when old outcomes are dropped
        return [await outcome_of(client, message, deadline=9000), await first]

    second, first = wires.run(story)

    assert "accepted" == first.kind == second.kind
    assert {"a": 3} == wires.asked()


@pytest.mark.parametrize("is_routed", [True, False])
def test_an_outcome_that_is_dropped_at_once_reaches_whoever_waits_for_it(is_routed: bool) -> None:
    """A message that took more than an hour is not sent again if its outcome is dropped at once."""
    slow: dict[str, Any] = {"messages_per_second": 1 / 5000}
    message = Message(NUMBER, TEXT, reference="order-71")
    tasks: list[asyncio.Task[Outcome]] = []

    class Sweeping(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            """Send another message, which drops old outcomes, before the repetition gets its."""
            if event.messages == (message,):
                other = wires.client.send(*texts(1, start=1), account="b")
                tasks.append(asyncio.create_task(other))

    wires = Routed(
        saying_("ok"),
        saying_("ok"),
        routes=[Route(accounts=("a",), limits=RouteLimits(**slow))] if is_routed else [],
        policies={} if is_routed else {"a": Policy(limits=Limits(**slow))},
        observers=[Sweeping()],
    )

    async def story(client: Client) -> list[Outcome]:
        await client.send(*texts(1))
        calls = (outcome_of(client, message, deadline=20_000) for _ in range(2))
        outcomes = await asyncio.gather(*calls)
        await asyncio.wait(tasks)
        return outcomes

    first, second = wires.run(story)

    assert first is second
    assert {"a": 2, "b": 1} == wires.asked()


@pytest.mark.parametrize("kept", [idempotency.KEPT, 1])
def test_a_message_without_a_caller_is_known_until_its_outcome_comes(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A message under way for more than an hour is not dropped when its caller is cancelled.

    Nor does it make room for another one in that moment.
    """
    monkeypatch.setattr(idempotency, "KEPT", kept)
    wires = Routed(slowly(5000, "ok"), saying_("ok"))

    async def story(client: Client) -> str:
        message = Message(NUMBER, TEXT, reference="order-71")
        first = asyncio.create_task(client.send(message, deadline=9000))
        await asyncio.sleep(4000)
        # Drops old outcomes, before the first caller notices that it is cancelled.
        other = asyncio.create_task(client.send(*texts(1), account="b"))
        first.cancel()
        await other
        return (await client.send(message, deadline=9000)).id

    assert "a:id-order-71" == wires.run(story)
    assert {"a": 1, "b": 1} == wires.asked()


def test_a_doubt_that_is_dropped_at_once_outlives_the_next_account() -> None:
    """The first account may have sent it after an hour, and its doubt is dropped at once."""
    others: list[asyncio.Task[Accepted]] = []

    async def reply(request: Request) -> Response:
        await asyncio.sleep(4000)
        # Drops old outcomes, before the caller goes on to the next account.
        others.append(asyncio.create_task(wires.client.send(*texts(1), account="c")))
        return results({"order-71": "who-knows"})

    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    wires = Routed(
        reply,
        slowly(50, "no-such-number"),
        saying_("ok"),
        routes=[Route(accounts=("a", "b"), on_ambiguous="resend")],
        policies={"a": resend, "b": resend},
    )
    message = Message(NUMBER, TEXT, reference="order-71")

    async def story(client: Client) -> str:
        first = asyncio.create_task(outcome_of(client, message, deadline=9000))
        await asyncio.sleep(4001)
        first.cancel()
        await asyncio.gather(*others)
        return (await outcome_of(client, message, deadline=9000)).kind

    assert "ambiguous" == wires.run(story)
    assert {"a": 1, "b": 1, "c": 1} == wires.asked()


def test_a_doubt_about_a_message_that_was_given_up_is_no_doubt_about_another() -> None:
    """An hour after a given-up call left a doubt, its reference is free for another message."""
    resend = Policy(on_ambiguous=OnAmbiguous.RESEND, retry=RetryPolicy(attempts=1))
    words = iter(["who-knows", "no-such-number", "ok"])

    def reply(request: Request) -> Any:
        return saying_(next(words))(request)

    wires = Routed(
        reply,
        slowly(5.0, "no-such-number"),
        routes=[Route(accounts=("a", "b"), on_ambiguous="resend")],
        policies={"a": resend, "b": resend},
    )

    async def story(client: Client) -> list[str]:
        given_up = asyncio.create_task(once(client))
        await asyncio.sleep(1)
        given_up.cancel()
        await asyncio.sleep(10)
        message = Message(NUMBER, TEXT, reference="order-71")
        before = await outcome_of(client, message)
        await asyncio.sleep(idempotency.KEPT_FOR)
        return [before.kind, *[(await outcome_of(client, message)).kind for _ in range(2)]]

    assert ["ambiguous", "rejected", "accepted"] == wires.run(story)
    assert {"a": 3, "b": 1} == wires.asked()
