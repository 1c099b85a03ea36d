"""`omnimsg demo`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli import demo as module
from omnimsg.cli.demo import play
from omnimsg.cli.demo_messages import rows
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from support.command import Run

    from omnimsg.cli.demo import Play


def _nothing(_: list[Play]) -> None:
    """Show nothing."""


def test_all_goes_as_expected(run: Run) -> None:
    """The exit code is 0, and standard output holds one JSON object a message and no more."""
    ran = run("demo", "--json", "--pace", "0")

    assert ran.code == 0
    assert all(row["as_expected"] for row in ran.rows)
    assert {"accepted", "rejected", "not_sent"} == {row["outcome"] for row in ran.rows}
    assert {"bird", "clickatell", "messente"} == {row["provider"] for row in ran.rows}
    assert not ran.err


def test_the_table(run: Run) -> None:
    """Without a terminal the final table and a summary are printed, within 80 columns."""
    ran = run("demo", "--pace", "0")

    assert ran.code == 0
    assert "all as expected" in ran.out.splitlines()[-1]
    assert max(map(len, ran.out.splitlines())) <= 80
    for heading in ("provider", "channel", "content", "to", "outcome", "status", "delivered"):
        assert heading in ran.out.splitlines()[0]


def test_no_full_number_is_shown(run: Run) -> None:
    """Recipients are masked in both forms."""
    shown = run("demo", "--pace", "0").out + run("demo", "--json", "--pace", "0").out

    for row in rows(["bird", "clickatell", "messente"]):
        assert row.to.removeprefix("+") not in shown


def test_every_row_has_a_recipient_of_its_own() -> None:
    """Otherwise one message's arrival would be taken for another's."""
    recipients = [row.to for row in rows(["bird", "clickatell", "messente"])]

    assert len(set(recipients)) == len(recipients)


@pytest.mark.anyio
async def test_delivered_is_what_the_handsets_hold() -> None:
    """The column says of every message what its phone says."""
    async with Sandbox() as sandbox:
        plays = await play(sandbox, _nothing)

        for each in plays:
            held = [each.row.content.kind for _ in sandbox.handsets.received(each.row.to)]
            assert each.delivered is (len(held) == 1)
        assert sum(each.delivered for each in plays) == len(sandbox.handsets.all())


@pytest.mark.anyio
async def test_something_unexpected_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is lost by a fault of the server deviates, and is waited for no longer."""
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    async with Sandbox() as sandbox:
        sandbox.faults.add("status", provider="bird", status=500)
        plays = await play(sandbox, _nothing)

    (wrong,) = [each for each in plays if not each.as_expected]
    assert wrong.found()["outcome"] == "ambiguous"
    assert wrong.settled


def test_a_deviation_is_told_and_is_exit_code_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table says what was found and what had to be."""

    async def lost(*_: object) -> list[Play]:
        return [module.Play(row) for row in rows(["bird"])][:1]

    monkeypatch.setattr(module, "_run", lost)

    ran = run("demo")

    assert ran.code == 1
    assert "1 not as expected" in ran.out
    assert "outcome is None" in " ".join(ran.out.split())
    assert run("demo", "--json").rows[0]["as_expected"] is False


def test_json_rows_are_documented() -> None:
    """Every member of a row is described in the module's docstring."""
    shown = module._as_json(module.Play(rows(["bird"])[0]))

    assert json.dumps(shown)
    for member in shown:
        assert f"`{member}`" in (module.__doc__ or "")
