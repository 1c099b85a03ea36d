"""A journal's error, which may quote a message, is never logged by asyncio."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import seconds, texts
from support.sending import settled

from omnimsg import Attempt, Message, Outcome
from omnimsg.engine.attempt.journal_writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

pytestmark = pytest.mark.anyio

ATTEMPT = Attempt(account="main", number=1, token="t1")


class Quoting:
    """A journal that fails with an error that quotes a number, as a database's may.

    Args:
        before: What happens before it fails.
    """

    def __init__(self, before: Callable[[], Awaitable[Any]]) -> None:
        self._before = before

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Fail."""
        await self._before()
        raise OSError(f"INSERT ... '{messages[0].to}'")

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Fail."""
        await self._before()
        raise OSError("INSERT ... '+37255500001'")


async def test_an_intent_that_fails_while_its_caller_is_cancelled_is_not_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error of `intend` whose caller is cancelled is not logged as never retrieved."""

    async def cancelled() -> bool:
        async def cancel_the_caller() -> None:
            calling.cancel()

        writer = JournalWriter(Quoting(cancel_the_caller), "main")
        calling = asyncio.create_task(writer.intend(ATTEMPT, texts(1), seconds(10)))
        await asyncio.wait([calling])
        return calling.cancelled()

    was_cancelled = await cancelled()
    gc.collect()

    assert was_cancelled
    assert "never retrieved" not in caplog.text


async def test_an_outcome_that_is_lost_after_its_caller_is_gone_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A `settle` that fails after its caller was cancelled is logged, and the caller ends so."""
    go = asyncio.Event()
    writer = JournalWriter(Quoting(go.wait), "main")
    calling = asyncio.create_task(writer.settle(ATTEMPT, []))
    await settled()

    calling.cancel()
    await settled()
    go.set()
    await asyncio.wait([calling])

    assert calling.cancelled()
    assert "lost 0 outcomes of account 'main'" in caplog.text


async def test_an_outcome_that_fails_after_its_caller_is_gone_is_not_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error of `settle` whose caller was cancelled twice is not logged as never retrieved."""
    go, failing = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        await go.wait()
        failing.set()

    async def cancelled() -> bool:
        writer = JournalWriter(Quoting(slowly), "main")
        calling = asyncio.create_task(writer.settle(ATTEMPT, []))
        for _ in range(2):
            await settled()
            calling.cancel()
        await asyncio.wait([calling])
        return calling.cancelled()

    was_cancelled = await cancelled()
    go.set()
    await failing.wait()
    await settled()
    gc.collect()

    assert was_cancelled
    assert "never retrieved" not in caplog.text
