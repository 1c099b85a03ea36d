"""Bird's Message and MessageInteraction to ours. Nothing in here raises.

Sources: the Messaging page of the Channels API reference (both schemas), Message failure codes and
Message failure sources (`failure`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.channel import channel_from
from omnimsg.domain.history import Direction, Interaction, PastMessage
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import LegStatus, Timeline
from omnimsg_bird import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter, CodeRow, Context
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.status import Evidence

_DIRECTIONS = {each.value: each for each in Direction}


def leg(
    document: dict[str, Any],
    provider_id: str,
    channel: Channel | None,
    adapter: Adapter[Any],
    context: Context,
) -> LegStatus:
    """Read where a message is."""
    at = moment(document.get("lastStatusAt")) or context.now
    units = document.get("chargeableUnits")
    return LegStatus(
        channel=channel,
        timeline=Timeline.of(_evidence(document, adapter), at),
        provider_id=provider_id,
        usage=Usage(parts=units) if type(units) is int else None,
    )


def past_message(
    document: object,
    channels: Mapping[str, Channel],
    adapter: Adapter[Any],
    context: Context,
) -> PastMessage | None:
    """Read one message of a list; `None` where it has no id that could be asked for."""
    if not isinstance(document, dict):
        return None
    channel_id, id_ = document.get("channelId"), document.get("id")
    if not (isinstance(channel_id, str) and channel_id and isinstance(id_, str) and id_):
        return None
    provider_id = f"{channel_id}/{id_}"
    channel = channels.get(channel_id) or channel_from(document.get("platformId"))
    senders = addresses(document.get("sender"))
    direction, reference = document.get("direction"), document.get("reference")
    return PastMessage(
        id=MessageId.of(context.account, provider_id),
        direction=_DIRECTIONS.get(direction) if isinstance(direction, str) else None,
        leg=leg(document, provider_id, channel, adapter, context),
        to=addresses(document.get("receiver")),
        sender=senders[0] if senders else None,
        reference=reference if isinstance(reference, str) else None,
        created=moment(document.get("createdAt")),
        raw=document,
    )


def addresses(side: object) -> tuple[str, ...]:
    """Read who is on one side of a message: contacts, one contact, or our own connector."""
    if not isinstance(side, dict):
        return ()
    people = side.get("contacts")
    if not isinstance(people, list):
        people = [side.get("contact"), side.get("connector")]
    return tuple(
        found
        for person in people
        if isinstance(person, dict)
        for found in [person.get("identifierValue") or person.get("platformAddress")]
        if isinstance(found, str) and found
    )


def interaction(
    document: object,
    provider_id: str,
    channels: Mapping[str, Channel],
    context: Context,
) -> Interaction | None:
    """Read what somebody did; `None` where it is no object at all."""
    if not isinstance(document, dict):
        return None
    channel_id, kind = document.get("channelId"), document.get("type")
    word = kind if isinstance(kind, str) else ""
    found = channels.get(channel_id) if isinstance(channel_id, str) else None
    return Interaction(
        message_id=MessageId.of(context.account, provider_id),
        kind=codes.interaction_kind(word),
        provider_kind=word,
        at=moment(document.get("createdAt")),
        channel=found or channel_from(document.get("platformId")),
        payload=_inner(document, "button", "payload"),
        url=_inner(document, "link", "url"),
        emoji=_inner(document, "reaction", "emoji"),
        raw=document,
    )


def _inner(document: dict[str, Any], *names: str) -> str | None:
    value: object = document.get("metadata")
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _evidence(document: dict[str, Any], adapter: Adapter[Any]) -> Evidence:
    """Read a status, and why where it is a failure."""
    failure = document.get("failure")
    failure = failure if isinstance(failure, dict) else {}
    said = failure.get("code")
    code = str(said) if isinstance(said, (int, str)) and not isinstance(said, bool) else None
    evidence = adapter.statuses.evidence(document.get("status"), code=code)
    row = _row(code, failure.get("source"), adapter) if evidence.status.failed else None
    return evidence if row is None else attrs.evolve(evidence, reason=row.reason, fault=row.fault)


def _row(code: str | None, source: object, adapter: Adapter[Any]) -> CodeRow | None:
    """Find what a failure means: the most telling of what it holds, in this order.

    Its code, its source's own code, where it arose, and the family of its code.
    """
    table = adapter.table
    row = table.get(code, codes.FAILURE)
    if row is None and isinstance(source, dict):
        name = str(source.get("name"))
        row = table.get(source.get("code"), name) or table.get(name, codes.SOURCE)
    if row is None and code is not None and len(code) == 5:
        row = table.get(f"{code[:2]}xxx", codes.FAILURE)
    return row


def moment(said: object) -> datetime | None:
    """Read a time; `None` where it is none."""
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
