"""The progress bar of a file of messages."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from omnimsg.cli.progress import ProgressDisplay
from omnimsg.domain.errors import Problem
from omnimsg.domain.outcome import Accepted


def test_the_bar() -> None:
    """The progress display has the progress and the time left, then the counts on a second line."""
    now = 0.0
    display = ProgressDisplay("many.jsonl", total=4000, clock=lambda: now)
    for line in range(1000):
        display.on_outcome(line, Accepted(reference="r", account="main", provider_id="1"))
    for line in range(3):
        display.on_bad_line(line, [Problem("to", "is missing")])
    for line in range(500):
        display.on_skipped(line)
    now = 10.0
    console = Console(width=80, file=io.StringIO(), record=True)

    console.print(display.render())

    first, second = console.export_text().splitlines()
    assert first.startswith("many.jsonl ")
    assert "1,503 of 4,000" in first
    assert first.rstrip().endswith("0:25 left")
    assert second == "1,000 accepted, 3 bad, 500 skipped"


def test_a_bar_before_the_first_line() -> None:
    """A short name is whole from the start, when there is no time left to show."""
    display = ProgressDisplay("m.csv", total=4)
    console = Console(width=80, file=io.StringIO(), record=True)

    console.print(display.render())

    assert ["m.csv", "0", "of", "4", "0/s"] == console.export_text().split()


@pytest.mark.parametrize(("width", "bar"), [(40, 1), (60, 10), (80, 25)])
def test_a_bar_with_a_long_name(monkeypatch: pytest.MonkeyPatch, width: int, bar: int) -> None:
    """The name of the file is shortened; the numbers are whole, and most of the rest is the bar."""
    monkeypatch.setenv("COLUMNS", str(width))
    now = 0.0
    name = f"{'guests-' * 20}.jsonl"
    display = ProgressDisplay(name, total=400_000, clock=lambda: now)
    for line in range(1000):
        display.on_outcome(line, Accepted(reference="r", account="main", provider_id="1"))
    now = 1.0
    console = Console(width=width, file=io.StringIO(), record=True)

    console.print(display.render())

    first, second = console.export_text().splitlines()
    assert first.rstrip().endswith("1,000 of 400,000 1,000/s 6:39 left")
    assert first.index("1,000 of") - first.index("…") > bar
    assert second == "1,000 accepted"
