"""Messages whose life is planned when they are accepted and computed when somebody asks.

Nothing runs in the background: a record holds its whole timeline, and its state is a function of
the clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def iso(moment: float) -> str:
    """Return an epoch time (seconds) as ISO-8601 in UTC with milliseconds and a ``Z``."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@attrs.frozen
class Step:
    """One status in a message's life.

    Attributes:
        status: The provider's own word.
        offset: Seconds after the message's start; tables leave it at 0 and ``paced`` fills it.
        delivers: The handset receives the message with this step.
        detail: What else the provider says with this status, such as a failure code.
    """

    status: str
    offset: float = 0.0
    delivers: bool = attrs.field(default=False, kw_only=True)
    detail: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)


@attrs.frozen
class Change:
    """A step that was reached, with its time in epoch seconds."""

    status: str
    at: float
    detail: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)


def paced(steps: Sequence[Step], pace: float) -> tuple[Step, ...]:
    """Lay steps out ``pace`` seconds apart, the first at the start."""
    return tuple(attrs.evolve(step, offset=n * pace) for n, step in enumerate(steps))


@attrs.define(kw_only=True, eq=False)
class Record:
    """An accepted message and its planned timeline.

    Attributes:
        to: The recipient as a handset is addressed: digits of a number, or a mailbox.
        kind: The provider's name for the kind of content.
        content: The provider's own content object, as it was sent.
        text: One line that a person would recognise the message by.
        created: Epoch seconds when it was accepted.
        start: Epoch seconds when its timeline begins; later than ``created`` if scheduled.
        waiting: The status before ``start``.
        extra: Whatever else the emulator wants to look up later.
    """

    provider: str
    id: str
    channel: str
    to: str
    kind: str
    content: Any
    text: str
    created: float
    start: float
    steps: tuple[Step, ...]
    sender: str | None = None
    reference: str | None = None
    waiting: str | None = None
    extra: dict[str, Any] = attrs.field(factory=dict)

    def history(self, now: float) -> tuple[Change, ...]:
        """Return what has happened until ``now``, oldest first; never empty once created."""
        waiting = (
            [Change(self.waiting, self.created)]
            if self.waiting is not None and self.start > self.created
            else []
        )
        reached = (
            Change(step.status, self.start + step.offset, detail=step.detail)
            for step in self.steps
            if self.start + step.offset <= now
        )
        return (*waiting, *reached)

    def state(self, now: float) -> Change:
        """Return the latest change at ``now``."""
        return self.history(now)[-1]

    def settled(self, now: float) -> bool:
        """Say whether nothing more is planned after ``now``."""
        return all(self.start + step.offset <= now for step in self.steps)

    def received(self) -> float | None:
        """Return the epoch time at which the handset receives the message, None for never."""
        return next((self.start + step.offset for step in self.steps if step.delivers), None)

    def stop(self, now: float, step: Step) -> None:
        """Drop what is planned after ``now`` and end with ``step``, as a cancellation does."""
        past = tuple(done for done in self.steps if self.start + done.offset <= now)
        self.steps = (*past, attrs.evolve(step, offset=now - self.start))


class Messages:
    """The records of one emulator by the provider's message id; the oldest go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._records: OrderedDict[str, Record] = OrderedDict()

    def add(self, record: Record) -> None:
        """Remember a record under its id."""
        self._records[record.id] = record
        if len(self._records) > self._most:
            self._records.popitem(last=False)

    def get(self, message_id: str) -> Record | None:
        """Return the record of an id, None if it is unknown or forgotten."""
        return self._records.get(message_id)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)
