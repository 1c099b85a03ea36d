"""`Sandbox`: a local server with all emulators, the control API and the inbox page."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from aiohttp import web

from omnimsg.sandbox.arguments import require, require_range
from omnimsg.sandbox.callbacks.addresses import checked_address
from omnimsg.sandbox.callbacks.callbacks import Callbacks
from omnimsg.sandbox.capacity import REQUEST_BYTES, Limits
from omnimsg.sandbox.changed_messages import noted_changes
from omnimsg.sandbox.client_config import HOST, base_url, config, config_toml
from omnimsg.sandbox.connections import Connections
from omnimsg.sandbox.control_api import ControlApi
from omnimsg.sandbox.control_requests import CONTROL, answer_control, refused
from omnimsg.sandbox.fault_injection import reset_connection, respond_with_faults
from omnimsg.sandbox.fault_scripts import Faults
from omnimsg.sandbox.inbox.inbox import Inbox
from omnimsg.sandbox.inbox.routes import PAGE, inbox_routes
from omnimsg.sandbox.message_records import utc_timestamp
from omnimsg.sandbox.origin import foreign_page, is_host
from omnimsg.sandbox.plugins import build_emulators
from omnimsg.sandbox.replies import Replies
from omnimsg.sandbox.responses import REFUSED
from omnimsg.sandbox.routes import list_routes, prefixed, served
from omnimsg.sandbox.state import SandboxState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.handsets import Handsets
    from omnimsg.sandbox.message_records import MessageRecord
    from omnimsg.sandbox.plugins import Factory
    from omnimsg.sandbox.replies import SentReply
    from omnimsg.sandbox.routes import Handler

E = TypeVar("E", bound="Emulator")

_SHUTDOWN_SECONDS = 1.0

# The status in the request log when the client disconnected; it is never sent.
_CLIENT_DISCONNECTED = 499


class Sandbox:
    """A local server with the providers' APIs; an async context manager.

    By default it listens on the loopback interface only. It stores everything in memory within
    ``Limits``.

    Args:
        emulators: Emulator classes, or callables from a ``SandboxState`` to an emulator; by
            default all that installed distributions offer.
        host: The host name or address to listen on. On any other than a loopback address, everyone
            who can reach it can read the messages and change the sandbox.
        port: The port to listen on; 0 lets the system choose.
        pace: Seconds between two steps of a message's timeline; 0 reaches all of them at once.
        seed: Equal seeds give equal ids for equal requests in equal order.
        clock: Returns epoch seconds.
        limits: How much is stored.
        callbacks: The base address for callbacks, such as ``http://127.0.0.1:9000/callbacks``;
            without one, none are sent.

    Attributes:
        state: Clock, pace, ids and handsets, shared by the emulators.
        emulators: The emulators served, by name.
        handsets: The messages that each phone or mailbox has received.
        faults: The fault script.
        callbacks: The addresses and attempts of callbacks.
        requests: The latest requests: time, method, path without query, status, faults, and why
            the request or one of its messages was refused.

    Raises:
        TypeError: An argument has another type.
        ValueError: Two emulators have the same name; the host is not a host name or an address; the
            port or the pace is out of its range; or the address for callbacks is invalid.
    """

    def __init__(  # noqa: PLR0913 - the options of a test or a command
        self,
        emulators: Iterable[Factory] | None = None,
        *,
        host: str = HOST,
        port: int = 0,
        pace: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
        callbacks: str | None = None,
    ) -> None:
        require(str, host=host)
        require(int, port=port)
        require(str, NoneType, callbacks=callbacks)
        require_range("port", port, 0, 65_535)
        if not is_host(host):
            raise ValueError(f"host: {host!r} is not a host name or an address")
        self.state: SandboxState = SandboxState(pace=pace, seed=seed, clock=clock, limits=limits)
        self.emulators: dict[str, Emulator] = build_emulators(emulators, self.state)
        self.faults: Faults = Faults(self.emulators, self.state.limits.faults)
        sources = {name: each.callbacks for name, each in self.emulators.items() if each.callbacks}
        self.callbacks: Callbacks = Callbacks(sources, state=self.state, faults=self.faults)
        if callbacks is not None:
            self.callbacks.set_url(checked_address(callbacks, base=True, name="callbacks"))
        self._replies = Replies(self.emulators, handsets=self.handsets, callbacks=self.callbacks)
        self._inbox = Inbox(
            self.state,
            emulators=self.emulators,
            faults=self.faults,
            callbacks=self.callbacks,
            replies=self._replies,
        )
        self.requests: deque[dict[str, Any]] = deque(maxlen=self.state.limits.requests)
        self.host: str = host
        self._port = port
        self._connections = Connections(self.state.limits.connections)
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None
        self._reset_count = 0

    @property
    def handsets(self) -> Handsets:
        """The messages that each phone or mailbox has received."""
        return self.state.handsets

    @property
    def port(self) -> int:
        """The port that it listens on; before the start, the given port."""
        if self._server is not None and self._server.sockets:
            return int(self._server.sockets[0].getsockname()[1])
        return self._port

    @property
    def url(self) -> str:
        """The server's address without a trailing slash."""
        return base_url(self.host, self.port)

    def routes(self) -> list[dict[str, str]]:
        """Return all routes, sorted by path: ``method``, ``path``, and ``about`` where known."""
        return list_routes(self.application())

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
        return config(self.port, self.emulators.values(), host=self.host)

    def config_toml(self) -> str:
        """Return ``config`` as the text of an ``omnimsg.toml``."""
        return config_toml(self.port, self.emulators.values(), host=self.host)

    def open_windows(self, *numbers: str) -> None:
        """Open WhatsApp's service window of numbers, as a message from each of them would.

        Args:
            numbers: E.164 numbers, each with or without its plus.
        """
        for emulator in self.emulators.values():
            for number in numbers:
                emulator.windows.open(number)

    def reply(self, number: str, text: str | None = None, **fields: Any) -> SentReply:  # noqa: ANN401
        """Send a message or an interaction as a phone, so that the provider sends a callback.

        By default it uses the provider and channel of the last message to the phone. On WhatsApp, a
        message opens the service window.

        Args:
            number: The phone, in E.164 form.
            text: A text, such as ``"STOP"``, or the caption of media.
            fields: The other members of ``POST /_sandbox/inbound``, such as
                ``button={"label": "Yes"}``; the data of media may be bytes.

        Raises:
            ReplyError: A field is invalid, or no document of the provider describes such a
                message; the text begins with the field.
        """
        texts = {} if text is None else {"text": text}
        return self._reply({"from": number, **texts, **fields})

    def _reply(self, document: object) -> SentReply:
        return self._replies.send(document, self.url)

    def reset(self) -> None:
        """Remove messages, handsets, media, faults and requests; abort requests in progress.

        The addresses of callbacks stay; waiting callbacks are discarded.
        """
        self._reset_count += 1
        self.state.reset()
        for emulator in self.emulators.values():
            emulator.reset()
        self.faults.clear()
        self.callbacks.reset()
        self.requests.clear()
        self._inbox.reset()

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            server = runner.server
            assert server is not None  # noqa: S101 - set up above
            self._server = await asyncio.get_running_loop().create_server(
                lambda: self._connections.protocol(server), self.host, self._port
            )
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.callbacks.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        runner, self._runner = self._runner, None
        if server is not None:
            server.close()
        self._inbox.streams.close()
        await self.callbacks.stop()
        if runner is not None:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()

    def application(self) -> web.Application:
        """Return a new application with all routes; a subclass may add middlewares to it."""
        application = web.Application(client_max_size=REQUEST_BYTES)
        control = ControlApi(
            handsets=self.handsets,
            faults=self.faults,
            callbacks=self.callbacks,
            requests=self.requests,
            reply=self._reply,
            reset=self.reset,
        )
        routes = [*control.routes(), *inbox_routes(self._inbox)]
        for name, emulator in self.emulators.items():
            routes += prefixed(f"/{name}", emulator.routes())
            routes += prefixed(f"{CONTROL}/{name}", emulator.control_routes())
        application.add_routes(served(routes, self._serve))
        return application

    async def emulate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the emulator's own answer, before any fault; a subclass may override this."""
        return await handler(request)

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request; its connection counts as busy until it is answered."""
        self._connections.begin(request)
        try:
            emulator = self.emulators.get(request.path.partition("/")[2].partition("/")[0])
            if emulator is None:
                return await self._serve_control(request, handler)
            return await self._serve_provider(request, handler, emulator)
        finally:
            self._connections.end(request)

    async def _serve_control(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a control request, unless it comes from a foreign page."""
        resource = request.match_info.route.resource
        if resource is None or resource.canonical not in PAGE:
            foreign = foreign_page(request, self.host)
            if foreign is not None:
                return refused(foreign, 403)
        return await answer_control(request, handler)

    async def _serve_provider(
        self, request: web.Request, handler: Handler, emulator: Emulator
    ) -> web.StreamResponse:
        """Answer a provider request, then report the messages that it has accepted or changed."""
        self._replies.note_host(emulator.name, request.host)
        is_calling = self.callbacks.is_on
        with noted_changes() as changed:
            response = await self._answer(request, handler, emulator, changed)
        if changed and is_calling:
            await self.callbacks.answer_and_report(changed, request, response)
        return response

    async def _answer(
        self,
        request: web.Request,
        handler: Handler,
        emulator: Emulator,
        changed: Sequence[MessageRecord],
    ) -> web.StreamResponse:
        """Answer a request as the emulator does, with faults, and add it to the request log."""
        is_send = emulator.is_send(request)
        faults = self.faults.select(emulator.name, is_send=is_send)
        now = self.state.clock()
        entry: dict[str, Any] = {
            "at": utc_timestamp(now),
            "method": request.method,
            "path": request.path,
            "status": None,
            "faults": [fault.kind for fault in faults],
            "refused": None,
        }
        self.requests.append(entry)
        exchange = self._inbox.exchanges.begin(request, emulator.name, now, entry)
        resets_before = self._reset_count

        async def handle(request: web.Request) -> web.StreamResponse:
            if is_send:
                await request.read()
            # A request from before a reset must not deliver messages after it.
            return (
                reset_connection(request)
                if self._reset_count != resets_before
                else await self.emulate(request, handler)
            )

        response: web.StreamResponse
        try:
            response = await respond_with_faults(request, handle, emulator, faults)
        except web.HTTPRequestEntityTooLarge:
            response = emulator.refuse(request, 413)
        except ConnectionError:
            response = web.Response(status=_CLIENT_DISCONNECTED)
        entry["status"] = response.status
        entry["refused"] = response.get(
            REFUSED, response.reason if response.status >= 400 else None
        )
        await self._inbox.end(exchange, request, response, changed)
        return response
