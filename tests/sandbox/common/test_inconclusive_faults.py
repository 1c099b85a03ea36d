"""Faults whose answers do not tell whether the request was processed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

ONE = "+27820000001"


async def raw(sandbox: Sandbox) -> bytes:
    """Send one message over a plain connection, and return all bytes until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    body = b'["+27820000001"]'
    head = "POST /echo/send HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("redirect", 302),
        ("redirect", 303),
        *[("status", status) for status in (200, 302, 304, 408, 425, 460, 499, 500, 503, 504)],
        ("html", 502),
    ],
)
async def test_a_status_may_hide_a_processed_request(
    sandbox: Sandbox, kind: str, status: int, processed: bool
) -> None:
    """With `processed` the message is accepted, although the response is that of the fault."""
    sandbox.faults.add(kind, status=status, processed=processed)

    async with (
        aiohttp.ClientSession(sandbox.url) as http,
        http.post("/echo/send", json=[ONE], allow_redirects=False) as response,
    ):
        seen = response.status

    accepted = len(sandbox.emulators["echo"].messages)
    assert (status, int(processed)) == (seen, accepted)


@pytest.mark.parametrize("status", [100, 102, 103, 199])
async def test_an_interim_response_precedes_the_real_one(sandbox: Sandbox, status: int) -> None:
    """An interim response is followed by the emulator's own."""
    sandbox.faults.add("interim", status=status)

    answer = await raw(sandbox)

    interim, _, final = answer.partition(b"\r\n\r\n")
    assert interim.startswith(f"HTTP/1.1 {status} ".encode())
    assert final.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("processed", [True, False])
async def test_an_interim_response_alone(sandbox: Sandbox, processed: bool) -> None:
    """With `alone` only the interim response is sent, whether or not the message is accepted."""
    sandbox.faults.add("interim", status=103, alone=True, processed=processed)

    answer = await raw(sandbox)

    assert answer == b"HTTP/1.1 103 Interim\r\n\r\n"
    assert int(processed) == len(sandbox.emulators["echo"].messages)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "interim", "status": 200},
        {"kind": "interim", "alone": 1},
        {"kind": "status", "processed": "yes"},
        {"kind": "reset_after", "processed": True},
    ],
)
async def test_invalid_parameters(sandbox: Sandbox, options: dict[str, Any]) -> None:
    """Invalid parameters of these faults are refused."""
    async with (
        aiohttp.ClientSession(sandbox.url) as http,
        http.post("/_sandbox/faults", json=options) as response,
    ):
        assert response.status == 400
