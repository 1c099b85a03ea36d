"""Opening a results file: which one is created, resumed, started anew or refused."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest

from omnimsg.bulk import ResultsError, ResultsFile
from omnimsg.bulk.recorded_results import RecordedResults
from omnimsg.domain.errors import Problem
from omnimsg.storage.append_log import AppendLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_creating_twice(results: ResultsFile, path: Path, source: Path) -> None:
    """Creating a results file that exists is an error that suggests --resume."""
    with pytest.raises(ResultsError, match=r"exists already.*--resume"):
        ResultsFile.create(path, source)


def test_resuming_a_missing_results_file(tmp_path: Path, source: Path) -> None:
    """A missing results file is an error, so that a mistyped name does not resend the file."""
    with pytest.raises(ResultsError, match="no such results file to resume"):
        ResultsFile.resume(tmp_path / "reslts.jsonl", source)


def test_a_changed_file_is_refused(results: ResultsFile, path: Path, source: Path) -> None:
    """A changed message file is refused, and the results file stays as it is, and unlocked."""
    results.close()
    before, content = path.read_bytes(), source.read_text()
    source.write_text("whatever!\n")

    with pytest.raises(ResultsError, match="has changed since"):
        ResultsFile.resume(path, source)

    assert before == path.read_bytes()
    source.write_text(content)
    ResultsFile.resume(path, source).close()


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "[]\n",
        "to,text\n",
        '{"omnimsg":"send-many","version":2,"sha256":"","batch":"x"}\n',
        '{"omnimsg":"send-many","version":1}\n',
    ],
)
def test_a_file_that_is_not_a_results_file(path: Path, source: Path, text: str) -> None:
    """A file that is not a results file is refused and stays as it is."""
    path.write_text(text)

    with pytest.raises(ResultsError):
        ResultsFile.resume(path, source)

    assert text == path.read_text()


@pytest.mark.parametrize(
    "damage",
    [
        *("", "x", "[]", "{}", '{"line":0,"bad":[]}', '{"line":"1","bad":[]}', '{"line":1}'),
        *('{"line":1,"intent":1,"account":"a"}', '{"line":1,"intent":"r"}'),
        *('{"line":1000000000000,"bad":[]}', '{"line":10,"outcome":"accepted"}'),
        *('{"line":1,"outcome":"lost"}', '{"line":1,"outcome":"not_sent"}'),
    ],
)
def test_a_damaged_line_is_refused(
    results: ResultsFile, path: Path, source: Path, damage: str
) -> None:
    """A results file with a damaged line is refused, because the line may have been an intent."""
    results.close()
    path.write_text(path.read_text() + damage + '\n{"line":2,"bad":[]}\n')

    with pytest.raises(ResultsError, match="line 2 is damaged"):
        ResultsFile.resume(path, source)


@pytest.mark.parametrize("read", [ResultsFile.resume, lambda path, _: RecordedResults(path)])
def test_the_advice_about_a_damaged_file_texts_nobody_twice(
    results: ResultsFile, path: Path, source: Path, read: Callable[[Path, Path], object]
) -> None:
    """The error of a damaged results file says that another file would send every line again."""
    results.close()
    path.write_text(path.read_text() + "{damaged\n")

    with pytest.raises(ResultsError) as raised:
        read(path, source)
    assert (
        f"{path}: line 2 is damaged, or no line of a results file; restore it from a copy, or name"
        " the right one; a new one would send every line again"
    ) == str(raised.value)


def test_a_refused_file_is_started_anew(path: Path, source: Path) -> None:
    """After a refused message file, a first and a resumed run use the file as it is by then."""
    for open_results in (ResultsFile.create, ResultsFile.resume):
        ResultsFile.record_refusal(path, source, "is not UTF-8")
        source.write_text(source.read_text() + "more\n")
        started = open_results(path, source)
        started.close()
        (header,) = map(json.loads, path.read_text().splitlines())

        assert "refused" not in header
        assert (started.reference_prefix, source.read_text().count("\n")) == (
            header["batch"],
            started.line_count,
        )
        path.unlink()


@pytest.mark.parametrize("open_results", [ResultsFile.create, ResultsFile.resume])
def test_a_file_of_bad_lines_is_started_anew_once_it_is_corrected(
    results: ResultsFile,
    path: Path,
    source: Path,
    open_results: Callable[[Path, Path], ResultsFile],
) -> None:
    """Where no line was tried, the corrected file is sent; it was refused as sent before."""
    results.record_bad_line(1, [Problem("to", "has no plus")])
    results.close()
    source.write_text("corrected\n")

    open_results(path, source).close()

    (header,) = map(json.loads, path.read_text().splitlines())
    assert results.reference_prefix != header["batch"]


def test_a_file_of_bad_lines_and_a_tried_one_is_kept(
    results: ResultsFile, path: Path, source: Path
) -> None:
    """One intent is enough: the file is not started anew."""
    results.record_bad_line(1, [Problem("to", "has no plus")])
    results.close()
    with path.open("a") as file:
        file.write('{"line":2,"intent":"r","account":"a"}\n')
    source.write_text("corrected, and more of it\n")

    for open_results in (ResultsFile.create, ResultsFile.resume):
        with pytest.raises(ResultsError):
            open_results(path, source)

    assert 3 == len(path.read_text().splitlines())


def test_a_run_that_has_started_meanwhile_is_kept(
    path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results of a run that ended between the check for a refusal and the lock stay."""
    ResultsFile.record_refusal(path, source, "is not UTF-8")

    def opened(path: Path, *, new: bool, start: bytes = b"") -> AppendLog:
        if not new:
            monkeypatch.undo()
            ResultsFile.create(path, source).close()
        return AppendLog(path, new=new, start=start)

    monkeypatch.setattr("omnimsg.bulk.results.AppendLog", opened)

    with pytest.raises(ResultsError, match="exists already, so the file was sent before"):
        ResultsFile.create(path, source)

    assert "refused" not in json.loads(path.read_text())
    ResultsFile.resume(path, source).close()


@pytest.mark.parametrize("content", ["a note", "a note\n"])
def test_a_file_of_something_else_is_no_results_file(
    path: Path, source: Path, content: str
) -> None:
    """The advice about a file of something else, of one line or of part of one, is not --resume."""
    path.write_text(content)

    with pytest.raises(ResultsError, match="is no results file; name another with --results"):
        ResultsFile.create(path, source)


def test_a_refusal_is_recorded_in_a_new_file_only(
    results: ResultsFile, path: Path, source: Path
) -> None:
    """A refusal is not recorded in an existing results file, which stays as it is."""
    results.close()
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        ResultsFile.record_refusal(path, source, "is not UTF-8")
    with pytest.raises(ResultsError, match="exists already"):
        ResultsFile.create(path, source)

    assert before == path.read_bytes()


def test_a_file_that_was_emptied_is_not_started_anew(
    results: ResultsFile, path: Path, source: Path
) -> None:
    """An empty file is refused, in a first run too: what it held may say that all was sent."""
    results.close()
    path.write_bytes(b"")

    for use in (ResultsFile.resume, ResultsFile.create, lambda path, _: RecordedResults(path)):
        with pytest.raises(ResultsError, match="is empty, as no run leaves it"):
            use(path, source)
    assert b"" == path.read_bytes()


@pytest.mark.parametrize(
    "begin",
    [ResultsFile.create, lambda path, source: ResultsFile.record_refusal(path, source, "bad")],
)
def test_a_run_leaves_no_empty_file(
    path: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[[Path, Path], object],
) -> None:
    """If the first line cannot be written, such as to a full disk, there is no file."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", full)

    with pytest.raises(OSError, match="No space left"):
        begin(path, source)

    monkeypatch.undo()
    assert not path.exists()


def test_a_text_without_a_line_break_is_kept(path: Path, source: Path) -> None:
    """An incomplete first line is replaced only if it is the start of a header."""
    path.write_text("my notes")

    with pytest.raises(ResultsError, match="line 1 is damaged"):
        ResultsFile.resume(path, source)

    assert "my notes" == path.read_text()


def test_results_without_line_breaks_are_kept(
    results: ResultsFile, path: Path, source: Path
) -> None:
    """Results whose line breaks a program has replaced are damaged, and not started anew."""
    results.record_bad_line(1, [Problem("to", "is missing")])
    results.close()
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r"))
    before = path.read_bytes()

    with pytest.raises(ResultsError, match="line 1 is damaged"):
        ResultsFile.resume(path, source)
    with pytest.raises(ResultsError, match="line 1 is damaged"):
        RecordedResults(path)
    with pytest.raises(ResultsError, match=r"exists already.*--resume"):
        ResultsFile.create(path, source)

    assert before == path.read_bytes()


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_no_regular_file(path: Path, source: Path, kind: str) -> None:
    """A pipe or a device is refused at once, in a first and in a resumed run."""
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/full")

    with pytest.raises(ResultsError, match="not a regular file"):
        ResultsFile.resume(path, source)
    with pytest.raises(ResultsError, match="not a regular file"):
        ResultsFile.create(path, source)
