"""The start of a client with one account, and with a hundred: `Client.from_config`.

What a process does once, importing the adapters and generating the code that reads their settings,
belongs to the warm-up. The rest is looking for the installed providers and building the accounts.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from omnimsg import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

MANY = 100

_TABLES: tuple[dict[str, Any], ...] = (
    {"provider": "clickatell", "api_key": "none"},
    {"provider": "bird", "access_key": "none", "workspace_id": "ws-1", "channels": {"sms": "ch-1"}},
    {"provider": "messente", "username": "none", "password": "none", "sender": "Tables"},
)


def configuration(count: int) -> dict[str, Any]:
    """Return a configuration with so many accounts, of all providers in turn."""
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
