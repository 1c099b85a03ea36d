"""`Receiver.mount`: which of two ASGI applications serves a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.delivery import asgi

if TYPE_CHECKING:
    from omnimsg.delivery.asgi import Application, Receive, Scope, Send
    from omnimsg.delivery.request import Answer, CallbackRequest

pytestmark = pytest.mark.anyio


class Served:
    """Two applications, one mounted in the other, and the names of those that were called."""

    def __init__(self, path: str = "/callbacks") -> None:
        self.by: list[str] = []
        self.application = asgi.mounted(self.named("receiver"), self.named("site"), path)

    def named(self, name: str) -> Application:
        """Return an application that notes its name."""

        async def note(scope: Scope, receive: Receive, send: Send) -> None:
            self.by.append(name)

        return note

    async def call(self, scope: Scope) -> str:
        """Serve a scope, and return the name of the application that was called."""

        async def receive() -> Scope:
            raise AssertionError

        async def send(message: Scope) -> None:
            raise AssertionError

        await self.application(scope, receive, send)
        return self.by[-1]


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        (None, "/callbacks/bird", "receiver"),
        ("", "/callbacks/bird", "receiver"),
        ("/", "/callbacks/bird", "receiver"),
        ("", "/callbacks", "site"),
        ("", "/callbacksx/bird", "site"),
        ("", "/api/callbacks/bird", "site"),
        ("/api", "/api/callbacks/bird", "receiver"),
        ("/api/", "/api/callbacks/bird", "receiver"),
        ("/a/b", "/a/b/callbacks/bird", "receiver"),
        ("/api", "/apis/callbacks/bird", "site"),
        ("/api", "/api/page", "site"),
        # Hypercorn, and a server whose proxy strips the prefix, do not repeat it in the path.
        ("/api", "/callbacks/bird", "receiver"),
    ],
)
async def test_the_receivers_path_is_below_the_applications_root_path(
    root: str | None, path: str, expected: str
) -> None:
    """A root path of `uvicorn --root-path` or a mounting framework precedes the receiver's path."""
    scope: Scope = {"type": "http", "path": path}
    if root is not None:
        scope["root_path"] = root

    served = await Served().call(scope)

    assert expected == served


@pytest.mark.parametrize("path", ["callbacks", "/callbacks/", "callbacks/"])
async def test_the_slashes_around_the_path_may_be_left_out_or_not(path: str) -> None:
    """The receiver's path is the same with and without a slash in front of it and behind it."""
    served = await Served(path).call({"type": "http", "path": "/callbacks/bird"})

    assert "receiver" == served


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_only_requests_reach_the_receiver(kind: str) -> None:
    """Start, shutdown and websockets reach the application, not the receiver."""
    served = await Served().call({"type": kind, "path": "/callbacks/bird"})

    assert "site" == served


async def test_a_websocket_is_refused() -> None:
    """A client that wants a websocket of the receiver itself is told so after it has asked."""
    said: list[str] = []

    async def receive() -> Scope:
        said.append("asked")
        return {"type": "websocket.connect"}

    async def send(message: Scope) -> None:
        said.append(message["type"])

    async def respond(_: CallbackRequest) -> Answer:
        raise AssertionError

    await asgi.serve(respond, {"type": "websocket", "path": "/bird"}, receive, send)

    assert ["asked", "websocket.close"] == said
