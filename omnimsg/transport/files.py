"""Measure and open files for upload; write downloads that appear only when they are complete."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import threading
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread

from omnimsg.adapter import Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import IO

    from omnimsg.transport.interface import Sink

_CHUNK = 1024 * 1024

# Without it, Windows converts line endings.
_BINARY = getattr(os, "O_BINARY", 0)


async def file_size(data: bytes | Path) -> int:
    """Return the size of a file in bytes, without opening it.

    Raises:
        OSError: It does not exist, or is not a regular file: a pipe may never end.
    """
    if isinstance(data, bytes):
        return len(data)
    status = await anyio.to_thread.run_sync(data.stat, abandon_on_cancel=True)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return status.st_size


async def measure(data: bytes | Path) -> Source:
    """Compute the size and SHA-256 of a file, in a thread that is abandoned on cancellation.

    Raises:
        OSError: It cannot be read.
    """
    abandoned = threading.Event()
    try:
        return await anyio.to_thread.run_sync(
            read_and_measure, data, abandoned, abandon_on_cancel=True
        )
    finally:
        abandoned.set()


def read_and_measure(data: bytes | Path, abandoned: threading.Event) -> Source:
    """Measure a file; once `abandoned` is set, read no further and return a partial result."""
    if isinstance(data, bytes):
        return Source(data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    digest, size = hashlib.sha256(), 0
    with data.open("rb") as file:
        while not abandoned.is_set() and (chunk := file.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
    return Source(data=data, size=size, sha256=digest.hexdigest())


async def open_for_sending(path: Path) -> IO[bytes]:
    """Open a file in a thread.

    Raises:
        TransportFault: It cannot be opened.
    """
    try:
        return await anyio.to_thread.run_sync(path.open, "rb")
    except OSError as error:
        raise unreadable(error) from None


class ExactReader:
    """Reads an exact number of bytes from a file.

    Args:
        file: The open file.
        size: The bytes to read.
        is_on_disk: Whether reading it may block, so that it is read in threads.
    """

    def __init__(self, file: IO[bytes], size: int, *, is_on_disk: bool = True) -> None:
        self._file = file
        self._left = size
        self._is_on_disk = is_on_disk

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; empty at the end.

        Raises:
            TransportFault: The file cannot be read, or has become shorter.
        """
        wanted = min(size, self._left)
        if not wanted:
            return b""
        try:
            if self._is_on_disk:
                piece = await anyio.to_thread.run_sync(self._file.read, wanted)
            else:
                piece = self._file.read(wanted)
        except OSError as error:
            raise unreadable(error) from None
        if not piece:
            detail = "the file became shorter while it was sent"
            raise TransportFault(Reason.MEDIA_INVALID, detail)
        self._left -= len(piece)
        return piece


def unreadable(error: OSError) -> TransportFault:
    """Return the fault of a file that cannot be read while it is sent."""
    detail = f"the file cannot be read ({type(error).__name__})"
    return TransportFault(Reason.MEDIA_INVALID, detail)


class FileTooLargeError(OSError):
    """A downloaded file has more bytes than were allowed."""


class CheckedSink:
    """Passes bytes to another sink, limits their number and computes their SHA-256.

    Args:
        sink: Takes the bytes.
        max_bytes: The most bytes that it may take.
    """

    def __init__(self, sink: Sink, max_bytes: int) -> None:
        self._sink = sink
        self._left = max_bytes
        self._digest = hashlib.sha256()

    async def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            FileTooLargeError: There are too many.
        """
        self._left -= len(chunk)
        if self._left < 0:
            raise FileTooLargeError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._digest.update(chunk)
        await self._sink.write(chunk)

    def sha256(self) -> str:
        """Return the digest of everything that was written."""
        return self._digest.hexdigest()


class MemorySink:
    """Keeps a small file in memory."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._chunks.append(chunk)

    def value(self) -> bytes:
        """Return everything that was written."""
        return b"".join(self._chunks)


# The most bytes of the target's name in the name of its temporary file.
_MAX_NAME_START = 200


class FileSink:
    """Writes a temporary file beside the target and renames it at the end.

    The target is complete or does not exist.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target
        self._file: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Open the temporary file."""
        self._file = await anyio.to_thread.run_sync(self._create)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Rename the file, or remove it after an error, even if the caller was cancelled.

        Raises:
            OSError: It cannot be renamed, or not in time.
        """
        complete = kind is None
        with anyio.move_on_after(CLEANUP_SECONDS, shield=True) as scope:
            await anyio.to_thread.run_sync(self._finish, complete, abandon_on_cancel=True)
        if complete and scope.cancelled_caught:
            raise TimeoutError(errno.ETIMEDOUT, "the file cannot be renamed in time")

    async def write(self, chunk: bytes) -> None:
        """Append bytes."""
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        await anyio.to_thread.run_sync(self._file.write, chunk)

    def _create(self) -> IO[bytes]:
        # A customer's file: only its owner may read it, whatever the umask is. The name is cut,
        # because a file name may have 255 bytes at most.
        start = os.fsencode(self._target.name)[:_MAX_NAME_START].decode(errors="ignore")
        path = self._target.with_name(f".{start}.{secrets.token_hex(4)}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        self._path = path
        return os.fdopen(descriptor, "wb")

    def _finish(self, complete: bool) -> None:
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        try:
            self._file.close()
            if complete:
                self._path.replace(self._target)
        finally:
            self._path.unlink(missing_ok=True)
