"""Sending a file of messages, as `omnimsg send-many` does, one message a request.

The workload reads a JSON Lines file and writes its results file, every intent on the disk before
its request leaves. The file of messages is written before the measured part.
"""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson

from omnimsg.bulk import BulkRun, LineState, ResultsFile, open_message_file
from plain_sends import one_a_request
from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from omnimsg import Outcome, Problem
    from sample import Work

# Seconds: the deadline of each message.
DEADLINE = 30.0


class Unwatched:
    """An observer that ignores everything."""

    def on_skipped(self, line: int) -> None:
        """Ignore a line that was sent before."""

    def on_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """Ignore a bad line."""

    def on_outcome(self, line: int, outcome: Outcome) -> None:
        """Ignore an outcome."""

    def on_waiting(self, messages: int) -> None:
        """Ignore messages that wait for a fallback leg."""


@asynccontextmanager
async def file(base_url: str) -> AsyncIterator[Work]:
    """Send the lines of a file, each time with a new results file."""
    with TemporaryDirectory() as folder:
        runs = itertools.count()

        async def work(count: int) -> int:
            path = _file_of(count, Path(folder))
            results = ResultsFile.create(path.with_suffix(f".{next(runs)}.results"), path)
            run = BulkRun(
                open_message_file(path), results, resend_ambiguous=False, observer=Unwatched()
            )
            async with one_a_request(base_url, journal=results) as client:
                await run.send(client, account=None, deadline=DEADLINE)
            results.close()
            return results.line_states.count(LineState.ACCEPTED)

        yield work


def _file_of(count: int, folder: Path) -> Path:
    """Return a file with `count` messages, written when it is first needed."""
    path = folder / f"{count}.jsonl"
    if not path.exists():
        with path.open("wb") as written:
            for to, text, reference in lines(count):
                message = {
                    "to": to,
                    "content": {"type": "text", "text": text},
                    "reference": reference,
                }
                written.write(orjson.dumps(message) + b"\n")
    return path
