"""Signals while a write waits, because nobody reads the pipe that it goes to."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_until

from omnimsg.cli.streams import InterruptedOutputError, writing
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMAND = (sys.executable, "-m", "omnimsg")
_PAGE = 4096
_REPLY = {
    "channel": "sms",
    "messageId": "23a7711a8133287637ebdcd9e87a1613",
    "from": "27820001000",
    "to": "27870000000",
    "timestamp": 1_780_000_000_000,
    "content": "x" * 2 * _PAGE,
    "charset": "UTF-8",
}


@contextmanager
def pipe_with_room(size: int) -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe that takes so many more bytes before a write waits."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, bytes(_PAGE))
    os.set_blocking(write, True)
    if size:
        os.read(read, size)
    try:
        yield read, write
    finally:
        os.close(read)
        os.close(write)


def is_full(write: int) -> bool:
    """Return whether a write to a pipe would wait."""
    return not select.select([], [write], [], 0)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_loop_handles_ends_the_write(number: signal.Signals) -> None:
    """The write ends at once, later ones are discarded, and the loop handles the signal."""
    handled: list[int] = []
    ends: list[type[Exception] | None] = []

    async def program(write: int) -> None:
        asyncio.get_running_loop().add_signal_handler(number, handled.append, number)
        with os.fdopen(os.dup(write), "w") as stream:
            for _ in range(2):
                try:
                    with writing(stream):
                        stream.write("x" * 4 * _PAGE)
                        stream.flush()
                    ends.append(None)
                except InterruptedOutputError as error:
                    ends.append(type(error))
        await asyncio.sleep(0)

    with pipe_with_room(_PAGE) as (read, write):

        def interrupt() -> None:
            wait_until(lambda: is_full(write))
            os.kill(os.getpid(), number)
            try:
                wait_until(lambda: bool(ends))
            finally:  # so that a write that the signal has not ended ends too
                os.read(read, 1 << 20)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        asyncio.run(program(write))
        interrupting.join()

    assert ([number], [InterruptedOutputError, None]) == (handled, ends)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listen_ends_and_does_not_acknowledge(tmp_path: Path, number: signal.Signals) -> None:
    """`listen` ends with exit code 0, and the event that it could not print is not acknowledged."""
    (tmp_path / "omnimsg.toml").write_text(Sandbox().config_toml(), encoding="utf-8")
    body = json.dumps({"integrationId": "1", "event": {"moText": [_REPLY]}}).encode()
    taken: list[int] = []

    def call_back(address: str) -> None:
        url = f"{address}/callbacks/clickatell/sandbox-callback-secret-0"
        request = urllib.request.Request(url, body, method="POST")  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
                taken.append(answer.status)
        except urllib.error.HTTPError as refusal:
            refusal.close()
        except OSError:
            pass  # the connection was closed without an answer

    with (
        pipe_with_room(_PAGE) as (_, write),
        subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, "listen", "--port", "0", "--json"],
            cwd=tmp_path,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        address = process.stderr.readline().split(";")[0].removeprefix("Listening on ")
        calling = threading.Thread(target=call_back, args=(address,))
        calling.start()
        wait_until(lambda: is_full(write))
        process.send_signal(number)
        try:
            code = process.wait(timeout=20)
        finally:
            process.kill()
        calling.join()

    assert (0, []) == (code, taken)


def test_the_end_of_a_command_does_not_wait_for_the_reader(tmp_path: Path) -> None:
    """Ctrl+C ends `sandbox` with exit code 0, although it has unwritten output."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with (
        pipe_with_room(0) as (_, write),
        subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, "sandbox", "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=write,
        ) as process,
    ):

        def listens() -> bool:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            return False

        def has_ended() -> bool:
            process.send_signal(signal.SIGINT)  # again, if the first has preceded the write
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            return process.poll() is not None

        try:
            wait_until(listens)  # after that it prints its address
            wait_until(has_ended)
        finally:
            process.kill()

    assert 0 == process.returncode


def test_an_interrupted_error_keeps_its_exit_code(tmp_path: Path) -> None:
    """Ctrl+C while the error itself waits for its reader leaves the exit code of the error."""
    with (
        pipe_with_room(_PAGE) as (_, write),
        subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, "config", "show", "--config", "x" * 2 * _PAGE], cwd=tmp_path, stderr=write
        ) as process,
    ):
        try:
            wait_until(lambda: is_full(write))
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=20)
        finally:
            process.kill()

    assert 2 == code
