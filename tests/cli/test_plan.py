"""`omnimsg plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"


def test_a_plan_says_what_would_happen(run: Run, sandbox: Sandbox) -> None:
    """A plan shows parts, what forces UCS-2, a rounded ttl and the request; it sends nothing."""
    ran = run("plan", "--to", PHONE, "--text", "It\u2019s ready", "--ttl", "90")

    assert ran.code == 0
    said = {line[:12].strip(): line[12:] for line in ran.out.splitlines() if line}
    assert "no route is configured" == said["why"]
    assert "ucs-2, 1 part, 10 units, 60 left" == said["sms"]
    assert "'\u2019' (right single quotation mark)" == said["because of"]
    assert "ttl: 90 s become 120 s, the provider counts in 60 s" == said["note"]
    assert said["request"].startswith("POST http://127.0.0.1:")
    assert '"validityPeriod":2' in ran.out
    assert [] == sandbox.handsets.received(PHONE)


def test_json(run: Run, sandbox: Sandbox) -> None:
    """With `--json` a message's plan is one object, with the account's key masked."""
    ran = run("plan", "--to", PHONE, "--text", "Hello", "--json")

    (row,) = ran.rows
    assert ran.code == 0
    assert ("clickatell", "clickatell", "sms") == (row["account"], row["provider"], row["channel"])
    assert {"encoding": "gsm_7", "units": 5, "parts": 1, "left": 155, "forcing": []} == row["sms"]
    assert "***" == row["request"]["headers"]["Authorization"]
    assert [] == sandbox.handsets.received(PHONE)


def test_a_message_that_would_be_refused_is_exit_code_1(run: Run, sandbox: Sandbox) -> None:
    """A message that would be refused is exit code 1, with the reason."""
    ran = run("plan", "--to", PHONE, "--text", "Hello", "--channel", "rcs", "--json")

    assert ran.code == 1
    assert ran.rows[0]["refusal"]["reason"]


def test_a_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each line of a file has its plan; a line that is not a message has its problem."""
    file = tmp_path / "messages.csv"
    file.write_text(f"to,text\n{PHONE},Hello\n12,Hello\n", encoding="utf-8")

    ran = run("plan", str(file), "--json")

    assert ran.code == 1
    assert [2, 3] == [row["line"] for row in ran.rows]
    assert "clickatell" == ran.rows[0]["account"]
    assert "to" == ran.rows[1]["bad"][0]["field"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "", "no column 'to'"),
        ("a.txt", "x", "its name does not tell its format"),
        ("a.csv", b"to,text\n+27820990001,\xe9t\xe9\n", "line 2 is not UTF-8"),
        ("a.jsonl", "[\n{}\n]", "is one JSON array"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(
    run: Run, sandbox: Sandbox, tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    """An unreadable file is exit code 2, with the same error as `send-many`."""
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    ran = run("plan", name)

    assert (2, True) == (ran.code, expected in ran.error)


def test_a_file_is_read_as_send_many_reads_it(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file's plan respects `--encoding`, `--map` and `--text`."""
    (tmp_path / "a.csv").write_text(f"phone,name\n{PHONE},Zoé\n", encoding="cp1252")
    flags = ("--encoding", "cp1252", "--map", "phone=to", "--text", "Hello {name}")

    ran = run("plan", "a.csv", *flags, "--json")

    assert 0 == ran.code
    assert "Hello Zoé" in ran.rows[0]["request"]["body"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a.csv", "--to", PHONE), "--to cannot be used with a file of messages"),
        (("a.csv", "--ttl", "5"), "--ttl cannot be used with a file of messages"),
        (("--to", PHONE, "--text", "x", "--map", "a=to"), "--encoding and --map are for a file"),
    ],
)
def test_no_flag_is_left_out_silently(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """A flag that the plan would not use is an error."""
    (tmp_path / "a.csv").write_text(f"to,text\n{PHONE},x\n")

    ran = run("plan", *arguments)

    assert (2, True) == (ran.code, expected in ran.error)
