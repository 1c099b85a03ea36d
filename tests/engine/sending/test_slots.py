"""The slots of operations: who gives one back, and what is left behind."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import CAPABILITIES, seconds

from omnimsg import Limits
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.sending.slots import OperationSlots
from omnimsg.engine.sending.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


@pytest.fixture
def limiter() -> RateLimiter:
    """Build the limits of an account without rates."""
    return RateLimiter(Limits(concurrency=2), CAPABILITIES, now=time.monotonic)


@pytest.fixture
def slots(limiter: RateLimiter) -> OperationSlots:
    """Build slots that are given out in the next turn of the loop."""
    wakeup = Wakeup(time.monotonic)
    made = OperationSlots(limiter, wakeup, now=time.monotonic)

    def wake() -> None:
        made.admit()

    wakeup.wake = wake
    return made


async def test_an_operation_that_has_had_no_slot_gives_none_back(
    limiter: RateLimiter, slots: OperationSlots
) -> None:
    """The request that had kept it waiting is still under way."""
    limiter.begin(1)

    with pytest.raises(TimeoutError):
        async with slots.hold(seconds(0)):
            pass

    assert 1 == limiter.under_way


async def test_an_operation_that_has_its_slot_leaves_no_timer(
    slots: OperationSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operations with long deadlines would have the loop keep a timer for each."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    real = loop.call_later

    def noted(delay: float, callback: Callable[..., Any], *given: Any, **more: Any) -> Any:
        timers.append(real(delay, callback, *given, **more))
        return timers[-1]

    monkeypatch.setattr(loop, "call_later", noted)
    async with slots.hold(seconds(3600)):
        pass

    assert [True] == [each.cancelled() for each in timers]
