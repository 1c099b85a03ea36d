"""Files on their way in and out: measured before they leave, complete before they appear."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import anyio.to_thread

from omnimsg.adapter import Source

if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO

_CHUNK = 1024 * 1024


async def measured(data: bytes | Path) -> Source:
    """Open a file and measure it, in a thread where it has to be read.

    Raises:
        OSError: It cannot be read.
    """
    if isinstance(data, bytes):
        return Source(data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return await anyio.to_thread.run_sync(_measure, data)


def _measure(path: Path) -> Source:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Source(data=path, size=size, sha256=digest.hexdigest())


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
        """Rename it, or remove it where something went wrong."""
        await anyio.to_thread.run_sync(self._finish, kind is None)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        await anyio.to_thread.run_sync(self._file.write, chunk)

    def _create(self) -> IO[bytes]:
        return tempfile.NamedTemporaryFile(
            dir=self._target.parent, prefix=f".{self._target.name}.", delete=False
        )

    def _finish(self, whole: bool) -> None:
        assert self._file is not None  # noqa: S101 - only used inside `async with`
        written = Path(self._file.name)
        try:
            self._file.close()
            if whole:
                written.replace(self._target)
        finally:
            written.unlink(missing_ok=True)
