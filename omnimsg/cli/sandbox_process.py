"""Run a sandbox in a separate process, so that its CPU time is not counted as the client's.

Run as a program, this module prints its port, then answers each line on standard input with the
number of send requests so far. It serves until standard input ends, so that it ends with the
process that started it, even if that process is killed.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds that the process gets to end by itself before it is killed.
_GRACE = 5.0


@attrs.define
class SandboxProcess:
    """A sandbox in another process.

    Attributes:
        process: The process.
        port: The port of 127.0.0.1 that it listens on.
    """

    process: subprocess.Popen[str]
    port: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.port = int(self._read_line())

    def requests(self) -> int:
        """Return the number of send requests so far.

        Raises:
            CommandError: The process has ended.
        """
        assert self.process.stdin is not None  # noqa: S101 - it was started with pipes
        with suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        return int(self._read_line())

    def _read_line(self) -> str:
        assert self.process.stdout is not None  # noqa: S101 - it was started with pipes
        line = self.process.stdout.readline()
        if not line:
            raise CommandError("the sandbox has stopped", "its error is above", code=FAILED)
        return line


@contextmanager
def start_sandbox_process(*, latency: float = 0.0) -> Iterator[SandboxProcess]:
    """Serve all installed emulators in another process, for as long as the context lasts.

    Args:
        latency: Seconds by which the sandbox delays each answer to a send request.

    Raises:
        CommandError: The process does not start.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program
        # -P: modules in the user's working directory must not be imported.
        [sys.executable, "-P", "-m", __name__, str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl+C must interrupt only the command, which then ends the child process.
        start_new_session=True,
    )
    try:
        yield SandboxProcess(process)
    finally:
        try:
            process.communicate(timeout=_GRACE)
        finally:
            process.kill()
            process.wait()


async def _serve(latency: float) -> None:
    import anyio.to_thread  # noqa: PLC0415 - for the program only

    from omnimsg.sandbox import Sandbox  # noqa: PLC0415

    async with Sandbox() as sandbox:
        # The fault fires on every send request, so its count is their number; the request log is
        # bounded.
        latency_fault = sandbox.faults.add("latency", seconds=latency, probability=1.0)
        _print_number(sandbox.port)
        while await anyio.to_thread.run_sync(sys.stdin.readline):
            _print_number(latency_fault.fired)


def _print_number(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import anyio

    anyio.run(_serve, float(sys.argv[1]))
