"""Show the progress of many messages: a bar on a terminal, and one line for each new failure."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from omnimsg.cli.errors import advice_for
from omnimsg.cli.message_files import problems_text, region_advice
from omnimsg.cli.output import (
    OUTCOME_KINDS,
    counts_text,
    print_error,
    print_hint,
    sanitize,
    spaced,
    stderr_console,
    styled,
)
from omnimsg.cli.streams import OutputError, writing
from omnimsg.cli.wait_text import failure_text
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from omnimsg.domain.errors import Problem
    from omnimsg.domain.outcome import Outcome

# How many bad lines are reported one by one; in a file of the wrong format, all lines are bad.
_MAX_BAD_LINES = 20
_MAX_NAME_COLUMNS = 24


class ProgressDisplay:
    """Shows the progress of a run over many messages, on standard error.

    The bar is shown on a terminal only. The first failure with each reason is reported.

    Args:
        name: The name beside the bar.
        total: The approximate number of messages of the run.
        unit: The word for one message of the run in failure texts.
        region: The region of numbers without a country code, if the user has named one.
        clock: Returns the time in seconds.

    Attributes:
        console: The console to print on while the bar is shown.
    """

    def __init__(
        self,
        name: str,
        *,
        total: int,
        unit: str = "line",
        region: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = sanitize(name)
        self._unit = unit
        self._region = region
        self._has_advised_region = False
        self._total = total
        self._counts: Counter[str] = Counter()
        self._reported: set[tuple[str, str]] = set()
        self._waiting = 0
        self._clock = clock
        self._started = clock()
        self.console: Console = stderr_console()
        self._live = Live(
            console=self.console,
            get_renderable=self.render,
            refresh_per_second=8,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Show the bar."""
        if self.console.is_terminal:
            with suppress(OutputError), writing(self.console.file):
                self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar; reported failures stay."""
        with suppress(OutputError), writing(self.console.file):
            self._live.stop()

    def on_skipped(self, line: int) -> None:
        """Count a line that an earlier run has finished."""
        del line
        self._counts["skipped"] += 1

    def on_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """Count a line that is not a message, and report the first ones."""
        self._counts["bad"] += 1
        if self._counts["bad"] <= _MAX_BAD_LINES:
            advice = None if self._has_advised_region else region_advice(problems, self._region)
            self._has_advised_region |= advice is not None
            self._print_error(f"line {line}: {problems_text(problems)}", advice)
        elif self._counts["bad"] == _MAX_BAD_LINES + 1:
            self.print_hint("the other bad lines are only in the results file")

    def on_outcome(self, line: int, outcome: Outcome) -> None:
        """Count an outcome, and report the first failure with its reason."""
        self._counts[outcome.kind] += 1
        if isinstance(outcome, Accepted):
            return
        if (outcome.kind, outcome.reason) not in self._reported:
            self._reported.add((outcome.kind, outcome.reason))
            what = f"{self._unit} {line}: {spaced(outcome.kind)} by {outcome.account}"
            hint = advice_for(outcome.failure)
            self._print_error(f"{what}: {failure_text(outcome.failure)}", hint)

    def on_waiting(self, messages: int) -> None:
        """Show how many messages wait for a fallback leg; print a hint the first time."""
        if not self._waiting:
            what = "message waits" if messages == 1 else "messages wait"
            self.print_hint(f"{messages:,} {what} for a fallback leg; Ctrl+C ends that")
        self._waiting = messages

    def print_hint(self, text: str) -> None:
        """Print advice above the bar."""
        # A closed terminal must not stop the run, nor be reported as an error of the results file.
        with suppress(OutputError):
            print_hint(text, on=self.console)

    def _print_error(self, text: str, hint: str | None = None) -> None:
        with suppress(OutputError):
            print_error(text, hint, on=self.console)

    def render(self) -> RenderableType:
        """Return the current bar and counts, as two lines."""
        counts = dict(self._counts)
        done = sum(counts.values())
        total = max(self._total, done)
        elapsed = max(self._clock() - self._started, 0.001)
        rate = (done - counts.get("skipped", 0)) / elapsed
        bar = Table.grid(padding=(0, 1), expand=True)
        # The name is shortened before any number is, and leaves room for the bar.
        columns = min(_MAX_NAME_COLUMNS, self.console.width // 4)
        bar.add_column(max_width=columns, overflow="ellipsis")
        for ratio in (1, None, None, None):
            bar.add_column(ratio=ratio, no_wrap=True)
        name = styled((self._name, "bold"))
        name.no_wrap = True
        bar.add_row(
            name,
            ProgressBar(total=total or 1, completed=done, complete_style="green"),
            f"{done:,} of {total:,}",
            styled((f"{rate:,.0f}/s", "dim")),
            # A blank and not nothing: an empty column costs the name its last characters.
            styled((_time_left((total - done) / rate) if rate else " ", "dim")),
        )
        kinds = (*OUTCOME_KINDS, "bad", "skipped")
        shown = counts_text({kind: counts.get(kind, 0) for kind in kinds})
        if self._waiting:
            shown.append(f", waiting for the legs of {self._waiting:,}", style="dim")
        return Group(bar, shown)


def _time_left(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"
