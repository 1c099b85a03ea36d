"""If the application cancels all tasks of its loop, every message still has an outcome."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import FakeTransport, close, references, results, texts
from support.sending import Gate, engine, settled
from support.virtual import VirtualLoop

from omnimsg import Ambiguous, Limits, NotSent, Outcome, Reason, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from omnimsg.adapter import Request, Response


def live(story: Coroutine[Any, Any, None]) -> None:
    """Run a story in an event loop whose other tasks are all omnimsg's."""
    with closing(VirtualLoop()) as loop:
        loop.drive(story)


def cancel_all_tasks() -> None:
    """Cancel all tasks but the test's, as many programs do at their end."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def ended(waiting: asyncio.Future[Outcome]) -> Outcome:
    """Let everything run that can run, and return the outcome."""
    await settled()
    return waiting.result()


@pytest.mark.parametrize("turns", range(1, 5))
def test_a_request_that_was_to_leave_ends(turns: int) -> None:
    """A message whose request's task is cancelled, even before its first step, has an outcome.

    The slot of the request is free again.
    """

    async def story() -> None:
        gate = Gate()
        account = engine(FakeTransport(gate), limits=Limits(concurrency=1))
        waiting = account.submit(texts(1)[0], 1000)
        for _ in range(turns):
            await asyncio.sleep(0)

        cancel_all_tasks()
        outcome = await ended(waiting)
        gate.open.set()
        later = await ended(account.submit(texts(1, start=1)[0], 1000))

        assert isinstance(outcome, (NotSent, Ambiguous))
        assert Reason.CANCELLED is outcome.reason
        assert "by the caller" not in outcome.failure.detail
        assert "or its tasks were cancelled" in outcome.failure.detail
        assert ("accepted", 0) == (later.kind, account.health().under_way)
        await close(account)

    live(story())


def test_what_waits_for_a_request_that_is_cancelled_leaves() -> None:
    """A message that waits behind a request whose task is cancelled is sent."""

    async def story() -> None:
        gate = Gate()
        account = engine(FakeTransport(gate), limits=Limits(concurrency=1), max_messages=1)
        first, second = (account.submit(each, 1000) for each in texts(2))
        await settled()

        cancel_all_tasks()
        gate.open.set()
        outcome = await ended(second)

        assert isinstance(first.result(), Ambiguous)
        assert "accepted" == outcome.kind
        await close(account)

    live(story())


@pytest.mark.parametrize("turns", range(1, 8))
def test_a_message_that_was_to_be_tried_again_ends(turns: int) -> None:
    """A message whose waiting retry is cancelled has an outcome."""

    def reply(request: Request) -> Response:
        return results(dict.fromkeys(references(request), "slow-down"))

    async def story() -> None:
        account = engine(FakeTransport(reply), retry=RetryPolicy(base=1000, longest=1000))
        waiting = account.submit(texts(1)[0], 10_000)
        for _ in range(turns):
            await asyncio.sleep(0)

        cancel_all_tasks()
        await settled()
        cancel_all_tasks()
        outcome = await ended(waiting)

        assert isinstance(outcome, (NotSent, Ambiguous))
        await close(account)

    live(story())
