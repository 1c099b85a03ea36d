"""What a provider says in its callbacks: reports of messages, and messages of phones."""

from __future__ import annotations

import abc
import math
from functools import partial
from typing import TYPE_CHECKING

import attrs

from omnimsg.sandbox.callbacks.draft import PlannedReport
from omnimsg.sandbox.message_records import StatusChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox.callbacks.draft import CallbackDraft
    from omnimsg.sandbox.callbacks.phone_reply import Button, PhoneReply
    from omnimsg.sandbox.callbacks.signer import CallbackSigner
    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord


class CallbackSource(abc.ABC):
    """The callbacks of one emulator.

    Attributes:
        signer: Addresses and signs them.
        statuses: Every status that a report may have, by the provider's names.
    """

    signer: CallbackSigner
    statuses: Sequence[str]

    @abc.abstractmethod
    def report(self, record: MessageRecord, change: StatusChange) -> CallbackDraft:
        """Return the report of a change of a message."""

    def planned(self, record: MessageRecord) -> Sequence[PlannedReport]:
        """Return all reports of a message as it is planned now, oldest first.

        Those that are due already never change.
        """
        return [
            self.planned_status(record, change)
            for change in record.history(math.inf)
            if self.is_reported(change)
        ]

    def planned_status(self, record: MessageRecord, change: StatusChange) -> PlannedReport:
        """Return the planned report of a change."""
        return PlannedReport(
            at=change.at,
            status=change.status,
            build=lambda at: self.report(record, attrs.evolve(change, at=at)),
        )

    def is_reported(self, change: StatusChange) -> bool:
        """Return whether the provider reports a change."""
        del change
        return True

    def contradiction(self, record: MessageRecord, status: str, at: float) -> PlannedReport | None:
        """Return the report of the opposite of a status; None if it has none."""
        step = self.opposite(record, status)
        if step is None:
            return None
        return self.planned_status(record, StatusChange(step.status, at, detail=step.detail))

    @abc.abstractmethod
    def opposite(self, record: MessageRecord, status: str) -> LifecycleStep | None:
        """Return what contradicts a status: of a delivery a failure, of a failure a delivery."""

    @abc.abstractmethod
    def check_reply(self, reply: PhoneReply) -> None:
        """Refuse what no document describes, unless the reply says that a guess will do.

        Raises:
            ReplyError: The field, and what the documents say.
        """

    @abc.abstractmethod
    def reply(self, reply: PhoneReply) -> CallbackDraft:
        """Return the callback that brings what a phone sends.

        Args:
            reply: What it sends, checked; with the channel, and with the button that it taps.

        Raises:
            ReplyError: It cannot be sent so.
        """

    def buttons(self, record: MessageRecord) -> Sequence[Button]:
        """Return the buttons and list entries of a message that a phone can tap."""
        del record
        return ()

    @abc.abstractmethod
    def samples(self) -> Mapping[str, Callable[[], CallbackDraft]]:
        """Return a builder of one callback of each kind, by the unified name of the event."""

    def sample_of(self, event: str) -> Callable[[], CallbackDraft] | None:
        """Return the builder of a sample; ``status.`` may be followed by the provider's own name.

        None for an event that the provider does not have.
        """
        known = self.samples().get(event)
        kind, _, name = event.partition(".")
        if known is None and kind == "status" and name in self.statuses:
            return partial(self.sample_status, name)
        return known

    @abc.abstractmethod
    def sample_status(self, status: str) -> CallbackDraft:
        """Return the report of a status by the provider's name, of an invented message."""
