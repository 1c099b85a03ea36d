"""The floor: the cost of aiohttp alone to post prepared bytes and read the answer.

A program that uses aiohttp in the usual way cannot be cheaper. URL, headers and body are those of
one message through Bird; a test compares them with what the adapter writes.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import orjson

from texts import line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

WORKERS = 16
CALLERS = 1000
CERTIFICATE = Path(__file__).with_name("localhost.pem")
WORKSPACE = "ws-1"
CHANNEL = "ch-1"
PATH = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/messages"
KEY = "none"
HEADERS = {
    "User-Agent": "omnimsg",
    "Accept": "application/json",
    "Authorization": f"AccessKey {KEY}",
    "Content-Type": "application/json",
}


def body() -> bytes:
    """Return the request body of one message."""
    to, text, reference = line(0)
    return orjson.dumps(
        {
            "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": to}]},
            "body": {"type": "text", "text": {"text": text}},
            "reference": reference,
        }
    )


def connector(base_url: str) -> aiohttp.TCPConnector | None:
    """Return a connector that trusts the sink's certificate, or the usual one where it has none."""
    if not base_url.startswith("https"):
        return None
    return aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=CERTIFICATE))


@asynccontextmanager
async def floor(base_url: str, workers: int = WORKERS) -> AsyncIterator[Work]:
    """Post the same bytes for every message."""
    url, data = base_url + PATH, body()
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector(base_url)) as session:

        async def work(count: int) -> int:
            left, accepted = count, 0

            async def post() -> None:
                nonlocal left, accepted
                while left > 0:
                    left -= 1
                    async with session.post(
                        url, data=data, allow_redirects=False, timeout=timeout
                    ) as response:
                        await response.read()
                        accepted += response.status == 202

            await asyncio.gather(*(post() for _ in range(workers)))
            return accepted

        yield work
