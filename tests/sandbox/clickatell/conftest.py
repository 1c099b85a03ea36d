"""A sandbox with the Clickatell emulator, and a plain HTTP client with its key."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import orjson
import pytest
from support.sandbox_fixtures import clock, sandbox

from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg.sandbox import Emulator, Sandbox

__all__ = ["clock", "sandbox"]


@attrs.frozen
class Api:
    """An HTTP client of One API; paths begin after ``/v1/``."""

    session: aiohttp.ClientSession

    async def request(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request; return the status and the decoded body, None if it is empty."""
        async with self.session.request(method, f"/clickatell/v1/{path}", **options) as response:
            body = await response.read()
            return response.status, await response.json() if body else None

    async def send(self, *messages: Any) -> tuple[int, Any]:
        """Send messages."""
        # A stream, since aiohttp warns of large bodies in one piece.
        body = BytesIO(orjson.dumps({"messages": messages}))
        headers = {"Content-Type": "application/json"}
        return await self.request("POST", "message", data=body, headers=headers)

    async def send_one(self, message: Any) -> str:
        """Send one valid message and return its id."""
        status, body = await self.send(message)
        assert status == 202, body
        return str(body["messages"][0]["apiMessageId"])

    async def status(self, message_id: str) -> Any:
        """Look up a message."""
        _, body = await self.request("GET", f"message/{message_id}")
        return body

    async def upload(
        self, data: bytes = b"bytes", kind: str = "image/png", **query: str
    ) -> tuple[int, Any]:
        """Upload a file that may be sent to any recipient."""
        params = {"fileName": "a.png", "broadcastAllowed": "true"} | query
        headers = {"Content-Type": kind}
        return await self.request("POST", "media", data=data, params=params, headers=headers)

    async def file_id(self, data: bytes = b"bytes", kind: str = "image/png", **query: str) -> str:
        """Upload a valid file and return its id."""
        status, body = await self.upload(data, kind, **query)
        assert status == 201, body
        return str(body["fileId"])


@pytest.fixture
def emulators() -> list[type[Emulator]]:
    """Serve only Clickatell."""
    return [ClickatellEmulator]


@pytest.fixture
def emulator(sandbox: Sandbox) -> ClickatellEmulator:
    """Return the served emulator."""
    return sandbox.emulator(ClickatellEmulator)


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    """Return a client with a valid key; the tests' recipient has an open service window."""
    sandbox.open_windows("27820000001")
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    headers = {"Authorization": key}
    async with aiohttp.ClientSession(sandbox.url, headers=headers) as session:
        yield Api(session)
