"""`omnimsg results --failed`: which rows stay bad until they are corrected."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from support.results_of_a_file import NO_SUCH_PHONE, OPTED_OUT, PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ran, Run

    from omnimsg.sandbox import Sandbox

MARK = "empty this cell once the row is corrected"


def _saved_by_a_spreadsheet(path: Path) -> None:
    """Write each row of a CSV file, also the header, as wide as the widest."""
    rows = list(csv.reader(path.read_text().splitlines()))
    width = max(map(len, rows))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(row + [""] * (width - len(row)) for row in rows)


def _sent_and_failed_twice(run: Run) -> Ran:
    """Send `many.csv`, and the rows that failed once more; write `failed-2.csv` of what failed."""
    run("send-many", "many.csv")
    run("results", "many.csv", "--failed", "failed.csv")
    again = run("send-many", "failed.csv", "--json")
    run("results", "failed.csv", "--failed", "failed-2.csv")
    return again


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

    again = _sent_and_failed_twice(run)
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

    again = _sent_and_failed_twice(run)
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

    again = _sent_and_failed_twice(run)
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


def test_lines_that_may_be_a_part_of_a_text_stay_bad(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A number in a text gets nothing from the file of failed lines either."""
    (tmp_path / "many.csv").write_text(f'to,text\n{PHONE},"Call\n+27820990003, Ola"\n')

    again = _sent_and_failed_twice(run)

    assert (0, 2) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert not sandbox.handsets.received("+27820990003")


@pytest.mark.parametrize(("encoding", "flags"), [("utf-8-sig", ()), ("cp1252", ("cp1252",))])
def test_what_excel_wrote_is_marked_as_utf_8_for_it(
    run: Run, sandbox: Sandbox, tmp_path: Path, encoding: str, flags: tuple[str, ...]
) -> None:
    """Excel would read the new file in another encoding, and save "GrÃ¼ÃŸe"."""
    (tmp_path / "many.csv").write_bytes("to,text\n0820990001,Grüße\n".encode(encoding))
    reading = [each for name in flags for each in ("--encoding", name)]

    run("send-many", "many.csv", *reading)
    run("results", "many.csv", "--failed", "failed.csv", *reading)

    assert (tmp_path / "failed.csv").read_bytes().startswith("\ufeffto,text".encode())
