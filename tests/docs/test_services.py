"""The example services of the docs run, and print what a provider reports."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import anyio
import examples
import orjson
import pytest

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs"

SERVICES: dict[str, str] = {
    each.argument: each.program
    for each in examples.examples(DOCS / "receive.md")
    if each.mark == "serve" and each.argument
}
PASSWORD = "api-s3cret-password"
CONFIG = f"""
[callbacks]
public_url = "https://hooks.example.test/callbacks"

[accounts.messente]
provider = "messente"
username = "user"
password = "{PASSWORD}"
"""
REPORT = {
    "status": "DELIVRD",
    "err": 0,
    "message_id": "c2a6d3b8-11a5-4a3f-9a61-0d5f4b3a2c02",
    "to": "+37255500001",
    "channel": "sms",
    "omnimessage_id": "5d6f0c1a-0f7e-4c1d-8a54-1b0f6f0c9d11",
    "timestamp": "2030-01-02T03:05:09.000311",
}

# Serves the module `service` on a port that the system chooses, and prints the port.
ASGI = """
import asyncio, socket, uvicorn, service
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
server = uvicorn.Server(uvicorn.Config(service.app, log_level="error"))
asyncio.run(server.serve(sockets=[sock]))
"""
AIOHTTP = """
import socket, service
from aiohttp import web
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
web.run_app(service.app, sock=sock, print=None, access_log=None)
"""


@asynccontextmanager
async def serve(
    name: str, config: str, folder: Path
) -> AsyncIterator[tuple[int, anyio.abc.Process]]:
    """Serve an example service of the page in its own process; yield its port and the process."""
    (folder / "service.py").write_text(SERVICES[name], encoding="utf-8")
    (folder / "omnimsg.toml").write_text(config, encoding="utf-8")
    (folder / "omnimsg.toml").chmod(0o600)
    code = AIOHTTP if name == "aiohttp" else ASGI
    async with await anyio.open_process(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "OMNIMSG_CONFIG": "omnimsg.toml"},
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            with anyio.fail_after(30):
                yield int(await _line(process)), process
        finally:
            process.kill()


@pytest.fixture(params=sorted(SERVICES))
async def served(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[int, anyio.abc.Process]]:
    """Serve each service in turn, with a Messente account."""
    async with serve(request.param, CONFIG, tmp_path) as running:
        yield running


async def test_a_service_prints_what_is_reported(
    served: tuple[int, anyio.abc.Process],
) -> None:
    """A signed report reaches the handler of the service; an unsigned one is refused."""
    port, process = served
    url = f"http://127.0.0.1:{port}/callbacks/messente"
    body = orjson.dumps(REPORT)
    digest = hmac.new(PASSWORD.encode(), body, sha256).hexdigest()

    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=body) as answer:
            unsigned = answer.status
        async with session.post(url, data=body, headers={"X-Messente-Signature": digest}) as answer:
            signed = answer.status
        line = await _line(process)

    assert (401, 204, "status messente None") == (unsigned, signed, line)


async def test_the_first_reply(tmp_path: Path) -> None:
    """The steps of the page work: print a configuration, run the service, reply from a phone."""
    command = ("sandbox", "--callbacks", "http://127.0.0.1:9000/callbacks", "--print-config")
    printed = await anyio.run_process([sys.executable, "-m", "omnimsg", *command])

    async with (
        serve("fastapi", printed.stdout.decode(), tmp_path) as (port, process),
        Sandbox(callbacks=f"http://127.0.0.1:{port}/callbacks") as sandbox,
    ):
        sandbox.reply("+27820001000", "YES", provider="clickatell", channel="sms")
        lines = [await _line(process), await _line(process)]

    assert ["inbound clickatell None", "+27820001000 says YES"] == lines


async def _line(process: anyio.abc.Process) -> str:
    """Return the next line that the process prints."""
    assert process.stdout is not None
    line = b""
    with anyio.fail_after(20):
        while not line.endswith(b"\n"):
            line += await process.stdout.receive(1)
    return line.decode().strip()
