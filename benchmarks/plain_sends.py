"""Workloads of omnimsg with plain texts: `send` and `send_many`, one a request or in batches."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from floor import CALLERS, CERTIFICATE, CHANNEL, KEY, WORKERS, WORKSPACE
from omnimsg import Accepted, Client, Message
from omnimsg.config import load_config
from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from omnimsg import Journal
    from sample import Work

ACCOUNT: Mapping[str, Any] = {
    "provider": "bird",
    "access_key": KEY,
    "workspace_id": WORKSPACE,
    "channels": {"sms": CHANNEL},
}


def one_a_request(
    base_url: str,
    concurrency: int = WORKERS,
    *,
    account: Mapping[str, Any] = ACCOUNT,
    transport: str = "aiohttp",
    journal: Journal | None = None,
) -> Client:
    """Build a client that sends one message a request: Bird, with as many workers as the floor.

    It has one slot more, because the last is reserved for high priority. Bird's documented limit of
    500 requests a second is removed: the sink does not have it, and waits are not measured.
    """
    own = {
        "base_url": base_url,
        "channel": "sms",
        "limits": {"concurrency": concurrency + 1},
        "transport": transport,
    }
    config = load_config({"accounts": {"bird": {**account, **own, **trust(base_url)}}})
    (adapter,) = config.adapters.values()
    adapter.capabilities = attrs.evolve(
        adapter.capabilities, requests_per_second=None, operations_per_second=None
    )
    return Client([adapter], policies=config.policies, journal=journal)


def in_batches(
    base_url: str, *, transport: str = "aiohttp", journal: Journal | None = None
) -> Client:
    """Build a client that sends a hundred messages in one request: Clickatell."""
    account = {
        "provider": "clickatell",
        "base_url": base_url,
        "api_key": KEY,
        "transport": transport,
        **trust(base_url),
    }
    return Client.from_config({"accounts": {"clickatell": account}}, journal=journal)


def trust(base_url: str) -> dict[str, str]:
    """Return the setting that trusts the sink's certificate; none if the sink has no TLS."""
    return {"ca_file": str(CERTIFICATE)} if base_url.startswith("https") else {}


def messages(count: int) -> Iterator[Message]:
    """Yield this many messages, each built when it is needed."""
    for to, text, reference in lines(count):
        yield Message(to, text, reference=reference)


@asynccontextmanager
async def single(base_url: str, *, transport: str = "aiohttp") -> AsyncIterator[Work]:
    """`send_many`, one message a request."""
    async with one_a_request(base_url, transport=transport) as client:
        yield lambda count: stream(client, messages(count))


@asynccontextmanager
async def batches(base_url: str, *, transport: str = "aiohttp") -> AsyncIterator[Work]:
    """`send_many`, batches of 100."""
    async with in_batches(base_url, transport=transport) as client:
        yield lambda count: stream(client, messages(count))


@asynccontextmanager
async def callers(base_url: str, *, transport: str = "aiohttp") -> AsyncIterator[Work]:
    """`await send` by 1,000 callers, each of which sends one message after the other."""
    async with in_batches(base_url, transport=transport) as client:
        yield lambda count: awaited_by(client, count, CALLERS)


@asynccontextmanager
async def awaited(base_url: str, *, transport: str = "aiohttp") -> AsyncIterator[Work]:
    """`await send` by 16 callers, one message a request."""
    async with one_a_request(base_url, transport=transport) as client:
        yield lambda count: awaited_by(client, count, WORKERS)


# The same over omnimsg's own transport.
single_protocol = partial(single, transport="protocol")
awaited_protocol = partial(awaited, transport="protocol")
batches_protocol = partial(batches, transport="protocol")
callers_protocol = partial(callers, transport="protocol")


async def stream(client: Client, source: Iterator[Message]) -> int:
    """Send a stream, and return how many messages were accepted."""
    accepted = 0
    async for outcome in client.send_many(source):
        accepted += isinstance(outcome, Accepted)
    return accepted


async def awaited_by(client: Client, count: int, callers: int) -> int:
    """Send messages from concurrent callers, and return how many were accepted."""
    waiting = messages(count)
    accepted = 0

    async def call() -> None:
        nonlocal accepted
        for message in waiting:
            await client.send(message)
            accepted += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    return accepted
