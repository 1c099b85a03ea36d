"""Twilio's library with its asynchronous client, which is built on aiohttp.

Changed: its HTTP client replaces the host, because the library supports `https` only.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

WORKERS = 16
SENDER = "+27820000000"


class _SinkHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]  # the peers are not installed here
    base_url = ""

    async def request(self, method: str, url: str, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        """Send the request to the sink instead."""
        url = url.replace("https://api.twilio.com", self.base_url, 1)
        return await super().request(method, url, *given, **named)


@asynccontextmanager
async def twilio_async(base_url: str) -> AsyncIterator[Work]:
    """Create messages from 16 tasks."""
    async with _SinkHttpClient() as http:
        http.base_url = base_url
        client = Client("AC00000000000000000000000000000000", "none", http_client=http)

        async def work(count: int) -> int:
            waiting, accepted = lines(count), 0

            async def create() -> None:
                nonlocal accepted
                for to, text, _ in waiting:
                    response = await client.messages.create_async(to=to, from_=SENDER, body=text)
                    accepted += bool(response.sid)

            await asyncio.gather(*(create() for _ in range(WORKERS)))
            return accepted

        yield work
