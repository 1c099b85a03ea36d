"""`omnimsg results`."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import Client

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg import MessageStatus
    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
OPTED_OUT = "+27820990004"
RESULTS = "many.csv.results.jsonl"
MARK = "empty this cell once the row is corrected"
ROWS = [
    "to;text;Full name",
    f"{PHONE};Hello;Ola",
    f"{NO_SUCH_PHONE};Hello;Ann",
    '082 099 0001;"Two\nlines";Bo',
    f'{PHONE};"Hello;Cy',
    f"{PHONE};One;too;many",
    f"{PHONE};Bye;Di",
]


@pytest.fixture
def sent(run: Run, sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """Send a file with good, rejected and bad rows to the sandbox, and return the sandbox."""
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in ROWS))
    run("send-many", "many.csv")
    return sandbox


def _saved_by_a_spreadsheet(path: Path) -> None:
    """Write each row of a CSV file, also the header, as wide as the widest."""
    rows = list(csv.reader(path.read_text().splitlines()))
    width = max(map(len, rows))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(row + [""] * (width - len(row)) for row in rows)


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


def test_what_failed_is_written_for_the_next_run(run: Run, sent: Sandbox, tmp_path: Path) -> None:
    """`--failed` writes the failed rows with line and reason; once corrected, they can be sent."""
    ran = run("results", "many.csv", "--failed", "failed.csv", "--json")
    failed = (tmp_path / "failed.csv").read_text()
    corrected = failed.replace("082 099 0001", "+27820990002").replace(NO_SUCH_PHONE, PHONE)
    (tmp_path / "failed.csv").write_text(corrected)
    again = run("send-many", "failed.csv", "--json")
    second = run("results", "failed.csv", "--failed", "failed-2.csv", "--json")

    assert 4 == ran.rows[0]["failed"]
    assert "to;text;Full name;metadata.line;metadata.why" == failed.splitlines()[0]
    assert f"{NO_SUCH_PHONE};Hello;Ann;3;invalid_recipient" in failed
    assert '"Two\nlines";Bo;4;to: must be a number' in failed
    assert "has 4 cells, the header has 3" in failed
    assert 0o600 == (tmp_path / "failed-2.csv").stat().st_mode & 0o777
    texts = [each.text or "" for each in sent.handsets.received("+27820990002")]
    assert ["Two lines"] == [" ".join(text.split()) for text in texts]
    assert (3, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert 1 == second.rows[0]["failed"]


def test_a_row_with_too_many_cells_stays_bad_until_it_is_corrected(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A text with a comma and no quotes is not sent in part by sending the failed lines again.

    The surplus was joined into the last cell, and the message left with half of its text.
    """
    (tmp_path / "many.csv").write_text(f"to,text,reference\n{PHONE},Hello, Ann,r-1\n")

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--json")
    run("results", "failed.csv", "--failed", "failed-2.csv")
    failed = (tmp_path / "failed-2.csv").read_text()
    (tmp_path / "failed-2.csv").write_text(failed.replace("Hello, Ann", '"Hello, Ann"'))
    last = run("send-many", "failed-2.csv", "--json")

    assert [
        "to,text,reference,metadata.line,metadata.why",
        f'{PHONE},Hello, Ann,r-1,2,"has 4 cells, the header has 3"',
    ] == (tmp_path / "failed.csv").read_text().splitlines()
    assert (0, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert (1, 0) == (last.rows[0]["accepted"], last.rows[0]["bad"])
    assert [("Hello, Ann", "r-1")] == [
        (each.text, each.reference) for each in sandbox.handsets.received(PHONE)
    ]


def test_a_row_with_too_many_cells_that_a_spreadsheet_has_saved_keeps_them(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A spreadsheet makes all rows, also the header, as wide as the widest: nothing gets lost."""
    rows = ["to,text,reference", f"{PHONE},Hello, Ann,r-1", f"{PHONE},Hello, my dear, Bo,r-2"]
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in rows))

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    header, first, second = (tmp_path / "failed.csv").read_text().splitlines()
    (tmp_path / "failed.csv").write_text(f"{header},,\n{first},\n{second}\n")
    run("send-many", "failed.csv")
    run("results", "failed.csv", "--failed", "failed-2.csv")

    assert [
        "to,text,reference,metadata.line,metadata.why",
        f'{PHONE},Hello, Ann,r-1,2,"has 7 cells, the header has 5"',
        f'{PHONE},Hello, my dear, Bo,r-2,3,"has 7 cells, the header has 5"',
    ] == (tmp_path / "failed-2.csv").read_text().splitlines()


def test_a_row_with_too_few_cells_stays_bad_until_it_is_corrected(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It is not sent by sending the failed lines again, also not when those are written again.

    The missing cells were filled with nothing, and the message left as if that were meant.
    """
    rows = ["to,text,Full name", f"{PHONE},Hello", f'{PHONE},"Hi', f"{PHONE},Bye,"]
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in rows))

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--json")
    run("results", "failed.csv", "--failed", "failed-2.csv")
    failed = (tmp_path / "failed-2.csv").read_text()
    why = f'"has 2 cells, the header has 3",{MARK}'
    corrected = failed.replace(f"Hello,,2,{why}", "Hello,Ann,2,")
    (tmp_path / "failed-2.csv").write_text(corrected)
    last = run("send-many", "failed-2.csv", "--json")

    expected = [
        "to,text,Full name,metadata.line,metadata.why",
        f"{PHONE},Hello,,2,{why}",
        f'{PHONE},"""Hi",,3,"a cell has an opening quote and no closing quote before line 4, which'
        f' looks like a row of its own",{MARK}',
    ]
    assert expected == (tmp_path / "failed.csv").read_text().splitlines()
    assert expected == failed.splitlines()
    assert (0, 2) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert (1, 1) == (last.rows[0]["accepted"], last.rows[0]["bad"])
    assert ["Bye", "Hello"] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_a_row_with_too_few_cells_that_a_spreadsheet_has_saved_stays_bad(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A spreadsheet makes all rows equally wide, which must not make up for the missing cells."""
    (tmp_path / "many.csv").write_text(f"to,text,Full name\n{PHONE},Hello\n0820,Hello,Bo\n")

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    _saved_by_a_spreadsheet(tmp_path / "failed.csv")
    again = run("send-many", "failed.csv", "--json")
    run("results", "failed.csv", "--failed", "failed-2.csv")

    assert (0, 2) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    why = f'"has 2 cells, the header has 3",{MARK}'
    assert f"{PHONE},Hello,,2,{why}" == (tmp_path / "failed-2.csv").read_text().splitlines()[1]


def test_a_row_that_repeats_a_reference_stays_bad_until_it_is_corrected(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """By itself the row is a good one, and its message may be the one that was sent already."""
    rows = ["to,text,reference", f"{PHONE},Hello,r-1", f"{PHONE},Hello,r-1"]
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in rows))

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--json")
    run("results", "failed.csv", "--failed", "failed-2.csv")
    _saved_by_a_spreadsheet(tmp_path / "failed-2.csv")
    third = run("send-many", "failed-2.csv", "--json")
    failed = (tmp_path / "failed-2.csv").read_text()
    (tmp_path / "failed-3.csv").write_text(failed.replace("r-1", "r-2").replace(MARK, ""))
    last = run("send-many", "failed-3.csv", "--json")

    assert [
        "to,text,reference,metadata.line,metadata.why",
        f"{PHONE},Hello,r-1,3,reference: repeats the reference of another line,{MARK}",
    ] == (tmp_path / "failed.csv").read_text().splitlines()
    assert [(0, 1), (0, 1), (1, 0)] == [
        (each.rows[0]["accepted"], each.rows[0]["bad"]) for each in (again, third, last)
    ]
    assert ["r-1", "r-2"] == [each.reference for each in sandbox.handsets.received(PHONE)]


def test_a_bad_row_that_repeats_a_reference_is_not_sent_with_another_flag(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A row without a country code that repeats a reference says both, and stays bad.

    The error advises --region, with which the new file would send the same message once more.
    """
    rows = ["to,text,reference", f"{PHONE},Hello,r-1", "082 099 0001,Hello,r-1"]
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in rows))

    first = run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--region", "ZA", "--json")

    assert first.error.endswith("; reference: repeats the reference of another line")
    assert (0, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_a_bad_row_is_not_sent_under_the_reference_of_a_later_one(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A bad row does not block its reference; once that is sent, the bad row needs another one."""
    rows = ["to,text,reference", "082 099 0001,Hello,r-1", f"{PHONE},Hello,r-1"]
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in rows))

    first = run("send-many", "many.csv", "--json")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--region", "ZA", "--json")

    assert [(1, 1), (0, 1)] == [
        (each.rows[0]["accepted"], each.rows[0]["bad"]) for each in (first, again)
    ]
    row = (tmp_path / "failed.csv").read_text().splitlines()[1]
    assert row.endswith(f'; reference: repeats the reference of another line",{MARK}')


def test_a_person_who_has_opted_out_is_not_texted_through_another_account(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The row is bad in the new file: only the first provider knew of the opt-out."""
    (tmp_path / "many.csv").write_text(f"to,text\n{OPTED_OUT},Hello\n{PHONE},Hello\n")

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--account", "bird", "--json")

    row = (tmp_path / "failed.csv").read_text().splitlines()[1]
    assert f"{OPTED_OUT},Hello,2,opted_out,{MARK}" == row
    assert (0, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert not sandbox.handsets.received(OPTED_OUT)


def test_a_marked_row_with_line_breaks_is_one_bad_row(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Its mark is no sign of a misplaced quote: sent uncorrected, it is one bad row.

    Each of its lines was a bad row, and the next file of failed lines had its text in pieces.
    """
    row = f'{PHONE},"Hello\nAnn",r-1'
    (tmp_path / "many.csv").write_text(f"to,text,reference\n{row}\n{row}\n")

    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv")
    run("results", "failed.csv", "--failed", "failed-2.csv")

    assert "error: line 2: is not corrected yet; empty its last cell once it is" == again.error
    assert "1 line: 1 bad" == again.out.splitlines()[0]
    why = "reference: repeats the reference of another line"
    with (tmp_path / "failed-2.csv").open(newline="") as file:
        assert [PHONE, "Hello\nAnn", "r-1", "2", why, MARK] == list(csv.reader(file))[1]


def test_a_line_of_json_that_repeats_a_reference_stays_bad_until_it_is_corrected(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It has an unknown key, whose value says why, as long as nobody corrects it."""
    line = {"to": PHONE, "content": {"type": "text", "text": "Hello"}, "reference": "r-1"}
    (tmp_path / "many.jsonl").write_text(f"{json.dumps(line)}\n" * 2)

    run("send-many", "many.jsonl")
    run("results", "many.jsonl", "--failed", "failed.jsonl")
    again = run("send-many", "failed.jsonl", "--json")
    run("results", "failed.jsonl", "--failed", "failed-2.jsonl")

    assert "error: line 1: is not corrected yet; delete its key 'why' once it is" == again.error
    failed = (tmp_path / "failed.jsonl").read_text()
    why = (
        "reference: repeats the reference of another line; correct this line, then delete this key"
    )
    assert {"why": why, **line} == json.loads(failed)
    assert failed == (tmp_path / "failed-2.jsonl").read_text()
    assert (0, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_a_hint_where_resume_would_send_the_failed_lines_too(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Who sends the new file and resumes the old one would text each of these people twice."""
    (tmp_path / "many.csv").write_text(f"to,text\n{PHONE},Hello\n")
    config = (tmp_path / "omnimsg.toml").read_text()
    (tmp_path / "wrong.toml").write_text(config.replace("sandbox-not-a-secret", "wrong"))

    run("send-many", "many.csv", "--config", "wrong.toml")
    ran = run("results", "many.csv", "--failed", "failed.csv")

    assert "1 line: 1 not sent" in ran.out
    assert "1 of the failed ones would be sent by `send-many --resume` too" in ran.err


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
