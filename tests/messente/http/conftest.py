"""The real client, real HTTP, the real sandbox, and every request kept."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from aiohttp import web

from omnimsg import Accepted, Client, Message, RetryPolicy
from omnimsg.sandbox import Sandbox
from omnimsg_messente.emulator import MessenteEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from omnimsg import Outcome

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOW = 1_700_000_000.0
TO = "+37255500001"
ROOT = "/messente"
SENDER = "Acme"
ONCE = RetryPolicy(attempts=1)
TWICE = RetryPolicy(attempts=2, base=0)


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
    path: str
    body: Any


@attrs.define
class Recorder:
    """Every request as it came in, and answers to give instead of the emulator's."""

    asked: list[Asked] = attrs.field(factory=list)
    instead: deque[tuple[int, Any]] = attrs.field(factory=deque)

    @web.middleware
    async def hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep a request, and answer as planned or let the emulator answer."""
        body = await request.read()
        path = request.rel_url.raw_path.removeprefix(ROOT)
        self.asked.append(Asked(request.method, path, orjson.loads(body) if body else None))
        if self.instead:
            status, document = self.instead.popleft()
            return web.json_response(document, status=status)
        return await handler(request)

    def sent(self) -> list[dict[str, Any]]:
        """Return the omnimessages of all requests, in order."""
        return [
            each
            for asked in self.asked
            if asked.method == "POST"
            for each in (asked.body["messages"] if asked.path.endswith("s") else [asked.body])
        ]


class RecordedSandbox(Sandbox):
    """A sandbox whose requests are recorded."""

    def __init__(self, recorder: Recorder, *emulators: Any, **options: Any) -> None:
        super().__init__(emulators, **options)
        self._recorder = recorder

    def application(self) -> web.Application:
        """Add the recording middlewares."""
        application = super().application()
        application.middlewares.insert(0, self._recorder.hear)
        return application


@pytest.fixture
def recorder() -> Recorder:
    """Return a recorder that plans nothing."""
    return Recorder()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def pace() -> float:
    """Return the seconds between two steps of a message's life: none, all happens at once."""
    return 0.0


@pytest.fixture
async def sandbox(recorder: Recorder, clock: Clock, pace: float) -> AsyncIterator[Sandbox]:
    """Serve Messente, recorded."""
    async with RecordedSandbox(recorder, MessenteEmulator, clock=clock, pace=pace) as served:
        yield served


@pytest.fixture
def emulator(sandbox: Sandbox) -> MessenteEmulator:
    """Return the emulator that is served."""
    return sandbox.emulator(MessenteEmulator)


@pytest.fixture
def account() -> dict[str, Any]:
    """Return what the account's table has besides the emulator's own."""
    return {"sender": SENDER}


@pytest.fixture
def config(sandbox: Sandbox, account: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of one account."""
    config = sandbox.config()
    config["accounts"]["messente"] |= account
    return config


@pytest.fixture
async def client(config: dict[str, Any]) -> AsyncIterator[Client]:
    """Return a client of the sandbox that tries once."""
    async with Client.from_config(config, retry=ONCE) as client:
        yield client


async def outcomes(client: Client, messages: Iterable[Message], **options: Any) -> list[Outcome]:
    """Send messages as a stream and return their outcomes in the order of the messages."""
    found = [each async for each in client.send_many(messages, **options)]
    found.sort(key=lambda each: each.position or 0)
    assert list(range(len(found))) == [each.position for each in found]
    return found


def check_delivery(sandbox: Sandbox, found: Iterable[Outcome]) -> None:
    """Check that handsets have what was accepted once, and nothing of what was not.

    Messente knows no references; a leg's id is on the handset.
    """
    received = Counter(each.id for each in sandbox.handsets.all())
    legs = [each.legs[0] for each in found if isinstance(each, Accepted)]
    assert Counter(leg.provider_id for leg in legs) == received
