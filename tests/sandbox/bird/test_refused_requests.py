"""Requests that the Bird emulator refuses for their address, key, form or query."""

from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE

pytestmark = pytest.mark.anyio

MESSAGES = f"workspaces/{WORKSPACE}/channels/{CHANNELS['sms']}/messages"
BODY: dict[str, Any] = {
    "receiver": {"contacts": [{"identifierValue": "+48500100200"}]},
    "body": {"type": "text", "text": {"text": "hi"}},
}
OTHER = "00000000-0000-4000-8000-000000000000"


def not_found(missing: str) -> dict[str, str]:
    """Return the error for a missing resource."""
    text = f"The requested resource does not exist: {missing} not found"
    return {"code": "NotFound", "message": text}


@pytest.mark.parametrize(
    ("method", "path", "missing"),
    [
        ("POST", f"workspaces/{OTHER}/channels/{CHANNELS['sms']}/messages", "workspace"),
        ("POST", f"workspaces/{WORKSPACE}/channels/{OTHER}/messages", "channel"),
        ("POST", f"workspaces/{WORKSPACE}/channels/{OTHER}/batch/messages", "channel"),
        ("GET", f"workspaces/{WORKSPACE}/channels/{OTHER}/messages", "channel"),
        ("GET", f"workspaces/{OTHER}/channels/messages", "workspace"),
        ("GET", f"{MESSAGES}/{OTHER}", "message"),
        ("GET", f"{MESSAGES}/{OTHER}/interactions", "message"),
        ("POST", f"workspaces/{OTHER}/channel-media/presigned-upload", "workspace"),
        ("POST", f"workspaces/{WORKSPACE}/channels/{OTHER}/presigned-upload", "channel"),
        ("GET", f"workspaces/{WORKSPACE}/media/{OTHER}", "media"),
    ],
)
async def test_unknown_things(
    sandbox: Sandbox, http: aiohttp.ClientSession, method: str, path: str, missing: str
) -> None:
    """An unknown resource gets a 404 whose message names it, as in Bird's example."""
    async with http.request(method, f"{sandbox.url}/bird/{path}", json=BODY) as response:
        answer = await response.json()

    assert (response.status, answer) == (404, not_found(missing))


async def test_an_unknown_contact(http: aiohttp.ClientSession) -> None:
    """A message for a contact that does not exist gets a 404 that names the contact."""
    url = f"channels/{CHANNELS['sms']}/messages"
    unknown = BODY | {"receiver": {"contacts": [{"id": "c-1"}]}}
    async with http.post(url, json=unknown) as response:
        answer = await response.json()

    assert (response.status, answer) == (404, not_found("contact"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "workspaces", 404),
        ("DELETE", MESSAGES, 405),
        ("PATCH", f"{MESSAGES}/{OTHER}", 405),
    ],
)
async def test_unknown_operations(
    sandbox: Sandbox, http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    """An unknown operation gets an error with a code and a message."""
    async with http.request(method, f"{sandbox.url}/bird/{path}", json=BODY) as response:
        answer = await response.json()

    assert response.status == status
    assert {name: type(value) for name, value in answer.items()} == {"code": str, "message": str}


@pytest.mark.parametrize(
    "key",
    [None, f"AccessKey {ACCESS_KEY}x", f"Bearer {ACCESS_KEY}", ACCESS_KEY, "AccessKey"],
    ids=["none", "wrong", "scheme", "bare", "empty"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", MESSAGES),
        ("POST", MESSAGES.replace("/messages", "/batch/messages")),
        ("GET", MESSAGES),
        ("GET", f"{MESSAGES}/{OTHER}"),
        ("GET", f"{MESSAGES}/{OTHER}/interactions"),
        ("GET", f"workspaces/{WORKSPACE}/channels/messages"),
        ("POST", f"workspaces/{WORKSPACE}/channel-media/presigned-upload"),
        ("GET", f"workspaces/{WORKSPACE}/media/{OTHER}"),
    ],
)
async def test_wrong_key(sandbox: Sandbox, method: str, path: str, key: str | None) -> None:
    """Every operation needs the access key."""
    headers = {} if key is None else {"Authorization": key}
    url = f"{sandbox.url}/bird/{path}"

    async with aiohttp.request(method, url, headers=headers, json=BODY) as response:
        answer = await response.json()

    assert (response.status, set(answer)) == (401, {"code", "message"})


async def test_the_key_twice(sandbox: Sandbox) -> None:
    """A request with two Authorization header lines is unauthorized."""
    headers = CIMultiDict([("Authorization", f"AccessKey {ACCESS_KEY}")] * 2)

    async with aiohttp.request(
        "POST", f"{sandbox.url}/bird/{MESSAGES}", headers=headers, json=BODY
    ) as response:
        status = response.status

    assert 401 == status


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"receiver": ', "application/json", 400),
        (b"", "application/json", 400),
        (b"{}", "text/plain", 400),
        (b"{" + b" " * 200_000 + b"}", "application/json", 413),
    ],
    ids=["cut short", "empty", "not called JSON", "200 KB"],
)
async def test_unreadable_body(
    http: aiohttp.ClientSession, content: bytes, content_type: str, status: int
) -> None:
    """A body that is too large or not JSON is refused before its properties are checked."""
    async with http.post(
        f"channels/{CHANNELS['sms']}/messages",
        data=content,
        headers={"Content-Type": content_type},
    ) as response:
        answer = await response.json()

    assert (response.status, set(answer)) == (status, {"code", "message"})


async def test_throttle(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A throttled request is not processed, and the response has no Retry-After."""
    sandbox.faults.add("rate_limit", provider="bird")

    async with http.post(f"channels/{CHANNELS['sms']}/messages", json=BODY) as response:
        answer = await response.json()

    assert (response.status, set(answer)) == (429, {"code", "message"})
    assert "Retry-After" not in response.headers
    assert len(sandbox.emulators["bird"].messages) == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", ".limit"),
        ("limit=1001", ".limit"),
        ("limit=ten", ".limit"),
        ("limit=1\u0660", ".limit"),
        ("limit=1&limit=2", ".limit"),
        ("reverse=yes", ".reverse"),
        ("pageToken=nonsense", ".pageToken"),
        ("pageToken=%C3%A9", ".pageToken"),
        ("pageToken=" + "x" * 8001, ".pageToken"),
        ("status=read", ".status"),
        ("direction=out", ".direction"),
        ("startAt=2023-11-14", ".startAt"),
        ("id=7", ".id"),
        ("batchId=7", ".batchId"),
        ("messageType=audio", ".messageType"),
        ("failureCode=x", ".failureCode"),
        ("platform=a", ".platform"),
        ("phonenumber=%2B48500100200", ".phonenumber"),
        (f"channelId={OTHER}", ".channelId"),
    ],
)
async def test_invalid_query(http: aiohttp.ClientSession, query: str, path: str) -> None:
    """A list refuses parameters and values that Bird does not document."""
    async with http.get(f"channels/{CHANNELS['sms']}/messages?{query}") as response:
        answer = await response.json()

    assert (response.status, list(answer["details"])) == (422, [path])
