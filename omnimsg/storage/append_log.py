"""A file that grows by whole lines, in group writes, and belongs to one process at a time.

Lines are noted at once and written together: while one write is under way, whoever comes gathers
for the next, so that many requests share one `fsync`. All writing happens in one thread, in the
order in which lines were noted; a caller that is cancelled takes nothing back.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimsg.storage.file_lock import lock

if TYPE_CHECKING:
    from pathlib import Path


class AppendLog:
    """The file, open and locked.

    After a write has failed nothing more is promised: `commit` raises for good, and only what was
    noted as `owed` is still written if it can be. Half a line is never left behind.

    Args:
        path: An existing file, or where a new one is to be, readable by its owner only.
        new: Whether it must not exist yet.

    Raises:
        FileExistsError: A new one exists.
        FileNotFoundError: An old one does not.
        BlockingIOError: Another process has it open.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        binary = getattr(os, "O_BINARY", 0)
        flags = os.O_RDWR | binary | (os.O_CREAT | os.O_EXCL if new else 0)
        self._file = os.open(path, flags, 0o600)
        try:
            lock(self._file)
            if new:
                _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise
        self._end = os.fstat(self._file).st_size
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._synced = True
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="omnimsg-results")
        self.broken: OSError | None = None

    def cut(self, end: int) -> None:
        """Remove what stands after so many bytes: the half line that a killed process left.

        Raises:
            OSError: It cannot be removed.
        """
        os.ftruncate(self._file, end)
        os.fsync(self._file)
        self._end = end

    def note(self, line: bytes, *, owed: bool = True) -> None:
        """Take a line, with its line break, to be written with the next write.

        Args:
            line: What to write.
            owed: Whether it is still to be written after a write has failed.
        """
        self._waiting.append((line, owed))

    async def commit(self) -> None:
        """Return when all that was noted before is on the disk, also for a loss of power.

        Raises:
            OSError: It is not, or an earlier write failed.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, True)

    async def flush(self) -> None:
        """Return when all that was noted before survives the end of this process.

        Raises:
            OSError: It does not.
        """
        if self._waiting:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, False)

    def close(self) -> None:
        """Write what is owed, once more if need be, and let go of the file, for good.

        Raises:
            OSError: Something owed could not be written.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._thread.submit(self._write, False).result()
            if self.broken is None:
                os.fsync(self._file)
        finally:
            self._thread.shutdown()
            os.close(self._file)

    def _write(self, durable: bool) -> None:
        if durable and self.broken is not None:
            raise self.broken
        taken, end = [], self._end
        while self._waiting:
            taken.append(self._waiting.popleft())
        try:
            if taken:
                self._put(b"".join(line for line, _ in taken))
                self._synced = False
            if durable and not self._synced:
                os.fsync(self._file)
                self._synced = True
        except OSError as error:
            self.broken = error
            self._end = end
            with suppress(OSError):
                os.ftruncate(self._file, end)
            self._waiting.extendleft(reversed([each for each in taken if each[1]]))
            raise

    def _put(self, data: bytes) -> None:
        os.lseek(self._file, self._end, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._end += len(data)


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a loss of power; Windows has no such call."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
