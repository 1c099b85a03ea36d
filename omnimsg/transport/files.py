"""Files on their way in and out: measured before they leave, complete before they appear."""

from __future__ import annotations

import errno
import hashlib
import secrets
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import anyio
import anyio.to_thread

from omnimsg.adapter import Source
from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO

_CHUNK = 1024 * 1024


async def file_size(data: bytes | Path) -> int:
    """Return the bytes of a file without opening it.

    Raises:
        OSError: It is not there, or is no regular file: a pipe may never end.
    """
    if isinstance(data, bytes):
        return len(data)
    found = await anyio.to_thread.run_sync(data.stat, abandon_on_cancel=True)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    return found.st_size


async def measured(data: bytes | Path) -> Source:
    """Measure a file, in a thread that is given up when the caller is cancelled.

    Raises:
        OSError: It cannot be read.
    """
    given_up = threading.Event()
    try:
        return await anyio.to_thread.run_sync(_measure, data, given_up, abandon_on_cancel=True)
    finally:
        given_up.set()


def _measure(data: bytes | Path, given_up: threading.Event) -> Source:
    if isinstance(data, bytes):
        return Source(data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    digest, size = hashlib.sha256(), 0
    with data.open("rb") as file:
        while not given_up.is_set() and (chunk := file.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
    return Source(data=data, size=size, sha256=digest.hexdigest())


class SinkFault(Exception):  # noqa: N818 - never leaves the engine
    """A downloaded file could not be written: the disk's doing, not the connection's.

    Attributes:
        error: What the operating system said.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Sink(Protocol):
    """Where a downloaded file goes."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            OSError: They cannot be kept.
        """


class MemorySink:
    """Keeps a small file in memory."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._chunks.append(chunk)

    def value(self) -> bytes:
        """Return what was written."""
        return b"".join(self._chunks)


class FileSink:
    """Writes beside the target and renames at the end: the target is whole or not there at all."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._file: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Open the file beside the target."""
        self._file = await anyio.to_thread.run_sync(self._create)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Rename it, or remove it where something went wrong, also for a caller who is gone.

        Raises:
            OSError: It cannot be renamed, or not in time.
        """
        whole = kind is None
        with anyio.move_on_after(CLEANUP_SECONDS, shield=True) as scope:
            await anyio.to_thread.run_sync(self._finish, whole, abandon_on_cancel=True)
        if whole and scope.cancelled_caught:
            raise TimeoutError(errno.ETIMEDOUT, "the file cannot be renamed in time")

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        await anyio.to_thread.run_sync(self._file.write, chunk)

    def _create(self) -> IO[bytes]:
        # Not by `tempfile`: its files are for their owner only, whatever the umask says.
        name = f".{self._target.name}.{secrets.token_hex(4)}"
        return self._target.with_name(name).open("xb")

    def _finish(self, whole: bool) -> None:
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        written = Path(self._file.name)
        try:
            self._file.close()
            if whole:
                written.replace(self._target)
        finally:
            written.unlink(missing_ok=True)
