"""The sandbox: all emulators on one local server."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from aiohttp import web

from omnimsg.sandbox.control_api import CONTROL, control_routes
from omnimsg.sandbox.fault_injection import abort, play
from omnimsg.sandbox.faults import Faults
from omnimsg.sandbox.limits import REQUEST_BYTES, Limits
from omnimsg.sandbox.message_records import iso
from omnimsg.sandbox.settings import HOST, config, config_toml, installed
from omnimsg.sandbox.state import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Self

    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.handsets import Handsets

    Factory = Callable[[World], Emulator]

E = TypeVar("E", bound="Emulator")

_SHUTDOWN_SECONDS = 1.0

# What the request log shows of a client that went away; nobody hears it.
_GONE = 499


class Sandbox:
    """A local server that speaks the providers' APIs; an async context manager.

    It listens on the loopback interface only, and keeps everything in memory within ``Limits``.

    Args:
        emulators: Emulator classes, or callables from a ``World`` to an emulator; by default all
            that installed distributions offer.
        port: 0 lets the system choose.
        pace: Seconds between two steps of a message's life; 0 plays them all at once.
        seed: Equal seeds give equal ids for equal requests in equal order.
        clock: Epoch seconds.
        limits: How much is remembered.

    Attributes:
        emulators: The emulators served, by name.
        handsets: What each phone or mailbox received.
        faults: The trouble that is played.
        requests: The latest requests: time, method, path without query, status, faults.
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
        self.world: World = World(pace=pace, seed=seed, clock=clock, limits=limits)
        factories: Iterable[Factory] = installed() if emulators is None else emulators
        built = [factory(self.world) for factory in factories]
        self.emulators: dict[str, Emulator] = {emulator.name: emulator for emulator in built}
        if len(self.emulators) != len(built):
            raise ValueError("emulators: two of them have the same name")
        self.faults: Faults = Faults(self.emulators)
        self.requests: deque[dict[str, Any]] = deque(maxlen=self.world.limits.requests)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._resets = 0

    @property
    def handsets(self) -> Handsets:
        """What each phone or mailbox received."""
        return self.world.handsets

    @property
    def port(self) -> int:
        """The port it listens on; before the start the one that was asked for."""
        if self._runner is not None and self._runner.addresses:
            return int(self._runner.addresses[0][1])
        return self._port

    @property
    def url(self) -> str:
        """The server's address without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def emulator(self, kind: type[E]) -> E:
        """Return the emulator of a class, typed.

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
        """Forget messages, handsets, media, faults and requests, also those under way."""
        self._resets += 1
        self.world.reset()
        for emulator in self.emulators.values():
            emulator.reset()
        self.faults.clear()
        self.requests.clear()

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
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

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=REQUEST_BYTES, middlewares=[self._attend])
        application.add_routes(control_routes(self))
        for name, emulator in self.emulators.items():
            application.add_routes(_below(f"/{name}", emulator.routes()))
            application.add_routes(_below(f"{CONTROL}/{name}", emulator.control_routes()))
        return application

    @web.middleware
    async def _attend(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        emulator = self.emulators.get(request.path.removeprefix("/").partition("/")[0])
        if emulator is None:
            return await handler(request)
        faults = self.faults.drawn(emulator.name, emulator.is_send(request))
        entry: dict[str, Any] = {
            "at": iso(self.world.clock()),
            "method": request.method,
            "path": request.path,
            "status": None,
            "faults": [fault.kind for fault in faults],
        }
        self.requests.append(entry)
        resets = self._resets

        async def answer(request: web.Request) -> web.StreamResponse:
            if emulator.is_send(request):
                await request.read()
            # What was slow must not text the handsets of whoever begins anew.
            return abort(request) if self._resets != resets else await handler(request)

        response: web.StreamResponse
        try:
            response = await play(request, answer, emulator, faults)
        except web.HTTPRequestEntityTooLarge:
            response = emulator.refuse(request, 413)
        except ConnectionError:
            response = web.Response(status=_GONE)
        entry["status"] = response.status
        return response


def _below(prefix: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    return [
        web.route(route.method, prefix + route.path, route.handler, **route.kwargs)
        for route in routes
    ]


async def serve(sandbox: Sandbox, started: Callable[[Sandbox], object] | None = None) -> None:
    """Serve until cancelled.

    Args:
        sandbox: One that has not been started.
        started: Called once it listens, so that its address can be shown.
    """
    async with sandbox:
        if started is not None:
            started(sandbox)
        await anyio.sleep_forever()
