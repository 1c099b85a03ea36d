"""Streams of any length: outcomes, batching, back-pressure, deadlines and memory."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.adapters import (
    FakeTransport,
    ManualClock,
    TinyAdapter,
    accepted,
    references,
    results,
    texts,
)

from omnimsg import (
    Accepted,
    Channel,
    Location,
    Message,
    NotSent,
    Reason,
)
from omnimsg.engine.attempt.runner import AttemptRunner

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Iterator,
    )

    from omnimsg import Outcome
    from omnimsg.adapter import Request, Response
from support.sending import WINDOW, Gate, collect, settled, stream
from support.virtual import VirtualLoop

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_every_message_has_its_outcome_and_its_position(asynchronous: bool) -> None:
    """Every message has one outcome with its position; outcomes may come in any order."""

    async def slowly() -> AsyncIterator[Message]:
        for each in texts(1000):
            yield each

    outcomes = await collect(
        stream(FakeTransport(), slowly() if asynchronous else iter(texts(1000)))
    )

    assert {f"r{number}": number for number in range(1000)} == {
        each.reference: each.position for each in outcomes
    }
    assert 1000 == len(outcomes)


async def test_an_empty_stream_ends() -> None:
    """An empty stream ends without a request."""
    wire = FakeTransport()

    assert [] == await collect(stream(wire, []))
    assert [] == wire.requests


async def test_a_hundred_and_one_messages_are_two_requests() -> None:
    """A stream is batched by the provider's limit, not by the window."""
    wire = FakeTransport()

    await collect(stream(wire, texts(101)))

    assert [100, 1] == [len(references(each)) for each in wire.requests]


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
async def test_requests_are_full_where_messages_wait(limit: int) -> None:
    """Requests are full while messages wait, whatever the provider's limit."""
    wire = FakeTransport()

    await collect(stream(wire, texts(3000), max_messages=limit))

    assert -(-3000 // limit) == len(wire.requests)
    assert wire.most <= WINDOW


async def test_two_messages_of_one_reference_never_share_a_request() -> None:
    """Messages with the same reference never share a request, as the answers would be alike."""
    wire = FakeTransport()
    same = [attrs.evolve(each, reference="same") for each in texts(3)]

    outcomes = await collect(stream(wire, [*same, *texts(2)]))

    assert all(len(set(references(each))) == len(references(each)) for each in wire.requests)
    assert 3 == sum("same" in references(each) for each in wire.requests)
    assert [0, 1, 2, 3, 4] == sorted(each.position or 0 for each in outcomes)


class Grouped(TinyAdapter):
    """Tiny that checks that each request has one group."""

    def sending(self, messages: Any, context: Any) -> Request:
        """Check the groups, and build the request."""
        assert 1 == len({self.group(each) for each in messages})
        return super().sending(messages, context)


@settings(deadline=None)  # each example starts an event loop, which takes a varying time
@given(
    st.lists(
        st.tuples(st.sampled_from([Channel.SMS, Channel.WHATSAPP]), st.sampled_from("abcdef")),
        max_size=60,
    ),
    st.integers(1, 8),
)
def test_groups_and_references_never_mix_and_nothing_is_lost(
    given_: list[tuple[Channel, str]], limit: int
) -> None:
    """For any mixture, each message is sent once, in a request of its own group."""
    messages = [
        Message("+37255500001", "hello", reference=reference, channel=channel)
        for channel, reference in given_
    ]
    wire = FakeTransport()

    outcomes = asyncio.run(
        collect(stream(wire, messages, kind=Grouped, max_messages=limit, window=2))
    )

    assert list(range(len(messages))) == sorted(each.position or 0 for each in outcomes)
    assert {Accepted} >= {type(each) for each in outcomes}
    sent = [references(each) for each in wire.requests]
    assert Counter(each.reference for each in messages) == Counter(
        ref for each in sent for ref in each
    )
    assert all(len(each) <= limit and len(set(each)) == len(each) for each in sent)


async def test_a_slow_input_is_not_held_back_until_a_batch_is_full() -> None:
    """A message leaves as soon as it is read while no request is in flight."""
    wire = FakeTransport()
    more = asyncio.Event()

    async def slowly() -> AsyncIterator[Message]:
        first, second = texts(2)
        yield first
        await more.wait()
        yield second

    async with aclosing(stream(wire, slowly())) as outcomes:
        first = await anext(outcomes)
        more.set()
        second = await anext(outcomes)

    assert ["r0", "r1"] == [first.reference, second.reference]
    assert 2 == len(wire.requests)


async def test_messages_gather_while_the_window_is_busy() -> None:
    """Messages read while the window is full share the next request."""
    gate = Gate()
    wire = FakeTransport(gate)

    async def all_of() -> AsyncIterator[Message]:
        for each in texts(30):
            yield each
            await asyncio.sleep(0)

    collecting = asyncio.create_task(collect(stream(wire, all_of(), window=1)))
    await settled()
    gate.open.set()
    await collecting

    assert [1, 29] == [len(references(each)) for each in wire.requests]


async def test_messages_of_one_request_have_waited_about_as_long() -> None:
    """Messages that have waited much longer than others do not share their request."""
    gate, clock = Gate(), ManualClock()
    wire = FakeTransport(gate)

    async def unhurried() -> AsyncIterator[Message]:
        for each in texts(4):
            yield each
            await asyncio.sleep(0)
            clock.now += 0.6

    collecting = asyncio.create_task(collect(stream(wire, unhurried(), window=1, clock=clock)))
    await settled()
    gate.open.set()
    await collecting

    assert [["r0"], ["r1", "r2"], ["r3"]] == [references(each) for each in wire.requests]


async def test_a_mistake_of_the_engine_loses_no_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception in the engine during a send makes its messages ambiguous and is logged."""
    monkeypatch.setattr(AttemptRunner, "send", lambda *_: 1 / 0)

    outcomes = await collect(stream(FakeTransport(), texts(250)))

    assert {"ambiguous": 250} == Counter(each.kind for each in outcomes)
    assert "the engine raised ZeroDivisionError" in caplog.text


async def test_nobody_taking_outcomes_stops_the_reading() -> None:
    """If no outcomes are taken, the stream reads no further than its window needs."""
    pulled = 0

    def counted() -> Iterator[Message]:
        nonlocal pulled
        for each in texts(50_000):
            pulled += 1
            yield each

    async with aclosing(stream(FakeTransport(), counted(), max_messages=10)) as outcomes:
        await anext(outcomes)
        await settled()
        first = pulled
        await settled()

        assert first == pulled
    # Done, in flight and waiting: a bound that does not depend on the stream's length.
    assert pulled <= (2 * WINDOW + WINDOW + 1) * 10 + 2 * 10 + 1


async def test_nobody_taking_outcomes_stops_the_reading_of_refused_messages() -> None:
    """If no outcomes are taken, a stream of refused messages is not read further either."""
    pulled = 0

    def counted() -> Iterator[Message]:
        nonlocal pulled
        for number in range(50_000):
            pulled += 1
            yield Message("+37255500001", Location(latitude=1, longitude=1), reference=f"r{number}")

    async with aclosing(stream(FakeTransport(), counted())) as outcomes:
        refused = await anext(outcomes)
        await settled()

        assert isinstance(refused, NotSent)
        assert Reason.UNSUPPORTED_CONTENT is refused.reason
        assert pulled <= 2 * (WINDOW + 2) * 100


async def test_a_deadline_starts_at_the_messages_turn() -> None:
    """A message's deadline starts at its turn in the stream; waiting outcomes do not use it up."""
    clock = ManualClock()
    async with aclosing(
        stream(FakeTransport(), texts(100), max_messages=1, deadline=10, clock=clock)
    ) as outcomes:
        first = await anext(outcomes)
        clock.now += 11
        rest = [each async for each in outcomes]

    assert {Accepted} == {type(each) for each in (first, *rest)}
    assert 99 == len(rest)


def test_a_retry_that_waits_for_a_slot_ends_at_its_deadline() -> None:
    """A retry that waits for a slot ends at its deadline, without waiting for another request."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        if references(request) == ["r0"]:
            return results({"r0": "slow-down"})
        await go.wait()
        return accepted(request)

    wire = FakeTransport(reply)
    loop = VirtualLoop()

    async def take() -> tuple[Outcome, list[Outcome]]:
        outcomes = stream(wire, texts(2), window=1, deadline=10, clock=loop, max_messages=1)
        first = await anext(outcomes)
        go.set()
        return first, await collect(outcomes)

    with closing(loop):
        first, rest = loop.drive(take())

    assert isinstance(first, NotSent)
    assert ("r0", Reason.DEADLINE_EXCEEDED) == (first.reference, first.reason)
    assert [("r1", Accepted)] == [(each.reference, type(each)) for each in rest]
    assert [["r0"], ["r1"]] == [references(each) for each in wire.requests]


async def test_memory_does_not_grow_with_the_stream() -> None:
    """The number of messages in memory does not grow with the stream."""
    alive: list[int] = []

    def made(count: int) -> Iterator[Message]:
        for number in range(count):
            if number % 1000 == 999:
                gc.collect()
                alive.append(sum(isinstance(each, Message) for each in gc.get_objects()))
            yield Message("+37255500001", "hello", reference=f"r{number}")

    # Objects of earlier tests are left out: some import a module when their class is asked for.
    gc.freeze()
    async for _ in stream(FakeTransport(), made(20_000), max_messages=10):
        pass

    assert max(alive) - alive[0] <= (3 * WINDOW + 3) * 10
