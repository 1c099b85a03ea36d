"""The receiver as an ASGI application, for every framework and server that speaks ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from omnimsg.delivery.request import Answer, CallbackRequest, mount_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Respond: TypeAlias = Callable[[CallbackRequest], Awaitable[Answer]]


async def serve(respond: Respond, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one ASGI scope."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        answer = await respond(_request(scope, receive))
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        if answer.status != 204:
            headers.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})


def mounted(receiver: Application, application: Application, path: str) -> Application:
    """Return an application: the receiver below `path`, `application` for all other paths."""
    prefix = mount_prefix(path)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_below = scope["type"] == "http" and _path_below_root(scope).startswith(prefix)
        await (receiver if is_below else application)(scope, receive, send)

    return dispatch


def _path_below_root(scope: Scope) -> str:
    """Return the path as a framework routes it: without the path that the application is below.

    A server behind a proxy (`--root-path`) and a framework that mounts the application put that in
    front of the path, and repeat it in `root_path`.
    """
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def _request(scope: Scope, receive: Receive) -> CallbackRequest:
    raw_path = scope.get("raw_path")
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    client = scope.get("client")
    return CallbackRequest.make(
        method=scope["method"],
        # Some servers leave the query string in `raw_path`.
        path=path.partition("?")[0],
        query=scope.get("query_string", b"").decode("latin-1"),
        # A server may use other bytes-like pairs.
        headers=tuple([(bytes(name), bytes(value)) for name, value in scope["headers"]]),
        peer=None if client is None else client[0],
        body=lambda: _body(receive),
    )


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _live(receive: Receive, send: Send) -> None:
    """Acknowledge the server's start and shutdown; the client is opened and closed elsewhere."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
