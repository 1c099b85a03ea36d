"""Deliver callbacks to the application under test: ASGI, WSGI, a test client, or a URL."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from anyio.from_thread import start_blocking_portal
from yarl import URL

from omnimsg.sandbox.callbacks.courier import new_session
from omnimsg.testing.sandbox.callback_request import Mount, asgi_scope, wsgi_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.sandbox import SignedCallback

_FAILED = 500


class Carrier(ABC):
    """Delivers callbacks to an application, from the sandbox's event loop.

    Args:
        mount: Maps addresses of callbacks to paths of the application.

    Attributes:
        errors: The errors that the application has raised.
    """

    def __init__(self, mount: Mount) -> None:
        self.errors: list[Exception] = []
        self._mount = mount

    @abstractmethod
    async def __call__(self, signed: SignedCallback) -> int:
        """Deliver a callback; return the HTTP status of the answer."""

    def close(self) -> None:  # noqa: B027 - not every carrier has to
        """Abort callbacks that are not answered yet, unless they end by themselves."""


def carrier_to(application: object, mount: Mount) -> Carrier:
    """Return the carrier for an application or a URL.

    If this thread runs an event loop, an ASGI application is called in that loop, in which the test
    calls it too.

    Raises:
        TypeError: The object is not an application, or one that has to be served.
    """
    if isinstance(application, str):
        return UrlCarrier(application, mount)
    request = getattr(application, "request", None)
    if callable(request) and hasattr(application, "app"):
        return ThreadCarrier(partial(_status_of_client, request), mount)
    if hasattr(application, "add_subapp") or not callable(application):
        raise TypeError(
            f"call_back_to takes an ASGI or WSGI application, its TestClient or a URL, not"
            f" {type(application).__name__}; serve it, and give the URL"
        )
    if not _is_asgi(application):
        return ThreadCarrier(partial(_status_of_wsgi, application), mount)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return AsgiCarrier(application, mount)
    return AsgiCarrier(application, mount, loop)


class AsgiCarrier(Carrier):
    """Calls an ASGI application in an event loop.

    Args:
        application: The application.
        mount: Maps addresses of callbacks to paths of the application.
        loop: The event loop to call it in; by default a new one in a new thread.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        mount: Mount,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(mount)
        self._application = application
        self._waiting: set[Future[int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = ExitStack()
        if loop is None:
            portal = self._stack.enter_context(start_blocking_portal("asyncio"))
            self._stack.callback(portal.call, portal.stop, True)
            loop = portal.call(asyncio.get_running_loop)
        self._loop = loop

    async def __call__(self, signed: SignedCallback) -> int:
        """Call the application in its loop."""
        answer: Future[int] = Future()
        self._waiting.add(answer)
        try:
            # The loop is closed after its test: report that as a refused connection.
            self._loop.call_soon_threadsafe(self._begin, signed, answer)
        except RuntimeError:
            raise ConnectionRefusedError from None
        try:
            return await asyncio.wrap_future(answer)
        finally:
            self._waiting.discard(answer)

    def close(self) -> None:
        """Abort callbacks that are not answered yet, and end the thread if there is one."""
        for answer in list(self._waiting):
            with suppress(InvalidStateError):
                answer.set_exception(ConnectionAbortedError())
        self._stack.close()

    def _begin(self, signed: SignedCallback, answer: Future[int]) -> None:
        if not answer.done():
            task = self._loop.create_task(self._exchange(signed, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _exchange(self, signed: SignedCallback, answer: Future[int]) -> None:
        status = _FAILED
        try:
            status = await self._status(signed)
        finally:
            with suppress(InvalidStateError):
                answer.set_result(status)

    async def _status(self, signed: SignedCallback) -> int:
        statuses: list[int] = []
        requests = [{"type": "http.request", "body": signed.body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return requests.pop() if requests else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        try:
            scope = asgi_scope(signed, self._mount.target(signed.url))
            await self._application(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - an application may raise anything
            self.errors.append(error)
        return statuses[0] if statuses else _FAILED


class ThreadCarrier(Carrier):
    """Calls an application in worker threads, which end by themselves.

    Args:
        status_of: Calls the application with a callback and its path and query; returns the status
            of the answer.
        mount: Maps addresses of callbacks to paths of the application.
    """

    def __init__(self, status_of: Callable[[SignedCallback, str], int], mount: Mount) -> None:
        super().__init__(mount)
        self._status_of = status_of

    async def __call__(self, signed: SignedCallback) -> int:
        """Call the application in a thread."""
        return await anyio.to_thread.run_sync(self._status, signed, abandon_on_cancel=True)

    def _status(self, signed: SignedCallback) -> int:
        try:
            return self._status_of(signed, self._mount.target(signed.url))
        except Exception as error:  # noqa: BLE001 - an application may raise anything
            self.errors.append(error)
            return _FAILED


def _status_of_wsgi(
    application: Callable[..., Iterable[bytes]], signed: SignedCallback, target: str
) -> int:
    """Call a WSGI application."""
    statuses: list[int] = []

    def start_response(status: str, *_: object) -> Callable[[bytes], None]:
        statuses.append(int(status.partition(" ")[0]))
        return lambda _: None

    body = application(wsgi_environ(signed, target), start_response)
    try:
        for _ in body:
            pass
    finally:
        getattr(body, "close", lambda: None)()
    return statuses[-1] if statuses else _FAILED


def _status_of_client(request: Callable[..., Any], signed: SignedCallback, target: str) -> int:
    """Call an application through the method `request` of Starlette's or FastAPI's `TestClient`.

    The application runs in the event loop of that client, which has started its lifespan.
    """
    answer = request(
        "POST",
        target,
        content=signed.body,
        headers=dict(signed.headers),
        follow_redirects=False,
    )
    return int(answer.status_code)


class UrlCarrier(Carrier):
    """Forwards callbacks like a reverse proxy: they stay signed for the public address.

    Unanswered requests end by their timeout.

    Args:
        url: The URL at which the application is served.
        mount: Maps addresses of callbacks to paths of the application.

    Raises:
        ValueError: The URL has no scheme or no host.
    """

    def __init__(self, url: str, mount: Mount) -> None:
        super().__init__(mount)
        address = URL(url)
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError(
                "call_back_to takes the URL at which an application is served, such as"
                f" http://127.0.0.1:8000/callbacks, not {url!r}; or give the application itself"
            )
        self._origin = address.origin()

    async def __call__(self, signed: SignedCallback) -> int:
        """Send a callback."""
        url = URL(f"{self._origin}{self._mount.target(signed.url)}", encoded=True)
        async with (
            new_session() as session,
            session.post(
                url, data=signed.body, headers=signed.headers, allow_redirects=False
            ) as answer,
        ):
            return answer.status


def _is_asgi(application: Callable[..., Any]) -> bool:
    call = type(application).__call__
    if inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(call):
        return True
    parameters = inspect.signature(application).parameters.values()
    required = [each for each in parameters if each.default is inspect.Parameter.empty]
    return len(required) == 3
