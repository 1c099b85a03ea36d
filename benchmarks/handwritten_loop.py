"""The hand-written loop: Clickatell in batches of 100, with dicts, orjson and aiohttp only.

It builds new strings for every message, checks recipients and reads ids from the answer. It has no
retries, no outcome other than "accepted", and no other content than text.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from floor import connector
from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from sample import Work

    Post = Callable[[list[dict[str, Any]]], Awaitable[dict[str, str]]]

WORKERS = 8
BATCH = 100
HEADERS = {"Authorization": "none", "Content-Type": "application/json"}

_is_e164 = re.compile(r"\+[1-9]\d{6,14}").fullmatch


@asynccontextmanager
async def hand(base_url: str) -> AsyncIterator[Work]:
    """Send batches from eight workers."""
    async with posts(base_url) as post:

        async def work(count: int) -> int:
            ready = documents(count)
            accepted = 0

            async def send() -> None:
                nonlocal accepted
                while batch := list(islice(ready, BATCH)):
                    ids = await post(batch)
                    accepted += len(ids)

            await asyncio.gather(*(send() for _ in range(WORKERS)))
            return accepted

        yield work


@asynccontextmanager
async def posts(base_url: str) -> AsyncIterator[Post]:
    """Yield a function that sends a batch and returns the ids by reference."""
    url = f"{base_url}/v1/message"
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector(base_url)) as session:

        async def post(batch: list[dict[str, Any]]) -> dict[str, str]:
            async with session.post(
                url,
                data=orjson.dumps({"messages": batch}),
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                data = orjson.loads(await response.read())
            return {
                each["clientMessageId"]: each["apiMessageId"]
                for each in data["messages"]
                if each["accepted"]
            }

        yield post


def documents(count: int) -> Iterator[dict[str, Any]]:
    """Yield messages in the provider's form, each built when it is needed.

    Raises:
        ValueError: A recipient is no number.
    """
    for to, text, reference in lines(count):
        if not _is_e164(to):
            raise ValueError("not a number in E.164 form")
        yield {"channel": "sms", "to": to[1:], "content": text, "clientMessageId": reference}
