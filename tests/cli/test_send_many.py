"""`omnimsg send-many`."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest
from support.message_file import (
    NO_SUCH_PHONE,
    PHONE,
    RESULTS,
    TEXT,
    counts_of,
    last_entries,
    message_row,
    write_file,
)

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox


def test_every_line_arrives_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each line is sent once, equal lines too, and the results file has an outcome for each."""
    write_file(tmp_path, *[message_row()] * 250, message_row(text="Other"))

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
    } == counts_of(ran)
    assert ["Other", *[TEXT] * 250] == sorted(
        each.text for each in sandbox.handsets.received(PHONE)
    )
    assert {"accepted"} == {row["outcome"] for row in last_entries(tmp_path).values()}
    assert list(range(1, 252)) == sorted(last_entries(tmp_path))


def test_csv(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A CSV file is sent too; a problem is reported with its line and column."""
    write_file(
        tmp_path, "to,text,reference", f"{PHONE},{TEXT},r-1", "5550100,x,r-2", name="many.csv"
    )

    ran = run("send-many", "many.csv")

    assert ran.code == 1
    assert "line 3: to: must be a number in E.164 form" in ran.error
    assert "2 lines: 1 accepted, 1 bad\nresults  many.csv.results.jsonl\n" == ran.out
    assert ["r-1"] == [each.reference for each in sandbox.handsets.received(PHONE)]
    assert "to" == last_entries(tmp_path, "many.csv.results.jsonl")[3]["bad"][0]["field"]


def test_outcomes_of_all_kinds(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Outcomes are counted by kind; each reason is reported once, without numbers or texts."""
    lines = [
        message_row(),
        message_row(NO_SUCH_PHONE),
        message_row(NO_SUCH_PHONE),
        message_row("a@b.test"),
    ]
    write_file(tmp_path, *lines, "{", message_row(ttl=0))

    ran = run("send-many", "many.jsonl", "--json")

    counts = counts_of(ran)
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
    write_file(tmp_path, message_row(), message_row(NO_SUCH_PHONE), "{")
    run("send-many", "many.jsonl")
    before = (tmp_path / RESULTS).read_bytes()

    ran = run("send-many", "many.jsonl", "--resume", "--json")

    counts = counts_of(ran)
    assert (1, 3, 1) == (ran.code, counts["skipped"], counts["accepted"])
    assert before == (tmp_path / RESULTS).read_bytes()
    assert len(sandbox.handsets.received(PHONE)) == 1


def test_the_advice_to_resume_fits_a_run_with_other_flags(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The advice names no command without the run's own flags: that would be another run."""
    write_file(tmp_path, "phone", PHONE, name="many.csv")
    config = tmp_path / "omnimsg.toml"
    config.write_text(config.read_text().replace("sandbox-not-a-secret-A==", "hunter2"))
    flags = ("--map", "phone=to", "--text", TEXT, "--results", "other")

    ran = run("send-many", "many.csv", *flags)

    hints = [line for line in ran.err.splitlines() if line.startswith("hint: ")]
    assert "hint: the same command with `--resume` sends the 1 that may be tried again" == hints[-1]


def test_a_line_that_is_no_object(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The error of a line without any field names the line alone."""
    write_file(tmp_path, message_row(), "[]")

    ran = run("send-many", "many.jsonl", "--check")

    assert "error: line 2: must be an object with keys" == ran.error


def test_resuming_after_an_account_failure(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A wrong key stops the run after few requests; a resumed run with the right key sends all."""
    write_file(tmp_path, *[message_row(text=f"Number {number}") for number in range(1200)])
    config = tmp_path / "omnimsg.toml"
    right = config.read_text()
    # How many requests are under way before the first answer depends on the machine; a limit of the
    # account bounds it.
    key = 'api_key = "sandbox-not-a-secret-A=="'
    config.write_text(right.replace(key, 'api_key = "hunter2"\nlimits.concurrency = 2'))

    failed = run("send-many", "many.jsonl", "--json")
    request_count = len(sandbox.requests)
    config.write_text(right)
    resumed = run("send-many", "many.jsonl", "--resume", "--json")

    assert (1, 1200, 1200) == (
        failed.code,
        counts_of(failed)["not_sent"],
        counts_of(failed)["retryable"],
    )
    assert request_count <= 4
    assert "credentials" in failed.err
    assert "--resume` sends the 1,200" in failed.err
    assert (0, 1200, 0) == (
        resumed.code,
        counts_of(resumed)["accepted"],
        counts_of(resumed)["skipped"],
    )
    assert 1200 == len({each.text for each in sandbox.handsets.received(PHONE)})


def test_ambiguous_lines_are_not_sent_again(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """An ambiguous line stays so in every run, until --resend-ambiguous is given."""
    write_file(tmp_path, message_row(), message_row(text="Other"))
    sandbox.faults.add("reset_after")

    first = run("send-many", "many.jsonl", "--json")
    second = run("send-many", "many.jsonl", "--resume", "--json")
    arrived = len(sandbox.handsets.received(PHONE))
    third = run("send-many", "many.jsonl", "--resume", "--resend-ambiguous", "--json")

    assert [3, 3, 0] == [first.code, second.code, third.code]
    assert [2, 2, 0] == [counts_of(each)["ambiguous"] for each in (first, second, third)]
    assert "--resend-ambiguous" in second.err
    assert 2 == arrived
    assert 4 == len(sandbox.handsets.received(PHONE))


def test_a_repeated_reference_is_a_bad_line(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A line with the reference of an earlier line is bad, in the first and in a resumed run."""
    write_file(
        tmp_path, message_row(reference="r-1"), message_row(text="Other", reference="r-1"), "{"
    )

    ran = run("send-many", "many.jsonl", "--json")
    # Make the results file look as if the run was killed before the second line.
    written = (tmp_path / RESULTS).read_text().splitlines(keepends=True)
    later = ('{"line":2,', '{"line":3,')
    (tmp_path / RESULTS).write_text("".join(row for row in written if not row.startswith(later)))
    again = run("send-many", "many.jsonl", "--resume", "--json")

    for each in (ran, again):
        assert (1, 1, 2) == (each.code, counts_of(each)["accepted"], counts_of(each)["bad"])
        assert "line 2: reference: repeats the reference of another line" in each.err
    assert [TEXT] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_a_generated_reference_is_the_same_in_every_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line keeps its generated reference in one results file, and has another in another file."""
    write_file(tmp_path, message_row())
    sandbox.faults.add("status", status=401)
    run("send-many", "many.jsonl")
    first = last_entries(tmp_path)[1]
    run("send-many", "many.jsonl", "--resume")
    second = last_entries(tmp_path)[1]
    run("send-many", "many.jsonl", "--results", "other")

    assert ("not_sent", "accepted") == (first["outcome"], second["outcome"])
    assert (
        first["reference"] == second["reference"] != last_entries(tmp_path, "other")[1]["reference"]
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
    write_file(tmp_path, message_row())
    write_file(tmp_path, "to,txt", name="bad.csv")
    (tmp_path / "old").write_text("{}\n")

    ran = run("send-many", *arguments)

    assert ran.code == 2
    assert expected in ran.error
    assert ran.hint
    assert not sandbox.requests
    assert not (tmp_path / RESULTS).exists()


def test_a_changed_file_is_refused(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that has changed since the first run is not resumed."""
    write_file(tmp_path, message_row())
    run("send-many", "many.jsonl")
    write_file(tmp_path, message_row(), message_row(text="Other"))

    ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "has changed since the first run" in ran.error
    assert "a file of their own" in ran.hint


def test_the_results_of_another_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file that --results names by mistake is no reason to restore the messages."""
    write_file(tmp_path, message_row())
    write_file(tmp_path, message_row(text="Other"), name="other.jsonl")
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
    write_file(tmp_path, message_row())
    run("send-many", "refused.csv")
    run("send-many", "many.jsonl")

    ran = run("send-many", "many.jsonl", "--resume", "--results", "refused.csv.results.jsonl")

    expected = "error: refused.csv.results.jsonl: belongs to another file, refused.csv"
    assert (2, expected) == (ran.code, ran.error)
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_a_results_file_is_no_file_of_messages(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file whose name the shell has completed is refused, instead of all its lines."""
    write_file(tmp_path, message_row())
    run("send-many", "many.jsonl")

    ran = run("send-many", RESULTS)

    assert (2, f"error: {RESULTS}: is a results file") == (ran.code, ran.error)
    assert "hint: name the file of messages that it belongs to" == ran.hint


def test_results_in_use(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file that another process has locked is exit code 2."""
    write_file(tmp_path, message_row())
    run("send-many", "many.jsonl")
    with (tmp_path / RESULTS).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        ran = run("send-many", "many.jsonl", "--resume")

    assert ran.code == 2
    assert "in use by another process" in ran.error


def test_only_the_first_bad_lines_are_reported(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The first twenty bad lines are reported; the results file has all of them."""
    write_file(tmp_path, *["{"] * 1000)

    ran = run("send-many", "many.jsonl")

    assert ran.code == 1
    assert "1,000 lines: 1,000 bad" in ran.out
    assert 20 == ran.err.count("error: ")
    assert 1000 == len(last_entries(tmp_path))


def test_an_empty_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file without lines is exit code 0."""
    write_file(tmp_path)

    ran = run("send-many", "many.jsonl")

    assert (0, True) == (ran.code, "nothing to send" in ran.out)


def test_a_deadline_that_is_no_number(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`--deadline nan` is refused before a results file is created; the next run is a first run."""
    (tmp_path / "a.csv").write_text("to,text\n+27820990001,x\n")

    ran = run("send-many", "a.csv", "--deadline", "nan")

    assert (2, True) == (ran.code, "--deadline" in ran.error)
    assert 0 == run("send-many", "a.csv").code
