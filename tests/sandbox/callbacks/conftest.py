"""Fixtures: a sandbox of all providers, a server for its callbacks, and a plain HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest
from support.callback_target import Target, target
from support.sandbox_fixtures import PACE, clock

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE
from omnimsg_messente.emulator import PASSWORD, USERNAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_fixtures import Clock

__all__ = ["clock", "target"]

TO = "+37255500001"


@pytest.fixture
async def sandbox(clock: Clock, target: Target) -> AsyncIterator[Sandbox]:
    """Serve all providers, with ten seconds between two steps and callbacks to the target."""
    async with Sandbox(clock=clock, pace=PACE, callbacks=f"{target.url}/callbacks") as served:
        yield served


@attrs.frozen
class Api:
    """An HTTP client of the sandbox: sends through each provider, and controls it."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request; return the status and the decoded body."""
        async with self.session.request(method, path, **options) as response:
            return response.status, await response.json() if await response.read() else None

    async def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the control API."""
        return await self.call(method, f"/_sandbox/{path}", json=body)

    async def clickatell(self, to: str = TO, **fields: Any) -> str:
        """Send through Clickatell, by default an SMS, and return the id."""
        key = self.sandbox.config()["accounts"]["clickatell"]["api_key"]
        content = {} if fields.keys() & {"button", "listPicker"} else {"content": "Hello"}
        message = {"to": to.removeprefix("+"), **content, "clientMessageId": "order-1", **fields}
        status, body = await self.call(
            "POST",
            "/clickatell/v1/message",
            json={"messages": [message]},
            headers={"Authorization": key},
        )
        assert status == 202, body
        return str(body["messages"][0]["apiMessageId"])

    async def messente(self, to: str = TO, *messages: Any, **fields: Any) -> Any:
        """Send through Messente, by default an SMS, and return the answer."""
        sms = {"channel": "sms", "text": "Hello"}
        status, body = await self.call(
            "POST",
            "/messente/v1/omnimessage",
            json={"to": to, "messages": messages or [sms], **fields},
            headers={"Authorization": aiohttp.encode_basic_auth(USERNAME, PASSWORD)},
        )
        assert status == 201, body
        return body

    async def bird(self, to: str = TO, channel: str = "sms", **fields: Any) -> str:
        """Send through Bird and return the id."""
        path = f"/bird/workspaces/{WORKSPACE}/channels/{CHANNELS[channel]}/messages"
        body = {"type": "text", "text": {"text": "Hello"}}
        status, answer = await self.call(
            "POST",
            path,
            json={
                "receiver": {"contacts": [{"identifierValue": to}]},
                "body": body,
                "reference": "order-1",
                **fields,
            },
            headers={"Authorization": f"AccessKey {ACCESS_KEY}"},
        )
        assert status == 202, answer
        return str(answer["id"])


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    """Return a client of the sandbox; the usual recipient's service window is open."""
    sandbox.open_windows(TO)
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield Api(sandbox, session)
