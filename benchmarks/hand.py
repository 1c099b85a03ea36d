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
    from collections.abc import AsyncIterator, Iterator

    from sample import Work

WORKERS = 8
BATCH = 100
HEADERS = {"Authorization": "none", "Content-Type": "application/json"}

_is_e164 = re.compile(r"\+[1-9]\d{6,14}").fullmatch


@asynccontextmanager
async def hand(base_url: str) -> AsyncIterator[Work]:
    """Send batches from eight workers."""
    url = f"{base_url}/v1/message"
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector(base_url)) as session:

        async def work(count: int) -> int:
            documents = _documents(count)
            accepted = 0

            async def post() -> None:
                nonlocal accepted
                while batch := list(islice(documents, BATCH)):
                    async with session.post(
                        url,
                        data=orjson.dumps({"messages": batch}),
                        allow_redirects=False,
                        timeout=timeout,
                    ) as response:
                        data = orjson.loads(await response.read())
                    accepted += len(_ids(data))

            await asyncio.gather(*(post() for _ in range(WORKERS)))
            return accepted

        yield work


def _documents(count: int) -> Iterator[dict[str, Any]]:
    for to, text, reference in lines(count):
        if not _is_e164(to):
            raise ValueError("not a number in E.164 form")
        yield {"channel": "sms", "to": to[1:], "content": text, "clientMessageId": reference}


def _ids(data: dict[str, Any]) -> dict[str, str]:
    return {
        each["clientMessageId"]: each["apiMessageId"]
        for each in data["messages"]
        if each["accepted"]
    }
