"""`omnimsg doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox


def test_a_well_configuration_is_exit_code_0(run: Run, sandbox: Sandbox) -> None:
    """It prints a table of what was found, for people."""
    ran = run("doctor")

    assert ran.code == 0
    assert "credentials" in ran.out
    assert "not verified" in ran.out


def test_json_and_a_wrong_key(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A health check reads `state`, and the exit code is 1 where one failed."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace("api_key = ", "api_key = 'wrong' #"))

    ran = run("doctor", "--json")

    assert ran.code == 1
    rows = {(row["account"], row["check"]): row["state"] for row in ran.rows}
    assert "failed" == rows["clickatell", "credentials"]
    assert "ok" == rows["messente", "reach"]


def test_a_broken_configuration_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    """Nothing is asked."""
    (tmp_path / "omnimsg.toml").write_text("accounts = 1\n")

    assert run("doctor").code == 2


def test_a_deadline_that_is_no_number(run: Run, sandbox: Sandbox) -> None:
    """It is a wrong flag, not a defect."""
    ran = run("doctor", "--deadline", "nan")

    assert (2, True) == (ran.code, "--deadline" in ran.error)
