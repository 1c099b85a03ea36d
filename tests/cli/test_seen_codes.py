"""`omnimsg codes --seen`: codes in files that have no row in the adapter's tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import Accepted, Failure, NotSent, Reason, Rejected, Retry
from omnimsg.domain.serialization import outcome_to_json

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg import Outcome

HEADER = {"omnimsg": "send-many", "version": 1, "sha256": "0", "batch": "0"}


def met(code: str, at: str, **values: Any) -> dict[str, Any]:
    """Build a line of a file of unknown codes."""
    return {
        "omnimsg": "unknown-code",
        "account": "main",
        "provider": "bird",
        "table": "code",
        "code": code,
        "http_status": 422,
        "at": at,
        **values,
    }


def line(outcome: Outcome, number: int, at: str) -> dict[str, Any]:
    """Build a line of a results file."""
    return {"line": number, "at": at, "id": None, **outcome_to_json(outcome)}


def refused(code: str | None, account: str = "main") -> Rejected:
    """Build a rejected outcome with an unknown code."""
    failure = Failure(reason=Reason.UNKNOWN, retry=Retry.NEVER, unknown_code=code, http_status=207)
    return Rejected(reference="r1", account=account, failure=failure)


def write(path: Path, *lines: dict[str, Any], end: str = "") -> None:
    """Write a file of JSON lines."""
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines) + end)


def test_files_of_both_kinds_are_joined(run: Run, tmp_path: Path) -> None:
    """Both kinds of files give one row for each account, table and code, with its times."""
    write(
        tmp_path / "a.jsonl",
        met("Odd", "2030-01-02T00:00:00+00:00"),
        met("LOST", "2030-01-02T00:00:00+00:00", table="status", http_status=None),
        met("Odd", "2030-01-03T00:00:00+00:00", http_status=400),
    )
    accepted = Accepted(reference="r1", account="b", provider_id="m1")
    write(
        tmp_path / "b.results.jsonl",
        HEADER,
        {"line": 1, "intent": "r1", "account": "main", "at": "2030-01-01T00:00:00Z"},
        {"line": 2, "at": "2030-01-01T00:00:00Z", "bad": [{"field": "to", "why": "x"}]},
        line(refused("Odd"), 1, "2030-01-01T00:00:00Z"),
        line(refused(None), 3, "2030-01-01T00:00:00Z"),
        line(_after(accepted, refused("4711", "a")), 4, "2030-01-01T00:00:00Z"),
    )

    ran = run("codes", "--seen", "a.jsonl", "b.results.jsonl", "--json")

    assert 0 == ran.code
    assert [
        ("main", "bird", "code", "Odd", 400, 3, "2030-01-01", "2030-01-03"),
        ("main", "bird", "status", "LOST", None, 1, "2030-01-02", "2030-01-02"),
        ("a", None, "code", "4711", 207, 1, "2030-01-01", "2030-01-01"),
    ] == [
        (
            *(row[name] for name in ("account", "provider", "table", "code", "http_status")),
            *(row["lines"], row["first_seen"][:10], row["last_seen"][:10]),
        )
        for row in ran.rows
    ]


def _after(last: Accepted, first: Rejected) -> Outcome:
    return Accepted(
        reference=last.reference,
        account=last.account,
        provider_id=last.provider_id,
        earlier=(first,),
    )


def test_people_get_a_table(run: Run, tmp_path: Path) -> None:
    """The table fits into 80 columns; an unfinished last line of a file is skipped."""
    write(tmp_path / "a.jsonl", met("Odd", "2030-01-02T00:00:00+00:00"), end='{"omnimsg": "un')

    ran = run("codes", "--seen", "a.jsonl")

    assert ran.code == 0
    assert "Odd" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_files_without_unknown_codes(run: Run, tmp_path: Path) -> None:
    """Files without unknown codes give a sentence that says so."""
    write(tmp_path / "a.jsonl")
    failure = Failure(reason=Reason.TIMEOUT, retry=Retry.SAFE)
    unsent = NotSent(reference="r1", account="main", failure=failure)
    write(tmp_path / "b.jsonl", HEADER, line(unsent, 1, "2030-01-01T00:00:00Z"))

    ran = run("codes", "--seen", "a.jsonl", "b.jsonl")

    assert (0, "every code in these files has a row in its provider's table\n") == (
        ran.code,
        ran.out,
    )


@pytest.mark.parametrize(
    "content", ["to,text\n", "[]\n", '{"a": 1}\n', '{"omnimsg": "other"}\n', "\xff\n"]
)
def test_another_file_is_named(run: Run, tmp_path: Path, content: str) -> None:
    """A file of another kind is exit code 2; the error names the file and the line."""
    (tmp_path / "a.jsonl").write_text(content, encoding="latin-1")

    ran = run("codes", "--seen", "a.jsonl")

    assert (2, "") == (ran.code, ran.out)
    assert "a.jsonl: line 1 is not one of a file of unknown codes or results" in ran.error


def test_no_provider_is_answered_with_their_names(run: Run) -> None:
    """`codes` alone names the providers to choose from."""
    ran = run("codes")

    assert "name one of bird, clickatell, messente" in ran.hint


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "no provider is named"),
        (("bird", "--seen", "a.jsonl"), "bird: --seen lists the codes in the files"),
        (("--seen", "missing.jsonl"), "missing.jsonl: cannot be used"),
    ],
)
def test_wrong_arguments_are_exit_code_2(run: Run, arguments: tuple[str, ...], text: str) -> None:
    """No provider and no file, both of them, or a missing file are exit code 2."""
    ran = run("codes", *arguments)

    assert 2 == ran.code
    assert text in ran.error
