"""Poll the status of messages at their providers, while a caller waits for them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.errors import OmnimsgError
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.message_id import MessageId
from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from omnimsg.domain.status import MessageStatus

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# Seconds until the first look-up of a message: where reports are received, which are faster but may
# be lost, and where they are not.
_FIRST_BESIDE_REPORTS = 30.0
_FIRST = 1.0
LONGEST: float = 30.0
# How many look-ups of one account run at once; the account's own limits apply as well.
_AT_ONCE = 8


@attrs.define(eq=False)
class Watched:
    """A message that is polled.

    Attributes:
        message_id: Its id.
        pause: Seconds from one look-up to the next.
        longest: The longest pause, seconds.
        due_at: When it is looked up next, in loop time.
        users: How many callers wait for it.
        error: Why the last look-up failed; empty if it did not.
    """

    message_id: MessageId
    pause: float
    longest: float
    due_at: float = 0.0
    users: int = 0
    error: str = ""


class Poller:
    """Looks messages up, with pauses that double each time.

    One task for each account plans the look-ups of all its messages that callers wait for, and ends
    when none is left. A few run at once: a slow one delays no other message, and a provider that
    does not answer delays no other provider.

    Args:
        ask: Looks up a message at its provider.
        found: Called with each status that was found.
        has_reports: Returns whether reports of an account are received.
    """

    def __init__(
        self,
        ask: Callable[[MessageId], Awaitable[MessageStatus]],
        found: Callable[[MessageStatus], Awaitable[None]],
        has_reports: Callable[[str], bool],
    ) -> None:
        self._ask = ask
        self._found = found
        self._has_reports = has_reports
        self._accounts: dict[str, _AccountPoller] = {}

    @contextmanager
    def watch(self, message_id: MessageId, longest: float = LONGEST) -> Iterator[Watched]:
        """Poll a message for as long as the context is open.

        Args:
            message_id: Its id.
            longest: The longest pause, seconds; of several callers the shortest one applies.
        """
        name, loop = message_id.account, asyncio.get_running_loop()
        account = self._accounts.get(name)
        if account is None or account.loop is not loop:
            account = self._accounts[name] = _AccountPoller(self._ask, self._found, loop)
        first = _FIRST_BESIDE_REPORTS if self._has_reports(name) else _FIRST
        watched = account.begin(message_id, first, longest)
        try:
            yield watched
        finally:
            if account.end(watched) and self._accounts.get(name) is account:
                del self._accounts[name]


class _AccountPoller:
    """Looks up the messages of one account, in one event loop."""

    def __init__(
        self,
        ask: Callable[[MessageId], Awaitable[MessageStatus]],
        found: Callable[[MessageStatus], Awaitable[None]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self._ask = ask
        self._found = found
        self._watched: dict[MessageId, Watched] = {}
        # A heap of planned look-ups. An outdated entry is skipped when it is due: no caller waits
        # for its message any more, or the message was planned again.
        self._due: list[tuple[float, int, Watched]] = []
        self._numbers = itertools.count()
        self._has_news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._look_ups: set[asyncio.Task[None]] = set()

    def begin(self, message_id: MessageId, first: float, longest: float) -> Watched:
        watched = self._watched.get(message_id)
        if watched is not None:
            watched.longest = min(longest, watched.longest)
            if first < watched.pause:
                # Start again with the short pause, as if no other caller waited for it.
                watched.pause = first
                if self.loop.time() + first < watched.due_at:
                    self._plan(watched)
        else:
            watched = self._watched[message_id] = Watched(message_id, first, longest)
            self._plan(watched)
        watched.users += 1
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._run())
        return watched

    def end(self, watched: Watched) -> bool:
        """Remove one caller, and return whether no message of the account is polled any more."""
        watched.users -= 1
        if not watched.users:
            del self._watched[watched.message_id]
        if not self._watched:
            with suppress(RuntimeError):  # the event loop is closed
                self._has_news.set()
        return not self._watched

    def _plan(self, watched: Watched) -> None:
        watched.due_at = self.loop.time() + watched.pause
        entry = (watched.due_at, next(self._numbers), watched)
        heapq.heappush(self._due, entry)
        if self._due[0] is entry:
            self._has_news.set()

    async def _run(self) -> None:
        while self._watched:
            self._drop_outdated()
            pause = self._due[0][0] - self.loop.time() if self._due else LONGEST
            if len(self._look_ups) == _AT_ONCE:
                pause = LONGEST  # the end of a look-up is news
            if pause > 0:
                self._has_news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._has_news.wait()
                continue
            # In a task of its own: a look-up, or a handler that is told of it, may take long.
            look_up = self.loop.create_task(self._look_up(heapq.heappop(self._due)[2]))
            self._look_ups.add(look_up)
            look_up.add_done_callback(self._end_look_up)

    def _end_look_up(self, look_up: asyncio.Task[None]) -> None:
        self._look_ups.discard(look_up)
        self._has_news.set()

    def _drop_outdated(self) -> None:
        """Drop outdated entries from the front of the heap."""
        while self._due:
            planned, _, watched = self._due[0]
            if watched.users and planned == watched.due_at:
                return
            heapq.heappop(self._due)

    async def _look_up(self, watched: Watched) -> None:
        if not watched.users:
            return
        try:
            await self._found(await self._ask(watched.message_id))
            watched.error = ""
        except OmnimsgError as problem:
            watched.error = str(problem)
        except (Exception, asyncio.CancelledError) as problem:
            if is_own_cancellation(problem):
                raise
            # A store or a handler of the application may raise anything, and at each look-up.
            kind = type(problem).__name__
            if watched.error != kind:
                log.warning(
                    "a status that was looked up could not be handled: %s",
                    kind,
                    extra=log_fields(
                        account=watched.message_id.account,
                        message_id=watched.message_id,
                        error=kind,
                    ),
                )
            watched.error = kind
        watched.pause = min(2 * watched.pause, watched.longest)
        if watched.users:
            self._plan(watched)
