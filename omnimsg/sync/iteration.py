"""An asynchronous iterator, gone through from a thread."""

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
    """Yield what an asynchronous iterator yields, one after another.

    The next one is asked for when the caller wants it, not before. The source is closed when it
    ends, raises, or is left.
    """
    try:
        while (found := run(_next(source))) is not None:
            yield found[0]
    finally:
        if isinstance(source, AsyncGenerator):
            close(source)


def close(source: AsyncGenerator[T, None]) -> None:
    """Close an asynchronous generator, and wait for that where the thread may wait.

    A generator that nobody holds any more is closed by whichever thread collects it, which may be
    that of an event loop.
    """
    if not runs_event_loop():
        with suppress(RuntimeError):  # the process is ending, and its loop closes what is open
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
