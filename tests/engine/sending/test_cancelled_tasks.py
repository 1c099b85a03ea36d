"""An application that cancels all tasks of its loop, and goes on: every message has an outcome."""

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
    """Run a story in a loop of its own, whose other tasks are all omnimsg's."""
    with closing(VirtualLoop()) as loop:
        loop.drive(story)


def cancel_all_tasks() -> None:
    """Cancel what runs in the loop, as many do at the end of a program; only the test goes on."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def ended(waiting: asyncio.Future[Outcome]) -> Outcome:
    """Let everything run that can, and return the outcome that there must be then."""
    await settled()
    return waiting.result()


@pytest.mark.parametrize("turns", range(1, 5))
def test_a_request_that_was_to_leave_ends(turns: int) -> None:
    """Also where its task has not taken a step: it never will. The slot is free again."""

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
        assert ("accepted", 0) == (later.kind, account.health().under_way)
        await close(account)

    live(story())


def test_what_waits_for_a_request_that_is_cancelled_leaves() -> None:
    """Nothing else would wake the scheduler before its deadline."""

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
    """With what is known of it."""

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
