"""The append-only log on a disk that is full, or that loses data at `fsync`."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.storage.append_log import AppendLog

pytestmark = pytest.mark.anyio


async def test_a_full_disk(log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed write leaves no partial line, fails later commits, and keeps lines as asked."""
    await _written(log, b"before\n")
    real = os.write

    def full(file: int, data: memoryview) -> int:
        if len(data) <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:3])

    monkeypatch.setattr(os, "write", full)
    log.append(b"intent\n", keep_on_failure=False)
    with pytest.raises(OSError, match="No space"):
        await log.commit()
    assert _read(path) == b"before\n"
    log.append(b"outcome\n")
    with pytest.raises(OSError, match="No space"):
        await log.flush()
    monkeypatch.undo()

    # A later commit must not make the dropped line look written.
    with pytest.raises(OSError, match="No space"):
        await log.commit()
    await log.flush()

    assert _read(path) == b"before\noutcome\n"
    assert log.write_error is not None


async def test_lines_that_stay_queued_keep_their_order(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two lines about one thing the later one counts, also after a failed write."""
    _fail_once(monkeypatch)
    log.append(b"not sent\n")
    log.append(b"intent\n", keep_on_failure=False)
    log.append(b"accepted\n")
    with pytest.raises(OSError, match="Input"):
        await log.commit()

    await _written(log, b"next\n")

    assert b"not sent\naccepted\nnext\n" == _read(path)


async def test_a_line_that_was_dropped_never_counts_as_written(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written after a failed write does not take the place of the line that is missing."""
    _fail_once(monkeypatch)
    dropped = log.append(b"intent\n", keep_on_failure=False)
    with pytest.raises(OSError, match="Input"):
        await log.commit()

    await _written(log, b"outcome\n")

    assert not log.has_written(dropped)
    assert b"outcome\n" == _read(path)


async def test_a_disk_that_cannot_sync(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed `fsync`, a line that may not be on the disk is removed from the file."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    log.append(b"intent\n", keep_on_failure=False)
    with pytest.raises(OSError, match="Input"):
        await log.commit()
    monkeypatch.undo()

    assert _read(path) == b""


async def test_a_sync_that_fails_fails_for_all_who_share_it(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed `fsync` fails every commit that shares it, even if the next one would succeed."""
    _fail_once(monkeypatch)

    ends = await asyncio.gather(
        *[_committed(log, b"%d\n" % number) for number in range(3)], return_exceptions=True
    )

    assert [OSError] * 3 == list(map(type, ends))
    assert b"" == _read(path)


async def test_a_sync_of_lines_that_were_flushed_fails_for_good(
    log: AppendLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed `fsync` of flushed lines all commits fail: a lost page is reported once."""
    await _written(log, b"flushed\n")
    _fail_once(monkeypatch)

    ends = [
        *await asyncio.gather(log.commit(), return_exceptions=True),
        *await asyncio.gather(log.commit(), return_exceptions=True),
        *await asyncio.gather(_committed(log, b"next\n"), return_exceptions=True),
    ]

    assert [OSError] * 3 == list(map(type, ends))
    assert log.write_error is ends[0]


async def test_a_line_that_was_durable_before_stays_so(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed `fsync` of later lines does not fail the commit of an already durable line."""
    await _committed(log, b"before\n")
    _fail_once(monkeypatch)

    ends = await asyncio.gather(log.commit(), _committed(log, b"next\n"), return_exceptions=True)

    assert [type(None), OSError] == list(map(type, ends))
    assert b"before\n" == _read(path)


async def test_a_time_alone_is_no_change_after_a_failed_sync(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line removed after a failed `fsync` is not expected in the later comparison of content."""
    await _written(log, b"before\n")
    _fail_once(monkeypatch)
    with pytest.raises(OSError, match="Input"):
        await _committed(log, b"intent\n", keep_on_failure=False)
    _make_newer(path)

    await asyncio.gather(_written(log, b"outcome\n"))

    assert b"before\noutcome\n" == _read(path)


def _fail_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make only the next `fsync` fail, as Linux reports a lost page once."""
    errors = [OSError(errno.EIO, "Input/output error")]
    real = os.fsync

    def sync(file: int) -> None:
        if errors:
            raise errors.pop()
        real(file)

    monkeypatch.setattr(os, "fsync", sync)


def _make_newer(path: Path) -> None:
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


def _read(path: Path) -> bytes:
    return path.read_bytes()


async def _written(log: AppendLog, line: bytes) -> None:
    log.append(line)
    await log.flush()


async def _committed(log: AppendLog, line: bytes, *, keep_on_failure: bool = True) -> None:
    log.append(line, keep_on_failure=keep_on_failure)
    await log.commit()
