"""The real client, real HTTP, the real sandbox, and an ear on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from aiohttp import StreamReader, web

from omnimsg import Client, RetryPolicy
from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import BirdEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from omnimsg import Message, Outcome

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOW = 1_700_000_000.0
PHONE = "+37255500001"
MAILBOX = "ola@example.test"
ONCE = RetryPolicy(attempts=1)


class Clock:
    """The sandbox's clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@attrs.frozen
class Asked:
    """A request as it came in."""

    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


class HeardSandbox(Sandbox):
    """A sandbox whose requests are heard as they come in."""

    def __init__(self, *emulators: Any, **options: Any) -> None:
        super().__init__(*emulators, **options)
        self.asked: list[Asked] = []

    def application(self) -> web.Application:
        """Add the recording middlewares."""
        application = super().application()
        application.middlewares.insert(0, self._hear)
        return application

    @web.middleware
    async def _hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        # Forms are read from the stream, which now is at its end: give it a new one.
        request._payload = StreamReader(request.protocol, 2**24, loop=asyncio.get_running_loop())
        request._payload.feed_data(body)
        request._payload.feed_eof()
        self.asked.append(
            Asked(
                method=request.method,
                host=request.host.partition(":")[0],
                path=request.path,
                query=list(request.query.items()),
                headers=request.headers,
                body=body,
            )
        )
        return await handler(request)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def options() -> dict[str, Any]:
    """Return the emulator's options; tests override them by parametrising."""
    return {}


@pytest.fixture
async def sandbox(clock: Clock, options: dict[str, Any]) -> AsyncIterator[HeardSandbox]:
    """Serve Bird, heard; everything in a message's life happens at once."""
    async with HeardSandbox([partial(BirdEmulator, **options)], clock=clock) as served:
        yield served


@pytest.fixture
def emulator(sandbox: HeardSandbox) -> BirdEmulator:
    """Return the emulator that is served."""
    return sandbox.emulator(BirdEmulator)


@pytest.fixture
def account() -> dict[str, Any]:
    """Return changes to the account; tests override them by parametrising."""
    return {}


@pytest.fixture
async def client(sandbox: HeardSandbox, account: dict[str, Any]) -> AsyncIterator[Client]:
    """Return a client of the sandbox that tries once."""
    config = sandbox.config()
    config["accounts"]["bird"] |= account
    async with Client.from_config(config, retry=ONCE) as client:
        yield client


async def outcomes(client: Client, messages: Iterable[Message], **options: Any) -> list[Outcome]:
    """Send messages as a stream and return their outcomes in the order of the messages."""
    found = [each async for each in client.send_many(messages, **options)]
    found.sort(key=lambda each: each.position or 0)
    assert list(range(len(found))) == [each.position for each in found]
    return found
