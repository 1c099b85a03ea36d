"""An append-only file of whole lines, written in groups and locked for one process.

`AppendLog.append` only queues a line. `commit` and `flush` write the whole queue: lines that are
queued during one write share the next one, so that many callers share one `fsync` (group commit).
One thread does all writing, in the order in which the lines were queued.

The lock excludes other processes that use this module, but no other programs. So each write first
checks that the file exists, is the same file, and has the size that the last write left; the size
is checked once more after the write. If its modification time has changed since the last write, its
content is compared too: a backup may set only the time.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimsg.storage.file_lock import lock_file
from omnimsg.storage.file_state import digest_of, file_state
from omnimsg.storage.shared_writes import SharedWrites, Wanted
from omnimsg.storage.writing_thread import WritingThread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from pathlib import Path


_OTHER_SIZE = "another program has written to it or cut it"


class LogChangedError(OSError):
    """Another program has deleted, replaced or changed the file; nothing is written to it again."""


class NotRegularFileError(OSError):
    """The path is a pipe or a device, which can be neither read again nor truncated."""


class AppendLog:
    """An append-only file, open and locked for this process.

    Cancelling `commit` or `flush` removes no lines: they are written with the next write.

    After a failed write, `commit` always raises its error, because a dropped line must not count as
    written. `flush` and `close` still try to write the lines that were queued with
    `keep_on_failure`. A failed write leaves no partial line behind. If another program has changed
    the file, `rescue` writes the lines to a new one.

    Args:
        path: The file. A new file is created readable and writable by its owner only.
        new: Whether to create the file, which must not exist yet; otherwise it must exist.
        start: The first line of a new file. It is synced to the disk, or there is no file.

    Attributes:
        write_error: The error of the last failed write; `None` while all writes have succeeded.

    Raises:
        FileExistsError: `new` is set and the file exists.
        FileNotFoundError: `new` is not set and the file does not exist.
        BlockingIOError: Another process has the file open.
        NotRegularFileError: The path is not a regular file.
        OSError: The file cannot be opened.
    """

    def __init__(self, path: Path, *, new: bool, start: bytes = b"") -> None:
        # Appending, so that a write never skips over what another program has just cut off. Opening
        # a pipe must not block until its other end is opened.
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._file = os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o600)
        self._path = path
        try:
            _require_regular_file(self._file, path)
            lock_file(self._file)
            if new:
                self.truncate(0, start)
                _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            if new:
                path.unlink(missing_ok=True)
            raise
        self._size, self._changed_at, self._digest = file_state(self._file)
        self._queue: deque[tuple[bytes, bool]] = deque()
        # How many lines were queued, and how many of them were written until a write failed.
        self._appended = self._written = 0
        self._synced = True
        # The error of the first failed `fsync`. The system may report a lost page only once, so
        # another `fsync` could succeed although the page is missing.
        self._sync_error: OSError | None = None
        self._closed = False
        self._rescued = False
        self._thread = WritingThread("omnimsg-append-log")
        self._writes = SharedWrites(self._thread, self._write_wanted, self._is_written)
        self.write_error: OSError | None = None

    def truncate(self, size: int, then: bytes = b"") -> None:
        """Truncate the file, such as to remove a killed process's partial line, and sync it.

        Args:
            size: How many bytes stay.
            then: What is written after them.

        Raises:
            OSError: The file cannot be truncated or written.
        """
        os.ftruncate(self._file, size)
        _write_to(self._file, then)
        os.fsync(self._file)
        self._size, self._changed_at, self._digest = file_state(self._file)

    def append(self, line: bytes, *, keep_on_failure: bool = True) -> int:
        """Queue a line for the next write.

        Args:
            line: The bytes to write, line break included.
            keep_on_failure: Whether the line stays queued when a write fails.

        Returns:
            The number of the line: how many were queued since the log was opened, this one
            included.
        """
        self._queue.append((line, keep_on_failure))
        self._appended += 1
        return self._appended

    def has_written(self, count: int) -> bool:
        """Return whether the first `count` queued lines survive the end of this process."""
        return count <= self._written

    def write_soon(self) -> None:
        """Request a write of the lines queued so far, like `flush`, without waiting for it."""
        if self._written < self._appended:
            self._writes.request(Wanted(self._appended, False))

    def begin_commit(self) -> asyncio.Future[bool | None]:
        """Start a `commit`; the future becomes `True` or fails as `commit` returns or raises."""
        return self._writes.begin(Wanted(self._appended, True))

    async def commit(self) -> None:
        """Wait until all lines queued so far are synced to the disk and survive a power loss.

        Raises:
            OSError: The lines cannot be written or synced, or an earlier write failed.
        """
        await self.begin_commit()

    async def flush(self) -> None:
        """Wait until all lines queued so far are written and survive the end of this process.

        Raises:
            OSError: The lines cannot be written.
        """
        if self._written < self._appended:
            await self._writes.wait(Wanted(self._appended, False))

    def finish(self) -> None:
        """Write the queued lines, also after a failed write, and sync; the file stays open.

        Raises:
            LogChangedError: Another program has changed the file; found by this or an earlier
                write.
            OSError: Some lines could not be written; they are lost.
        """
        if self._closed:
            return
        self._thread.submit(self._write, False).result()
        if self.write_error is None:
            self._sync()

    def rescue(self, path: Path, instead: Iterable[bytes]) -> None:
        """Write the log to a new file, after another program has changed the old one.

        Args:
            path: The new file.
            instead: The lines to write in place of the old content, if that is not intact.

        Raises:
            OSError: The new file exists, or cannot be written.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as new:
            if not self._has_other_content():
                # The path was deleted or replaced: the file that this process has open is intact.
                with os.fdopen(os.dup(self._file), "rb") as old:
                    old.seek(0)
                    shutil.copyfileobj(old, new)
            else:
                new.writelines(instead)
            new.writelines(line for line, keep in self._queue if keep)
            new.flush()
            os.fsync(new.fileno())
        _sync_folder(path.parent)
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
        """Write for several callers, in the writing thread; return the error for each."""
        errors: dict[Wanted, OSError | None] = {}
        # Durable requests first: their writes also serve the others.
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
        """Return whether a request needs no write; called while the writing thread is idle."""
        return wanted.count <= self._written and (self._synced or not wanted.durable)

    def _commit(self, count: int) -> None:
        """Make the first `count` lines durable; runs in the writing thread.

        A write for another caller may have included them. Then an error of a later write does not
        concern them, and must not be raised for them.
        """
        if count > self._written:
            self._write(True)
        elif not self._synced:
            self._sync()

    def _sync(self) -> None:
        """Sync the written lines; raise again the error of an `fsync` that failed before."""
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
            # Only now: a caller that shares a failed write must not be told that its line is there.
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
        """Check that no other program has changed the file.

        Raises:
            LogChangedError: Another program has changed it.
        """
        own = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            raise self._changed("another program has deleted or renamed it") from None
        if (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            raise self._changed("another program has put another file in its place")
        if own.st_size != self._size:
            raise self._changed(_OTHER_SIZE)
        if own.st_mtime_ns != self._changed_at and self._has_other_content():
            raise self._changed("another program has changed it")

    def _write_all(self, data: bytes) -> None:
        """Append data.

        Raises:
            LogChangedError: Another program has written to the file, or cut it, at the same time.
            OSError: It cannot be written.
        """
        _write_to(self._file, data)
        self._size += len(data)
        self._digest.update(data)
        own = os.fstat(self._file)
        if own.st_size != self._size:
            raise self._changed(_OTHER_SIZE)
        self._changed_at = own.st_mtime_ns

    def _changed(self, what: str) -> LogChangedError:
        return LogChangedError(errno.ESTALE, what, str(self._path))

    def _has_other_content(self) -> bool:
        """Return whether the file's content differs from what this log has written."""
        return digest_of(self._file).digest() != self._digest.digest()


def _require_regular_file(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NotRegularFileError(errno.EINVAL, "is not a regular file", str(path))


def _write_to(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """Sync a folder, so that a new file in it survives a power loss; impossible on Windows."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
