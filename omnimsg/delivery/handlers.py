"""The application's event handlers: functions, and loops over `Client.events()`."""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from omnimsg.delivery.close_signal import CloseSignal
    from omnimsg.domain.events import Event
    from omnimsg.engine.delivery_events import StatusChanged

    EventHandler: TypeAlias = Callable[[Event], Awaitable[object] | None]
    StatusHandler: TypeAlias = Callable[[StatusChanged], Awaitable[object] | None]


class NotHandledError(Exception):
    """No handler took an event, or one did not finish it: the provider sends it again."""


class Handlers:
    """All handlers of a client. An event is handled when all of them have returned.

    Closing the client ends the loops. They are kept: no later event counts as handled without them,
    so the provider sends it again.

    Args:
        closing: Set when the client closes.
    """

    def __init__(self, closing: CloseSignal) -> None:
        self._of_events: list[EventHandler] = []
        self._of_statuses: list[StatusHandler] = []
        self._loops: dict[_Loop, None] = {}
        self._closing = closing

    def __bool__(self) -> bool:
        """Return whether there is any handler."""
        return bool(self._of_events or self._of_statuses or self._loops)

    def on_event(self, handler: EventHandler) -> None:
        """Add a function that is called with every event."""
        self._of_events.append(handler)

    def on_status(self, handler: StatusHandler) -> None:
        """Add a function that is called with every change of a status."""
        self._of_statuses.append(handler)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Iterate over the events from now on.

        An event is handled when the loop asks for the next one. If the loop is left, its current
        event counts as not handled. Closing the client ends the iteration.
        """
        loop = _Loop(self._closing)
        self._loops[loop] = None
        try:
            with self._closing.calls(loop.wake):
                while (taken := await loop.next()) is not None:
                    event, handled = taken
                    try:
                        yield event
                    except BaseException:
                        _fail(handled)
                        raise
                    if not handled.done():
                        handled.set_result(None)
        finally:
            if not self._closing.is_set:
                self._loops.pop(loop, None)
            loop.close()

    async def handle(self, event: Event, done: set[object]) -> None:
        """Call every handler with an event, one after another.

        Args:
            event: The event.
            done: Handlers that are done with it and are skipped; each that returns is added.

        Raises:
            NotHandledError: A loop would handle it, but was ended by closing the client, or by
                closing its event loop.
        """
        for number, handler in enumerate(self._of_events):
            if number not in done:
                result = handler(event)
                if inspect.isawaitable(result):
                    await _await_handler(result)
                done.add(number)
        for loop in tuple(self._loops):
            if loop not in done:
                if loop.is_lost:
                    # The event comes again, also if no handler is left.
                    self._loops.pop(loop, None)
                    raise NotHandledError
                await loop.put(event)
                done.add(loop)

    async def handle_status(self, change: StatusChanged, done: set[object]) -> None:
        """Call every handler with a change of a status, one after another.

        Args:
            change: The change.
            done: Handlers that are done with a change to this status, as in `handle`.
        """
        for number, handler in enumerate(self._of_statuses):
            if (number, change.status.status) not in done:
                result = handler(change)
                if inspect.isawaitable(result):
                    await _await_handler(result)
                done.add((number, change.status.status))

    @property
    def want_events(self) -> bool:
        """Whether there is a handler of events."""
        return bool(self._of_events or self._loops)

    @property
    def want_statuses(self) -> bool:
        """Whether there is a handler of changes of a status."""
        return bool(self._of_statuses)


class _Loop:
    """One loop over the events: it handles one at a time, and the others are queued.

    Args:
        closing: Set when the client closes, which ends the loop when no event is queued.
    """

    def __init__(self, closing: CloseSignal) -> None:
        self._closing = closing
        self._event_loop = asyncio.get_running_loop()
        self._waiting: OrderedDict[asyncio.Future[None], Event] = OrderedDict()
        self._has_news = asyncio.Event()
        self._is_left = False
        self._was_ended = False

    @property
    def is_lost(self) -> bool:
        """Whether the event loop was closed, and has not ended this loop."""
        return self._event_loop.is_closed()

    async def put(self, event: Event) -> None:
        """Queue an event, and wait until the loop has handled it, also in another thread.

        Return at once if the loop was left while another handler worked on the event.

        Raises:
            NotHandledError: Closing the client has ended the loop.
        """
        if self._event_loop is asyncio.get_running_loop():
            await self._put(event)
        else:
            putting = asyncio.run_coroutine_threadsafe(self._put(event), self._event_loop)
            await asyncio.wrap_future(putting)

    async def _put(self, event: Event) -> None:
        if self._is_left:
            if self._was_ended:
                raise NotHandledError
            return
        handled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[handled] = event
        self._has_news.set()
        try:
            await handled
        finally:
            # Also after a timeout: a loop that takes no event must not collect all repetitions.
            self._waiting.pop(handled, None)

    async def next(self) -> tuple[Event, asyncio.Future[None]] | None:
        """Return the next event, and the future to resolve when it is handled.

        Return `None` when the loop is over.
        """
        while True:
            while self._waiting:
                handled, event = self._waiting.popitem(last=False)
                if not handled.done():  # otherwise its caller has given up
                    return event, handled
            if self._closing.is_set:
                return None
            self._has_news.clear()
            await self._has_news.wait()

    def wake(self) -> None:
        """Look again for events, and whether the client was closed."""
        self._has_news.set()

    def close(self) -> None:
        """Fail the queued events: the loop that would handle them was left."""
        self._is_left, self._was_ended = True, self._closing.is_set
        while self._waiting:
            _fail(self._waiting.popitem(last=False)[0])


async def _await_handler(result: Awaitable[object]) -> None:
    """Wait for a handler.

    Raises:
        NotHandledError: It ended as cancelled, although the task that calls it was not cancelled.
    """
    try:
        await result
    except asyncio.CancelledError as error:
        if is_own_cancellation(error):
            raise
        raise NotHandledError from None


def _fail(handled: asyncio.Future[None]) -> None:
    if not handled.done():
        handled.set_exception(NotHandledError())
