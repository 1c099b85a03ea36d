"""The real client, real HTTP, the real sandbox, and the vendor's document listening in."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from aiohttp import web
from support.contract import Asked, Contract

from omnimsg import Accepted, Client, Message, RetryPolicy
from omnimsg.sandbox import Sandbox
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from omnimsg import Outcome

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOW = 1_700_000_000.0
TO = "+27820000001"
ROOT = "/clickatell"
ONCE = RetryPolicy(attempts=1)
ASKED = web.RequestKey("asked", Asked)


class Clock:
    """The sandbox's clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@attrs.define
class Recorder:
    """Every request as it came in, and what the vendor's document has against it or its answer."""

    contract: Contract
    asked: list[Asked] = attrs.field(factory=list)
    faults: list[str] = attrs.field(factory=list)

    @web.middleware
    async def hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Judge a request before anything else sees it."""
        if request.path.startswith(f"{ROOT}/"):
            asked = Asked(
                method=request.method,
                path=request.rel_url.raw_path.removeprefix(ROOT),
                query=list(request.query.items()),
                headers=request.headers,
                body=await request.read(),
            )
            self.asked.append(asked)
            self.faults += self.contract.asked_faults(asked)
            request[ASKED] = asked
        return await handler(request)

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Judge the emulator's own answer, before any fault of the network is played."""
        response = await handler(request)
        if ASKED in request and isinstance(response, web.Response):
            body = bytes(response.body) if isinstance(response.body, bytes) else b""
            self.faults += self.contract.answer_faults(request[ASKED], response.status, body)
        return response

    def sent(self) -> list[dict[str, Any]]:
        """Return the messages of all requests, in order."""
        return [
            message
            for asked in self.asked
            if (asked.method, asked.path) == ("POST", "/v1/message")
            for message in orjson.loads(asked.body)["messages"]
        ]

    def take(self) -> list[str]:
        """Return the faults and forget them, for tests that provoke some."""
        taken, self.faults = self.faults, []
        return taken


class RecordedSandbox(Sandbox):
    """A sandbox whose requests and answers are recorded."""

    def __init__(self, recorder: Recorder, *emulators: Any, **options: Any) -> None:
        super().__init__(emulators, **options)
        self._recorder = recorder

    def application(self) -> web.Application:
        """Add the recording middlewares."""
        application = super().application()
        application.middlewares.insert(0, self._recorder.hear)
        application.middlewares.append(self._recorder.answer)
        return application


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Read the vendor's document."""
    return Contract.of(Path(__file__).parents[2] / "data" / "clickatell-schema.json")


@pytest.fixture
def recorder(contract: Contract) -> Iterator[Recorder]:
    """Record, and fail the test for whatever the vendor's document does not allow."""
    recorder = Recorder(contract)
    yield recorder
    assert recorder.take() == []


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def pace() -> float:
    """Return the seconds between two steps of a message's life: none, all happens at once."""
    return 0.0


@pytest.fixture
def options() -> dict[str, Any]:
    """Return the emulator's options; tests override them by parametrising."""
    return {}


@pytest.fixture
async def sandbox(
    recorder: Recorder, clock: Clock, pace: float, options: dict[str, Any]
) -> AsyncIterator[Sandbox]:
    """Serve Clickatell, recorded."""
    emulator = partial(ClickatellEmulator, **options)
    async with RecordedSandbox(recorder, emulator, clock=clock, pace=pace) as served:
        yield served


@pytest.fixture
def emulator(sandbox: Sandbox) -> ClickatellEmulator:
    """Return the emulator that is served."""
    return sandbox.emulator(ClickatellEmulator)


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    """Return a client of the sandbox that tries once."""
    async with Client.from_config(sandbox.config(), retry=ONCE) as client:
        yield client


async def outcomes(client: Client, messages: Iterable[Message], **options: Any) -> list[Outcome]:
    """Send messages as a stream and return their outcomes in the order of the messages."""
    found = [each async for each in client.send_many(messages, **options)]
    found.sort(key=lambda each: each.position or 0)
    assert list(range(len(found))) == [each.position for each in found]
    return found


def check_delivery(sandbox: Sandbox, found: Iterable[Outcome]) -> None:
    """Check that handsets have what was accepted once, and nothing of what was not."""
    received = Counter(each.reference for each in sandbox.handsets.all())
    accepted = Counter(each.reference for each in found if isinstance(each, Accepted))
    assert accepted == received
