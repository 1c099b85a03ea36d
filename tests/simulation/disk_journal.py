"""A journal on a simulated disk: only what was synced outlives a power cut, and that for certain.

Each record is a segment of its own, so that a torn write damages this record and no earlier one, as
at the end of a file that is only ever appended to. A segment that was not synced may be lost, torn
or whole, whatever became of those before it.
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

# The most seconds that a sync takes.
_SYNC = 0.05


@attrs.define(eq=False)
class DiskJournal:
    """Writes an intent and syncs it, and writes an outcome without.

    Attributes:
        host: Whose disk it is on.
        chance: Draws from the tape how long the disk takes.
        count: How many segments there are.
        slowest: The most seconds that it takes for one record.
    """

    host: Host
    chance: Chance
    count: int = 0
    slowest: float = _SYNC

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record an intent; it lasts when this returns."""
        path = self._write(
            {"token": attempt.token, "intends": [each.reference for each in messages]}
        )
        await asyncio.sleep(self.chance.seconds("disk.sync", 0.0, self.slowest))
        self.host.disk.fsync(path)
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes; they last if the power does."""
        kinds = {each.reference: each.kind for each in outcomes}
        self._write({"token": attempt.token, "outcomes": kinds})
        if self.chance.happens("disk.flushes", 30):
            # The system writes back what it holds now and then.
            self.host.disk.fsync()

    def _write(self, record: dict[str, Any]) -> str:
        path = f"{self.count:06}"
        self.count += 1
        self.host.disk.write(path, (json.dumps(record) + _END).encode())
        return path


@attrs.define(eq=False)
class Recovered:
    """What a journal says after a power cut.

    Attributes:
        outcomes: The kind of the last outcome of each message that has one, by reference.
        open: The references of messages that were intended, and of whose attempt nothing is known.
        segments: How many segments there are, the damaged ones among them.
    """

    outcomes: dict[str, str] = attrs.field(factory=dict)
    open: set[str] = attrs.field(factory=set)
    segments: int = 0


def recover(host: Host) -> Recovered:
    """Read a journal from the disk."""
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
    """Return a record; `None` where it is torn."""
    text = data.decode(errors="replace")
    if not text.endswith(_END):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
