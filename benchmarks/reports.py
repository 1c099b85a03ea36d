"""Receive reports of messages that the client has sent: `client.receiver` on a web server.

Each report is verified, parsed, recorded by the tracker and passed to a handler. It counts only if
the handler receives a status that the provider reports.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from callback_server import (
    KNOWN,
    PASSWORD,
    PATH_SECRET,
    PUBLIC_URL,
    SIGNING_KEY,
    called,
    called_on_uvicorn,
    message_id,
)
from callback_server import reference as reference_of
from floor import CHANNEL, KEY, WORKSPACE
from omnimsg import Accepted, Client, Status
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracked import Tracked
from omnimsg.domain.events import StatusEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from omnimsg.domain.events import Event
    from sample import Work

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "bird": {
        "provider": "bird",
        "access_key": KEY,
        "workspace_id": WORKSPACE,
        "channels": {"sms": CHANNEL},
        "signing_keys": [SIGNING_KEY],
    },
    "clickatell": {"provider": "clickatell", "api_key": KEY, "callback_secrets": [PATH_SECRET]},
    "messente": {"provider": "messente", "username": KEY, "password": PASSWORD, "sender": "Tables"},
}


async def known_messages(provider: str, count: int, store: MemoryStore) -> None:
    """Store messages as the tracker would after their sends were accepted."""
    at = datetime.now(UTC)
    prefix = f"{CHANNEL}/" if provider == "bird" else ""
    for number in range(count):
        accepted = Accepted(
            reference=reference_of(number),
            account=provider,
            provider_id=prefix + message_id(number),
        )
        tracked = Tracked.of_accepted(accepted, f"+372555{number:07}", at)
        await store.update(tracked.names, partial(_known, tracked))


def _known(tracked: Tracked, _before: Tracked | None) -> Tracked:
    return tracked


@asynccontextmanager
async def _received(
    _base_url: str, *, provider: str, on_uvicorn: bool = False
) -> AsyncIterator[Work]:
    store = MemoryStore()
    await known_messages(provider, KNOWN, store)
    config = {
        "accounts": {provider: ACCOUNTS[provider]},
        "callbacks": {"public_url": PUBLIC_URL},
    }
    taken = 0

    async def take(event: Event) -> None:
        nonlocal taken
        assert isinstance(event, StatusEvent)
        taken += event.status in (Status.SENT, Status.DELIVERED)

    async with Client.from_config(config, store=store) as client, AsyncExitStack() as stack:
        receiver = client.receiver(take)
        served = (
            called_on_uvicorn(receiver, provider)
            if on_uvicorn
            else called(receiver.aiohttp_app(), provider)
        )
        work = await stack.enter_async_context(served)

        async def counted(count: int) -> int:
            nonlocal taken
            taken = 0
            answered = await work(count)
            assert answered == taken, f"{answered} were answered, and {taken} handled"
            return taken

        yield counted


bird_reports = partial(_received, provider="bird")
clickatell_reports = partial(_received, provider="clickatell")
messente_reports = partial(_received, provider="messente")
bird_reports_uvicorn = partial(_received, provider="bird", on_uvicorn=True)
clickatell_reports_uvicorn = partial(_received, provider="clickatell", on_uvicorn=True)
messente_reports_uvicorn = partial(_received, provider="messente", on_uvicorn=True)
