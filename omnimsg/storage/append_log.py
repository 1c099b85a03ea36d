"""An append-only file of whole lines, written in groups and locked for one process.

`AppendLog.append` only queues a line. `commit` and `flush` write everything that is queued: lines
that are queued while one write is under way share the next one, so that many callers share one
`fsync` (group commit). One thread does all writing, in the order in which the lines were queued.

A lock keeps other processes of ours out, and nobody else. So each write first checks that the file
is still there, still the same, and as long as it was left. Where its time of change is not that of
the last write here, its content is compared too: a time alone may also be set by a backup.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimsg.storage.file_lock import lock_file
from omnimsg.storage.shared_writes import SharedWrites, Wanted
from omnimsg.storage.writing_thread import WritingThread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from pathlib import Path


_BLOCK_SIZE = 1 << 20


class LogChangedError(OSError):
    """Another program has deleted, replaced or changed the file; nothing is written to it again."""


class NotRegularFileError(OSError):
    """The path is a pipe or a device, which can be neither read again nor cut."""


class AppendLog:
    """An append-only file, open and locked for this process.

    A cancelled `commit` or `flush` does not remove lines: they are written with the next write.

    After a write has failed, `commit` raises the same error for good, because a line that was
    dropped must not be taken for one that is on the disk. `flush` and `close` still try to write
    the lines that were queued with `keep_on_failure`. A failed write leaves no partial line behind.
    Where another program has changed the file, `rescue` writes the lines to another one.

    Args:
        path: The file. A new file is created readable and writable by its owner only.
        new: Whether to create the file, which must not exist yet; otherwise it must exist.

    Attributes:
        write_error: The error of the last failed write; `None` while all writes have succeeded.

    Raises:
        FileExistsError: `new` is set and the file exists.
        FileNotFoundError: `new` is not set and the file does not exist.
        BlockingIOError: Another process has the file open.
        NotRegularFileError: The path is not that of a regular file.
        OSError: The file cannot be opened.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        # Opening a pipe must not wait for somebody at its other end.
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._file = os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o600)
        self._path = path
        try:
            _require_regular_file(self._file, path)
            lock_file(self._file)
            if new:
                _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise
        self._size, self._changed_at, self._digest = _look_at(self._file)
        self._queue: deque[tuple[bytes, bool]] = deque()
        # Lines that were queued, and those that were written before a write failed.
        self._appended = 0
        self._written = 0
        self._synced = True
        # Of the first `fsync` that failed. The system may report a page that it has lost only once,
        # so that another call would succeed without it.
        self._sync_error: OSError | None = None
        self._closed = False
        self._rescued = False
        self._thread = WritingThread("omnimsg-append-log")
        self._writes = SharedWrites(self._thread, self._write_wanted, self._is_written)
        self.write_error: OSError | None = None

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes, such as before the partial line that a killed process left.

        Raises:
            OSError: The file cannot be cut.
        """
        os.ftruncate(self._file, size)
        os.fsync(self._file)
        self._size, self._changed_at, self._digest = _look_at(self._file)

    def append(self, line: bytes, *, keep_on_failure: bool = True) -> int:
        """Queue a line for the next write.

        Args:
            line: The bytes to write, line break included.
            keep_on_failure: Whether the line stays queued when a write fails.

        Returns:
            How many lines were queued since the log was opened, this one included.
        """
        self._queue.append((line, keep_on_failure))
        self._appended += 1
        return self._appended

    def has_written(self, count: int) -> bool:
        """Return whether the first `count` queued lines survive the end of this process."""
        return count <= self._written

    def write_soon(self) -> None:
        """Have the lines queued before written, as `flush` does, without waiting for it."""
        if self._written < self._appended:
            self._writes.request(Wanted(self._appended, False))

    def begin_commit(self) -> asyncio.Future[bool | None]:
        """Return a future that is `True` when `commit` would return, and raises what it raises."""
        return self._writes.begin(Wanted(self._appended, True))

    async def commit(self) -> None:
        """Return when all lines queued before are on the disk and survive a loss of power.

        Raises:
            OSError: They are not, or an earlier write failed.
        """
        await self.begin_commit()

    async def flush(self) -> None:
        """Return when all lines queued before survive the end of this process.

        Raises:
            OSError: They do not.
        """
        if self._written < self._appended:
            await self._writes.wait(Wanted(self._appended, False))

    def finish(self) -> None:
        """Write the queued lines, after a failed write once more, and sync; the file stays open.

        Raises:
            LogChangedError: Another program has changed the file: now, or before the last write.
            OSError: Some lines could not be written; they are lost.
        """
        if self._closed:
            return
        self._thread.submit(self._write, False).result()
        if self.write_error is None:
            self._sync()

    def rescue(self, path: Path, instead: Iterable[bytes]) -> None:
        """Write the log to a new file, after another program has changed its own one.

        Args:
            path: The new file.
            instead: The lines to write where those of the log are gone.

        Raises:
            OSError: The new file exists, or cannot be written.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as new:
            if os.fstat(self._file).st_size == self._size and not self._is_other():
                # Deleted or replaced: what this process has open is still whole.
                with os.fdopen(os.dup(self._file), "rb") as old:
                    old.seek(0)
                    shutil.copyfileobj(old, new)
            else:
                new.writelines(instead)
            new.writelines(line for line, keep in self._queue if keep)
            new.flush()
            os.fsync(new.fileno())
        _sync_folder(path.parent)
        self._queue.clear()
        self._rescued = True

    def close(self) -> None:
        """Finish, unless the log was rescued, and close and unlock the file.

        Raises:
            OSError: Some lines could not be written; they are lost. The file is closed anyway.
        """
        if self._closed:
            return
        try:
            if not self._rescued:
                self.finish()
        finally:
            self._closed = True
            self._thread.shutdown()
            os.close(self._file)

    def _write_wanted(self, wanted: Sequence[Wanted]) -> list[OSError | None]:
        """Write for several callers; runs in the writing thread, returns the error of each."""
        errors: dict[Wanted, OSError | None] = {}
        # Durable ones first: what they write is written for the others too.
        for each in sorted(wanted, key=lambda each: (not each.durable, -each.count)):
            errors[each] = None
            try:
                if each.durable:
                    self._commit(each.count)
                elif each.count > self._written:
                    self._write(False)
            except OSError as error:
                errors[each] = error
        return [errors[each] for each in wanted]

    def _is_written(self, wanted: Wanted) -> bool:
        """Return whether it is written; called while the writing thread does nothing."""
        return (
            self.write_error is None
            and wanted.count <= self._written
            and (self._synced or not wanted.durable)
        )

    def _commit(self, count: int) -> None:
        """Make the first `count` lines durable; runs in the writing thread.

        A write for somebody else may have taken them along. Then a write that failed since does not
        concern them, and to say that they are not there would be wrong.
        """
        if count > self._written:
            self._write(True)
        elif not self._synced:
            self._sync()

    def _sync(self) -> None:
        """Make durable what was written, unless that has failed before."""
        if self._sync_error is not None:
            raise self._sync_error
        try:
            os.fsync(self._file)
        except OSError as error:
            self._sync_error = self.write_error = error
            raise
        self._synced = True

    def _write(self, durable: bool) -> None:
        """Write the queue; runs in the writing thread."""
        if self.write_error is not None and (
            durable or isinstance(self.write_error, LogChangedError)
        ):
            raise self.write_error
        taken: list[tuple[bytes, bool]] = []
        size_before, digest_before = self._size, self._digest.copy()
        synced_before = self._synced
        while self._queue:
            taken.append(self._queue.popleft())
        try:
            self._check_unchanged()
            if taken:
                self._write_all(b"".join(line for line, _ in taken))
                self._synced = False
            if durable and not self._synced:
                self._sync()
            # Not before: who shares a write that fails must not be told that it is there.
            if self.write_error is None:
                self._written += len(taken)
        except OSError as error:
            self.write_error = error
            self._size, self._digest = size_before, digest_before
            self._synced = synced_before
            if not isinstance(error, LogChangedError):
                with suppress(OSError):
                    os.ftruncate(self._file, size_before)
                    self._changed_at = os.fstat(self._file).st_mtime_ns
            kept = [(line, keep) for line, keep in taken if keep]
            self._queue.extendleft(reversed(kept))
            raise

    def _check_unchanged(self) -> None:
        """Check that nobody else has touched the file.

        Raises:
            LogChangedError: Somebody has.
        """
        own = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            what = "another program has deleted or renamed it"
        else:
            if (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
                what = "another program has put another file in its place"
            elif own.st_size != self._size:
                what = "another program has written to it or cut it"
            elif own.st_mtime_ns != self._changed_at and self._is_other():
                what = "another program has changed it"
            else:
                self._changed_at = own.st_mtime_ns
                return
        raise LogChangedError(errno.ESTALE, what, str(self._path))

    def _write_all(self, data: bytes) -> None:
        os.lseek(self._file, self._size, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._size += len(data)
        self._digest.update(data)
        self._changed_at = os.fstat(self._file).st_mtime_ns

    def _is_other(self) -> bool:
        """Return whether the file holds something else than was left there."""
        return _digest_of(self._file).digest() != self._digest.digest()


def _look_at(descriptor: int) -> tuple[int, int, hashlib.blake2b]:
    """Return a file's size, its time of change and the digest of its content."""
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns, _digest_of(descriptor)


def _digest_of(descriptor: int) -> hashlib.blake2b:
    """Read a file from its beginning to its end."""
    digest = hashlib.blake2b()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while block := os.read(descriptor, _BLOCK_SIZE):
        digest.update(block)
    return digest


def _require_regular_file(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NotRegularFileError(errno.EINVAL, "is no regular file", str(path))


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file survive a loss of power; Windows has no such call."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
