"""The receiver of callbacks as a WSGI application, for Django, Flask and every WSGI server."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import anyio.to_thread

from omnimsg.delivery.request import CallbackRequest
from omnimsg.engine.loop_bound import PerLoop
from omnimsg.sync.call import run

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator

    from omnimsg.delivery.receiver import Receiver as AsyncReceiver
    from omnimsg.delivery.request import RefusedBecause

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
# `Any`: the declared return type of Django's own handler is not exactly what WSGI asks for.
Application: TypeAlias = Callable[[Environ, StartResponse], Any]

_MAX_PIECE = 65_536
# Bodies are read however busy the handlers are. The number of reads is that of the requests in
# progress: each of them occupies a thread of the server.
_READS = PerLoop(partial(anyio.CapacityLimiter, math.inf))
# Where servers whose bodies block put the connection: gunicorn, and Werkzeug's own server.
_CONNECTIONS = ("gunicorn.socket", "werkzeug.socket")


class Receiver:
    """Receives the callbacks of the accounts of a client, as a WSGI application.

    The path of a callback ends with the account's name, and for Clickatell with a secret after it:
    `/callbacks/bird`, `/callbacks/clickatell/SECRET`. The application chooses the path before it.

    Args:
        receiver: The receiver of the asynchronous client.
    """

    def __init__(self, receiver: AsyncReceiver) -> None:
        self._receiver = receiver

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the accounts whose callbacks are received."""
        return self._receiver.accounts

    @property
    def handled(self) -> int:
        """How many callbacks were answered 204."""
        return self._receiver.handled

    @property
    def refused(self) -> Counter[RefusedBecause]:
        """How many callbacks were refused, by cause."""
        return self._receiver.refused

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve as a WSGI application."""
        answer = run(self._receiver.respond(_request(environ)))
        headers = list(answer.headers)
        # The server, not the application, decides about its connections (PEP 3333).
        headers = [each for each in headers if each[0].lower() != "connection"]
        if answer.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", "text/plain"), ("Content-Length", "0")]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return ()

    def mount(self, application: Application, path: str) -> Application:
        """Return a WSGI application: the receiver below a path, another application elsewhere.

        For frameworks that mount nothing themselves, such as Django.

        Args:
            application: Serves every other path.
            path: Where the receiver is, such as `/callbacks`.
        """
        prefix = path.rstrip("/") + "/"

        def dispatch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            is_below = environ.get("PATH_INFO", "").startswith(prefix)
            serve: Application = self if is_below else application
            body: Iterable[bytes] = serve(environ, start_response)
            return body

        return dispatch


def _request(environ: Environ) -> CallbackRequest:
    decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    # The raw path, if the server provides it; WSGI itself has only the decoded one.
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(decoded.encode("latin-1"))
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    return CallbackRequest(
        method=environ["REQUEST_METHOD"],
        path=raw.partition("?")[0],
        query=environ.get("QUERY_STRING", ""),
        headers=tuple(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
        ),
        peer=environ.get("REMOTE_ADDR") or None,
        body=lambda: _body(environ),
    )


async def _body(environ: Environ) -> AsyncIterator[bytes]:
    """Read the body piece by piece, in a worker thread: the server's stream blocks."""
    length = environ.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdigit() else None
    if left is None and not environ.get("wsgi.input_terminated"):
        # The end of the body is unknown, and a read could block.
        if length or environ.get("HTTP_TRANSFER_ENCODING"):
            # There is one, in chunks that the server leaves undecoded. Without it the report would
            # be lost: the provider has to send it again, with a length.
            raise ConnectionResetError
        return
    read = environ["wsgi.input"].read
    while left is None or left > 0:
        size = _MAX_PIECE if left is None else min(left, _MAX_PIECE)
        try:
            piece = await anyio.to_thread.run_sync(
                read, size, abandon_on_cancel=True, limiter=_READS.here
            )
        except asyncio.CancelledError:
            _end_read(environ)
            raise
        if not piece:
            if left:
                raise ConnectionResetError
            return
        if left is not None:
            left -= len(piece)
        yield piece


def _end_read(environ: Environ) -> None:
    """End a read that nobody waits for any more, where the server tells its connection.

    Otherwise its thread, and with it the connection, would stay until the peer closes that, which
    may take for ever. The answer can still be written.
    """
    for name in _CONNECTIONS:
        connection = environ.get(name)
        if connection is not None:
            # Through a copy: an `SSLSocket` writes unencrypted after its own `shutdown`.
            with (
                suppress(OSError),
                socket.fromfd(connection.fileno(), connection.family, connection.type) as copy,
            ):
                copy.shutdown(socket.SHUT_RD)
