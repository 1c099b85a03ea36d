"""A journal on a simulated disk: only synced records are certain to survive a power cut.

Each record is a segment of its own, so that a torn write damages this record and no earlier one, as
at the end of an append-only file. A segment that was not synced may be lost, torn or whole,
independently of those before it.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import attrs
from simulation.chance import Chance
from simulation.harness import Host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Attempt, Message, Outcome

_END = "\n"

# The longest duration of a sync, seconds.
_SYNC = 0.05


@attrs.define(eq=False)
class DiskJournal:
    """A journal that syncs each intent, and writes outcomes without a sync.

    Attributes:
        host: The host that has the disk.
        chance: Draws the duration of a sync from the tape.
        count: The number of segments.
        slowest: The longest duration of one record, seconds.
    """

    host: Host
    chance: Chance
    count: int = 0
    slowest: float = _SYNC

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record an intent; it is durable when this returns."""
        path = self._write(
            {"token": attempt.token, "intends": [each.reference for each in messages]}
        )
        await asyncio.sleep(self.chance.seconds("disk.sync", 0.0, self.slowest))
        self.host.disk.fsync(path)
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, which a power cut may lose."""
        kinds = {each.reference: each.kind for each in outcomes}
        self._write({"token": attempt.token, "outcomes": kinds})
        if self.chance.happens("disk.flushes", 30):
            # The operating system flushes its cache now and then.
            self.host.disk.fsync()

    def _write(self, record: dict[str, Any]) -> str:
        path = f"{self.count:06}"
        self.count += 1
        self.host.disk.write(path, (json.dumps(record) + _END).encode())
        return path


@attrs.define(eq=False)
class Recovered:
    """A journal's content after a power cut.

    Attributes:
        outcomes: The kind of the last outcome of each message that has one, by reference.
        open: The references of messages with an intent and no outcome of its attempt.
        segments: The number of segments, damaged ones included.
    """

    outcomes: dict[str, str] = attrs.field(factory=dict)
    open: set[str] = attrs.field(factory=set)
    segments: int = 0


def recover(host: Host) -> Recovered:
    """Read the journal from the disk."""
    found = Recovered()
    intents: dict[str, str] = {}
    settled: dict[str, dict[str, str]] = {}
    for path in host.disk.files():
        found.segments = max(found.segments, int(path) + 1)
        record = _parse(host.disk.read(path))
        if record is None:
            continue
        token = record["token"]
        intents.update(dict.fromkeys(record.get("intends", ()), token))
        for reference, kind in record.get("outcomes", {}).items():
            settled.setdefault(reference, {})[token] = kind
    for reference, token in intents.items():
        if token in settled.get(reference, {}):
            found.outcomes[reference] = settled[reference][token]
        else:
            found.open.add(reference)
    return found


def _parse(data: bytes) -> dict[str, Any] | None:
    """Return a record; `None` if it is torn."""
    text = data.decode(errors="replace")
    if not text.endswith(_END):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
