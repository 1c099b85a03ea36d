"""Messages that were handed over together and are queued in one step."""

from __future__ import annotations

import math
from typing import Any

import attrs

from omnimsg.domain.message import Message
from omnimsg.engine.sending.batch import Owner


@attrs.define(eq=False)
class Run:
    """Messages of one owner and of normal priority, in the order in which they were handed over.

    Attributes:
        owner: Receives their outcomes.
        started: When the first was handed over, monotonic seconds; the time of the others counts
            from then on.
        timeout: The shortest of their timeouts, seconds. They are of one step.
        messages: The messages.
        keys: The owner's keys of the messages, in the same order.
        ttl: Their shortest ttl, seconds; infinity where none has one.
    """

    owner: Owner
    started: float
    timeout: float
    messages: list[Message] = attrs.field(factory=list)
    keys: Any = attrs.field(factory=list)
    ttl: float = math.inf

    def note_ttl(self, message: Message) -> None:
        """Take the ttl of an added message into account."""
        if message.ttl is not None and message.ttl < self.ttl:
            self.ttl = message.ttl

    def part(self, indexes: range) -> Run:
        """Return consecutive messages as a run of their own."""
        some = slice(indexes.start, indexes.stop)
        messages, keys = self.messages[some], self.keys[some]
        return Run(self.owner, self.started, self.timeout, messages, keys, self.ttl)
