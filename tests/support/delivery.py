"""Builders of outcomes, reports and look-ups of one account, for tests of delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omnimsg.adapter.context import report_token
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InboundMessage, StatusEvent, event_key
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId, join_batch_id
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg.engine.observers import Observer, OutcomeKnown

if TYPE_CHECKING:
    from omnimsg.delivery.tracker import Tracker
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.delivery_events import (
        CallbackRefused,
        DoubtEnded,
        EventReceived,
        StatusChanged,
    )

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=24)
NUMBER = "+37255500001"


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self.seconds

    def utc_now(self) -> datetime:
        """Return the time of day."""
        return NOW + timedelta(seconds=self.seconds)


def message(reference: str = "r1", to: str = NUMBER, **fields: Any) -> Message:
    """Make a message."""
    return Message(to, "Hello", reference=reference, **fields)


def accepted(
    provider_id: str | None = "m1",
    reference: str = "r1",
    *,
    batch_id: str | None = None,
    account: str = "main",
) -> Accepted:
    """Make the acceptance of a message."""
    return Accepted(
        reference=reference, account=account, provider_id=provider_id, batch_id=batch_id
    )


def doubtful(reference: str = "r1", *, account: str = "main") -> Ambiguous:
    """Make the outcome of a message whose answer was lost."""
    failure = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE)
    return Ambiguous(reference=reference, account=account, failure=failure)


def message_id(provider_id: str | None, account: str = "main") -> MessageId | None:
    """Make an id; `None` for `None`."""
    return None if provider_id is None else MessageId.of(account, provider_id)


def batch_id(batch: str, reference: str = "r1", account: str = "main") -> MessageId:
    """Make the id of a message that has a batch id and no provider id yet."""
    return MessageId.of(account, join_batch_id(batch, reference))


def leg(
    status: Status, *, seconds: float = 0.0, leg_id: str | None = None, **evidence: Any
) -> LegStatus:
    """Make a leg with one piece of evidence."""
    said = Evidence(status, status.value.upper(), **evidence)
    at = NOW + timedelta(seconds=seconds)
    return LegStatus(channel=Channel.SMS, timeline=Timeline.of(said, at), provider_id=leg_id)


def report(
    status: Status = Status.DELIVERED,
    provider_id: str | None = "m1",
    reference: str | None = None,
    *,
    token_of: str | None = None,
    batch: str | None = None,
    seconds: float = 0.0,
    account: str = "main",
    recipient: str | None = None,
    **evidence: Any,
) -> StatusEvent:
    """Make a report; with `token_of` it has only the token of that reference."""
    said = provider_id, reference, token_of, batch, status, seconds
    return StatusEvent(
        provider="tiny",
        account=account,
        at=NOW + timedelta(seconds=seconds),
        key=event_key(account, StatusEvent.kind, *said),
        reference=reference,
        token=None if token_of is None else report_token(account, token_of),
        message_id=message_id(provider_id, account),
        batch_id=batch,
        recipient=recipient,
        leg=leg(status, seconds=seconds, leg_id=provider_id, **evidence),
    )


def reply(text: str = "Yes", *, number: int = 1, sender: str | None = NUMBER) -> InboundMessage:
    """Make a reply from a person."""
    return InboundMessage(
        provider="tiny",
        account="main",
        at=NOW,
        key=event_key("main", InboundMessage.kind, text, number),
        channel=Channel.SMS,
        sender=sender,
        text=text,
    )


def looked_up(status: Status, provider_id: str = "m1", *, seconds: float = 0.0) -> MessageStatus:
    """Make the answer to a look-up."""
    found = leg(status, seconds=seconds, leg_id=provider_id)
    return MessageStatus(id=MessageId.of("main", provider_id), legs=(found,))


def tell(tracker: Tracker, *outcomes: Outcome, to: str = NUMBER) -> None:
    """Pass outcomes of sends to a tracker."""
    messages = tuple(message(each.reference, to) for each in outcomes)
    tracker.outcome_known(OutcomeKnown("main", messages, outcomes))


class Watcher(Observer):
    """An observer that keeps events, changes, refusals and ended doubts."""

    def __init__(self) -> None:
        self.events: list[EventReceived] = []
        self.changes: list[StatusChanged] = []
        self.refusals: list[CallbackRefused] = []
        self.doubts: list[DoubtEnded] = []

    def event_received(self, event: EventReceived) -> None:
        """Keep the event."""
        self.events.append(event)

    def status_changed(self, event: StatusChanged) -> None:
        """Keep the event."""
        self.changes.append(event)

    def callback_refused(self, event: CallbackRefused) -> None:
        """Keep the event."""
        self.refusals.append(event)

    def doubt_ended(self, event: DoubtEnded) -> None:
        """Keep the event."""
        self.doubts.append(event)
