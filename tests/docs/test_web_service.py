"""The web service of the docs answers each outcome as its page says, with one worker or two."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import examples
import pytest

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs"
(SERVICE,) = (
    each.program for each in examples.examples(DOCS / "web-service.md") if each.mark == "serve"
)


@asynccontextmanager
async def _served(
    sandbox: Sandbox, folder: Path, *, workers: int = 1
) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve the page's service, connected to a sandbox, and yield an HTTP session for it."""
    (folder / "service.py").write_text(SERVICE, encoding="utf-8")
    (folder / "omnimsg.toml").write_text(sandbox.config_toml(), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["-m", "uvicorn", "service:app", "--workers", str(workers), "--port", str(port)]
    async with await anyio.open_process(
        [sys.executable, *command, "--log-level", "error"],
        cwd=folder,
        env={**os.environ, "OMNIMSG_CONFIG": "omnimsg.toml"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            # Open a connection for each request, so that the requests spread over the workers.
            connector = aiohttp.TCPConnector(force_close=True)
            url = f"http://127.0.0.1:{port}"
            async with aiohttp.ClientSession(url, connector=connector) as session:
                await _wait_for(session)
                yield session
        finally:
            process.terminate()


async def _wait_for(session: aiohttp.ClientSession) -> None:
    with anyio.fail_after(40):
        while True:
            try:
                async with session.get("/health"):
                    return
            except aiohttp.ClientConnectionError:
                await anyio.sleep(0.05)


async def _notify(
    session: aiohttp.ClientSession, number: str, text: str = "Your table is ready"
) -> tuple[int, Any]:
    key = int(number[-4:])  # a key of its own, and so a reference of its own
    async with session.put(f"/notices/{key}", json={"to": number, "text": text}) as answer:
        return answer.status, await answer.json()


async def test_a_repeated_call_sends_nothing_again(tmp_path: Path) -> None:
    """The same notice has the same id, and another text under its key names the field."""
    async with Sandbox() as sandbox, _served(sandbox, tmp_path) as session:
        first = await _notify(session, "+27820001000")
        again = await _notify(session, "+27820001000")
        other = await _notify(session, "+27820001000", "Your table is gone")
        received = len(sandbox.handsets.received("+27820001000"))

    assert (202, 202, first[1]["id"]) == (first[0], again[0], again[1]["id"])
    assert (422, "invalid_message", "reference") == (
        other[0],
        other[1]["reason"],
        other[1]["field"],
    )
    assert received == 1


async def test_each_outcome_has_its_answer(tmp_path: Path) -> None:
    """A message that was not sent gets a 503, and one that may have been sent never gets a 5xx."""
    async with Sandbox() as sandbox, _served(sandbox, tmp_path) as session:
        accepted = await _notify(session, "+27820001000")
        invalid = await _notify(session, "0820001000")
        rejected = await _notify(session, "+27820990004")
        sandbox.faults.add("rate_limit", count=9)
        not_sent = await _notify(session, "+27820001001")
        sandbox.faults.clear()
        sandbox.faults.add("reset_after")
        ambiguous = await _notify(session, "+27820001002")
        async with session.get("/health") as answer:
            health = await answer.json()

    assert (202, "accepted") == (accepted[0], accepted[1]["state"])
    assert accepted[1]["id"].startswith("clickatell:")
    assert 422 == invalid[0]
    assert (422, "opted_out") == (rejected[0], rejected[1]["reason"])
    assert (503, "not sent") == (not_sent[0], not_sent[1]["state"])
    assert (202, "unknown") == (ambiguous[0], ambiguous[1]["state"])
    assert {"waiting": 0, "under_way": 0, "trouble": []} == health["clickatell"]


async def test_two_workers_send_each_message_once(tmp_path: Path) -> None:
    """Each message arrives once, whichever of two workers takes its request."""
    numbers = [f"+278200010{number:02}" for number in range(20)]

    async with Sandbox() as sandbox, _served(sandbox, tmp_path, workers=2) as session:
        answers = [(await _notify(session, each))[0] for each in numbers]
        received = [each.number for each in sandbox.handsets.all()]

    assert (answers, sorted(received)) == ([202] * 20, numbers)
