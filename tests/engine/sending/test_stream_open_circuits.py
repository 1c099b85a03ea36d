"""Streams through an account or channel whose circuit is open."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    accepted,
    references,
    results,
    texts,
)

from omnimsg import (
    Accepted,
    Channel,
    Failure,
    Message,
    NotSent,
    Reason,
    Retry,
    Scope,
)
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
    )

from support.sending import WINDOW, Channelled, collect, stream, warnings

pytestmark = pytest.mark.anyio


# One of them long: nothing after the classification of an answer depends on its status.
@pytest.mark.parametrize(
    ("status", "length"),
    [(401, 50_000), (402, 5000), (403, 5000), (404, 5000), (405, 5000), (301, 5000)],
)
async def test_an_account_in_trouble_costs_a_few_requests(status: int, length: int) -> None:
    """A stream with a wrong key costs a few requests; all its messages are not sent."""
    wire = FakeTransport(lambda _: Response(status))
    count: Counter[Any] = Counter()
    numbers = set()

    async for each in stream(wire, (text for text in texts(length))):
        assert isinstance(each, NotSent)
        count[each.scope, each.retry] += 1
        numbers.add((each.position, each.reference))

    assert {(Scope.ACCOUNT, Retry.AFTER_FIX): length} == count
    assert {(number, f"r{number}") for number in range(length)} == numbers
    assert len(wire.requests) <= WINDOW


async def test_a_channel_that_is_not_enabled_stops_no_other() -> None:
    """A channel that is not enabled does not stop the messages of another channel."""
    whatsapp = {f"r{number}" for number in range(0, 5000, 2)}
    messages = [
        attrs.evolve(each, channel=Channel.WHATSAPP) if each.reference in whatsapp else each
        for each in texts(5000)
    ]

    def reply(request: Request) -> Response:
        return results(
            {each: "no-channel" if each in whatsapp else "ok" for each in references(request)}
        )

    wire = FakeTransport(reply)
    outcomes = await collect(stream(wire, messages, kind=Channelled))

    assert {each.reference for each in outcomes if each.kind == "not_sent"} == whatsapp
    assert 2500 == sum(isinstance(each, Accepted) for each in outcomes)
    asked = sum(each in whatsapp for request in wire.requests for each in references(request))
    assert asked < len(whatsapp) / 2


async def test_a_single_stray_answer_costs_its_own_batch_only() -> None:
    """A single redirect fails its own batch only, and opens no circuit."""
    answers = iter([Response(307)])
    wire = FakeTransport(lambda request: next(answers, None) or accepted(request))

    kinds = Counter(each.kind for each in await collect(stream(wire, texts(5000))))

    assert {"not_sent": 100, "accepted": 4900} == kinds


async def test_trouble_ends_when_the_account_is_mended(caplog: pytest.LogCaptureFixture) -> None:
    """A stream sends again when its account works again, and logs that once."""
    clock, mended = ManualClock(), False
    wire = FakeTransport(lambda request: accepted(request) if mended else Response(401))
    go = asyncio.Event()

    async def one_by_one() -> AsyncIterator[Message]:
        for each in texts(40):
            yield each
            await go.wait()
            go.clear()

    kinds = []
    async with aclosing(
        stream(wire, one_by_one(), max_messages=1, window=1, clock=clock)
    ) as outcomes:
        async for outcome in outcomes:
            kinds.append(outcome.kind)
            mended = len(kinds) >= 10
            clock.now += 0.0 if len(kinds) < 10 else 5.0
            go.set()

    assert ["not_sent"] * 10 == kinds[:10]
    assert ["accepted"] * 30 == kinds[10:]
    assert 2 + 30 == len(wire.requests)
    started, ended = warnings(caplog)
    assert "sending through account 'main' is suspended: unauthorized (HTTP 401)" in started
    assert "sending through account 'main' has resumed" == ended


async def test_what_is_not_tried_shows_nothing_of_another_message() -> None:
    """A message that was not tried has no code, answer or field of the message that failed."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "no-money")))

    outcomes = await collect(stream(wire, texts(2000)))

    asked = {each for request in wire.requests for each in references(request)}
    (failure,) = {
        repr(each.failure): each.failure
        for each in outcomes
        if isinstance(each, NotSent) and each.reference not in asked
    }.values()
    assert failure == Failure(
        reason=Reason.INSUFFICIENT_FUNDS,
        retry=Retry.AFTER_FIX,
        detail="not tried: account 'main' was refused earlier: insufficient funds",
    )
    assert failure.raw is None
