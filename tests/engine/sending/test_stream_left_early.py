"""A stream that its caller leaves early, by a break, an error or a cancellation."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    results,
    texts,
)
from support.audit import OutcomeJournal

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response
from support.sending import WINDOW, Gate, collect, settled, stream, warnings

pytestmark = pytest.mark.anyio


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let closing a stream wait only 20 ms."""
    monkeypatch.setattr("omnimsg.engine.sending.stream.CLOSE_TIMEOUT", 0.02)


@pytest.mark.usefixtures("impatient")
async def test_breaking_out_ends_everything() -> None:
    """After a break no request is in flight and no further one is made."""
    gate = Gate()
    wire = FakeTransport(gate)
    gate.open.set()

    async with aclosing(stream(wire, texts(10_000), max_messages=10)) as outcomes:
        async for _ in outcomes:
            gate.open.clear()
            break

    requests = len(wire.requests)
    await settled()
    assert requests == len(wire.requests)
    assert 0 == wire.under_way


async def test_breaking_out_lets_what_is_under_way_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A break waits for the requests in flight, and one warning counts the outcomes not taken."""
    gate = Gate()
    first = True

    async def reply(request: Request) -> Response:
        nonlocal first
        if first:
            first = False
            return accepted(request)
        asyncio.get_running_loop().call_later(0.01, gate.open.set)
        return await gate(request)

    diary = OutcomeJournal()
    wire = FakeTransport(reply)

    async with aclosing(stream(wire, texts(10_000), max_messages=10, journal=diary)) as outcomes:
        await anext(outcomes)
        await wire.asked(WINDOW)

    assert {"accepted": 10 * len(wire.requests)} == Counter(each.kind for each in diary.outcomes)
    (said,) = warnings(caplog)
    untaken = 10 * len(wire.requests) - 1
    assert f"{untaken} outcomes were not taken ({untaken} accepted); 0 more" in said


async def test_an_error_in_the_body_of_the_loop_is_said_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After an error in the caller's loop, a warning counts the outcomes not taken by kind."""
    said = {"r0": "ok", "r1": "no-such-number", "r2": "ok"}

    async def careless() -> None:
        async with aclosing(stream(FakeTransport(lambda _: results(said)), texts(3))) as outcomes:
            async for _ in outcomes:
                raise LookupError

    with pytest.raises(LookupError):
        await careless()

    (warning,) = warnings(caplog)
    assert "2 outcomes were not taken (1 accepted, 1 rejected)" in warning


async def test_a_stream_taken_to_its_end_warns_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Closing a stream whose outcomes were all taken logs nothing."""
    async with aclosing(stream(FakeTransport(), texts(1000))) as outcomes:
        assert 1000 == len(await collect(outcomes))

    assert [] == warnings(caplog)


@pytest.mark.usefixtures("impatient")
async def test_cancelling_the_caller_ends_everything(caplog: pytest.LogCaptureFixture) -> None:
    """A cancelled caller waits a bounded time for requests in flight; a warning counts the rest."""
    wire = FakeTransport(Gate())
    collecting = asyncio.create_task(collect(stream(wire, texts(10_000))))
    await settled()

    collecting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await collecting
    assert WINDOW == wire.most
    assert 0 == wire.under_way
    (warning,) = warnings(caplog)
    assert f"{100 * WINDOW} more messages are still on their way" in warning


async def test_cancelling_twice_waits_for_nothing() -> None:
    """A caller that is cancelled twice ends at once, and leaves no request in flight."""
    wire = FakeTransport(Gate())
    collecting = asyncio.create_task(collect(stream(wire, texts(10_000))))
    await settled()

    collecting.cancel()
    await settled()
    assert not collecting.done()
    collecting.cancel()

    await settled()
    assert collecting.cancelled()
    assert 0 == wire.under_way
