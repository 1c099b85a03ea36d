"""The deadlines of callers: which messages share a request, and which end in time."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    close,
    references,
    texts,
)

from omnimsg import (
    Accepted,
    InvalidValue,
    Limits,
    NotSent,
    Reason,
)

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response
from support.sending import Gate, all_of, engine, settled

pytestmark = pytest.mark.anyio


async def test_what_waits_too_long_is_told_so_when_it_is() -> None:
    """A message whose deadline passes in the queue is not sent, and its caller is told then."""
    wire = FakeTransport(lambda _: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    account = engine(wire, limits=Limits(concurrency=1))
    first = account.submit(texts(1)[0], 30)
    await settled()

    outcome = await account.submit(texts(1, start=1)[0], 0.02)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert 1 == len(wire.requests)
    first.cancel()
    await close(account)


@pytest.mark.parametrize("timeouts", [(10, 20, 30), (30, 20, 10)])
async def test_callers_of_different_timeouts_do_not_share_a_request(
    timeouts: tuple[float, ...],
) -> None:
    """Messages with much different timeouts do not share a request, in any order of arrival."""
    wire = FakeTransport()
    account = engine(wire)

    await all_of(
        account,
        *[account.submit(each, timeout) for each, timeout in zip(texts(3), timeouts, strict=True)],
    )

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


class TimedTransport(FakeTransport):
    """A transport that keeps the timeout of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[float] = []

    async def exchange(self, request: Request, *, within: float, **more: Any) -> Response:
        """Keep the timeout, and answer."""
        self.within.append(within)
        return await super().exchange(request, within=within, **more)


@pytest.mark.parametrize("ttl", [None, 60])
@pytest.mark.parametrize("timeouts", [(10.0, 9.5), (9.5, 10.0)])
async def test_the_earliest_deadline_of_a_batch_limits_its_request(
    timeouts: tuple[float, float], ttl: int | None
) -> None:
    """Messages of nearly equal timeouts share a request, which has the earliest deadline."""
    wire = TimedTransport()
    account = engine(wire, clock=ManualClock())

    await all_of(
        account,
        *[
            account.submit(each, timeout)
            for each, timeout in zip(texts(2, ttl=ttl), timeouts, strict=True)
        ],
    )

    assert [["r0", "r1"]] == [references(each) for each in wire.requests]
    assert [9.5] == wire.within


async def test_a_message_whose_ttl_has_passed_in_the_queue_does_not_leave() -> None:
    """A message whose ttl passes in the queue is not sent; the others of its request are."""
    gate, clock = Gate(), ManualClock()
    wire = FakeTransport(gate)
    account = engine(wire, clock=clock, limits=Limits(concurrency=1))
    first = account.submit(texts(1)[0], 30)
    await settled()
    short, lasting = texts(1, start=1, ttl=5)[0], texts(1, start=2)[0]
    waiting = [account.submit(each, 30) for each in (short, lasting)]
    await settled()
    clock.now += 6
    gate.open.set()

    _, ended, sent = await all_of(account, first, *waiting)

    assert isinstance(ended, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, "accepted") == (ended.reason, sent.kind)
    assert [["r0"], ["r2"]] == [references(each) for each in wire.requests]


async def test_callers_of_many_deadlines_share_requests() -> None:
    """Messages whose timeouts differ by a tenth or less share requests."""
    wire = FakeTransport()
    account = engine(wire, max_messages=100, limits=Limits(concurrency=1))
    timeouts = [5 + number * 37 % 300 / 60 for number in range(300)]

    sent = zip(texts(300), timeouts, strict=True)
    await all_of(account, *[account.submit(each, timeout) for each, timeout in sent])

    assert 300 == sum(len(references(each)) for each in wire.requests)
    assert 10 > len(wire.requests)


@pytest.mark.parametrize("others", [(10.0,), (9.9, 10.0)])
async def test_a_crowd_does_not_go_ahead_of_who_came_before_it(others: tuple[float, ...]) -> None:
    """A message is not overtaken by many later ones that fill other requests."""
    wire = FakeTransport()
    account = engine(wire, max_messages=10, limits=Limits(concurrency=1))
    timeouts = [10.0, 20.0, *islice(cycle(others), 1000)]

    sent = zip(texts(1002), timeouts, strict=True)
    await all_of(account, *[account.submit(each, timeout) for each, timeout in sent])

    assert ["r1"] == references(wire.requests[1])
    assert 102 == len(wire.requests)


@pytest.mark.parametrize("deadline", [float("nan"), "soon", None])
async def test_a_deadline_that_is_not_a_number_is_refused(deadline: Any) -> None:
    """A deadline that is not a number is refused, and does not stop other messages."""
    account = engine(FakeTransport())

    with pytest.raises(InvalidValue, match="deadline"):
        account.submit(texts(1)[0], deadline)
    with pytest.raises(InvalidValue, match="deadline"):
        await anext(account.stream(texts(1), deadline))
    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Accepted)
