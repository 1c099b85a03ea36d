"""Opt-outs that nobody tells of again: each is kept until the suppression list has taken it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from omnimsg.domain.log_fields import log_fields
from omnimsg.engine.attempt.store_queue import StoreQueue
from omnimsg.engine.loop_bound import Alarm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.opt_out import ConsentChange
    from omnimsg.engine.suppression import Suppression

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds until the next attempt after the list has failed: they double up to the longest pause.
_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# Seconds that `record` waits.
_WAIT = 5.0
# Seconds that the list gets to record one change.
_TIMEOUT = 30.0


class ConsentQueue:
    """Records changes of consent in a suppression list, and keeps those that it has not taken.

    It is for changes that are told once. A provider sends a callback again after an error, but not
    its refusal of a send, nor its answer to a look-up. All accounts of a client share the queue.

    Args:
        suppression: The suppression list.

    Attributes:
        suppression: The suppression list.
    """

    def __init__(self, suppression: Suppression) -> None:
        self.suppression: Suppression = suppression
        self._changes: StoreQueue[ConsentChange] = StoreQueue(
            self._record, failed=_warn_failed, overflows=_warn_overflow
        )
        self._retries = Alarm(self._start_retry)
        self._pause = _PAUSE
        self._retrying: asyncio.Task[None] | None = None
        # The last attempt, unless changes were added since.
        self._last: asyncio.Task[None] | None = None

    def add(self, changes: Sequence[ConsentChange]) -> None:
        """Keep changes that are to be recorded; `record` does that at once, a timer does later."""
        for each in changes:
            self._last = None
            self._changes.add(each)
        self.resume()

    def resume(self) -> None:
        """Set the timer for the changes that wait, also if an earlier event loop has added them."""
        if self._changes:
            # Where each event loop ends after one message, none lives until its timer fires.
            self._retries.set(0.0 if self._retries.is_lost else self._pause)

    async def record(self) -> None:
        """Record the changes that wait; those that the list does not take are recorded later.

        This takes some seconds at most, because an outcome or a handler waits for it.
        """
        try:
            async with asyncio.timeout(_WAIT):
                await self._store()
        except TimeoutError as error:
            _warn_failed(error)

    def begin_closing(self) -> None:
        """Begin the last attempt, for which `aclose` waits: other things close meanwhile."""
        self._last = asyncio.ensure_future(self._store())

    async def aclose(self, seconds: float) -> None:
        """Try once more to record the changes that wait, and stop the timer.

        Args:
            seconds: Seconds that the list may take; the changes that it has not taken are lost.
        """
        try:
            await self._changes.aclose(self._last or self._store(), seconds, self._retrying)
        finally:
            self._retries.close()  # an attempt that is under way would set it again
            if self._changes:
                log.warning(
                    "the client was closed before the suppression list had taken %d changes of"
                    " consent",
                    len(self._changes),
                    extra=log_fields(count=len(self._changes)),
                )

    def _start_retry(self) -> None:
        self._retrying = asyncio.ensure_future(self._retry())

    async def _retry(self) -> None:
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        await self._store()
        self.resume()

    async def _store(self) -> None:
        await self._changes.store_all()
        if not self._changes:
            self._pause = _PAUSE
            self._retries.stop()

    async def _record(self, change: ConsentChange) -> None:
        async with asyncio.timeout(_TIMEOUT):
            await self.suppression.record(change)


def _warn_failed(error: BaseException) -> None:
    """Log that the list has failed, without the error's text, which may quote a number."""
    kind = type(error).__name__
    log.warning(
        "the suppression list raised %s; the call is repeated", kind, extra=log_fields(error=kind)
    )


def _warn_overflow(limit: int) -> None:
    log.warning(
        "the suppression list is too slow: %d changes of consent wait, the oldest are dropped",
        limit,
        extra=log_fields(count=limit),
    )
