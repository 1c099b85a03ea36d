"""`omnimsg send-many` with fallback legs that omnimsg runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from omnimsg import Client, MessageId, MessageStatus, Status
from omnimsg.domain.status import Evidence, LegStatus, Timeline
from omnimsg.sandbox import Scenario, magic_number

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from support.command import Run

    from omnimsg.sandbox import Sandbox

NOT_THERE = magic_number(Scenario.NOT_ON_CHANNEL)
NEVER = magic_number(Scenario.NEVER_SETTLES)
NO_NUMBER = magic_number(Scenario.INVALID_RECIPIENT)
RESULTS = "many.jsonl.results.jsonl"
THROUGH = ("send-many", "many.jsonl", "--account", "bird")


def write(folder: Path, *numbers: str, **fields: Any) -> None:
    """Write a file of WhatsApp messages that fall back to an SMS through another account."""
    message = {
        "content": {"type": "text", "text": "Code 4711"},
        "channel": "whatsapp",
        "ttl": 600,
        "fallback": [{"channel": "sms", "account": "clickatell"}],
        **fields,
    }
    lines = [json.dumps({"to": each, **message}) for each in numbers]
    (folder / "many.jsonl").write_text("".join(f"{line}\n" for line in lines))


def entries(folder: Path) -> list[dict[str, Any]]:
    """Read the entries of the results file."""
    return [json.loads(line) for line in (folder / RESULTS).read_text().splitlines()[1:]]


def channels(sandbox: Sandbox, number: str) -> list[str]:
    """Return the channels of the messages that a handset has received."""
    return [each.channel for each in sandbox.handsets.received(number)]


def test_legs_are_waited_for(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The run waits for a leg that fails, and its fallback leg is one more entry of the line."""
    write(tmp_path, NOT_THERE)

    ran = run(*THROUGH, "--json")
    again = run(*THROUGH, "--resume", "--json")
    results = run("results", "many.jsonl", "--delivery", "--json")

    assert [0, 0, 0] == [ran.code, again.code, results.code]
    assert {"sent": 1, "refused": 0, "doubtful": 0, "left": 0, "reached_twice": 0} == (
        ran.rows[0]["legs"]
    )
    assert "1 message waits for a fallback leg" in ran.err
    assert ["sms"] == channels(sandbox, NOT_THERE)
    assert [
        ("bird", None, None),
        ("bird", "accepted", None),
        ("clickatell", None, True),
        ("clickatell", "accepted", True),
    ] == [
        (each["account"], each.get("outcome"), each.get("later_leg")) for each in entries(tmp_path)
    ]
    assert (1, {"delivered": 1}) == (results.rows[0]["accepted"], results.rows[0]["delivery"])


def test_a_message_whose_last_leg_is_under_way_has_not_failed(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`results --failed` does not write a line of which one leg has failed and one may arrive."""
    write(tmp_path, NOT_THERE)
    run(*THROUGH)

    async def status(_: object, message_id: str, **__: object) -> MessageStatus:
        found = MessageId(message_id)
        word = Status.FAILED if found.account == "bird" else Status.SENT
        timeline = Timeline.of(Evidence(word, "x"), datetime(2030, 1, 1, tzinfo=UTC))
        return MessageStatus(id=found, legs=(LegStatus(timeline=timeline),))

    monkeypatch.setattr(Client, "status", status)

    ran = run("results", "many.jsonl", "--delivery", "--failed", "failed.jsonl", "--json")

    assert (0, {"sent": 1}) == (ran.code, ran.rows[0]["delivery"])
    assert 0 == ran.rows[0]["failed"]


def test_the_summary_mentions_legs_only_if_there_were_any(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The summary has a line about fallback legs only if there were any."""
    write(tmp_path, NOT_THERE)
    with_legs = run(*THROUGH)
    (tmp_path / RESULTS).unlink()
    write(tmp_path, NOT_THERE, channel="sms", fallback=[])
    without = run(*THROUGH)

    assert "legs     1 sent" in with_legs.out
    assert "legs" not in without.out


def test_a_leg_that_is_refused_leaves_the_line_accepted(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line whose fallback leg is refused stays accepted, and is skipped by `--resume`."""
    write(tmp_path, NOT_THERE)
    sandbox.faults.add("status", provider="clickatell", status=400, count=1)

    ran = run(*THROUGH, "--json")
    again = run(*THROUGH, "--resume", "--json")

    assert (1, 1) == (ran.rows[0]["accepted"], ran.rows[0]["legs"]["refused"])
    assert (1, 1) == (again.rows[0]["accepted"], again.rows[0]["skipped"])
    assert [] == channels(sandbox, NOT_THERE)


def test_a_leg_that_may_have_been_sent_is_exit_code_3(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A fallback leg whose answer is lost leaves its line accepted; the exit code is 3."""
    write(tmp_path, NOT_THERE)
    sandbox.faults.add("reset_after", provider="clickatell")

    ran = run(*THROUGH, "--json")

    assert (3, 1, 0) == (ran.code, ran.rows[0]["accepted"], ran.rows[0]["ambiguous"])
    assert 1 == ran.rows[0]["legs"]["doubtful"]


def test_ctrl_c_ends_the_wait(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ctrl+C ends the wait for legs; the legs not tried are counted, and the exit code is 1."""
    write(tmp_path, NEVER, NEVER, NOT_THERE)
    command = [sys.executable, "-m", "omnimsg", *THROUGH, "--json"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        waiting = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    (summary,) = map(json.loads, out.splitlines())

    assert "wait for a fallback leg; Ctrl+C ends that" in waiting
    assert (1, summary, error) == (process.returncode, summary, error)
    assert (3, False) == (summary["accepted"], summary["interrupted"])
    assert 3 == summary["legs"]["left"] + summary["legs"]["sent"]
    assert 2 <= summary["legs"]["left"]
    assert "messages waited for the delivery of a leg when the run ended" in error


def test_a_message_through_a_route_and_within_a_budget(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`send-many` follows the routes and budgets of the configuration."""
    toml = (tmp_path / "omnimsg.toml").read_text()
    route = '[[routes]]\nname = "all"\naccounts = ["messente"]\n'
    budget = '[[budgets]]\nname = "day"\nmessages = 1\nwindow = 86400\n'
    (tmp_path / "omnimsg.toml").write_text(f"{toml}\n{route}\n{budget}")
    write(tmp_path, "+27820990001", "+27820990001", channel="sms", fallback=[])

    check = run("send-many", "many.jsonl", "--check")
    ran = run("send-many", "many.jsonl", "--json")

    assert "2 text by sms through the routes" in check.out
    assert (1, 1) == (ran.rows[0]["accepted"], ran.rows[0]["not_sent"])
    assert ["messente"] == [each.provider for each in sandbox.handsets.all()]
