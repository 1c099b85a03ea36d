"""`omnimsg send-many`."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from omnimsg.bulk import ResultsFile
from omnimsg.cli.progress import ProgressDisplay
from omnimsg.domain.errors import Problem
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ran, Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
TEXT = "Your table is ready"
RESULTS = "many.jsonl.results.jsonl"


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the change that the command makes to the logging of this process."""
    monkeypatch.setattr(logging.getLogger("omnimsg.engine"), "handlers", [])


def _message(to: str = PHONE, text: str = TEXT, **more: object) -> dict[str, object]:
    return {"to": to, "content": {"type": "text", "text": text}, **more}


def _write(folder: Path, *lines: object, name: str = "many.jsonl") -> None:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
    (folder / name).write_text("".join(f"{text}\n" for text in texts))


def _last_entries(folder: Path, name: str = RESULTS) -> dict[int, dict[str, Any]]:
    """Read the last entry of each line from a results file."""
    rows = [json.loads(line) for line in (folder / name).read_text().splitlines()[1:]]
    return {row["line"]: row for row in rows}


def _counts(ran: Ran) -> dict[str, Any]:
    (counts,) = ran.rows
    return counts


def test_every_line_arrives_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each line is sent once, equal lines too, and the results file has an outcome for each."""
    _write(tmp_path, *[_message()] * 250, _message(text="Other"))

    ran = run("send-many", "many.jsonl", "--json")

    assert ran.code == 0
    assert {
        "accepted": 251,
        "rejected": 0,
        "not_sent": 0,
        "ambiguous": 0,
        "bad": 0,
        "skipped": 0,
        "retryable": 0,
        "interrupted": False,
        "results": RESULTS,
    } == _counts(ran)
    assert ["Other", *[TEXT] * 250] == sorted(
        each.text for each in sandbox.handsets.received(PHONE)
    )
    assert {"accepted"} == {row["outcome"] for row in _last_entries(tmp_path).values()}
    assert list(range(1, 252)) == sorted(_last_entries(tmp_path))


def test_csv(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A CSV file is sent too; a problem is reported with its line and column."""
    _write(tmp_path, "to,text,reference", f"{PHONE},{TEXT},r-1", "5550100,x,r-2", name="many.csv")

    ran = run("send-many", "many.csv")

    assert ran.code == 1
    assert "line 3: to: must be a number in E.164 form" in ran.error
    assert "2 lines: 1 accepted, 1 bad\nresults  many.csv.results.jsonl\n" == ran.out
    assert ["r-1"] == [each.reference for each in sandbox.handsets.received(PHONE)]
    assert "to" == _last_entries(tmp_path, "many.csv.results.jsonl")[3]["bad"][0]["field"]


def test_outcomes_of_all_kinds(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Outcomes are counted by kind; each reason is reported once, without numbers or texts."""
    lines = [_message(), _message(NO_SUCH_PHONE), _message(NO_SUCH_PHONE), _message("a@b.test")]
    _write(tmp_path, *lines, "{", _message(ttl=0))

    ran = run("send-many", "many.jsonl", "--json")

    counts = _counts(ran)
    assert (1, 1, 2, 1, 2) == (
        ran.code,
        counts["accepted"],
        counts["rejected"],
        counts["not_sent"],
        counts["bad"],
    )
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert 4 == len(errors)
    assert any("line 6: ttl: must be at least 1" in line for line in errors)
    assert TEXT not in ran.err
    assert NO_SUCH_PHONE[1:] not in ran.err


def test_resuming_skips_finished_lines(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """No finished line is sent again; counts and exit code are those of the whole file."""
    _write(tmp_path, _message(), _message(NO_SUCH_PHONE), "{")
    run("send-many", "many.jsonl")
    before = (tmp_path / RESULTS).read_bytes()

    ran = run("send-many", "many.jsonl", "--resume", "--json")

    counts = _counts(ran)
    assert (1, 3, 1) == (ran.code, counts["skipped"], counts["accepted"])
    assert before == (tmp_path / RESULTS).read_bytes()
    assert len(sandbox.handsets.received(PHONE)) == 1


def test_the_advice_to_resume_fits_a_run_with_other_flags(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The advice names no command without the run's own flags: that would be another run."""
    _write(tmp_path, "phone", PHONE, name="many.csv")
    config = tmp_path / "omnimsg.toml"
    config.write_text(config.read_text().replace("sandbox-not-a-secret-A==", "hunter2"))
    flags = ("--map", "phone=to", "--text", TEXT, "--results", "other")

    ran = run("send-many", "many.csv", *flags)

    hints = [line for line in ran.err.splitlines() if line.startswith("hint: ")]
    assert "hint: the same command with `--resume` sends the 1 that may be tried again" == hints[-1]


def test_a_line_that_is_no_object(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The error of a line without any field names the line alone."""
    _write(tmp_path, _message(), "[]")

    ran = run("send-many", "many.jsonl", "--check")

    assert "error: line 2: must be an object with keys" == ran.error


def test_resuming_after_an_account_failure(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A wrong key stops the run after few requests; a resumed run with the right key sends all."""
    _write(tmp_path, *[_message(text=f"Number {number}") for number in range(1200)])
    config = tmp_path / "omnimsg.toml"
    right = config.read_text()
    config.write_text(right.replace("sandbox-not-a-secret-A==", "hunter2"))

    failed = run("send-many", "many.jsonl", "--json")
    request_count = len(sandbox.requests)
    config.write_text(right)
    resumed = run("send-many", "many.jsonl", "--resume", "--json")

    assert (1, 1200, 1200) == (
        failed.code,
        _counts(failed)["not_sent"],
        _counts(failed)["retryable"],
    )
    assert request_count <= 8
    assert "credentials" in failed.err
    assert "--resume` sends the 1,200" in failed.err
    assert (0, 1200, 0) == (resumed.code, _counts(resumed)["accepted"], _counts(resumed)["skipped"])
    assert 1200 == len({each.text for each in sandbox.handsets.received(PHONE)})


def test_ambiguous_lines_are_not_sent_again(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """An ambiguous line stays so in every run, until --resend-ambiguous is given."""
    _write(tmp_path, _message(), _message(text="Other"))
    sandbox.faults.add("reset_after")

    first = run("send-many", "many.jsonl", "--json")
    second = run("send-many", "many.jsonl", "--resume", "--json")
    arrived = len(sandbox.handsets.received(PHONE))
    third = run("send-many", "many.jsonl", "--resume", "--resend-ambiguous", "--json")

    assert [3, 3, 0] == [first.code, second.code, third.code]
    assert [2, 2, 0] == [_counts(each)["ambiguous"] for each in (first, second, third)]
    assert "--resend-ambiguous" in second.err
    assert 2 == arrived
    assert 4 == len(sandbox.handsets.received(PHONE))


def test_a_repeated_reference_is_a_bad_line(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A line with the reference of an earlier line is bad, in the first and in a resumed run."""
    _write(tmp_path, _message(reference="r-1"), _message(text="Other", reference="r-1"), "{")

    ran = run("send-many", "many.jsonl", "--json")
    # Make the results file look as if the run was killed before the second line.
    written = (tmp_path / RESULTS).read_text().splitlines(keepends=True)
    later = ('{"line":2,', '{"line":3,')
    (tmp_path / RESULTS).write_text("".join(row for row in written if not row.startswith(later)))
    again = run("send-many", "many.jsonl", "--resume", "--json")

    for each in (ran, again):
        assert (1, 1, 2) == (each.code, _counts(each)["accepted"], _counts(each)["bad"])
        assert "line 2: reference: repeats the reference of another line" in each.err
    assert [TEXT] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_a_generated_reference_is_the_same_in_every_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line keeps its generated reference in one results file, and has another in another file."""
    _write(tmp_path, _message())
    sandbox.faults.add("status", status=401)
    run("send-many", "many.jsonl")
    first = _last_entries(tmp_path)[1]
    run("send-many", "many.jsonl", "--resume")
    second = _last_entries(tmp_path)[1]
    run("send-many", "many.jsonl", "--results", "other")

    assert ("not_sent", "accepted") == (first["outcome"], second["outcome"])
    assert (
        first["reference"]
        == second["reference"]
        != _last_entries(tmp_path, "other")[1]["reference"]
    )
    assert second["id"] == f"clickatell:{second['provider_id']}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("missing.jsonl",), "missing.jsonl: cannot be used: no such file"),
        (("omnimsg.toml",), "its name does not tell its format"),
        (("bad.csv",), "header: column 'txt' is not a known key"),
        (("many.jsonl", "--account", "main"), "no account 'main'"),
        (("many.jsonl", "--resend-ambiguous"), "--resend-ambiguous belongs to --resume"),
        (("many.jsonl", "--resume"), "no such results file to resume"),
        (("many.jsonl", "--results", "old"), "old: exists already, and is no results file"),
        (("many.jsonl", "--results", "old", "--resume"), "old: line 1 is damaged"),
        (("many.jsonl", "--results", "no/old"), "no/old: there is no such folder"),
        (("many.jsonl", "--config", "none.toml"), "none.toml: no such file"),
    ],
)
def test_an_error_before_the_run(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """An error before the run is one error line, one hint and exit code 2; nothing is sent."""
    _write(tmp_path, _message())
    _write(tmp_path, "to,txt", name="bad.csv")
    (tmp_path / "old").write_text("{}\n")

    ran = run("send-many", *arguments)

    assert ran.code == 2
    assert expected in ran.error
    assert ran.hint
    assert not sandbox.requests
    assert not (tmp_path / RESULTS).exists()


def test_a_changed_file_is_refused(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that has changed since the first run is not resumed."""
    _write(tmp_path, _message())
    run("send-many", "many.jsonl")
    _write(tmp_path, _message(), _message(text="Other"))

    ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "has changed since the first run" in ran.error
    assert "a file of their own" in ran.hint


def test_the_results_of_another_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file that --results names by mistake is no reason to restore the messages."""
    _write(tmp_path, _message())
    _write(tmp_path, _message(text="Other"), name="other.jsonl")
    run("send-many", "other.jsonl")

    ran = run("send-many", "many.jsonl", "--resume", "--results", "other.jsonl.results.jsonl")

    expected = "error: other.jsonl.results.jsonl: belongs to another file, other.jsonl"
    assert (2, expected) == (ran.code, ran.error)
    assert "hint: name the right results file with --results" == ran.hint


def test_the_results_of_another_file_that_was_refused(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A results file of another file, named by mistake, starts no run that sends all again."""
    (tmp_path / "refused.csv").write_text(f"phone,text\n{PHONE},Hello\n")
    _write(tmp_path, _message())
    run("send-many", "refused.csv")
    run("send-many", "many.jsonl")

    ran = run("send-many", "many.jsonl", "--resume", "--results", "refused.csv.results.jsonl")

    expected = "error: refused.csv.results.jsonl: belongs to another file, refused.csv"
    assert (2, expected) == (ran.code, ran.error)
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_a_results_file_is_no_file_of_messages(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file whose name the shell has completed is refused, instead of all its lines."""
    _write(tmp_path, _message())
    run("send-many", "many.jsonl")

    ran = run("send-many", RESULTS)

    assert (2, f"error: {RESULTS}: is a results file") == (ran.code, ran.error)
    assert "hint: name the file of messages that it belongs to" == ran.hint


def test_results_in_use(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file that another process has locked is exit code 2."""
    _write(tmp_path, _message())
    run("send-many", "many.jsonl")
    with (tmp_path / RESULTS).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "in use by another process" in ran.error


def test_only_the_first_bad_lines_are_reported(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The first twenty bad lines are reported; the results file has all of them."""
    _write(tmp_path, *["{"] * 1000)

    ran = run("send-many", "many.jsonl")

    assert ran.code == 1
    assert "1,000 lines: 1,000 bad" in ran.out
    assert 20 == ran.err.count("error: ")
    assert 1000 == len(_last_entries(tmp_path))


def test_an_empty_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file without lines is exit code 0."""
    _write(tmp_path)

    ran = run("send-many", "many.jsonl")

    assert (0, True) == (ran.code, "nothing to send" in ran.out)


@pytest.fixture
def many(sandbox: Sandbox, tmp_path: Path) -> Path:
    """Write a file that takes long enough to send to be interrupted."""
    sandbox.faults.add("latency", seconds=0.05, probability=1.0)
    _write(tmp_path, *[_message(text=f"Number {number}") for number in range(20_000)])
    return tmp_path / "many.jsonl"


def _process(folder: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", "send-many", "many.jsonl", "--json", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def _wait_for_acceptance(results: Path) -> None:
    """Wait until a message was accepted."""
    until = time.monotonic() + 20
    while not (results.exists() and b"accepted" in results.read_bytes()):
        assert time.monotonic() < until
        time.sleep(0.005)


def _without_hints(error: str) -> list[str]:
    return [line for line in error.splitlines() if not line.startswith("hint: ")]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_requests_in_flight(
    sandbox: Sandbox, many: Path, sent: signal.Signals
) -> None:
    """After one signal, reading stops, answers are awaited, and no line is ambiguous."""
    with _process(many.parent) as process:
        _wait_for_acceptance(many.with_name(RESULTS))
        process.send_signal(sent)
        out, error = process.communicate(timeout=30)
    counts = json.loads(out)

    assert process.returncode == 1
    assert (True, 0, 0) == (counts["interrupted"], counts["ambiguous"], counts["not_sent"])
    assert 0 < counts["accepted"] < 20_000
    assert counts["accepted"] == len(sandbox.handsets.received(PHONE))
    assert [] == _without_hints(error)
    assert "--resume` continues where this run stopped" in error


def test_a_second_interrupt_does_not_wait(sandbox: Sandbox, many: Path) -> None:
    """After a second signal, requests in flight are cancelled and recorded as ambiguous.

    Lines that were read and had not left are counted with those that were not read.
    """
    with _process(many.parent) as process:
        _wait_for_acceptance(many.with_name(RESULTS))
        sandbox.faults.add("latency", seconds=20, probability=1.0)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Ctrl+C again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    counts = json.loads(out)

    assert process.returncode == 3
    assert counts["interrupted"]
    assert counts["ambiguous"]
    assert counts["ambiguous"] == sum(
        row["outcome"] == "ambiguous" for row in _last_entries(many.parent).values()
    )
    assert counts["accepted"] + counts["ambiguous"] + counts["left"] == 20_000


def test_a_full_disk(run: Run, sandbox: Sandbox, many: Path) -> None:
    """A full disk stops the run with one error line, and a resumed run sends no line twice.

    The summary counts each line once: a line that could not be recorded was not reached.
    """
    sandbox.faults.clear()

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with _process(many.parent, preexec_fn=limit_file_size) as process:
        out, error = process.communicate(timeout=30)
    sent = len(sandbox.handsets.received(PHONE))
    resumed = run("send-many", "many.jsonl", "--resume", "--json")
    stopped = json.loads(out)

    assert process.returncode in (1, 3)
    assert stopped["interrupted"]
    assert stopped["accepted"] + stopped["ambiguous"] + stopped["left"] == 20_000
    assert "file too large" in error
    assert "Traceback" not in error
    assert "the journal" not in error
    assert 0 < sent < 20_000
    counts = _counts(resumed)
    texts = [each.text for each in sandbox.handsets.all()]
    assert len(set(texts)) == len(texts)
    assert counts["accepted"] + counts["ambiguous"] == 20_000


def test_the_bar() -> None:
    """The progress display has the progress and the time left, then the counts on a second line."""
    now = 0.0
    display = ProgressDisplay("many.jsonl", total=4000, clock=lambda: now)
    for line in range(1000):
        display.on_outcome(line, Accepted(reference="r", account="main", provider_id="1"))
    for line in range(3):
        display.on_bad_line(line, [Problem("to", "is missing")])
    for line in range(500):
        display.on_skipped(line)
    now = 10.0
    console = Console(width=80, file=io.StringIO(), record=True)

    console.print(display.render())

    first, second = console.export_text().splitlines()
    assert first.startswith("many.jsonl ")
    assert "1,503 of 4,000" in first
    assert first.rstrip().endswith("0:25 left")
    assert second == "1,000 accepted, 3 bad, 500 skipped"


@pytest.mark.parametrize(("width", "bar"), [(40, 1), (60, 10), (80, 25)])
def test_a_bar_with_a_long_name(monkeypatch: pytest.MonkeyPatch, width: int, bar: int) -> None:
    """The name of the file is shortened; the numbers are whole, and most of the rest is the bar."""
    monkeypatch.setenv("COLUMNS", str(width))
    now = 0.0
    name = f"{'guests-' * 20}.jsonl"
    display = ProgressDisplay(name, total=400_000, clock=lambda: now)
    for line in range(1000):
        display.on_outcome(line, Accepted(reference="r", account="main", provider_id="1"))
    now = 1.0
    console = Console(width=width, file=io.StringIO(), record=True)

    console.print(display.render())

    first, second = console.export_text().splitlines()
    assert first.rstrip().endswith("1,000 of 400,000 1,000/s 6:39 left")
    assert first.index("1,000 of") - first.index("…") > bar
    assert second == "1,000 accepted"


def test_a_deadline_that_is_no_number(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`--deadline nan` is refused before a results file is created; the next run is a first run."""
    (tmp_path / "a.csv").write_text("to,text\n+27820990001,x\n")

    ran = run("send-many", "a.csv", "--deadline", "nan")

    assert (2, True) == (ran.code, "--deadline" in ran.error)
    assert 0 == run("send-many", "a.csv").code


def test_outcomes_that_cannot_be_recorded_at_the_end(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the last outcomes cannot be written, the exit code is 3: --resume does not know them."""
    _write(tmp_path, _message())
    close = ResultsFile.close

    def failing(results: ResultsFile) -> None:
        close(results)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ResultsFile, "close", failing)

    ran = run("send-many", "many.jsonl", "--json")

    assert (3, 1) == (ran.code, ran.rows[0]["accepted"])
    assert f"error: {RESULTS}: no space left on device; the last outcomes are not" in ran.error


def test_results_that_are_deleted_at_the_end(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A results file that is gone when the run ends is exit code 1, though all lines were sent."""
    _write(tmp_path, _message())
    close = ResultsFile.close

    def deleting(results: ResultsFile) -> None:
        results.path.unlink()
        close(results)

    monkeypatch.setattr(ResultsFile, "close", deleting)

    ran = run("send-many", "many.jsonl", "--json")

    assert (1, 1) == (ran.code, ran.rows[0]["accepted"])
    assert f"{RESULTS}.rescued" == ran.rows[0]["rescued"]
