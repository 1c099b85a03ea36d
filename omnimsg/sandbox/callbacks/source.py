"""`CallbackSource`: builds a provider's callbacks, for reports and for messages of phones."""

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
        signer: Addresses and signs the callbacks.
        statuses: The provider's names of all statuses that a report may have.
    """

    signer: CallbackSigner
    statuses: Sequence[str]

    @abc.abstractmethod
    def report(self, record: MessageRecord, change: StatusChange) -> CallbackDraft:
        """Return the report of a status change of a message."""

    def planned(self, record: MessageRecord) -> Sequence[PlannedReport]:
        """Return all reports of a message according to its current plan, oldest first.

        Reports that are due already never change.
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
        """Return a report that contradicts a status; None if the status has no opposite."""
        step = self.opposite(record, status)
        if step is None:
            return None
        return self.planned_status(record, StatusChange(step.status, at, detail=step.detail))

    @abc.abstractmethod
    def opposite(self, record: MessageRecord, status: str) -> LifecycleStep | None:
        """Return the opposite of a status: a failure for a delivery, a delivery for a failure."""

    @abc.abstractmethod
    def check_reply(self, reply: PhoneReply) -> None:
        """Refuse a reply that no document describes, unless it allows a guess.

        Raises:
            ReplyError: The reply is undocumented; the text names the field and the documented form.
        """

    @abc.abstractmethod
    def reply(self, reply: PhoneReply) -> CallbackDraft:
        """Return the callback for a reply of a phone.

        Args:
            reply: The checked reply, with its channel and the complete tapped button.

        Raises:
            ReplyError: The reply cannot be sent in this form.
        """

    def buttons(self, record: MessageRecord) -> Sequence[Button]:
        """Return the buttons and list entries that a phone can tap in a message."""
        del record
        return ()

    @abc.abstractmethod
    def samples(self) -> Mapping[str, Callable[[], CallbackDraft]]:
        """Return a builder of a sample callback for each kind of event, by unified name."""

    def sample_of(self, event: str) -> Callable[[], CallbackDraft] | None:
        """Return the builder of a sample, None for an event that the provider does not have.

        ``status.`` may also be followed by the provider's own name of a status.
        """
        known = self.samples().get(event)
        kind, _, name = event.partition(".")
        if known is None and kind == "status" and name in self.statuses:
            return partial(self.sample_status, name)
        return known

    @abc.abstractmethod
    def sample_status(self, status: str) -> CallbackDraft:
        """Return a sample report of a status, by the provider's name, for an invented message."""
