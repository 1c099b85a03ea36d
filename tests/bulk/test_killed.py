"""Runs killed with `kill -9` at random moments lose no line and send no message twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.killing import audit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("seed", "account", "lines"),
    [(1, "clickatell", 3000), (2, "clickatell", 3000), (3, "messente", 8000), (4, "bird", 400)],
)
def test_killed_and_resumed(tmp_path: Path, seed: int, account: str, lines: int) -> None:
    """Accepted messages arrive once, ambiguous ones at most once, and all others never."""
    counted = audit(tmp_path, seed=seed, lines=lines, kills=3, account=account)

    assert (0, [], []) == (counted.unaccounted, counted.twice, counted.wrong)
    assert counted.kills
    assert set(counted.outcomes) <= {"accepted", "ambiguous"}
    assert counted.exits[-1] == (3 if counted.outcomes.get("ambiguous") else 0)


def test_resend_ambiguous_after_kills(tmp_path: Path) -> None:
    """With --resend-ambiguous every line ends as accepted; some arrive more than once."""
    counted = audit(
        tmp_path, seed=5, lines=3000, kills=2, account="clickatell", flags=["--resend-ambiguous"]
    )

    assert {"accepted": 3000} == counted.outcomes
    assert counted.unaccounted == counted.exits[-1] == 0
    # A line resent after one kill may be in flight at the next kill, and be resent again.
    doubled = counted.delivered - 3000
    assert len(counted.twice) <= doubled <= counted.kills * len(counted.twice)
