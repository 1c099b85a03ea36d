"""Iterate over an asynchronous iterator in a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from omnimsg.sync.call import run, runs_event_loop
from omnimsg.sync.loop_thread import LOOP_THREAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

T = TypeVar("T")


def iterate(source: AsyncIterator[T]) -> Generator[T, None, None]:
    """Yield the items of an asynchronous iterator.

    The next item is requested only when the caller asks for it. The source is closed when it ends
    or raises, or when this generator is closed.
    """
    try:
        while (found := run(_next(source))) is not None:
            yield found[0]
    finally:
        if isinstance(source, AsyncGenerator):
            close(source)


def close(source: AsyncGenerator[T, None]) -> None:
    """Close an asynchronous generator, and wait for that unless an event loop runs in this thread.

    The garbage collector may close a generator in any thread, also in that of an event loop.
    """
    if not runs_event_loop():
        with suppress(RuntimeError):  # the process is ending, and its loop closes open connections
            run(_close(source))
    elif LOOP_THREAD.loop is not None:
        loop = LOOP_THREAD.loop
        loop.call_soon_threadsafe(lambda: loop.create_task(_close(source)))


async def _next(source: AsyncIterator[T]) -> tuple[T] | None:
    try:
        return (await anext(source),)
    except StopAsyncIteration:
        return None


async def _close(source: AsyncGenerator[T, None]) -> None:
    await source.aclose()
