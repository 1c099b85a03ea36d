"""What waits to leave through an account: batches, cut as the messages come, by priority.

A message joins the last batch of its kind while that has room, so that taking the next batch is
one step and costs nothing per message.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from omnimsg.domain.message import Message, Priority
from omnimsg.domain.outcome import Ambiguous

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence

    from omnimsg.domain.outcome import Outcome

# Messages of one request may have waited this much longer than each other, and be this much more
# patient: a tenth of their patience, at most a second. What is left of a `ttl` is told once for
# all of them, and the most impatient decides how long the request may take.
_SPREAD = 0.1
_MOST_SPREAD = 1.0


class Owner(Protocol):
    """Who hears what became of messages. A key is the owner's name for a message."""

    def finish(self, keys: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """Take the outcomes of messages, in the order of their keys."""

    def gone(self, keys: Sequence[Any]) -> Sequence[int]:
        """Say at which places stand messages that nobody waits for any more."""


@attrs.define(eq=False, kw_only=True)
class Batch:
    """Messages that will share a request: of one group, no reference twice.

    Attributes:
        owner: Who hears of them.
        group: What the adapter says they have in common.
        priority: Theirs.
        since: When the first was handed over, monotonic seconds.
        patience: Seconds that its caller gives it.
        ends: When the patience of the most impatient ends; infinity until it is their turn, for
            owners that only then begin to be impatient.
        messages: What to send.
        keys: The owner's names for them, in the same order.
        references: Those of the messages.
        attempt: How often they were tried before.
        doubts: By reference, what is known of those that may have been sent before.
        held: Why they were held back, where they were.
        is_open: Whether further messages may join.
    """

    owner: Owner
    group: Hashable
    priority: Priority
    since: float
    patience: float
    ends: float
    messages: list[Message] = attrs.field(factory=list)
    keys: list[Any] = attrs.field(factory=list)
    references: set[str] = attrs.field(factory=set)
    attempt: int = 0
    doubts: dict[str, Ambiguous] = attrs.field(factory=dict)
    held: str = ""
    is_open: bool = True
    _spread: float = attrs.field(init=False)

    @_spread.default
    def _allowed(self) -> float:
        return min(_MOST_SPREAD, self.patience * _SPREAD)

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.messages)

    def takes(self, reference: str, since: float, ends: float) -> bool:
        """Say whether a message of this kind may join."""
        return (
            reference not in self.references
            and since - self.since <= self._spread
            and (ends == self.ends or abs(ends - self.ends) <= self._spread)
        )

    def part(self, places: Sequence[int], **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return a batch of some of the messages, which nothing joins."""
        messages = [self.messages[place] for place in places]
        changes.setdefault("keys", [self.keys[place] for place in places])
        references = {each.reference for each in messages}
        return attrs.evolve(
            self, messages=messages, references=references, is_open=False, **changes
        )

    def split(self, parts: int) -> list[Batch]:
        """Cut it into batches of about the same size that stay apart."""
        size = max(1, math.ceil(len(self) / parts))
        starts = range(0, len(self), size)
        return [self.part(range(each, min(each + size, len(self)))) for each in starts]


class Line:
    """The batches of one priority, the oldest first.

    Attributes:
        batches: They.
        messages: How many are in them.
        producers: Those who wait for room to add another.
    """

    def __init__(self) -> None:
        self.batches: deque[Batch] = deque()
        self.messages: int = 0
        self.producers: deque[asyncio.Future[None]] = deque()
        self._open: dict[tuple[Owner, Hashable], Batch] = {}

    def open_batch(self, owner: Owner, group: Hashable) -> Batch | None:
        """Find the batch that messages of this kind join."""
        if self.batches:
            last = self.batches[-1]
            if last.is_open and last.owner is owner and last.group == group:
                return last
        return self._open.get((owner, group))

    def append(self, batch: Batch) -> None:
        """Let a batch wait that others may join."""
        self._shut(self._open.get((batch.owner, batch.group)))
        self._open[batch.owner, batch.group] = batch
        self.batches.append(batch)

    def prepend(self, batches: Sequence[Batch]) -> None:
        """Let batches wait in front, in their order; none of them is open."""
        self.batches.extendleft(reversed(batches))
        self.messages += sum(map(len, batches))

    def pop(self) -> Batch:
        """Take the oldest."""
        batch = self.batches.popleft()
        self.messages -= len(batch)
        self._shut(batch)
        return batch

    def remove(self, batches: Sequence[Batch]) -> None:
        """Take these out, wherever they stand."""
        for batch in batches:
            self.batches.remove(batch)
            self.messages -= len(batch)
            self._shut(batch)

    def full(self, batch: Batch) -> None:
        """Let nothing more join a batch."""
        self._shut(batch)

    def _shut(self, batch: Batch | None) -> None:
        if batch is not None and batch.is_open:
            batch.is_open = False
            del self._open[batch.owner, batch.group]


class Queue:
    """What waits, the highest priority first.

    Args:
        limit: The most messages of one batch.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._high, self._normal, self._low = Line(), Line(), Line()
        self._lines = (self._high, self._normal, self._low)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for line in self._lines for each in line.batches)

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def line(self, priority: Priority) -> Line:
        """Return what waits of one priority."""
        # Not a mapping: hashing a member of an enumeration costs more than all of `put`.
        if priority is Priority.NORMAL:
            return self._normal
        return self._high if priority is Priority.HIGH else self._low

    def put(  # noqa: PLR0913 - once a message: a value to hold these would cost more than the rest
        self,
        message: Message,
        key: object,
        *,
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> None:
        """Let a message wait, together with others of its kind where there are any.

        Args:
            message: What to send.
            key: The owner's name for it.
            owner: Who hears of it.
            group: What the adapter says it has in common with others.
            since: When it was handed over, monotonic seconds.
            patience: Seconds that its caller gives it.
            ends: When that patience ends, monotonic seconds; infinity where it begins with the
                message's turn.
        """
        line = self.line(message.priority)
        reference = message.reference
        batch = line.open_batch(owner, group)
        if batch is None or not batch.takes(reference, since, ends):
            batch = Batch(
                owner=owner,
                group=group,
                priority=message.priority,
                since=since,
                patience=patience,
                ends=ends,
            )
            line.append(batch)
        elif ends < batch.ends:
            batch.ends = ends
        batch.messages.append(message)
        batch.keys.append(key)
        batch.references.add(reference)
        line.messages += 1
        if len(batch.messages) >= self._limit:
            line.full(batch)

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Let batches of one priority wait in front of all others of theirs."""
        self.line(batches[0].priority).prepend(batches)

    def first(self) -> Batch | None:
        """Look at what would leave next."""
        for line in self._lines:
            if line.batches:
                return line.batches[0]
        return None

    def pop(self) -> Batch:
        """Take what leaves next."""
        return next(line for line in self._lines if line.batches).pop()

    def expired(self, now: float) -> list[Batch]:
        """Take out the batches whose patience is over."""
        return self._taken([each for each in self if each.ends <= now])

    def withdraw(self, owner: Owner) -> list[Batch]:
        """Take out the batches of one owner."""
        return self._taken([each for each in self if each.owner is owner])

    def clear(self) -> list[Batch]:
        """Take out everything."""
        return self._taken(list(self))

    def _taken(self, batches: list[Batch]) -> list[Batch]:
        for line in self._lines:
            line.remove([each for each in batches if self.line(each.priority) is line])
        return batches
