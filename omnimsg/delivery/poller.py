"""Ask the provider where messages are, while somebody waits for them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.errors import OmnimsgError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# Seconds until a message is asked for the first time where reports are received, which are faster
# and may still be lost.
_FIRST_BESIDE_REPORTS = 30.0
_FIRST = 1.0
_LONGEST = 30.0
# How many look-ups of all accounts run at once; each account's own limits hold besides.
_AT_ONCE = 8


@attrs.define
class _Watched:
    """A message that somebody waits for.

    Attributes:
        due: When it is asked for next, in the seconds of the event loop.
        pause: Seconds after which it is asked for again.
        users: How many wait for it.
        error: Why the last look-up failed; empty if it did not.
    """

    due: float
    pause: float
    users: int = 0
    error: str = ""


class Poller:
    """Looks messages up, the more rarely the longer it takes.

    One task asks for all messages that are waited for, and ends when nobody waits.

    Args:
        ask: Asks the provider of a message.
        found: Told what it said.
        has_reports: Whether reports of an account are received.
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
        self._watched: dict[MessageId, _Watched] = {}
        self._has_news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, message_id: MessageId) -> Iterator[_Watched]:
        """Ask for a message for as long as the context is open."""
        watched = self._watched.get(message_id)
        if watched is None:
            first = _FIRST_BESIDE_REPORTS if self._has_reports(message_id.account) else _FIRST
            now = asyncio.get_running_loop().time()
            watched = self._watched[message_id] = _Watched(due=now + first, pause=first)
        watched.users += 1
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
        self._has_news.set()
        try:
            yield watched
        finally:
            watched.users -= 1
            if not watched.users:
                del self._watched[message_id]
                self._has_news.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._watched:
            self._has_news.clear()
            pause = min(each.due for each in self._watched.values()) - loop.time()
            if pause > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._has_news.wait()
                continue
            due = [
                message_id for message_id, each in self._watched.items() if each.due <= loop.time()
            ]
            for start in range(0, len(due), _AT_ONCE):
                await asyncio.gather(*map(self._look_up, due[start : start + _AT_ONCE]))

    async def _look_up(self, message_id: MessageId) -> None:
        try:
            await self._found(await self._ask(message_id))
            error = ""
        except OmnimsgError as problem:
            error = str(problem)
        except Exception as problem:  # noqa: BLE001 - a handler of the application may raise anything
            error = type(problem).__name__
            log.warning("a status that was looked up could not be handed on: %s", error)
        watched = self._watched.get(message_id)
        if watched is not None:
            watched.error = error
            watched.pause = min(2 * watched.pause, _LONGEST)
            watched.due = asyncio.get_running_loop().time() + watched.pause
