"""Those in the application who are told of events: functions, and loops over `Client.events()`."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from omnimsg.domain.events import Event
    from omnimsg.engine.received import StatusChanged

    EventHandler: TypeAlias = Callable[[Event], Awaitable[object] | None]
    StatusHandler: TypeAlias = Callable[[StatusChanged], Awaitable[object] | None]


class NotHandledError(Exception):
    """Nobody took an event, or who took it went away: the provider sends it again."""


class Handlers:
    """All handlers of a client. An event is handled when all of them have returned."""

    def __init__(self) -> None:
        self._of_events: list[EventHandler] = []
        self._of_statuses: list[StatusHandler] = []
        self._loops: list[_Loop] = []

    def __bool__(self) -> bool:
        """Return whether anybody is told of anything."""
        return bool(self._of_events or self._of_statuses or self._loops)

    def on_event(self, handler: EventHandler) -> None:
        """Tell a function of every event."""
        self._of_events.append(handler)

    def on_status(self, handler: StatusHandler) -> None:
        """Tell a function of every change of a status."""
        self._of_statuses.append(handler)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Go through the events from now on.

        An event is handled when the loop asks for the next one. A loop that is left has not handled
        the event that it has.
        """
        loop = _Loop()
        self._loops.append(loop)
        try:
            while True:
                event, handled = await loop.next()
                try:
                    yield event
                except BaseException:
                    _fail(handled)
                    raise
                if not handled.done():
                    handled.set_result(None)
        finally:
            self._loops.remove(loop)
            loop.close()

    async def handle(self, event: Event, done: set[object]) -> None:
        """Tell everybody of an event, one after another.

        Args:
            event: The event.
            done: Who is done with it, and is not told again; whoever returns is added.
        """
        for number, handler in enumerate(self._of_events):
            if number not in done:
                result = handler(event)
                if inspect.isawaitable(result):
                    await _end_of(result)
                done.add(number)
        for loop in tuple(self._loops):
            if loop not in done:
                await loop.put(event)
                done.add(loop)

    async def handle_status(self, change: StatusChanged, done: set[object]) -> None:
        """Tell everybody of a change of a status, one after another.

        Args:
            change: The change.
            done: Who is done with a change to this status, as for events.
        """
        for number, handler in enumerate(self._of_statuses):
            if (number, change.status.status) not in done:
                result = handler(change)
                if inspect.isawaitable(result):
                    await _end_of(result)
                done.add((number, change.status.status))

    @property
    def want_events(self) -> bool:
        """Whether anybody is told of events."""
        return bool(self._of_events or self._loops)

    @property
    def want_statuses(self) -> bool:
        """Whether anybody is told of changes of statuses."""
        return bool(self._of_statuses)


class _Loop:
    """One loop over the events; it has one of them at a time, and the others wait."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Event, asyncio.Future[None]]] = deque()
        self._has_news = asyncio.Event()
        self._is_left = False

    async def put(self, event: Event) -> None:
        """Hand over an event, and wait until it is handled.

        A loop that was left while another handler had the event does not get it any more.
        """
        if self._is_left:
            return
        handled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, handled))
        self._has_news.set()
        await handled

    async def next(self) -> tuple[Event, asyncio.Future[None]]:
        """Return the next event, and what to set when it is handled."""
        while True:
            while self._waiting:
                event, handled = self._waiting.popleft()
                if not handled.done():  # otherwise nobody waits for it any more
                    return event, handled
            self._has_news.clear()
            await self._has_news.wait()

    def close(self) -> None:
        """Fail what waits: nobody takes it."""
        self._is_left = True
        while self._waiting:
            _fail(self._waiting.popleft()[1])


async def _end_of(result: Awaitable[object]) -> None:
    """Wait for a handler.

    Raises:
        NotHandledError: Something that it waited for was cancelled, and not those who tell it.
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
