"""`omnimsg results`."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from support.results_of_a_file import NO_SUCH_PHONE, PHONE, RESULTS

from omnimsg import Client

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg import MessageStatus
    from omnimsg.sandbox import Sandbox


def test_the_counts(run: Run, sent: Sandbox) -> None:
    """Lines are counted by outcome and failures by reason, without a request."""
    requests = len(sent.requests)

    ran = run("results", "many.csv", "--json")
    for_people = run("results", "many.csv")

    assert [1, 1] == [ran.code, for_people.code]
    assert [
        {
            "accepted": 2,
            "rejected": 1,
            "not_sent": 0,
            "ambiguous": 0,
            "bad": 3,
            "retryable": 0,
            "untried": 0,
            "reasons": {"rejected": {"invalid_recipient": 1}},
            "delivery": None,
            "failed": None,
            "doubtful": None,
        }
    ] == ran.rows
    assert "6 lines: 2 accepted, 1 rejected, 3 bad" in for_people.out
    assert "rejected  1 invalid recipient" in for_people.out
    assert requests == len(sent.requests)


def test_doubtful_lines_are_in_a_file_of_their_own(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Ambiguous lines are written by `--doubtful`, not by `--failed`; the exit code is 3."""
    (tmp_path / "many.csv").write_text(f"to,text\n{PHONE},Hello\n0820990001,Hello\n")
    sandbox.faults.add("reset_after")
    run("send-many", "many.csv")

    ran = run("results", "many.csv", "--failed", "f.csv", "--doubtful", "d.csv", "--json")

    assert 3 == ran.code
    assert (1, 1) == (ran.rows[0]["failed"], ran.rows[0]["doubtful"])
    assert {"ambiguous": {"connection_lost": 1}} == ran.rows[0]["reasons"]
    assert f"{PHONE},Hello,2," in (tmp_path / "d.csv").read_text()
    assert PHONE not in (tmp_path / "f.csv").read_text()
    assert "may have been sent" in run("results", "many.csv", "--doubtful", "d2.csv").err


def test_json_lines_are_written_as_they_are(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Lines of a JSON Lines file are copied unchanged, and only to a file with that ending."""
    bad = json.dumps({"to": "0820990001", "content": {"type": "text", "text": "Hello"}})
    good = bad.replace("0820990001", PHONE)
    (tmp_path / "many.jsonl").write_text(f"{bad}\n\n{good}\r\n{{")
    run("send-many", "many.jsonl")

    ran = run("results", "many.jsonl", "--failed", "failed.jsonl", "--json")
    refused = run("results", "many.jsonl", "--failed", "failed.csv")

    assert (1, 2) == (ran.code, refused.code)
    assert f"{bad}\n{{\n" == (tmp_path / "failed.jsonl").read_text()
    assert "its lines would be JSON Lines" in refused.error


def test_a_file_that_was_refused(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that was refused as a whole has no results; it was exit code 0, as if all was well."""
    (tmp_path / "many.csv").write_text(f"to,txt\n{PHONE},Hello\n")
    run("send-many", "many.csv")

    ran = run("results", "many.csv", "--json")

    assert (2, "") == (ran.code, ran.out)
    assert (
        f"error: {RESULTS}: the file was refused, and no message was sent: header: column 'txt' is"
        " not a known key"
    ) == ran.error
    assert "hint: did you mean 'text'?" == ran.hint


def test_the_provider_is_asked(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """`--delivery` counts the status of each accepted message; a failed delivery is a failure."""
    numbers = (PHONE, "+27820990006", "+27820990007", PHONE)
    rows = "".join(f"{number},Hello\n" for number in numbers)
    (tmp_path / "few.csv").write_text(f"to,text\n{rows}")
    run("send-many", "few.csv")
    flags = ("--delivery", "--rate", "1000", "--failed", "failed.csv")

    ran = run("results", "few.csv", *flags, "--json")

    assert 1 == ran.code
    assert {"delivered": 2, "failed": 1, "expired": 1} == ran.rows[0]["delivery"]
    assert [f"{PHONE},Hello" in (tmp_path / "failed.csv").read_text(), 2] == [
        False,
        ran.rows[0]["failed"],
    ]


def test_a_wrong_key_ends_the_asking(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """`--delivery` with a wrong key is one error and exit code 1."""
    config = tmp_path / "omnimsg.toml"
    config.write_text(config.read_text().replace("sandbox-not-a-secret-A==", "hunter2"))

    ran = run("results", "many.csv", "--delivery", "--rate", "1000")

    assert 1 == ran.code
    assert "unauthorized" in ran.error


def test_how_long_the_asking_takes(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """`--delivery` says when it will take minutes: of a long file, nothing was seen for hours."""
    config = tmp_path / "omnimsg.toml"
    config.write_text(config.read_text().replace("sandbox-not-a-secret-A==", "hunter2"))

    slow = run("results", "many.csv", "--delivery", "--rate", "0.001")
    fast = run("results", "many.csv", "--delivery", "--rate", "1000")

    hint = "hint: 2 messages at 0.001 a second take 17 minutes; --rate changes that"
    assert hint == slow.err.splitlines()[0]
    assert "minutes" not in fast.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("missing.csv",), "missing.csv.results.jsonl: no such results file"),
        (("many.csv", "--results", "omnimsg.toml"), "line 1 is damaged"),
        (("many.csv", "--results", "."), "is not a regular file"),
        (("many.csv", "--failed", "many.csv"), "exists already"),
        (("many.csv", "--rate", "0"), "--rate"),
    ],
)
def test_a_wrong_path_or_flag_is_exit_code_2(
    run: Run, sent: Sandbox, arguments: tuple[str, ...], expected: str
) -> None:
    """A wrong path or flag is exit code 2."""
    ran = run("results", *arguments)

    assert (2, True) == (ran.code, expected in ran.error)


@pytest.mark.parametrize("delimiter", "|;")
def test_a_delimiter_that_the_first_line_names(
    run: Run, sandbox: Sandbox, tmp_path: Path, delimiter: str
) -> None:
    """The failed rows are written with the delimiter of the `sep=` line, so they can be sent."""
    header = delimiter.join(("to", "text", "a,b,c,d,e,f"))
    row = delimiter.join((NO_SUCH_PHONE, "Hello", "x"))
    (tmp_path / "a.csv").write_text(f"sep={delimiter}\n{header}\n{row}\n")
    run("send-many", "a.csv")
    run("results", "a.csv", "--failed", "failed.csv")

    ran = run("send-many", "failed.csv", "--check", "--json")

    assert (0, 1) == (ran.code, ran.rows[-1]["messages"])


def test_no_part_of_a_file_is_left(
    run: Run, sent: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the partly written file of failed lines is removed."""

    class FullDisk:
        def __init__(self, *_: object, **__: object) -> None:
            """Accept the arguments of `csv.writer`."""

        def writerow(self, _: object) -> None:
            """Raise the error of a full disk."""
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("csv.writer", FullDisk)
        full = run("results", "many.csv", "--failed", "failed.csv")
    again = run("results", "many.csv", "--failed", "failed.csv", "--json")

    assert (2, True) == (full.code, "no space left" in full.error)
    assert 4 == again.rows[0]["failed"]


def test_an_account_that_is_gone(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """`--delivery` with an account that the configuration lacks is an error that names it."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(
        file.read_text()
        .replace('"clickatell"\n\n', '"other"\n\n', 1)
        .replace("accounts.clickatell", "accounts.other")
    )

    ran = run("results", "many.csv", "--delivery")

    assert (2, True) == (ran.code, "no account 'clickatell'" in ran.error)


def test_a_file_that_has_changed(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """Counts need only the results file; failed lines cannot be written from a changed file."""
    (tmp_path / "many.csv").write_text("to,text\n")

    counted = run("results", "many.csv", "--json")
    refused = run("results", "many.csv", "--failed", "failed.csv")
    (tmp_path / "many.csv").unlink()
    deleted = run("results", "many.csv", "--json")

    assert [2, None] == [counted.rows[0]["accepted"], counted.rows[0]["untried"]]
    assert "has changed since it was sent" in counted.hint
    assert (2, True) == (refused.code, "has changed since it was sent" in refused.error)
    assert [2, None] == [deleted.rows[0]["accepted"], deleted.rows[0]["untried"]]


def test_a_line_number_without_bounds(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """A line number beyond any line of the file is refused without allocating memory for it."""
    with (tmp_path / RESULTS).open("a") as file:
        file.write('{"line":1000000000000,"bad":[]}\n')

    for arguments in (("results", "many.csv"), ("send-many", "many.csv", "--resume")):
        ran = run(*arguments)
        assert (2, True) == (ran.code, "is damaged" in ran.error)


def test_a_run_that_was_stopped(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """Lines not reached are counted as untried; an intent without an outcome is ambiguous."""
    rows = (tmp_path / RESULTS).read_text().splitlines(keepends=True)
    first_intent = next(row for row in rows if '"intent"' in row)
    (tmp_path / RESULTS).write_text(rows[0] + first_intent)

    ran = run("results", "many.csv", "--json")

    assert 3 == ran.code
    assert (1, 5) == (ran.rows[0]["ambiguous"], ran.rows[0]["untried"])


def test_a_message_after_many_blank_lines(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The number of a line may be higher than the size of the results file.

    The results file was called damaged.
    """
    (tmp_path / "a.csv").write_text("to,text\n" + "\n" * 5000 + f"{PHONE},Hello\n")
    run("send-many", "a.csv")

    ran = run("results", "a.csv", "--json")

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])


def test_a_file_that_changes_while_the_provider_is_asked(
    run: Run, sent: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts are those from before a change during the look-ups; no line is written.

    The error was that of a defect.
    """
    file = tmp_path / "many.csv"
    content, asked = file.read_text(), Client.status

    async def changing(client: Client, *given: Any, **named: Any) -> MessageStatus:
        file.write_text("to,text\n")
        return await asked(client, *given, **named)

    monkeypatch.setattr(Client, "status", changing)
    flags = ("--delivery", "--rate", "1000", "--json")
    counted = run("results", "many.csv", *flags)
    file.write_text(content)
    refused = run("results", "many.csv", *flags, "--failed", "failed.csv")

    assert (1, 0) == (counted.code, counted.rows[0]["untried"])
    assert (2, True) == (refused.code, refused.error.startswith("error: many.csv: was changed"))
    assert not (tmp_path / "failed.csv").exists()


def test_a_file_that_was_accepted_in_part(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Lines that no run has reached are exit code 1, though all others are accepted."""
    (tmp_path / "a.csv").write_text(f"to,text\n{PHONE},Hello\n")
    run("send-many", "a.csv")
    (tmp_path / "b.csv").write_text(f"to,text\n{PHONE},Hello\n{PHONE},Bye\n")
    rows = (tmp_path / "a.csv.results.jsonl").read_text().splitlines(keepends=True)
    header = json.loads(rows[0])
    header["sha256"] = hashlib.sha256((tmp_path / "b.csv").read_bytes()).hexdigest()
    (tmp_path / "b.csv.results.jsonl").write_text(json.dumps(header) + "\n" + "".join(rows[1:]))

    ran = run("results", "b.csv", "--json")

    assert (1, 1, 1) == (ran.code, ran.rows[0]["accepted"], ran.rows[0]["untried"])
