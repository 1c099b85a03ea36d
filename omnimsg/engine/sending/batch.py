"""Messages that will share a request, and who hears of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.attempt.runner import NO_DOUBTS
from omnimsg.engine.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.queue import Lane

# Messages of one request may have waited this much longer than each other, and be this much more
# patient: a tenth of their patience, at most a second. What is left of a `ttl` is told once for
# all of them, and the most impatient decides how long the request may take.
_SPREAD = 0.1
_MOST_SPREAD = 1.0


class Owner(Protocol):
    """Who hears what became of messages. A key is the owner's name for a message."""

    @property
    def may_leave(self) -> bool:
        """Whether somebody may have stopped waiting, so that it is worth asking who."""

    def gone(self, keys: Sequence[Any]) -> Sequence[int]:
        """Say at which places stand messages that nobody waits for any more."""

    def finish(self, keys: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """Take the outcomes of messages, in the order of their keys."""


class Batch(Deadline):
    """Messages that will share a request, and its deadline: of one group, no reference twice.

    It started when the first message was handed over. It ends with the patience of the most
    impatient; never, until it is their turn, for owners that only then begin to be impatient.

    Attributes:
        patience: Seconds that the first message's caller gives it.
        owner: Who hears of them.
        group: What the adapter says they have in common.
        line: Where it waits, with what has the same priority.
        messages: What to send.
        keys: The owner's names for them, in the same order.
        is_perishable: Whether one of them may say for how long it is of use.
        begun: When it left last, monotonic seconds.
        spread: Seconds by which those who join may have waited less.
        references: Theirs, for as long as others may join; `None` from then on.
        is_retry: Whether they were tried before.
        doubts: By reference, what is known of those that may have been sent before.
        held: Why they were held back, where they were.
    """

    # In the class, not in each: one is made for every request, and few of them need these.
    references: set[str] | None = None
    spread: float = 0.0
    is_retry: bool = False
    doubts: Mapping[str, Ambiguous] = NO_DOUBTS
    held: str = ""

    def __init__(  # noqa: PLR0913, PLR0917 - by position, which costs half of what names do
        self,
        started: float,
        ends: float,
        clock: Callable[[], float],
        patience: float,
        owner: Owner,
        group: Hashable,
        line: Lane,
        messages: list[Message],
        keys: list[Any],
        is_perishable: bool,
    ) -> None:
        self.started = started
        self.ends = ends
        self.clock = clock
        self.patience = patience
        self.owner = owner
        self.group = group
        self.line = line
        self.messages: list[Message] = messages
        self.keys: list[Any] = keys
        self.is_perishable: bool = is_perishable
        self.begun = started

    def open(self) -> None:
        """Let others join."""
        self.references = set()
        self.spread = min(_MOST_SPREAD, self.patience * _SPREAD)

    def join(self, message: Message, key: object) -> bool:
        """Let a message of the same kind and time join, if it may, and say whether it did."""
        references, reference = self.references, message.reference
        if references is None or reference in references:
            return False
        self.messages.append(message)
        self.keys.append(key)
        references.add(reference)
        if message.ttl is not None:
            self.is_perishable = True
        line = self.line
        line.messages += 1
        if len(references) == line.limit:
            line.shut(self)
        return True

    def join_all(self, messages: Sequence[Message], keys: Sequence[Any]) -> bool:
        """Let plain messages join for which there is room, all or, where one may not, none."""
        references = {each.reference for each in messages}
        mine = self.references
        if mine is None or len(references) < len(messages) or not mine.isdisjoint(references):
            return False
        self.messages += messages
        self.keys += keys
        if mine:
            mine |= references
        else:
            self.references = mine = references
        line = self.line
        line.messages += len(messages)
        if len(mine) == line.limit:
            line.shut(self)
        return True

    def is_of_time(self, since: float, ends: float) -> bool:
        """Say whether a message may join that was handed over then, whose patience ends then."""
        spread = self.spread
        return since - self.started <= spread and (
            ends == self.ends or -spread <= ends - self.ends <= spread
        )

    def part(self, places: Sequence[int], **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return a batch of some of the messages, which nothing joins."""
        part = Batch(
            *(self.started, self.ends, self.clock, self.patience),
            *(self.owner, self.group, self.line),
            [self.messages[place] for place in places],
            [self.keys[place] for place in places],
            self.is_perishable,
        )
        part.begun = self.begun
        own = {"is_retry": self.is_retry, "doubts": self.doubts, "held": self.held, **changes}
        for name, value in own.items():
            setattr(part, name, value)
        return part

    def split(self, parts: int) -> list[Batch]:
        """Cut it into batches of about the same size that stay apart."""
        count = len(self.messages)
        size = max(1, math.ceil(count / parts))
        return [
            self.part(range(start, min(start + size, count))) for start in range(0, count, size)
        ]

    def finish(self, places: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Tell the owner what became of the messages at some places, but for what is known better.

        What may have been sent before is not undone by a refusal: only an acceptance betters it.
        """
        if self.doubts:
            outcomes = [
                each
                if isinstance(each, (Accepted, Ambiguous))
                else self.doubts.get(each.reference, each)
                for each in outcomes
            ]
        self.owner.finish([self.keys[place] for place in places], outcomes)
