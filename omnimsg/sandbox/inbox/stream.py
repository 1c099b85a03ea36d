"""Notify open pages of changes, with server-sent events.

An event only names what has changed; the page fetches the data that it shows. Messages reach their
next status by the sandbox's clock, which sends no notice, so each stream polls.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs
from aiohttp import hdrs, web

from omnimsg.json_codec import dumps
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.sandbox.inbox.phones import Phones

MAX_STREAMS: Final = 32
"""The maximum number of open streams; a further one is refused."""
LOOK_SECONDS: Final = 0.1
HEARTBEAT_SECONDS: Final = 15.0
"""The time without an event after which a comment is written, to detect a lost connection."""
MAX_NUMBERS: Final = 100
"""The maximum of numbers in an event; with more, the event tells the page to fetch everything."""


@attrs.frozen
class Revisions:
    """The versions of all data that a page shows; equal values mean that nothing has changed."""

    era: int
    phones: int
    requests: int
    faults: object
    callbacks: object


class Streams:
    """The open streams of one sandbox.

    Args:
        phones: The phones.
        revisions: Returns the current versions.
    """

    def __init__(self, phones: Phones, revisions: Callable[[], Revisions]) -> None:
        self._phones = phones
        self._revisions = revisions
        self._open = 0
        self._is_closed = False

    def __len__(self) -> int:
        return self._open

    def close(self) -> None:
        """End all streams, at their next poll."""
        self._is_closed = True

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send changes as server-sent events, until the page is closed."""
        if self._open >= MAX_STREAMS:
            why = f"events: {MAX_STREAMS} pages are open, which is the limit; close some"
            raise RequestError(why, status=503)
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream",
                hdrs.CACHE_CONTROL: "no-store",
                # A proxy that buffers responses would hold every event back.
                "X-Accel-Buffering": "no",
            }
        )
        self._open += 1
        self._phones.watch()
        try:
            with suppress(ConnectionError):
                await response.prepare(request)
                await self._write_events(request, response)
        finally:
            self._open -= 1
            if not self._open:
                self._phones.unwatch()
        return response

    async def _write_events(self, request: web.Request, response: web.StreamResponse) -> None:
        seen: Revisions | None = None
        written_at = time.monotonic()
        while not (self._is_closed or request.transport is None or request.transport.is_closing()):
            self._phones.notice_due()
            now = self._revisions()
            if now != seen:
                document = dumps(self._event(seen, now))
                await response.write(b"data: " + document + b"\n\n")
                seen, written_at = now, time.monotonic()
            elif time.monotonic() - written_at >= HEARTBEAT_SECONDS:
                await response.write(b": still here\n\n")
                written_at = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)

    def _event(self, seen: Revisions | None, now: Revisions) -> dict[str, Any]:
        """Return the changes between two versions; for a new page, everything has changed."""
        if seen is None or seen.era != now.era:
            everything = dict.fromkeys(("requests", "faults", "callbacks"), True)
            return {"era": now.era, "all": True, "phones": [], **everything}
        phones = self._phones.changed_since(seen.phones, MAX_NUMBERS)
        return {
            "era": now.era,
            "all": phones is None,
            "phones": phones or [],
            "requests": seen.requests != now.requests,
            "faults": seen.faults != now.faults,
            "callbacks": seen.callbacks != now.callbacks,
        }
