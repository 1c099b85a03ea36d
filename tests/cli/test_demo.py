"""`omnimsg demo`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli import demo, demo_run
from omnimsg.cli.demo import result_to_json
from omnimsg.cli.demo_messages import demo_messages
from omnimsg.cli.demo_run import DemoResult, run_demo
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from support.command import Run


PROVIDERS = ["bird", "clickatell", "messente"]


def test_all_goes_as_expected(run: Run) -> None:
    """The exit code is 0, and standard output has one JSON object a message and nothing else."""
    ran = run("demo", "--json", "--pace", "0")

    assert ran.code == 0
    assert all(row["as_expected"] for row in ran.rows)
    assert {"accepted", "rejected", "not_sent"} == {row["outcome"] for row in ran.rows}
    assert {"bird", "clickatell", "messente"} == {row["provider"] for row in ran.rows}
    assert not ran.err


def test_the_table(run: Run) -> None:
    """Without a terminal, the final table and a summary are printed within 80 columns."""
    ran = run("demo", "--pace", "0")

    assert ran.code == 0
    assert "all as expected" in ran.out.splitlines()[-1]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "`omnimsg sandbox`" in ran.hint
    for heading in ("provider", "channel", "content", "to", "outcome", "status", "delivered"):
        assert heading in ran.out.splitlines()[0]


@pytest.mark.parametrize(("columns", "first"), [("80", "provider"), ("60", "provider"), ("40", "")])
def test_no_word_is_cut_in_a_narrow_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, first: str
) -> None:
    """At 60 columns the table has fewer columns, below that a line a cell; no word is cut."""
    monkeypatch.setenv("COLUMNS", columns)

    ran = run("demo", "--pace", "0")

    lines = ran.out.splitlines()
    words = set(ran.out.split())
    assert {"clickatell", "whatsapp", "delivered", "accepted", "rejected", "throttled"} <= words
    assert {"unreachable", "content"} <= words
    assert max(map(len, lines[:-1])) <= int(columns)
    assert (first or "provider: clickatell") == lines[0].partition("  ")[0].partition(" channel")[0]


def test_no_full_number_is_shown(run: Run) -> None:
    """Recipients are masked in the table and in JSON."""
    shown = run("demo", "--pace", "0").out + run("demo", "--json", "--pace", "0").out

    for message in demo_messages(PROVIDERS):
        assert message.to.removeprefix("+") not in shown


def test_every_message_has_a_recipient_of_its_own() -> None:
    """No two messages have the same recipient, so that deliveries can be told apart."""
    recipients = [message.to for message in demo_messages(PROVIDERS)]

    assert len(set(recipients)) == len(recipients)


@pytest.mark.anyio
async def test_delivered_agrees_with_the_handsets() -> None:
    """A result is delivered if and only if its handset has received exactly one message."""
    async with Sandbox() as sandbox:
        results = await run_demo(sandbox)

        for each in results:
            received = list(sandbox.handsets.received(each.message.to))
            assert each.delivered is (len(received) == 1)
        assert sum(each.delivered for each in results) == len(sandbox.handsets.all())


@pytest.mark.anyio
async def test_an_unexpected_outcome_is_noticed() -> None:
    """A message that a server fault makes ambiguous is not as expected, and counts as finished."""
    async with Sandbox() as sandbox:
        sandbox.faults.add("status", provider="bird", status=500)
        results = await run_demo(sandbox)

    (wrong,) = [each for each in results if not each.as_expected]
    assert wrong.actual()["outcome"] == "ambiguous"
    assert wrong.finished


def test_a_deviation_is_exit_code_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table shows each deviation from the expected results, and the exit code is 1."""

    async def not_sent(*_: object) -> list[DemoResult]:
        return [DemoResult(demo_messages(["bird"])[0])]

    monkeypatch.setattr(demo_run, "run_demo", not_sent)

    ran = run("demo")

    assert ran.code == 1
    assert "1 not as expected" in ran.out
    assert "outcome is None" in " ".join(ran.out.split())
    assert run("demo", "--json").rows[0]["as_expected"] is False


def test_json_rows_are_documented() -> None:
    """The module's docstring describes every member of the JSON form."""
    row = result_to_json(DemoResult(demo_messages(["bird"])[0]))

    assert json.dumps(row)
    for member in row:
        assert f"`{member}`" in (demo.__doc__ or "")
