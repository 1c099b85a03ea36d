"""Accounts and streams over a fake transport, and helpers for tests of sending."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
from support.adapters import FakeTransport, TinyAdapter, accepted, account_engine, close, tiny

from omnimsg import Limits, Message, Outcome, Policy, Reason, RetryPolicy
from omnimsg.adapter import CodeRow, CodeTable, Request, Response, Verdict
from omnimsg.engine.sending.stream import send_stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable

    import pytest

    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal

AT_ONCE = RetryPolicy(base=0)
WINDOW = 8


def engine(
    transport: FakeTransport,
    *,
    on_retry: Any = None,
    clock: Any = None,
    max_messages: int = 100,
    **policy: Any,
) -> AccountEngine:
    """Build an account with a policy; its retries do not wait."""
    decided = Policy(**{"retry": AT_ONCE, **policy})
    adapter = tiny(max_messages=max_messages)
    return account_engine(adapter, transport, policy=decided, on_retry=on_retry, clock=clock)


async def all_of(account: AccountEngine, *futures: asyncio.Future[Outcome]) -> list[Outcome]:
    """Wait for outcomes, and close the account."""
    try:
        with anyio.fail_after(20):
            return await asyncio.gather(*futures)
    finally:
        await close(account)


async def settled() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


def stream(
    wire: FakeTransport,
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    kind: type[TinyAdapter] = TinyAdapter,
    deadline: float = 10.0,
    window: int = WINDOW,
    clock: Clock | None = None,
    journal: Journal | None = None,
    **limits: Any,
) -> AsyncGenerator[Outcome, None]:
    """Send a stream through a transport; the account is closed with the stream.

    There is one slot more than `window`, because one is kept for high priority.
    """
    adapter = tiny(kind=kind, **limits)
    policy = Policy(retry=RetryPolicy(base=0), limits=Limits(concurrency=window + 1))
    account = account_engine(adapter, wire, journal=journal, policy=policy, clock=clock)
    ahead = (window + 2) * adapter.capabilities.max_messages
    outcomes = send_stream(account.stream_target, messages, deadline=deadline, ahead=ahead)
    return _closing(account, outcomes)


async def _closing(
    account: AccountEngine, outcomes: AsyncGenerator[Outcome, None]
) -> AsyncGenerator[Outcome, None]:
    try:
        async with aclosing(outcomes):
            async for each in outcomes:
                yield each
    finally:
        await close(account)


async def collect(outcomes: AsyncIterator[Outcome]) -> list[Outcome]:
    """Return all outcomes of a stream."""
    return [each async for each in outcomes]


class Channelled(TinyAdapter):
    """Tiny with a code for a channel that is not enabled."""

    codes = CodeTable(
        (
            CodeRow(
                "no-channel",
                "message",
                Reason.CHANNEL_NOT_ENABLED,
                Verdict.ACCOUNT,
                description="no such channel",
                source="Tiny",
            ),
        )
    )

    def group(self, message: Message) -> None:
        """Put all channels into one group."""


class Gate:
    """A reply that waits until the test opens it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        """Wait, then accept."""
        await self.open.wait()
        return accepted(request)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings of the log."""
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
