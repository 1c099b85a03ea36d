"""The append-only log: whole lines, group commit, a lock, and changes by other programs."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from support.sending import settled
from support.waiting import wait_until

from omnimsg.storage import append_log
from omnimsg.storage.append_log import AppendLog, LogChangedError, NotRegularFileError
from omnimsg.storage.file_state import digest_of
from omnimsg.storage.writing_thread import WritingThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_concurrent_commits_share_a_sync(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred concurrent commits need ten calls of `fsync` at most, and lose no line."""
    synced: list[int] = []
    real = os.fsync

    def counted(file: int) -> None:
        synced.append(file)
        real(file)

    monkeypatch.setattr(os, "fsync", counted)

    async def commit(number: int) -> None:
        log.append(b"%d\n" % number)
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
    """`flush` writes without `fsync`, and does nothing when the queue is empty."""
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("synced"))
    log.append(b"a\n")

    await log.flush()
    await log.flush()

    assert _read(path) == b"a\n"
    monkeypatch.undo()


def _held_writes(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold the writes of logs that are opened from now on until an event is set; return it."""
    may_write = threading.Event()

    class Held(WritingThread):
        def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
            def run() -> Any:
                assert may_write.wait(30)
                return function(*given, **named)

            return super().submit(run)

    monkeypatch.setattr(append_log, "WritingThread", Held)
    return may_write


async def test_a_commit_that_shares_the_write_of_a_flush_is_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that a flush has written for a commit is synced before the commit ends."""
    may_write = _held_writes(monkeypatch)
    synced: list[bytes] = []
    with closing(AppendLog(path, new=True)) as log:
        monkeypatch.setattr(os, "fsync", lambda _: synced.append(_read(path)))
        log.append(b"flushed\n")
        flushing = asyncio.ensure_future(log.flush())
        await settled()
        log.append(b"committed\n")
        committing = log.begin_commit()
        may_write.set()

        await asyncio.gather(flushing, committing)
        synced_before_the_end = synced.copy()

    assert [b"flushed\ncommitted\n"] == synced_before_the_end


async def test_a_write_that_nobody_waits_for_is_made(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`write_soon` writes without a sync, also a line that is queued while another is written."""
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("synced"))
    write, meanwhile = os.write, [b"second\n"]
    loop, requested = asyncio.get_running_loop(), threading.Event()

    def request() -> None:
        log.append(meanwhile.pop())
        log.write_soon()
        requested.set()

    def write_and_request(descriptor: int, data: bytes) -> int:
        if meanwhile:
            loop.call_soon_threadsafe(request)
            assert requested.wait(30)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", write_and_request)
    log.append(b"first\n")
    log.write_soon()
    await anyio.to_thread.run_sync(wait_until, lambda: log.has_written(2))
    monkeypatch.undo()

    assert b"first\nsecond\n" == _read(path)


async def test_a_cancelled_commit_keeps_its_lines(log: AppendLog, path: Path) -> None:
    """A line is written even if the commit of the caller that queued it was cancelled."""
    with anyio.move_on_after(0):
        log.append(b"a\n")
        await log.commit()
    log.append(b"b\n")
    await log.flush()

    assert _read(path) == b"a\nb\n"


async def test_another_process_cannot_open_it(log: AppendLog, path: Path) -> None:
    """While this process has the log open, another process cannot open it."""
    code = (
        "import sys; from omnimsg.storage.append_log import AppendLog; from pathlib import Path;"
        " AppendLog(Path(sys.argv[1]), new=False)"
    )

    ran = await anyio.run_process([sys.executable, "-c", code, str(path)], check=False)

    assert b"BlockingIOError" in ran.stderr


def test_new_and_existing_files(path: Path) -> None:
    """A new log must not exist, an existing one must; only its owner may read it."""
    with pytest.raises(FileNotFoundError):
        AppendLog(path, new=False)
    AppendLog(path, new=True).close()
    with pytest.raises(FileExistsError):
        AppendLog(path, new=True)

    assert path.stat().st_mode & 0o777 == 0o600
    AppendLog(path, new=False).close()


def test_truncate(path: Path) -> None:
    """After a truncation, the next line is written where the file was cut."""
    path.write_bytes(b"whole\nha")
    log = AppendLog(path, new=False)

    log.truncate(6)
    log.append(b"next\n")
    log.close()

    assert _read(path) == b"whole\nnext\n"


def test_a_truncation_survives_a_power_loss(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The truncated file is synced before the next line can be written."""
    path.write_bytes(b"whole\nha")
    synced: list[bytes] = []
    with closing(AppendLog(path, new=False)) as log:
        monkeypatch.setattr(os, "fsync", lambda _: synced.append(_read(path)))
        log.truncate(6)
        synced_by_then = synced.copy()

    assert [b"whole\n"] == synced_by_then


def test_a_killed_process_releases_the_lock(path: Path) -> None:
    """The log can be opened again right after a process that had it open was killed."""
    code = (
        "import os, sys; from omnimsg.storage.append_log import AppendLog;"
        " from pathlib import Path; held = AppendLog(Path(sys.argv[1]), new=True);"
        " os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=30)  # noqa: S603

    AppendLog(path, new=False).close()


def test_a_log_is_closed_while_the_process_ends(path: Path) -> None:
    """What is queued in a function of `atexit` is written."""
    code = (
        "import atexit, sys; from omnimsg.storage.append_log import AppendLog;"
        " from pathlib import Path; held = AppendLog(Path(sys.argv[1]), new=True);"
        " atexit.register(held.close); atexit.register(held.append, b'two\\n');"
        " held.append(b'one\\n')"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=30)  # noqa: S603

    assert b"one\ntwo\n" == path.read_bytes()


def test_lines_are_committed_while_the_process_ends(path: Path) -> None:
    """The log has its thread until the last function of `atexit`."""
    code = (
        "import asyncio, atexit, sys; from omnimsg.storage.append_log import AppendLog;"
        " from pathlib import Path; held = AppendLog(Path(sys.argv[1]), new=True);"
        " atexit.register(lambda: asyncio.run(held.commit())); held.append(b'one\\n')"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=30)  # noqa: S603

    assert b"one\n" == path.read_bytes()


def _delete(path: Path) -> None:
    path.unlink()


def _rename(path: Path) -> None:
    path.rename(path.with_name("backup"))


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _truncate(path: Path) -> None:
    path.write_bytes(b"")


def _save(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"as an editor does\n")


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _edit(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"BEFORE\n")
    _make_newer(path)


def _make_newer(path: Path) -> None:
    # Two writes may fall within one tick of the file system's clock.
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))


@pytest.mark.parametrize("change", [_delete, _rename, _replace, _truncate, _save, _edit])
async def test_another_program_changes_the_file(
    log: AppendLog, path: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """After another program's change commits fail, and the lines can be rescued to a new file."""
    await _written(log, b"before\n")
    change(path)
    changed = _read_if_there(path)
    whole = change in (_delete, _rename, _replace)

    log.append(b"intent\n", keep_on_failure=False)
    log.append(b"outcome\n")
    for _ in range(2):
        with pytest.raises(LogChangedError, match="another program"):
            await log.commit()
    with pytest.raises(LogChangedError):
        log.finish()
    log.rescue(tmp_path / "rescued", [b"instead\n"])
    log.close()

    expected = b"before\noutcome\n" if whole else b"instead\noutcome\n"
    assert expected == _read(tmp_path / "rescued")
    assert changed == _read_if_there(path)
    assert (tmp_path / "rescued").stat().st_mode & 0o777 == 0o600


async def test_a_changed_file_is_not_written_again(log: AppendLog, path: Path) -> None:
    """Once a change was found nothing is written, also after the old file is back in its place."""
    await _written(log, b"before\n")
    _rename(path)
    log.append(b"outcome\n")
    with pytest.raises(LogChangedError):
        await log.flush()
    path.with_name("backup").rename(path)

    with pytest.raises(LogChangedError):
        log.finish()
    log.rescue(path.with_name("rescued"), [])

    assert b"before\n" == _read(path)
    assert b"before\noutcome\n" == _read(path.with_name("rescued"))


async def test_a_time_alone_is_no_change(log: AppendLog, path: Path) -> None:
    """A new modification time with the same content is no change: a backup may set it."""
    await _written(log, b"before\n")
    _make_newer(path)
    await _written(log, b"between\n")
    _make_newer(path)

    await _written(log, b"after\n")

    assert b"before\nbetween\nafter\n" == _read(path)


async def test_a_file_that_nobody_else_touches_is_not_read_again(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log compares no content while only itself writes, nor twice for one change of the time."""
    compared: list[bytes] = []

    def counted(descriptor: int) -> Any:
        compared.append(_read(path))
        return digest_of(descriptor)

    monkeypatch.setattr(append_log, "digest_of", counted)
    await _written(log, b"first\n")
    await _written(log, b"second\n")
    _make_newer(path)
    await _written(log, b"third\n")
    await _written(log, b"fourth\n")

    assert [b"first\nsecond\n"] == compared


async def test_a_change_of_what_an_earlier_process_wrote(path: Path) -> None:
    """A change of lines that an earlier process wrote is detected, also after a truncation."""
    _put(path, b"before\nbetween\npart")
    log = AppendLog(path, new=False)
    log.truncate(15)
    await _written(log, b"after\n")
    _edit(path)

    with pytest.raises(LogChangedError, match="another program has changed it"):
        log.finish()

    log.rescue(path.with_name("rescued"), [b"instead\n"])
    log.close()
    assert b"instead\n" == _read(path.with_name("rescued"))


@pytest.mark.parametrize("change", [_delete, _replace, _truncate, _edit])
async def test_a_change_after_the_last_write(
    log: AppendLog, path: Path, change: Callable[[Path], None]
) -> None:
    """A change after the last write is detected when the log is finished."""
    await _written(log, b"before\n")
    change(path)

    with pytest.raises(LogChangedError):
        log.finish()

    log.rescue(path.with_name("rescued"), [])


async def test_only_lines_that_are_kept_are_rescued(log: AppendLog, path: Path) -> None:
    """A line that no failed write may keep is not in the rescued file either."""
    await _written(log, b"before\n")
    _delete(path)
    log.append(b"intent\n", keep_on_failure=False)
    log.append(b"outcome\n")
    log.rescue(path.with_name("rescued"), [])

    assert b"before\noutcome\n" == _read(path.with_name("rescued"))


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_during_a_write(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A file that is cut while a line is written is no success, and the line can be rescued."""
    await _written(log, b"before\n")
    write = os.write

    def cut_and_write(descriptor: int, data: bytes) -> int:
        monkeypatch.undo()
        if when == "before":
            _truncate(path)
        size = write(descriptor, data)
        if when == "after":
            _truncate(path)
        return size

    monkeypatch.setattr(os, "write", cut_and_write)
    log.append(b"outcome\n")

    with pytest.raises(LogChangedError, match="written to it or cut it"):
        await log.commit()
    log.rescue(path.with_name("rescued"), [b"instead\n"])
    assert b"instead\noutcome\n" == _read(path.with_name("rescued"))


async def test_a_rescue_does_not_overwrite(log: AppendLog, path: Path) -> None:
    """A rescue does not overwrite an existing file, and can be repeated to another one."""
    _write(path.with_name("rescued"), b"other\n")
    await _written(log, b"before\n")
    _delete(path)

    with pytest.raises(LogChangedError):
        log.finish()
    with pytest.raises(FileExistsError):
        log.rescue(path.with_name("rescued"), [])
    log.rescue(path.with_name("rescued again"), [])

    assert b"other\n" == _read(path.with_name("rescued"))
    assert b"before\n" == _read(path.with_name("rescued again"))


def test_a_pipe_or_a_device(path: Path) -> None:
    """A pipe or a device is refused at once, without waiting for a writer."""
    os.mkfifo(path)
    full = path.with_name("full")
    full.symlink_to("/dev/full")

    for each in (path, full):
        with pytest.raises(NotRegularFileError, match="not a regular file"):
            AppendLog(each, new=False)


def test_a_refused_file_is_not_kept_open(path: Path) -> None:
    """A pipe that was refused has no reader any more."""
    os.mkfifo(path)
    with pytest.raises(NotRegularFileError):
        AppendLog(path, new=False)

    with pytest.raises(OSError, match="No such device or address"):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)


async def test_a_new_file_survives_a_power_loss(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new file is synced with its first line and its folder, and so is a rescued one."""
    synced: list[tuple[int, bytes | None]] = []

    def sync(file: int) -> None:
        found = os.fstat(file)
        written = rescued if rescued.exists() else path
        synced.append((found.st_ino, None if stat.S_ISDIR(found.st_mode) else _read(written)))

    monkeypatch.setattr(os, "fsync", sync)
    folder, rescued = path.parent.stat().st_ino, path.with_name("rescued")
    log = AppendLog(path, new=True, start=b"first\n")
    assert [b"first\n", None] == [content for _, content in synced]
    assert (folder, None) == synced[-1]
    synced.clear()
    _delete(path)
    log.append(b"line\n")
    with pytest.raises(LogChangedError):
        await log.flush()
    log.rescue(rescued, [])
    log.close()

    assert [(rescued.stat().st_ino, b"first\nline\n"), (folder, None)] == synced


async def test_what_was_only_flushed_is_synced_at_the_end(
    log: AppendLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that were written without a sync survive a power loss once the log is finished."""
    log.append(b"line\n")
    await log.flush()
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(_read(path)))
    log.finish()
    monkeypatch.undo()

    assert [b"line\n"] == synced


async def test_a_closed_log_takes_no_line(path: Path) -> None:
    """A line that is committed after the log was closed is not written, and its caller hears it."""
    log = AppendLog(path, new=True)
    log.close()
    log.append(b"late\n")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            await log.commit()

    assert b"" == _read(path)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _read_if_there(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _read(path: Path) -> bytes:
    return path.read_bytes()


async def _written(log: AppendLog, line: bytes) -> None:
    log.append(line)
    await log.flush()
