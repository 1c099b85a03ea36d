"""Tell whatever waits, in any event loop, that the client closes."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class CloseSignal:
    """Ends the waits of a client when it closes, also those in other event loops and threads.

    Attributes:
        is_set: Whether the client is closed.
    """

    def __init__(self) -> None:
        self.is_set: bool = False
        self._calls: dict[object, tuple[asyncio.AbstractEventLoop, Callable[[], object]]] = {}

    def set(self) -> None:
        """Call the functions, those of other event loops in their next iteration."""
        self.is_set = True
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        for key, (loop, function) in self._calls.copy().items():
            if loop is running:
                function()
            else:
                with suppress(RuntimeError):  # that event loop is closed
                    loop.call_soon_threadsafe(self._call, key)

    @contextmanager
    def calls(self, function: Callable[[], object]) -> Iterator[None]:
        """Call a function in this event loop if the client closes while the context is open.

        If the client is closed already, the function is not called: test `is_set` inside.
        """
        key = object()
        self._calls[key] = asyncio.get_running_loop(), function
        try:
            yield
        finally:
            del self._calls[key]

    async def wait(self) -> None:
        """Wait until the client closes."""
        closed = asyncio.Event()
        with self.calls(closed.set):
            if not self.is_set:
                await closed.wait()

    def _call(self, key: object) -> None:
        found = self._calls.get(key)
        if found is not None:
            found[1]()
