"""The workloads of routes: the same messages with ten rules, of which only the last matches."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from floor import CALLERS, KEY
from omnimsg import Client
from plain_sends import awaited_by, messages, stream, trust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

# One of each kind of condition, as people would write them; no message matches the first nine.
ROUTES: tuple[dict[str, Any], ...] = (
    {"accounts": ["second"], "match": {"tags": ["code", "alarm"], "channels": ["sms"]}},
    {"accounts": ["second", "first"], "match": {"prefixes": ["+27", "+264"]}},
    {"accounts": ["first", "second"], "match": {"prefixes": ["+4478"], "priorities": ["high"]}},
    {"accounts": ["first"], "match": {"channels": ["whatsapp"]}},
    {"accounts": ["second"], "match": {"contents": ["template", "media"]}},
    {"accounts": ["second"], "match": {"metadata": {"tenant": "t1"}}},
    {"accounts": ["second"], "match": {"senders": ["Shop"]}},
    {"accounts": ["first", "second"], "match": {"prefixes": ["+1", "+52"], "tags": ["news"]}},
    {"accounts": ["second", "first"], "match": {"priorities": ["low"]}},
    {"accounts": ["first", "second"]},
)


def client_of(base_url: str) -> Client:
    """Build a client with two accounts and ten rules."""
    account = {"provider": "clickatell", "base_url": base_url, "api_key": KEY, **trust(base_url)}
    config = {
        "default": "first",
        "accounts": {"first": account, "second": account},
        "routes": list(ROUTES),
    }
    return Client.from_config(config)


@asynccontextmanager
async def routed(base_url: str) -> AsyncIterator[Work]:
    """`send_many`, batches of 100, through ten rules."""
    async with client_of(base_url) as client:
        yield lambda count: stream(client, messages(count))


@asynccontextmanager
async def routed_callers(base_url: str) -> AsyncIterator[Work]:
    """`await send` by 1,000 callers, through ten rules."""
    async with client_of(base_url) as client:
        yield lambda count: awaited_by(client, count, CALLERS)
