"""The wake-up of the scheduler, which it may leave to an idle task."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.adapters import FakeTransport, ManualClock, close, texts
from support.sending import engine, settled

from omnimsg.engine.sending.wakeup import Wakeup

pytestmark = pytest.mark.anyio


async def test_what_a_cancelled_task_owes_is_run() -> None:
    """A wake-up left to an idle task is run even if that task is cancelled."""
    wakeup = Wakeup(time.monotonic)
    woken: list[bool] = []
    wakeup.wake = lambda: woken.append(True)
    resting = asyncio.create_task(wakeup.rest())
    await asyncio.sleep(0)
    wakeup.soon()

    resting.cancel()
    await asyncio.wait([resting])

    assert [True] == woken


class FailingClock(ManualClock):
    """A clock that can fail once."""

    fails = False

    def monotonic(self) -> float:
        """Return the time, or fail."""
        if self.fails:
            self.fails = False
            raise OSError("no clock")
        return super().monotonic()


async def test_a_task_that_fails_after_its_rest_leaves_the_scheduler_awake() -> None:
    """A message handed over after a scheduler task has failed is sent."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    clock = FailingClock()
    account = engine(FakeTransport(), clock=clock)
    messages = texts(3)
    await account.submit(messages[0], 10)
    account.submit(messages[1], 10)
    clock.fails = True
    await settled()

    outcome = await asyncio.wait_for(account.submit(messages[2], 10), 5)

    assert "accepted" == outcome.kind
    await close(account)
