"""A sandbox in a process of its own, so that what it costs is not taken for the client's.

Run as a program it prints its address, then answers each line on standard input with the number of
requests that would have reached a phone. It serves until standard input ends, so that it goes with
whoever started it, however that one ends.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.cli.errors import REFUSED, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds that it has to end by itself.
_GRACE = 5.0


@attrs.define
class SandboxProcess:
    """A sandbox that serves elsewhere.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    port: int = attrs.field(init=False)
    _process: subprocess.Popen[str]

    def __attrs_post_init__(self) -> None:
        self.port = int(self._line())

    def requests(self) -> int:
        """Count the requests so far that could have reached a phone."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        with suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        line = self._process.stdout.readline()
        if not line:
            raise Stop("the sandbox has stopped", "see above what it said", code=REFUSED)
        return line


@contextmanager
def start_sandbox_process(*, latency: float = 0.0) -> Iterator[SandboxProcess]:
    """Serve all installed emulators in another process, for as long as the context lasts.

    Args:
        latency: Seconds by which it delays each answer to a send.

    Raises:
        Stop: It does not start.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program
        # -P: what lies in the folder of the user must not be imported.
        [sys.executable, "-P", "-m", __name__, str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl+C is for the command, which then ends this.
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
        # It hits every send, so it counts them too, without an end as the request log has one.
        every = sandbox.faults.add("latency", seconds=latency, probability=1.0)
        _say(sandbox.port)
        while await anyio.to_thread.run_sync(sys.stdin.readline):
            _say(every.fired)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import anyio

    anyio.run(_serve, float(sys.argv[1]))
