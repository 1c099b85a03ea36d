"""A file of messages for `omnimsg send-many`, and what its results file and summary say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ran


PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
TEXT = "Your table is ready"
RESULTS = "many.jsonl.results.jsonl"


def message_row(to: str = PHONE, text: str = TEXT, **more: object) -> dict[str, object]:
    """Return a message in the JSON form."""
    return {"to": to, "content": {"type": "text", "text": text}, **more}


def write_file(folder: Path, *lines: object, name: str = "many.jsonl") -> None:
    """Write lines, JSON ones unless they are text, to a file of messages."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
    (folder / name).write_text("".join(f"{text}\n" for text in texts))


def last_entries(folder: Path, name: str = RESULTS) -> dict[int, dict[str, Any]]:
    """Read the last entry of each line from a results file."""
    rows = [json.loads(line) for line in (folder / name).read_text().splitlines()[1:]]
    return {row["line"]: row for row in rows}


def counts_of(ran: Ran) -> dict[str, Any]:
    """Return the summary of a run."""
    (counts,) = ran.rows
    return counts
