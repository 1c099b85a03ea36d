"""`omnimsg send-many`."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from omnimsg.cli.progress import Board

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ran, Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
WORDS = "Your table is ready"
RESULTS = "many.jsonl.results.jsonl"


@pytest.fixture(autouse=True)
def _quiet_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the command does to the process's logging out of other tests."""
    monkeypatch.setattr(logging.getLogger("omnimsg.engine"), "handlers", [])


def _message(to: str = PHONE, text: str = WORDS, **more: object) -> dict[str, object]:
    return {"to": to, "content": {"type": "text", "text": text}, **more}


def _write(folder: Path, *lines: object, name: str = "many.jsonl") -> None:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
    (folder / name).write_text("".join(f"{text}\n" for text in texts))


def _last(folder: Path, name: str = RESULTS) -> dict[int, dict[str, Any]]:
    """Read the last entry of each line."""
    rows = [json.loads(line) for line in (folder / name).read_text().splitlines()[1:]]
    return {row["line"]: row for row in rows}


def _counts(ran: Ran) -> dict[str, Any]:
    (counts,) = ran.rows
    return counts


def test_every_line_arrives_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each line is a message, equal ones too, and the results file has one outcome for each."""
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
    assert ["Other", *[WORDS] * 250] == sorted(
        each.text for each in sandbox.handsets.received(PHONE)
    )
    assert {"accepted"} == {row["outcome"] for row in _last(tmp_path).values()}
    assert list(range(1, 252)) == sorted(_last(tmp_path))


def test_csv(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A header and rows do as well; a problem is told by line and column."""
    _write(tmp_path, "to,text,reference", f"{PHONE},{WORDS},r-1", "5550100,x,r-2", name="many.csv")

    ran = run("send-many", "many.csv")

    assert ran.code == 1
    assert "line 3: to: must be a number in E.164 form" in ran.error
    assert "2 lines: 1 accepted, 1 bad\nresults  many.csv.results.jsonl\n" == ran.out
    assert ["r-1"] == [each.reference for each in sandbox.handsets.received(PHONE)]
    assert "to" == _last(tmp_path, "many.csv.results.jsonl")[3]["bad"][0]["field"]


def test_outcomes_of_all_kinds(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """They are counted apart, and each reason is told once, without numbers or words."""
    lines = [_message(), _message(NO_SUCH_PHONE), _message(NO_SUCH_PHONE), _message("a@b.test")]
    _write(tmp_path, *lines, "{", _message(ttl=0))

    ran = run("send-many", "many.jsonl", "--json")

    told = _counts(ran)
    assert (1, 1, 2, 1, 2) == (
        ran.code,
        told["accepted"],
        told["rejected"],
        told["not_sent"],
        told["bad"],
    )
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert 4 == len(errors)
    assert any("line 6: ttl: must be at least 1" in line for line in errors)
    assert WORDS not in ran.err
    assert NO_SUCH_PHONE[1:] not in ran.err


def test_resuming_leaves_alone_what_is_done(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing is sent again, and the counts and the exit code are those of the whole file."""
    _write(tmp_path, _message(), _message(NO_SUCH_PHONE), "{")
    run("send-many", "many.jsonl")
    before = (tmp_path / RESULTS).read_bytes()

    ran = run("send-many", "many.jsonl", "--resume", "--json")

    told = _counts(ran)
    assert (1, 3, 1) == (ran.code, told["skipped"], told["accepted"])
    assert before == (tmp_path / RESULTS).read_bytes()
    assert len(sandbox.handsets.received(PHONE)) == 1


def test_account_trouble_is_resumed_after_the_fix(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With a wrong key nothing is sent, quickly; with the right one a resumed run sends it all."""
    _write(tmp_path, *[_message(text=f"Number {number}") for number in range(1200)])
    config = tmp_path / "omnimsg.toml"
    right = config.read_text()
    config.write_text(right.replace("sandbox-not-a-secret-A==", "hunter2"))

    failed = run("send-many", "many.jsonl", "--json")
    asked = len(sandbox.requests)
    config.write_text(right)
    resumed = run("send-many", "many.jsonl", "--resume", "--json")

    assert (1, 1200, 1200) == (
        failed.code,
        _counts(failed)["not_sent"],
        _counts(failed)["retryable"],
    )
    assert asked <= 8
    assert "credentials" in failed.err
    assert "--resume` sends the 1,200" in failed.err
    assert (0, 1200, 0) == (resumed.code, _counts(resumed)["accepted"], _counts(resumed)["skipped"])
    assert 1200 == len({each.text for each in sandbox.handsets.received(PHONE)})


def test_what_may_have_been_sent_is_not_sent_again(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It stays ambiguous and exit code 3 through every run, until the user says otherwise."""
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


def test_one_reference_is_one_message(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A second line with a reference of the first is bad, in this run and in one resumed."""
    _write(tmp_path, _message(reference="r-1"), _message(text="Other", reference="r-1"), "{")

    ran = run("send-many", "many.jsonl", "--json")
    # As if it had been killed before it came to the second line.
    written = (tmp_path / RESULTS).read_text().splitlines(keepends=True)
    later = ('{"line":2,', '{"line":3,')
    (tmp_path / RESULTS).write_text("".join(row for row in written if not row.startswith(later)))
    again = run("send-many", "many.jsonl", "--resume", "--json")

    for each in (ran, again):
        assert (1, 1, 2) == (each.code, _counts(each)["accepted"], _counts(each)["bad"])
        assert "line 2: reference: is that of an earlier line" in each.err
    assert [WORDS] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_a_made_up_reference_is_the_same_in_every_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line that is tried twice has one reference, and another file's lines have others."""
    _write(tmp_path, _message())
    sandbox.faults.add("status", status=401)
    run("send-many", "many.jsonl")
    first = _last(tmp_path)[1]
    run("send-many", "many.jsonl", "--resume")
    second = _last(tmp_path)[1]
    run("send-many", "many.jsonl", "--results", "other")

    assert ("not_sent", "accepted") == (first["outcome"], second["outcome"])
    assert first["reference"] == second["reference"] != _last(tmp_path, "other")[1]["reference"]
    assert second["id"] == f"clickatell:{second['provider_id']}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("missing.jsonl",), "missing.jsonl: cannot be used: no such file"),
        (("omnimsg.toml",), "its name does not tell what it is"),
        (("bad.csv",), "header: column 'txt' is not a known key"),
        (("many.jsonl", "--account", "main"), "no account 'main'"),
        (("many.jsonl", "--resend-ambiguous"), "--resend-ambiguous belongs to --resume"),
        (("many.jsonl", "--resume"), "no such results file to resume"),
        (("many.jsonl", "--results", "old"), "old: exists already"),
        (("many.jsonl", "--results", "old", "--resume"), "old: line 1 is damaged"),
        (("many.jsonl", "--results", "no/old"), "no/old: there is no such folder"),
        (("many.jsonl", "--config", "none.toml"), "none.toml: no such file"),
    ],
)
def test_what_is_wrong_before_anything_is_sent(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """It is one line, one line of advice and exit code 2; nothing is sent or written."""
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
    """Its lines would be mistaken for those that were sent."""
    _write(tmp_path, _message())
    run("send-many", "many.jsonl")
    _write(tmp_path, _message(), _message(text="Other"))

    ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "has changed since it was begun" in ran.error
    assert "a file of its own" in ran.hint


def test_results_in_use(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Two processes cannot send one file at once."""
    _write(tmp_path, _message())
    run("send-many", "many.jsonl")
    with (tmp_path / RESULTS).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "in use by another process" in ran.error


def test_many_bad_lines_are_not_all_told(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The first twenty are; all of them are in the results."""
    _write(tmp_path, *["{"] * 1000)

    ran = run("send-many", "many.jsonl")

    assert ran.code == 1
    assert "1,000 lines: 1,000 bad" in ran.out
    assert 20 == ran.err.count("error: ")
    assert 1000 == len(_last(tmp_path))


def test_an_empty_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """There is nothing to do, and that is done."""
    _write(tmp_path)

    assert (0, True) == ((ran := run("send-many", "many.jsonl")).code, "nothing to send" in ran.out)


@pytest.fixture
def many(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A file that takes a while."""
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


def _begun(results: Path) -> None:
    """Wait until something was sent."""
    until = time.monotonic() + 20
    while not (results.exists() and b"accepted" in results.read_bytes()):
        assert time.monotonic() < until
        time.sleep(0.005)


def _unheard(error: str) -> list[str]:
    return [line for line in error.splitlines() if not line.startswith("hint: ")]


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_lets_what_is_under_way_end(
    sandbox: Sandbox, many: Path, asked: signal.Signals
) -> None:
    """Reading stops, answers are waited for, counts are printed, and nothing is ambiguous."""
    with _process(many.parent) as process:
        _begun(many.with_name(RESULTS))
        process.send_signal(asked)
        out, error = process.communicate(timeout=30)
    told = json.loads(out)

    assert process.returncode == 1
    assert (True, 0, 0) == (told["interrupted"], told["ambiguous"], told["not_sent"])
    assert 0 < told["accepted"] < 20_000
    assert told["accepted"] == len(sandbox.handsets.received(PHONE))
    assert [] == _unheard(error)
    assert "--resume` goes on where this run stopped" in error


def test_a_second_interrupt_does_not_wait(sandbox: Sandbox, many: Path) -> None:
    """What is under way is ambiguous then, and recorded as that."""
    with _process(many.parent) as process:
        _begun(many.with_name(RESULTS))
        sandbox.faults.add("latency", seconds=20, probability=1.0)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Ctrl+C again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    told = json.loads(out)

    assert process.returncode == 3
    assert told["interrupted"]
    assert told["ambiguous"]
    assert told["ambiguous"] == sum(
        row["outcome"] == "ambiguous" for row in _last(many.parent).values()
    )


def test_a_full_disk(run: Run, sandbox: Sandbox, many: Path) -> None:
    """Nothing leaves unrecorded, it is one line, and a later run finishes without doubles."""
    sandbox.faults.clear()

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with _process(many.parent, preexec_fn=small) as process:
        out, error = process.communicate(timeout=30)
    sent = len(sandbox.handsets.received(PHONE))
    resumed = run("send-many", "many.jsonl", "--resume", "--json")

    assert process.returncode in (1, 3)
    assert json.loads(out)["interrupted"]
    assert "file too large" in error
    assert "Traceback" not in error
    assert 0 < sent < 20_000
    told = _counts(resumed)
    texts = [each.text for each in sandbox.handsets.all()]
    assert len(set(texts)) == len(texts)
    assert told["accepted"] + told["ambiguous"] == 20_000


def test_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how far things are in one line, and what came of them in another."""
    board = Board("many.jsonl", total=4000)
    board._counts.update(accepted=1000, bad=3, skipped=500)
    monkeypatch.setattr(board, "_started", time.monotonic() - 10)
    console = Console(width=80, file=io.StringIO(), record=True)

    console.print(board._screen())

    first, second = console.export_text().splitlines()
    assert first.startswith("many.jsonl ")
    assert "1,503 of 4,000" in first
    assert first.rstrip().endswith("0:25 left")
    assert second == "1,000 accepted, 3 bad, 500 skipped"
