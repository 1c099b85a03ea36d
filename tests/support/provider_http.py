"""Fixtures of every provider's HTTP tests: a recorded sandbox, its clock and a client.

A provider's `conftest.py` imports the fixtures and defines `emulator_class`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from aiohttp import web

from omnimsg import Client, RetryPolicy
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from support.sandbox_fixtures import Clock

    from omnimsg import Message, Outcome
    from omnimsg.sandbox import Emulator

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ONCE = RetryPolicy(attempts=1)
TWICE = RetryPolicy(attempts=2, base=0)


@attrs.frozen(kw_only=True)
class RecordedRequest:
    """A request as it came in; the path is below the provider's root."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    host: str = ""

    @property
    def json(self) -> Any:
        """The body as JSON; `None` where it is empty."""
        return orjson.loads(self.body) if self.body else None


RECORDED = web.RequestKey("recorded", RecordedRequest)


@attrs.define
class Recorder:
    """Records the requests to one emulator, and gives planned answers instead of its own.

    Attributes:
        root: The path of the emulator on the sandbox.
        requests: The requests, in order.
        instead: The HTTP status and JSON document of the next answers, in place of the emulator's.
    """

    root: str
    requests: list[RecordedRequest] = attrs.field(factory=list)
    instead: deque[tuple[int, Any]] = attrs.field(factory=deque)

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record a request before the sandbox sees it."""
        if request.path.startswith(f"{self.root}/"):
            # A form can be read only once, by the emulator.
            is_form = request.content_type.startswith("multipart/")
            recorded = RecordedRequest(
                method=request.method,
                path=request.rel_url.raw_path.removeprefix(self.root),
                query=list(request.query.items()),
                headers=request.headers,
                body=b"" if is_form else await request.read(),
                host=request.host.partition(":")[0],
            )
            request[RECORDED] = recorded
            self.requests.append(recorded)
            self.check_request(recorded)
            if self.instead:
                status, document = self.instead.popleft()
                return web.json_response(document, status=status)
        return await handler(request)

    def record_answer(self, request: web.Request, response: web.StreamResponse) -> None:
        """Check the emulator's own answer, before a fault of the network is applied."""
        if RECORDED in request and isinstance(response, web.Response):
            body = bytes(response.body) if isinstance(response.body, bytes) else b""
            self.check_answer(request[RECORDED], response.status, body)

    def check_request(self, recorded: RecordedRequest) -> None:
        """Check a request; a provider with a machine-readable contract overrides this."""

    def check_answer(self, recorded: RecordedRequest, status: int, body: bytes) -> None:
        """Check the emulator's answer to a request, likewise."""


class RecordedSandbox(Sandbox):
    """A sandbox whose requests and answers pass through a recorder."""

    def __init__(self, recorder: Recorder, *emulators: Any, **options: Any) -> None:
        super().__init__(emulators, **options)
        self._recorder = recorder

    def application(self) -> web.Application:
        """Add the recording middleware."""
        application = super().application()
        application.middlewares.append(self._recorder.record)
        return application

    async def emulate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have the recorder check the answer."""
        response = await super().emulate(request, handler)
        self._recorder.record_answer(request, response)
        return response


@pytest.fixture
def pace() -> float:
    """Return the seconds between two steps of a message's life: 0 plays all of them at once."""
    return 0.0


@pytest.fixture
def options() -> dict[str, Any]:
    """Return the emulator's options; tests override them by parametrising."""
    return {}


@pytest.fixture
def lenient() -> dict[str, Any]:
    """Return the options that skip what an account has to prepare."""
    return {"service_window": False}


@pytest.fixture
def account() -> dict[str, Any]:
    """Return changes to the account's configuration; tests override them by parametrising."""
    return {}


@pytest.fixture
def emulator(sandbox: Sandbox, emulator_class: type[Emulator]) -> Emulator:
    """Return the provider's emulator in the sandbox."""
    return sandbox.emulator(emulator_class)


@pytest.fixture
def recorder(emulator_class: type[Emulator]) -> Recorder:
    """Return a recorder of the provider's requests."""
    return Recorder(f"/{emulator_class.name}")


@pytest.fixture
async def sandbox(
    emulator_class: type[Emulator],
    recorder: Recorder,
    clock: Clock,
    pace: float,
    lenient: dict[str, Any],
    options: dict[str, Any],
) -> AsyncIterator[Sandbox]:
    """Serve the provider's emulator, recorded; with service windows only if a test wants them."""
    factory = partial(emulator_class, **{**lenient, **options})
    async with RecordedSandbox(recorder, factory, clock=clock, pace=pace) as served:
        yield served


@pytest.fixture
def config(sandbox: Sandbox, account: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of one account at the sandbox."""
    written = sandbox.config()
    (values,) = written["accounts"].values()
    values |= account
    return written


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
