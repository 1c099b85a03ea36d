"""Apprise with its `json://` service, which posts one JSON document for each notification.

Changed setting: no pause between notifications, instead of 5.5 seconds.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import apprise

from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

WORKERS = 16


@asynccontextmanager
async def apprise_json(base_url: str) -> AsyncIterator[Work]:
    """Send notifications from 16 tasks; Apprise posts them from threads of its own."""
    service = apprise.Apprise.instantiate(f"{base_url.replace('http', 'json', 1)}/notify")
    service.request_rate_per_sec = 0
    notifier = apprise.Apprise()
    notifier.add(service)

    async def work(count: int) -> int:
        waiting, accepted = lines(count), 0

        async def notify() -> None:
            nonlocal accepted
            for to, text, _ in waiting:
                response = await notifier.async_notify(body=text, title=to)
                accepted += bool(response)

        await asyncio.gather(*(notify() for _ in range(WORKERS)))
        return accepted

    yield work
