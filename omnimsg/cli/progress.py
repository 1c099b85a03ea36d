"""The progress of many messages: a bar on a terminal, and a line for what went wrong."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from omnimsg.cli.errors import advice
from omnimsg.cli.output import COLOURS, clean, err, say_error, say_hint
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from omnimsg.domain.errors import Problem
    from omnimsg.domain.outcome import Outcome

# Bad lines that are told one by one; a file in the wrong form has nothing else.
_MOST_BAD = 20


class Board:
    """What a run over many messages is watched with.

    The bar is on standard error, and only on a terminal. Of failures the first of each reason is
    told.

    Args:
        name: What is sent.
        total: About how many messages it has.
        unit: What one of them is called where one went wrong.

    Attributes:
        console: Where else to print while the bar is there.
    """

    def __init__(self, name: str, *, total: int, unit: str = "line") -> None:
        self._name = clean(name)
        self._unit = unit
        self._total = total
        self._counts: Counter[str] = Counter()
        self._told: set[tuple[str, str]] = set()
        self._started = time.monotonic()
        self.console: Console = err()
        self._live = Live(
            console=self.console,
            get_renderable=self._screen,
            refresh_per_second=8,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Show the bar."""
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away; what was told stays."""
        self._live.stop()

    def skipped(self, line: int) -> None:
        """Count a line that an earlier run has done with."""
        del line
        self._counts["skipped"] += 1

    def bad(self, line: int, problems: Sequence[Problem]) -> None:
        """Count a line that is no message, and tell of the first ones."""
        self._counts["bad"] += 1
        if self._counts["bad"] <= _MOST_BAD:
            what = [each.why if each.path == "line" else str(each) for each in problems]
            say_error(f"line {line}: {'; '.join(what)}", on=self.console)
        elif self._counts["bad"] == _MOST_BAD + 1:
            say_hint("further bad lines are told by the results file only", on=self.console)

    def concluded(self, line: int, outcome: Outcome) -> None:
        """Count an outcome, and tell of the first failure of its reason."""
        self._counts[outcome.kind] += 1
        if isinstance(outcome, Accepted):
            return
        if (outcome.kind, outcome.reason) not in self._told:
            self._told.add((outcome.kind, outcome.reason))
            what = f"{self._unit} {line}: {outcome.kind.replace('_', ' ')} by {outcome.account}"
            hint = advice(outcome.failure)
            say_error(f"{what}: {outcome.failure.sentence()}", hint, on=self.console)

    def _screen(self) -> RenderableType:
        counts = dict(self._counts)
        done = sum(counts.values())
        total = max(self._total, done)
        elapsed = max(time.monotonic() - self._started, 0.001)
        rate = (done - counts.get("skipped", 0)) / elapsed
        bar = Table.grid(padding=(0, 1), expand=True)
        for ratio in (None, 1, None, None, None):
            bar.add_column(ratio=ratio, no_wrap=True)
        bar.add_row(
            Text(self._name, "bold"),
            ProgressBar(total=total or 1, completed=done, complete_style="green"),
            f"{done:,} of {total:,}",
            Text(f"{rate:,.0f}/s", "dim"),
            Text(_left((total - done) / rate) if rate else "", "dim"),
        )
        parts = [
            Text(f"{counts[kind]:,} {kind.replace('_', ' ')}", COLOURS.get(kind, "dim"))
            for kind in ("accepted", "rejected", "not_sent", "ambiguous", "bad", "skipped")
            if kind in counts
        ]
        return Group(bar, Text(", ").join(parts))


def _left(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"
