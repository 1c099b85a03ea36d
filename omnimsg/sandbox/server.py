"""The sandbox: a local server with all emulators."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from aiohttp import web

from omnimsg.sandbox.control_api import CONTROL, control_routes
from omnimsg.sandbox.fault_injection import reset_connection, respond_with_faults
from omnimsg.sandbox.faults import Faults
from omnimsg.sandbox.limits import REQUEST_BYTES, Limits
from omnimsg.sandbox.message_records import utc_timestamp
from omnimsg.sandbox.settings import HOST, config, config_toml, installed_emulators
from omnimsg.sandbox.state import SandboxState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Self

    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.handsets import Handsets

    Factory = Callable[[SandboxState], Emulator]

E = TypeVar("E", bound="Emulator")

_SHUTDOWN_SECONDS = 1.0

# The status in the request log when the client disconnected; it is never sent.
_CLIENT_DISCONNECTED = 499


class Sandbox:
    """A local server with the providers' APIs; an async context manager.

    It listens on the loopback interface only, and stores everything in memory within ``Limits``.

    Args:
        emulators: Emulator classes, or callables from a ``SandboxState`` to an emulator; by
            default all that installed distributions offer.
        port: The port to listen on; 0 lets the system choose.
        pace: Seconds between two steps of a message's timeline; 0 reaches all of them at once.
        seed: Equal seeds give equal ids for equal requests in equal order.
        clock: Returns epoch seconds.
        limits: How much is stored.

    Attributes:
        state: Clock, pace, ids and handsets, shared by the emulators.
        emulators: The emulators served, by name.
        handsets: What each phone or mailbox has received.
        faults: The fault script.
        requests: The latest requests: time, method, path without query, status, faults.

    Raises:
        ValueError: Two emulators have the same name.
    """

    def __init__(
        self,
        emulators: Iterable[Factory] | None = None,
        *,
        port: int = 0,
        pace: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        self.state: SandboxState = SandboxState(pace=pace, seed=seed, clock=clock, limits=limits)
        factories: Iterable[Factory] = installed_emulators() if emulators is None else emulators
        built = [factory(self.state) for factory in factories]
        self.emulators: dict[str, Emulator] = {emulator.name: emulator for emulator in built}
        if len(self.emulators) != len(built):
            raise ValueError("emulators: two of them have the same name")
        self.faults: Faults = Faults(self.emulators)
        self.requests: deque[dict[str, Any]] = deque(maxlen=self.state.limits.requests)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._reset_count = 0

    @property
    def handsets(self) -> Handsets:
        """What each phone or mailbox has received."""
        return self.state.handsets

    @property
    def port(self) -> int:
        """The port it listens on; before the start the port that was passed in."""
        if self._runner is not None and self._runner.addresses:
            return int(self._runner.addresses[0][1])
        return self._port

    @property
    def url(self) -> str:
        """The server's address without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    def emulator(self, kind: type[E]) -> E:
        """Return the emulator of a class.

        Raises:
            LookupError: No emulator of that class is served.
        """
        for emulator in self.emulators.values():
            if isinstance(emulator, kind):
                return emulator
        raise LookupError(f"no {kind.__name__} is served by this sandbox")

    def config(self) -> dict[str, Any]:
        """Return the configuration of accounts that reach this sandbox."""
        return config(self.port, self.emulators.values())

    def config_toml(self) -> str:
        """Return ``config`` as the text of an ``omnimsg.toml``."""
        return config_toml(self.port, self.emulators.values())

    def reset(self) -> None:
        """Forget messages, handsets, media, faults and requests; abort requests in progress."""
        self._reset_count += 1
        self.state.reset()
        for emulator in self.emulators.values():
            emulator.reset()
        self.faults.clear()
        self.requests.clear()

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()

    def application(self) -> web.Application:
        """Return a new application with all routes; a subclass may add middlewares to it."""
        application = web.Application(
            client_max_size=REQUEST_BYTES, middlewares=[self._serve_request]
        )
        application.add_routes(
            control_routes(
                handsets=self.handsets,
                faults=self.faults,
                requests=self.requests,
                reset=self.reset,
            )
        )
        for name, emulator in self.emulators.items():
            application.add_routes(_prefixed(f"/{name}", emulator.routes()))
            application.add_routes(_prefixed(f"{CONTROL}/{name}", emulator.control_routes()))
        return application

    @web.middleware
    async def _serve_request(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        emulator = self.emulators.get(request.path.removeprefix("/").partition("/")[0])
        if emulator is None:
            return await handler(request)
        faults = self.faults.select(emulator.name, is_send=emulator.is_send(request))
        entry: dict[str, Any] = {
            "at": utc_timestamp(self.state.clock()),
            "method": request.method,
            "path": request.path,
            "status": None,
            "faults": [fault.kind for fault in faults],
        }
        self.requests.append(entry)
        resets_before = self._reset_count

        async def handle(request: web.Request) -> web.StreamResponse:
            if emulator.is_send(request):
                await request.read()
            # A request from before a reset must not deliver messages after it.
            return (
                reset_connection(request)
                if self._reset_count != resets_before
                else await handler(request)
            )

        response: web.StreamResponse
        try:
            response = await respond_with_faults(request, handle, emulator, faults)
        except web.HTTPRequestEntityTooLarge:
            response = emulator.refuse(request, 413)
        except ConnectionError:
            response = web.Response(status=_CLIENT_DISCONNECTED)
        entry["status"] = response.status
        return response


def _prefixed(prefix: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    return [
        web.route(route.method, prefix + route.path, route.handler, **route.kwargs)
        for route in routes
    ]


async def serve(sandbox: Sandbox, started: Callable[[Sandbox], object] | None = None) -> None:
    """Serve until cancelled.

    Args:
        sandbox: A sandbox that has not been started.
        started: Called with the sandbox once it listens and its address is known.
    """
    async with sandbox:
        if started is not None:
            started(sandbox)
        await anyio.sleep_forever()
