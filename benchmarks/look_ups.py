"""Look-ups of a message's status through Bird, and the same GET by aiohttp alone."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from floor import CHANNEL, HEADERS, PATH, WORKERS, connector
from omnimsg import Status
from plain_sends import one_a_request
from sink_answers import KNOWN_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sample import Work

MESSAGE_ID = f"bird:{CHANNEL}/{KNOWN_ID}"


@asynccontextmanager
async def get(base_url: str) -> AsyncIterator[Work]:
    """Get the resource of a message, and read the bytes."""
    url = f"{base_url}{PATH}/{KNOWN_ID}"
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector(base_url)) as session:

        async def ask() -> bool:
            async with session.get(url, allow_redirects=False, timeout=timeout) as response:
                await response.read()
                return response.status == 200

        yield lambda count: _by_workers(count, ask)


@asynccontextmanager
async def status(base_url: str) -> AsyncIterator[Work]:
    """`Client.status` of a delivered message, by as many tasks."""
    async with one_a_request(base_url) as client:

        async def ask() -> bool:
            return (await client.status(MESSAGE_ID)).status is Status.DELIVERED

        yield lambda count: _by_workers(count, ask)


async def _by_workers(count: int, ask: Callable[[], Awaitable[bool]]) -> int:
    left, answered = count, 0

    async def work() -> None:
        nonlocal left, answered
        while left > 0:
            left -= 1
            is_answered = await ask()
            answered += is_answered

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return answered
