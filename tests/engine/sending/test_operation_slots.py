"""The slots of operations: acquisition, release and timers."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import (
    CAPABILITIES,
    FakeTransport,
    accepted,
    account_engine,
    seconds,
    texts,
    tiny,
)
from support.sending import engine
from support.virtual import VirtualLoop

from omnimsg import Limits, OperationError, Reason
from omnimsg.adapter import Request, Response
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.sending.operation_slots import OperationSlots
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.wakeup import Wakeup
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.engine.account import AccountEngine

pytestmark = pytest.mark.anyio


@pytest.fixture
def limiter() -> RateLimiter:
    """Build a limiter without rates."""
    return RateLimiter(Limits(concurrency=2), CAPABILITIES, now=time.monotonic)


@pytest.fixture
def slots(limiter: RateLimiter) -> OperationSlots:
    """Build slots that are given out in the next iteration of the loop."""
    wakeup = Wakeup(time.monotonic)
    queue = Queue(CAPABILITIES.max_messages, now=time.monotonic)
    made = OperationSlots(limiter, queue, wakeup, now=time.monotonic)

    def wake() -> None:
        made.admit()

    wakeup.wake = wake
    return made


async def test_an_operation_that_has_had_no_slot_gives_none_back(
    limiter: RateLimiter, slots: OperationSlots
) -> None:
    """An operation that times out without a slot does not release another's slot."""
    limiter.begin(1)

    with pytest.raises(TimeoutError):
        await slots.acquire(seconds(0))

    assert 1 == limiter.under_way


async def test_an_operation_takes_a_free_slot_at_once(limiter: RateLimiter) -> None:
    """An operation does not wait for the scheduler while nothing else waits."""
    queue, without_scheduler = Queue(1, now=time.monotonic), Wakeup(time.monotonic)
    slots = OperationSlots(limiter, queue, without_scheduler, now=time.monotonic)

    await slots.acquire(seconds(5))

    assert 1 == limiter.under_way


async def test_an_operation_that_waited_for_its_slot_leaves_no_timer(
    slots: OperationSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation that waited cancels its timer when it gets a slot."""
    await slots.acquire(seconds(3600))
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    real = loop.call_later

    def noted(delay: float, callback: Callable[..., Any], *given: Any, **more: Any) -> Any:
        timers.append(real(delay, callback, *given, **more))
        return timers[-1]

    monkeypatch.setattr(loop, "call_later", noted)
    waiting = asyncio.create_task(slots.acquire(seconds(3600)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    slots.release()
    await waiting

    assert [True] == [each.cancelled() for each in timers]


def refuse(_: object) -> Response:
    """Raise the fault of a closed transport."""
    raise TransportFault(Reason.CANCELLED, "the client is closed")


def test_what_waits_for_its_turn_ends_when_the_account_is_closed() -> None:
    """An operation that waits for a slot ends at once when its account is closed."""
    loop = VirtualLoop()

    async def ask(account: AccountEngine) -> Reason | None:
        try:
            await account.balance(600)
        except OperationError as error:
            return error.failure.reason
        return None

    async def story() -> tuple[list[Reason | None], float]:
        limits = Limits(requests_per_second=1 / 60)
        account = engine(FakeTransport(refuse), clock=loop, limits=limits)
        began = loop.now
        waiting = [asyncio.ensure_future(ask(account)) for _ in range(2)]
        await asyncio.sleep(0)
        await account.aclose(Deadline.after(0, loop.monotonic))
        return [*await asyncio.gather(*waiting), await ask(account)], loop.now - began

    with closing(loop):
        assert ([Reason.CANCELLED] * 3, 0) == loop.drive(story())


def answered(request: Request) -> Response:
    """Answer a question about the balance, or accept messages."""
    return Response(200, b'{"left":"1"}') if request.url == "/balance" else accepted(request)


def test_operations_keep_the_rate_that_the_provider_has_for_them() -> None:
    """Operations are spaced by their own documented rate, where sends may be faster."""
    loop = VirtualLoop()

    async def story() -> tuple[float, float]:
        transport = FakeTransport(answered)
        adapter = tiny(max_messages=1, requests_per_second=500, operations_per_second=10)
        account = account_engine(adapter, transport, clock=loop)
        began = loop.now
        asked = [asyncio.ensure_future(account.balance(60)) for _ in range(11)]
        sent = [account.submit(each, 60) for each in texts(20)]
        await asyncio.gather(*sent)
        sends = loop.now - began
        await asyncio.gather(*asked)
        operations = loop.now - began
        await account.aclose(Deadline.after(0, loop.monotonic))
        return sends, operations

    with closing(loop):
        sends, operations = loop.drive(story())

    assert sends < 0.1
    assert 0.9 < operations < 1.1
