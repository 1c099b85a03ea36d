"""The file that grows by whole lines."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from omnimsg.storage.append_log import AppendLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is to be."""
    return tmp_path / "results"


@pytest.fixture
def log(path: Path) -> Iterator[AppendLog]:
    """A new file."""
    made = AppendLog(path, new=True)
    yield made
    made.close()


async def test_many_callers_share_a_sync(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred commits at once are all on the disk after far fewer syncs."""
    synced: list[int] = []
    real = os.fsync

    def counted(file: int) -> None:
        synced.append(file)
        real(file)

    monkeypatch.setattr(os, "fsync", counted)

    async def commit(number: int) -> None:
        log.note(b"%d\n" % number)
        await log.commit()
        assert b"%d" % number in _read(path).split()

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(commit, number)

    assert len(_read(path).split()) == 100
    assert 1 <= len(synced) <= 10


async def test_a_flush_syncs_nothing(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only has to survive the process; without anything to write it does nothing."""
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("synced"))
    log.note(b"a\n")

    await log.flush()
    await log.flush()

    assert _read(path) == b"a\n"
    monkeypatch.undo()


async def test_a_caller_that_leaves_takes_nothing_back(log: AppendLog, path: Path) -> None:
    """What was noted is written even if nobody waits for it any more."""
    with anyio.move_on_after(0):
        log.note(b"a\n")
        await log.commit()
    log.note(b"b\n")
    await log.flush()

    assert _read(path) == b"a\nb\n"


async def test_a_full_disk(log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half line stays, no later commit is believed, and what is owed is written at last."""
    await _written(log, b"before\n")
    real = os.write

    def full(file: int, data: memoryview) -> int:
        if len(data) <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:3])

    monkeypatch.setattr(os, "write", full)
    log.note(b"intent\n", owed=False)
    with pytest.raises(OSError, match="No space"):
        await log.commit()
    assert _read(path) == b"before\n"
    log.note(b"outcome\n")
    with pytest.raises(OSError, match="No space"):
        await log.flush()
    monkeypatch.undo()

    # Nobody may take the intent that was dropped for one that another commit wrote.
    with pytest.raises(OSError, match="No space"):
        await log.commit()
    await log.flush()

    assert _read(path) == b"before\noutcome\n"
    assert log.broken is not None


async def test_a_disk_that_cannot_sync(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An intent that may not be on the disk is taken out again."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    log.note(b"intent\n", owed=False)
    with pytest.raises(OSError, match="Input"):
        await log.commit()
    monkeypatch.undo()

    assert _read(path) == b""


async def test_one_process_at_a_time(log: AppendLog, path: Path) -> None:
    """Another process cannot open it, until this one closes it or dies."""
    code = (
        "import sys; from omnimsg.storage.append_log import AppendLog; from pathlib import Path;"
        " AppendLog(Path(sys.argv[1]), new=False)"
    )

    ran = await anyio.run_process([sys.executable, "-c", code, str(path)], check=False)

    assert b"BlockingIOError" in ran.stderr


def test_a_file_of_its_own(path: Path) -> None:
    """A new file must not exist, an old one must; only its owner may read it."""
    with pytest.raises(FileNotFoundError):
        AppendLog(path, new=False)
    AppendLog(path, new=True).close()
    with pytest.raises(FileExistsError):
        AppendLog(path, new=True)

    assert path.stat().st_mode & 0o777 == 0o600
    AppendLog(path, new=False).close()


def test_cut(path: Path) -> None:
    """What is written next stands where it was cut."""
    path.write_bytes(b"whole\nha")
    log = AppendLog(path, new=False)

    log.cut(6)
    log.note(b"next\n")
    log.close()

    assert _read(path) == b"whole\nnext\n"


def test_a_killed_process_lets_go(path: Path) -> None:
    """The lock is the operating system's: nothing is left to clean up."""
    code = (
        "import os, sys; from omnimsg.storage.append_log import AppendLog;"
        " from pathlib import Path; held = AppendLog(Path(sys.argv[1]), new=True);"
        " os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=30)  # noqa: S603

    AppendLog(path, new=False).close()


def _read(path: Path) -> bytes:
    return path.read_bytes()


async def _written(log: AppendLog, line: bytes) -> None:
    log.note(line)
    await log.flush()
