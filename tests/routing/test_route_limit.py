"""The limit of a route: who takes a turn, who gives it back, and what waiting costs a message."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import FakeTransport, TinyAdapter, texts, tiny
from support.routed import Routed, accepted, outcome_of, slowly
from support.sending import settled

from omnimsg import (
    Client,
    Limits,
    Match,
    Message,
    NotSent,
    Observer,
    Outcome,
    OutcomeKnown,
    OutcomeUnclaimed,
    Policy,
    Reason,
    Route,
    RouteLimits,
)
from omnimsg.routing.route_limit import RouteLimit

if TYPE_CHECKING:
    from collections.abc import Sequence


class OneAtATime(TinyAdapter):
    """Tiny that takes one message a request."""

    capabilities = attrs.evolve(TinyAdapter.capabilities, max_messages=1)


def limited(per_second: float = 1.0) -> Routed:
    """Build a client with one account behind one route with a limit."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=per_second))
    return Routed(accepted, routes=(route,))


def calls(
    client: Client, messages: Sequence[Message], **options: Any
) -> list[asyncio.Task[Outcome]]:
    """Hand messages over, each by a caller of its own."""
    return [asyncio.create_task(outcome_of(client, each, **options)) for each in messages]


def sent_with_ttls(
    routed: Routed, messages: Sequence[Message], *, stream: bool
) -> tuple[list[int], Outcome]:
    """Send messages; return the ttl in each request, and the outcome of the last message."""

    async def story(client: Client) -> list[Outcome]:
        if stream:
            return [each async for each in client.send_many(messages)]
        return await asyncio.gather(*calls(client, messages, deadline=60.0))

    *_, last = routed.run(story)
    bodies: Any = [each.body for each in routed.wires["a"].requests]
    return [orjson.loads(each)["messages"][0]["ttl"] for each in bodies], last


def test_messages_that_cannot_wait_take_no_turn() -> None:
    """After a burst of a hundred, of which five leave in time, others leave as soon as before."""

    async def story(client: Client) -> tuple[list[str], str]:
        burst = await asyncio.gather(*calls(client, texts(100), deadline=5.0))
        later = await outcome_of(client, *texts(1, start=100), deadline=5.0)
        return [each.kind for each in burst], later.kind

    burst, later = limited().run(story)

    assert (5, 95) == (burst.count("accepted"), burst.count("not_sent"))
    assert "accepted" == later


@pytest.mark.parametrize("way", ["cancelled", "stream left"])
def test_messages_that_wait_no_more_give_their_turns_back(way: str) -> None:
    """Later messages do not wait for the turns of callers that are gone."""
    routed = limited()

    async def story(client: Client) -> float:
        if way == "cancelled":
            waiting = calls(client, texts(100), deadline=500.0)
            await asyncio.sleep(2.5)
            for each in waiting:
                each.cancel()
            await asyncio.wait(waiting)
        else:
            async with aclosing(client.send_many(texts(100))) as outcomes:
                async for outcome in outcomes:
                    if outcome.position == 2:
                        break
        began = routed.loop.now
        await client.send(*texts(1, start=100))
        return routed.loop.now - began

    assert routed.run(story) <= 1.0


def test_turns_that_were_given_back_keep_the_rate() -> None:
    """A caller that cancels and sends again does not exceed the route's limit."""
    routed = limited()
    left: list[float] = []

    async def story(client: Client) -> None:
        await client.send(*texts(1))
        for number in range(1, 20):
            (gone,) = calls(client, texts(1, start=100 + number))
            (call,) = calls(client, texts(1, start=number))
            await asyncio.sleep(0.1)
            gone.cancel()
            await call
            left.append(routed.loop.now)

    routed.run(story)

    assert all(after - before >= 0.999 for before, after in pairwise(left))
    assert 20 == routed.asked()["a"]


@pytest.mark.parametrize("accounts", [("a",), ("a", "b")])
def test_the_deadline_counts_on_while_a_message_waits_for_the_limit(
    accounts: tuple[str, ...],
) -> None:
    """A message that has waited 5 of its 8 seconds waits 3 more for its account."""
    route = Route(accounts=accounts, limits=RouteLimits(messages_per_second=0.2))
    policy = Policy(limits=Limits(concurrency=1))
    routed = Routed(
        slowly(3600, "ok"), accepted, routes=(route,), policies={"a": policy, "b": policy}
    )

    async def story(client: Client) -> tuple[str, float]:
        began = routed.loop.now
        waiting = calls(client, texts(2), deadline=8.0)
        outcome = await waiting[1]
        seconds = routed.loop.now - began
        await waiting[0]
        return outcome.kind, seconds

    kind, seconds = routed.run(story)

    assert "not_sent" == kind
    assert pytest.approx(8, abs=0.5) == seconds


def test_closing_wakes_another_thread_that_waits_for_the_limit() -> None:
    """A client that is closed in one thread ends the messages that wait in another at once."""
    route = Route(accounts=("main",), limits=RouteLimits(messages_per_second=0.001))
    client = Client([tiny()], routes=(route,), transport=lambda _: FakeTransport(accepted))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def story() -> list[Outcome]:
        return await asyncio.gather(*calls(client, texts(2), deadline=3600.0))

    outcomes = asyncio.run_coroutine_threadsafe(story(), loop)
    asyncio.run_coroutine_threadsafe(settled(), loop).result(20)
    asyncio.run(client.aclose())
    try:
        first, second = outcomes.result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    assert "accepted" == first.kind
    assert isinstance(second, NotSent)
    assert Reason.CANCELLED is second.reason


def test_the_earliest_turn_that_was_given_back_is_the_next() -> None:
    """Turns are taken in the order of their times, whoever gave them back first."""
    limit = RouteLimit(1.0, now=lambda: 0.0)
    first, *others = [limit.take() for _ in range(5)]
    for each in reversed(others):
        limit.give_back(each)

    assert [0.0, 1.0, 2.0, 3.0, 4.0] == [first, *(limit.take() for _ in others)]


@pytest.mark.parametrize("stream", [False, True])
def test_ttl_counts_on_while_a_message_waits_for_the_limit(stream: bool) -> None:
    """Waiting for the limit shortens the ttl; a message whose ttl has passed is not sent."""
    routed = limited(0.1)
    messages = texts(3, ttl=15)

    ttls, last = sent_with_ttls(routed, messages, stream=stream)

    assert [15, 5] == ttls
    assert isinstance(last, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, "ttl") == (last.reason, last.failure.path)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("limit", ["route", "account"])
def test_the_ttl_of_a_scheduled_message_counts_from_its_time(limit: str, stream: bool) -> None:
    """A scheduled message that waits beyond `send_at` has the rest of its ttl, or is not sent."""
    if limit == "route":
        routed = limited(0.1)
    else:
        slow = Policy(limits=Limits(messages_per_second=0.1))
        routed = Routed(accepted, policies={"a": slow}, kind=OneAtATime)
    at = routed.loop.utc_now() + timedelta(seconds=4.5)
    messages = texts(3, ttl=10, send_at=at)

    ttls, last = sent_with_ttls(routed, messages, stream=stream)

    assert [10, 5] == ttls
    assert isinstance(last, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, "ttl") == (last.reason, last.failure.path)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_closes_lets_nobody_wait_for_the_limit(stream: bool) -> None:
    """Closing ends each message that waits for its turn at once, as not sent."""
    routed = limited()
    told: list[tuple[float, Outcome]] = []

    async def take(client: Client) -> None:
        outcomes = client.send_many(texts(600))
        told.extend([(routed.loop.now, each) async for each in outcomes])

    async def call(client: Client, message: Message) -> None:
        outcome = await outcome_of(client, message, deadline=1000.0)
        told.append((routed.loop.now, outcome))

    async def story(client: Client) -> float:
        work = [take(client)] if stream else [call(client, each) for each in texts(600)]
        tasks = [asyncio.create_task(each) for each in work]
        await asyncio.sleep(2.5)
        closed_at = routed.loop.now
        await client.aclose()
        await asyncio.gather(*tasks)
        return closed_at

    closed_at = routed.run(story)
    unsent = [(at, each) for at, each in told if isinstance(each, NotSent)]

    assert (3, 597) == (routed.asked()["a"], len(unsent))
    assert {Reason.CANCELLED} == {each.reason for _, each in unsent}
    assert max(at for at, _ in unsent) - closed_at < 0.1


def test_a_message_after_the_close_does_not_wait_for_the_limit() -> None:
    """A message sent after the close is `NotSent` at once, without waiting for the limit."""
    routed = limited(0.01)

    async def story(client: Client) -> tuple[Outcome, float]:
        await client.send(*texts(1))
        await client.aclose()
        began = routed.loop.now
        outcome = await outcome_of(client, *texts(1, start=1), deadline=1000.0)
        return outcome, routed.loop.now - began

    outcome, waited = routed.run(story)

    assert (Reason.CANCELLED, 0.0) == (outcome.failure.reason, waited)


def test_another_route_is_not_limited() -> None:
    """Each route has a limit of its own."""
    slow = Route(
        accounts=("a",),
        match=Match(prefixes=["+27"]),
        limits=RouteLimits(messages_per_second=0.01),
    )
    routed = Routed(accepted, routes=(slow, Route(accounts=("a",))))

    async def story(client: Client) -> float:
        first, second = (Message(f"+2782000000{number}", "x") for number in range(2))
        await client.send(first)
        (waiting,) = calls(client, [second], deadline=1000.0)
        began = routed.loop.now
        await client.send(*texts(1))
        waited = routed.loop.now - began
        waiting.cancel()
        return waited

    assert routed.run(story) == 0.0


def test_observers_hear_of_a_caller_that_is_gone_before_its_turn() -> None:
    """A message whose caller is cancelled while it waits for the limit is known to be unsent."""
    known: list[tuple[str, str]] = []
    unclaimed: list[tuple[str, str]] = []

    class Ear(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            known.extend((each.reference, each.kind) for each in event.outcomes)

        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            unclaimed.append((event.message.reference, event.outcome.kind))

    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=0.001))
    routed = Routed(accepted, routes=(route,), observers=(Ear(),))

    async def story(client: Client) -> None:
        first, second = calls(client, texts(2), deadline=5000.0)
        await first
        second.cancel()
        await asyncio.wait([second])

    routed.run(story)

    assert [("r0", "accepted"), ("r1", "not_sent")] == known
    assert [("r1", "not_sent")] == unclaimed
