"""What the checks of stores put in: outcomes and reports, stored as the client stores them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Names, Tracked
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import StatusEvent, event_key
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId, join_batch_id
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
NUMBER = "+37255500001"
TOKEN = report_token("main", "r1")


def accepted(
    provider_id: str | None = "m1", reference: str = "r1", *, batch_id: str | None = None
) -> Accepted:
    """Make the acceptance of a message."""
    return Accepted(reference=reference, account="main", provider_id=provider_id, batch_id=batch_id)


def message_id(provider_id: str) -> MessageId:
    """Make an id."""
    return MessageId.of("main", provider_id)


def batch_id(batch: str, reference: str = "r1") -> MessageId:
    """Make the id of a message that has a batch id and no provider id yet."""
    return MessageId.of("main", join_batch_id(batch, reference))


def named(
    provider_id: str | None = None, token: str | None = None, *, is_answer: bool = False
) -> Names:
    """Make names."""
    ids = () if provider_id is None else (message_id(provider_id),)
    return Names(account="main", ids=ids, token=token, is_answer=is_answer)


def report(
    status: Status,
    provider_id: str | None = "m1",
    reference: str | None = None,
    *,
    of: str | None = None,
    batch: str | None = None,
) -> StatusEvent:
    """Make a report; with `of` it has only the token of that reference."""
    said = Timeline.of(Evidence(status, status.value.upper()), NOW)
    return StatusEvent(
        provider="example",
        account="main",
        at=NOW,
        key=event_key("main", StatusEvent.kind, provider_id, reference, of, batch, status),
        reference=reference,
        token=None if of is None else report_token("main", of),
        message_id=None if provider_id is None else message_id(provider_id),
        batch_id=batch,
        leg=LegStatus(channel=Channel.SMS, timeline=said, provider_id=provider_id),
    )


async def take(store: Store, outcome: Accepted, *, minutes: int = 0) -> Tracked:
    """Store an acceptance."""
    return await _take(store, Tracked.of_accepted(outcome, None, NOW + timedelta(minutes=minutes)))


async def doubt(
    store: Store, reference: str = "r1", *, minutes: int = 0, key: str | None = None
) -> Tracked:
    """Store a doubtful send."""
    lost = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE)
    outcome = Ambiguous(reference=reference, account="main", failure=lost)
    message = Message(NUMBER, "Hello", reference=reference)
    at = NOW + timedelta(minutes=minutes)
    return await _take(store, Tracked.of_doubt(outcome, message, at, key=key))


async def add(store: Store, event: StatusEvent) -> Tracked:
    """Store a report."""
    empty = Tracked(account="main", since=NOW)
    return await store.update(Names.of_event(event), lambda known: (known or empty).reported(event))


async def _take(store: Store, new: Tracked) -> Tracked:
    names = attrs.evolve(new.names, is_answer=True)
    return await store.update(names, new.joined_with)
