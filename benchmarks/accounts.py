"""Clients with many accounts: the cost of building them, and of a message while others are idle.

The warm-up covers the work that a process does once: importing the adapters and generating the code
that reads their settings. The rest is finding the installed providers and building the accounts.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from floor import CALLERS, KEY
from omnimsg import Client
from plain_sends import messages, trust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

MANY = 100

# Accounts of one client. Both workloads send through `FEW` of them, so the traffic is the same.
FEW, VERY_MANY = 10, 1_000

_TABLES: tuple[dict[str, Any], ...] = (
    {"provider": "clickatell", "api_key": "none"},
    {"provider": "bird", "access_key": "none", "workspace_id": "ws-1", "channels": {"sms": "ch-1"}},
    {"provider": "messente", "username": "none", "password": "none", "sender": "Tables"},
)


def configuration(count: int) -> dict[str, Any]:
    """Return a configuration with `count` accounts, of all providers in turn."""
    tables = islice(cycle(_TABLES), count)
    return {"default": "a0", "accounts": {f"a{n}": table for n, table in enumerate(tables)}}


@asynccontextmanager
async def one_account(_base_url: str) -> AsyncIterator[Work]:
    """Build clients with one account."""
    yield lambda count: _build(count, 1)


@asynccontextmanager
async def many_accounts(_base_url: str) -> AsyncIterator[Work]:
    """Build clients with a hundred accounts."""
    yield lambda count: _build(count, MANY)


async def _build(count: int, accounts: int) -> int:
    loaded = configuration(accounts)
    built = 0
    for _ in range(count):
        built += len(Client.from_config(loaded).accounts) == accounts
    return built


@asynccontextmanager
async def ten_accounts(base_url: str) -> AsyncIterator[Work]:
    """`await send` by 1,000 callers, through the ten accounts of a client."""
    async with _all_alike(base_url, FEW) as client:
        yield lambda count: _through_ten(client, count)


@asynccontextmanager
async def thousand_accounts(base_url: str) -> AsyncIterator[Work]:
    """The same through ten accounts of a client that has 1,000."""
    async with _all_alike(base_url, VERY_MANY) as client:
        yield lambda count: _through_ten(client, count)


def idle_account() -> float:
    """Return the memory of an account that was never used, in bytes."""
    Client.from_config(configuration(MANY))
    gc.collect()
    tracemalloc.start()
    few = Client.from_config(configuration(MANY))
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    many = Client.from_config(configuration(VERY_MANY))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    assert len(few.accounts) == MANY
    return (after - before) / len(many.accounts)


def _all_alike(base_url: str, accounts: int) -> Client:
    account = {"provider": "clickatell", "base_url": base_url, "api_key": KEY, **trust(base_url)}
    config = {"default": "a0", "accounts": {f"a{n}": account for n in range(accounts)}}
    return Client.from_config(config)


async def _through_ten(client: Client, count: int) -> int:
    waiting = messages(count)
    accepted = 0

    async def call(account: str) -> None:
        nonlocal accepted
        for message in waiting:
            await client.send(message, account=account)
            accepted += 1

    await asyncio.gather(*(call(f"a{number % FEW}") for number in range(CALLERS)))
    return accepted
