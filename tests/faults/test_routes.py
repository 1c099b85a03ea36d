"""Routes under load while each account fails in turn: one outcome per message, no duplicates."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio.to_thread
import attrs
import pytest
from support.audit import Book, doubles, slips

from omnimsg import Accepted, Client, Message
from omnimsg.config import load_config

from .conftest import TRANSPORTS, in_small_requests
from .test_random_faults import called, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_process import RemoteSandbox

    from omnimsg import Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

ACCOUNTS = ("bird", "clickatell", "messente")
MESSAGES = 120
# Messages in one request.
MOST = 4
# The failing provider's fault in the sandbox; `None` is a closed port.
TROUBLES: dict[str, tuple[str, dict[str, Any]] | None] = {
    "slow": ("latency", {"seconds": 2.5}),
    "refusing": None,
    "resetting": ("reset_before", {}),
    "out of funds": ("status", {"status": 402}),
}
POLICY: dict[str, Any] = {
    "channel": "sms",
    "limits": {"concurrency": 4},
    "retry": {"attempts": 4, "base": 0.01},
    "breaker": {"failures": 3, "pause": 0.05, "min_timeout": 1.0},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test the number of seeds of `--seeds`, or one for each transport."""
    count = metafunc.config.getoption("seeds") or len(TRANSPORTS)
    metafunc.parametrize("seed", range(count))


@attrs.define
class Relay:
    """A TCP relay to the sandbox, which refuses connections while it is closed."""

    host: str
    port: int
    own_port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = attrs.field(factory=set)

    async def open(self) -> None:
        """Accept connections, always at the same port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.own_port)
        self.own_port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse new connections and close the existing ones."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            self._writers -= {writer, back}
            for each in (writer, back):
                each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        # Forward a reset as a reset.
        writer.transport.abort()
    finally:
        writer.close()


@asynccontextmanager
async def relays(remote: RemoteSandbox) -> AsyncIterator[dict[str, Relay]]:
    """Open a relay to the sandbox for each account."""
    address = urlsplit(remote.url)
    found = {name: Relay(address.hostname or "", address.port or 0) for name in ACCOUNTS}
    for each in found.values():
        await each.open()
    try:
        yield found
    finally:
        for each in found.values():
            await each.close()


def build(remote: RemoteSandbox, ways: dict[str, Relay], transport: str, book: Book) -> Client:
    """Build a client with a route for each account, which has that account first."""
    offered = remote.config()["accounts"]
    accounts = {}
    for name in ACCOUNTS:
        url = urlsplit(offered[name]["base_url"])
        url = url._replace(netloc=f"127.0.0.1:{ways[name].own_port}")
        accounts[name] = {
            **offered[name],
            **POLICY,
            "base_url": url.geturl(),
            "transport": transport,
        }
    routes = [
        {
            "name": f"{name} first",
            "accounts": [name, *(each for each in ACCOUNTS if each != name)],
            "match": {"metadata": {"first": name}},
        }
        for name in ACCOUNTS
    ]
    config = {"default": ACCOUNTS[0], "accounts": accounts, "routes": routes}
    # Small requests, because a lost answer puts the whole request in doubt.
    loaded = in_small_requests(load_config(config), MOST)
    return Client(
        loaded.adapters.values(),
        default=loaded.default,
        policies=loaded.policies,
        routes=loaded.routes,
        journal=book,
    )


def texts_for(first: str, start: int, count: int = MESSAGES) -> list[Message]:
    """Return messages whose route begins with an account, each to its own number."""
    return [
        Message(
            f"+27820{number:06}", f"This is {number}", reference=f"m{number}",
            metadata={"first": first},
        )
        for number in range(start, start + count)
    ]  # fmt: skip


async def send_all(client: Client, messages: list[Message], chance: random.Random) -> list[Outcome]:
    """Send half of the messages one by one, and half as a stream."""
    half = len(messages) // 2
    parts = await asyncio.gather(
        called(client, messages[:half]), streamed(client, messages[half:], chance)
    )
    return [each for part in parts for each in part]


async def test_each_account_in_turn_is_unwell(remote: RemoteSandbox, seed: int) -> None:
    """Others take over for a failing account, none sends twice, and it is used again later."""
    chance = random.Random(seed)  # noqa: S311 - repeatable by seed
    book = Book()
    sent: list[Message] = []
    outcomes: list[Outcome] = []
    await remote.reset()
    async with relays(remote) as ways:
        transport = TRANSPORTS[seed % len(TRANSPORTS)]
        client = await anyio.to_thread.run_sync(partial(build, remote, ways, transport, book))
        async with client:
            for name in chance.sample(ACCOUNTS, 3):
                for trouble in chance.sample(list(TROUBLES), len(TROUBLES)):
                    fault = TROUBLES[trouble]
                    if fault is None:
                        await ways[name].close()
                    else:
                        kind, options = fault
                        await remote.add(kind, provider=name, probability=1.0, **options)

                    messages = texts_for(name, len(sent))
                    sent += messages
                    found = await send_all(client, messages, chance)
                    outcomes += found
                    check_that_others_took_over(name, trouble, found)

                    if fault is None:
                        await ways[name].open()
                    else:
                        await remote.clear()
                    outcomes += await until_well(client, name, sent)

    phones = await remote.phones()
    assert [] == slips(sent, outcomes, phones, book)
    assert [] == doubles(sent, phones)


def check_that_others_took_over(name: str, trouble: str, found: list[Outcome]) -> None:
    """Check that most messages of one phase went through other accounts."""
    taken = sum(isinstance(each, Accepted) and each.account != name for each in found)
    lost = [each for each in found if not isinstance(each, Accepted)]

    assert taken > MESSAGES / 2, (trouble, taken)
    # Only the failing account loses messages: those sent before its circuit opened.
    assert {name} >= {each.account for each in lost}
    kinds = {"resetting": "ambiguous", "out of funds": "not_sent"}
    assert {kinds.get(trouble)} >= {each.kind for each in lost}, trouble


async def until_well(client: Client, name: str, sent: list[Message]) -> list[Outcome]:
    """Send until the recovered account has accepted ten messages in a row."""
    outcomes: list[Outcome] = []
    with anyio.fail_after(60):
        row = 0
        while row < 10:
            (message,) = texts_for(name, len(sent), 1)
            sent.append(message)
            (outcome,) = await called(client, [message])
            outcomes.append(outcome)
            is_back = isinstance(outcome, Accepted) and outcome.account == name
            row = row + 1 if is_back else 0
            await anyio.sleep(0.01)
    return outcomes
