"""`kill -9` at random moments: every line is accounted for, and nobody is texted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.killing import audit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("seed", "account", "lines"),
    [(1, "clickatell", 3000), (2, "clickatell", 3000), (3, "messente", 20_000), (4, "bird", 400)],
)
def test_killed_and_resumed(tmp_path: Path, seed: int, account: str, lines: int) -> None:
    """What was accepted is on its handset once, what is ambiguous at most once, all else never."""
    counted = audit(tmp_path, seed=seed, lines=lines, kills=3, account=account)

    assert (0, [], []) == (counted.unaccounted, counted.twice, counted.wrong)
    assert counted.kills
    assert set(counted.outcomes) <= {"accepted", "ambiguous"}
    assert counted.exits[-1] == (3 if counted.outcomes.get("ambiguous") else 0)


def test_who_wants_it_gets_all_of_them_out(tmp_path: Path) -> None:
    """With --resend-ambiguous every line is accepted in the end, and a kill may double some."""
    counted = audit(
        tmp_path, seed=5, lines=3000, kills=2, account="clickatell", flags=["--resend-ambiguous"]
    )

    assert {"accepted": 3000} == counted.outcomes
    assert counted.unaccounted == counted.exits[-1] == 0
    # What one kill left in doubt, and so sent again, another may find under way once more.
    doubled = counted.delivered - 3000
    assert len(counted.twice) <= doubled <= counted.kills * len(counted.twice)
