"""The waiting batches of one priority."""

from __future__ import annotations

from collections import OrderedDict
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Priority
    from omnimsg.engine.sending.batch import Batch, Kind


class Lane:
    """The batches of one priority, the oldest first.

    Attributes:
        priority: Their priority.
        batches: The batches, as keys: any of them can be removed in one step.
        messages: The number of messages in them.
        failing_over: Those of the batches, as keys, that can fail over to another account.
    """

    def __init__(self, priority: Priority) -> None:
        self.priority = priority
        self.batches: OrderedDict[Batch, None] = OrderedDict()
        self.messages: int = 0
        self.failing_over: dict[Batch, None] = {}
        self._open: dict[Kind, Batch] = {}

    def open_batch(self, kind: Kind) -> Batch | None:
        """Return the batch that messages of this kind join."""
        return self._open.get(kind)

    def append_open(self, batch: Batch, kind: Kind) -> None:
        """Add a batch that messages may join, and close the open one of its kind."""
        self.close(self._open.get(kind))
        batch.open(kind)
        self._open[kind] = batch
        self.batches[batch] = None
        self._index(batch)

    def append_alone(self, batch: Batch) -> None:
        """Add a batch of one message that no other joins."""
        self.batches[batch] = None
        self.messages += 1
        self._index(batch)

    def prepend(self, batches: Sequence[Batch]) -> None:
        """Add closed batches in front, in their order.

        Parts of a batch that was split go behind parts that wait already: refusals of two halves
        say more about the account than those of a half and its quarter.
        """
        parts: list[Batch] = []
        if batches[0].is_part:
            parts += takewhile(attrgetter("is_part"), self.batches)
        for batch in reversed([*parts, *batches]):
            self.batches[batch] = None
            self.batches.move_to_end(batch, last=False)
        self.messages += sum(len(each.messages) for each in batches)
        for batch in batches:
            self._index(batch)

    def pop(self) -> Batch:
        """Take the first batch."""
        batch, _ = self.batches.popitem(last=False)
        self.messages -= len(batch.messages)
        if self.failing_over:
            self.failing_over.pop(batch, None)
        if batch.references is not None:
            self.close(batch)
        return batch

    def remove(self, batch: Batch) -> None:
        """Remove a batch, wherever it stands."""
        del self.batches[batch]
        self.messages -= len(batch.messages)
        self.failing_over.pop(batch, None)
        self.close(batch)

    def close(self, batch: Batch | None) -> None:
        """Close a batch, so that no message joins it."""
        if batch is not None and batch.references is not None:
            batch.references = None
            del self._open[batch.kind]

    def _index(self, batch: Batch) -> None:
        """Note whether a batch can fail over, so that it is found without a search of all."""
        if batch.owner.fails_over is not None:
            self.failing_over[batch] = None
