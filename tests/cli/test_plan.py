"""`omnimsg plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"


def test_a_plan_says_what_would_happen(run: Run, sandbox: Sandbox) -> None:
    """It names account, parts, what forces UCS-2, rounding and the request, and sends nothing."""
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
    """`--json` prints one object a message, without the key of the account."""
    ran = run("plan", "--to", PHONE, "--text", "Hello", "--json")

    (row,) = ran.rows
    assert ran.code == 0
    assert ("clickatell", "clickatell", "sms") == (row["account"], row["provider"], row["channel"])
    assert {"encoding": "gsm_7", "units": 5, "parts": 1, "left": 155, "forcing": []} == row["sms"]
    assert "***" == row["request"]["headers"]["Authorization"]
    assert [] == sandbox.handsets.received(PHONE)


def test_a_message_that_would_be_refused_is_exit_code_1(run: Run, sandbox: Sandbox) -> None:
    """A check in CI can rely on the exit code."""
    ran = run("plan", "--to", PHONE, "--text", "Hello", "--channel", "rcs", "--json")

    assert ran.code == 1
    assert ran.rows[0]["refusal"]["reason"]


def test_a_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each line has its plan, and a line that is no message says why."""
    file = tmp_path / "messages.csv"
    file.write_text(f"to,text\n{PHONE},Hello\n12,Hello\n", encoding="utf-8")

    ran = run("plan", str(file), "--json")

    assert ran.code == 1
    assert [2, 3] == [row["line"] for row in ran.rows]
    assert "clickatell" == ran.rows[0]["account"]
    assert "to" == ran.rows[1]["bad"][0]["field"]
