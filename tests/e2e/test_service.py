"""One service that sends and receives, with three providers: only the configuration differs."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

SERVICE = Path(__file__).with_name("service.py")
TO = "+27820000001"


@pytest.mark.parametrize("provider", ["bird", "clickatell", "messente"])
async def test_a_service_learns_of_delivery_and_reply(tmp_path: Path, provider: str) -> None:
    """The service prints the same delivery and reply with each provider.

    The status comes from a signed report: the client polls only after 30 seconds.
    """
    port = _free_port()
    async with Sandbox(callbacks=f"http://127.0.0.1:{port}/callbacks") as sandbox:
        text = sandbox.config_toml().replace('default = "clickatell"', f'default = "{provider}"')
        text += f'\n[callbacks]\npublic_url = "http://127.0.0.1:{port}/callbacks"\n'
        config = tmp_path / "omnimsg.toml"
        config.write_text(text, encoding="utf-8")
        command = [sys.executable, str(SERVICE), str(config), str(port)]
        async with await anyio.open_process(command, cwd=tmp_path, stderr=None) as process:
            lines = _lines(process)
            try:
                with anyio.fail_after(30):
                    status = await anext(lines)
                    sandbox.reply(TO, "Yes, thank you")
                    reply = await anext(lines)
            finally:
                process.kill()

    assert ("delivered True", f"reply {TO} Yes, thank you") == (status, reply)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def _lines(process: anyio.abc.Process) -> AsyncIterator[str]:
    """Yield the lines that a process prints."""
    assert process.stdout is not None
    text = b""
    async for piece in process.stdout:
        text += piece
        *whole, text = text.split(b"\n")
        for line in whole:
            yield line.decode()
