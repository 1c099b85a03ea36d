"""`omnimsg doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

ADVICE = "correct the account's credentials"


def test_a_correct_configuration_is_exit_code_0(run: Run, sandbox: Sandbox) -> None:
    """A correct configuration is exit code 0, with a table of the findings."""
    ran = run("doctor")

    assert ran.code == 0
    assert "credentials" in ran.out
    assert "not verified" in ran.out
    assert "17 checks: 14 ok, 3 not verified" == ran.out.splitlines()[-1]
    assert "" == ran.err


def test_json_and_a_wrong_key(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """With `--json` each check has its `state`; a failed check is exit code 1."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace("api_key = ", "api_key = 'wrong' #"))

    ran = run("doctor", "--json")

    assert ran.code == 1
    rows = {(row["account"], row["check"]): (row["state"], row["advice"]) for row in ran.rows}
    assert ("failed", ADVICE) == rows["clickatell", "credentials"]
    assert ("ok", None) == rows["messente", "reach"]


def test_the_table_has_the_advice(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Below what was found, the table has what to do about it, and its last line the counts."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace("api_key = ", "api_key = 'wrong' #"))

    ran = run("doctor")

    assert f" -> {ADVICE}\n" in ran.out
    assert ", 1 failed" in ran.out.splitlines()[-1]


def test_a_broken_configuration_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    """An invalid configuration is exit code 2."""
    (tmp_path / "omnimsg.toml").write_text("accounts = 1\n")

    assert run("doctor").code == 2


def test_a_deadline_that_is_no_number(run: Run, sandbox: Sandbox) -> None:
    """`--deadline nan` is an error that names the flag."""
    ran = run("doctor", "--deadline", "nan")

    assert (2, True) == (ran.code, "--deadline" in ran.error)
