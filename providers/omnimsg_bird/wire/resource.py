"""Read Bird's Message and MessageInteraction. No function raises.

Sources: the Messaging page of the Channels API reference (both schemas), Message failure codes and
Message failure sources (`failure`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import read_code
from omnimsg.adapter.inbound import address_of, address_text, message_id_of
from omnimsg.adapter.times import read_iso_time
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import channel_from
from omnimsg.domain.history import Direction, Interaction, PastMessage
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import LegStatus, Status, Timeline
from omnimsg_bird import codes, statuses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omnimsg.adapter import Adapter, CodeRow, Context
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.status import Evidence

# The whole text, or a part of one such as "details: a; reason: b; code: 1".
_EXPIRED = re.compile(
    r"(?:\A|;)\s*(?:(?:details|reason):\s*)?(?:validity period )?expired\s*(?:;|\Z)", re.IGNORECASE
).search
_DIRECTIONS = {each.value: each for each in Direction}


def read_leg(
    document: dict[str, Any],
    provider_id: str,
    channel: Channel | None,
    at: datetime,
    adapter: Adapter[Any],
) -> LegStatus:
    """Read a message's status, which it has had since a time, as a leg."""
    units = document.get("chargeableUnits")
    evidence = _evidence(document, adapter)
    return LegStatus.make(
        channel=channel,
        timeline=Timeline.of(evidence, at),
        detail=_failure_text(document) if evidence.status.failed else "",
        provider_id=provider_id,
        usage=Usage.make(parts=units) if type(units) is int else None,
    )


def status_time(document: dict[str, Any]) -> datetime | None:
    """Read the time of a message's status; `None` if it has none."""
    return read_iso_time(document.get("lastStatusAt"))


def read_past_message(
    document: dict[str, Any],
    channels: Mapping[str, Channel],
    adapter: Adapter[Any],
    context: Context,
) -> PastMessage | None:
    """Read a message of a list; `None` if it has no id to look it up by."""
    channel_id: Any = document.get("channelId")
    message_id = message_id_of(context.account, channel_id, document.get("id"))
    if message_id is None:
        return None
    channel = channels.get(channel_id) or channel_from(document.get("platformId"))
    senders = addresses(document.get("sender"))
    direction, reference = document.get("direction"), document.get("reference")
    at = status_time(document) or context.now
    return PastMessage(
        id=message_id,
        direction=_DIRECTIONS.get(direction) if isinstance(direction, str) else None,
        leg=read_leg(document, message_id.provider_id, channel, at, adapter),
        to=addresses(document.get("receiver")),
        sender=senders[0] if senders else None,
        reference=reference if isinstance(reference, str) else None,
        created=read_iso_time(document.get("createdAt")),
        reply_to=read_reply_to(document.get("replyTo"), channel_id, context),
        raw=document,
    )


def read_reply_to(reply: object, channel_id: object, context: Context) -> MessageId | None:
    """Read the id of the message that an inbound one answers, or whose button was tapped."""
    id_ = reply.get("id") if isinstance(reply, dict) else None
    return message_id_of(context.account, channel_id, id_)


def addresses(side: object) -> tuple[str, ...]:
    """Read the sender or receiver of a message: contacts, one contact, or our own connector."""
    if not isinstance(side, dict):
        return ()
    people = side.get("contacts")
    if not isinstance(people, list):
        people = [side.get("contact"), side.get("connector")]
    found = [
        address_text(person.get("identifierValue")) or address_text(person.get("platformAddress"))
        for person in people
        if isinstance(person, dict)
    ]
    return tuple([each for each in found if each is not None])


def identifier(to: str | ProviderContact) -> str | None:
    """Return the identifier of a recipient; a contact that is given by its id has none."""
    return to.value if isinstance(to, ProviderContact) else to


def is_receiver(to: str | ProviderContact, receiver: object) -> bool:
    """Return whether the recipient is among the receivers, ignoring case and a leading plus."""
    if isinstance(to, ProviderContact) and to.id is not None:
        people = receiver.get("contacts") if isinstance(receiver, dict) else None
        people = people if isinstance(people, list) else []
        return any(isinstance(person, dict) and person.get("id") == to.id for person in people)
    return _normalised(identifier(to)) in map(_normalised, addresses(receiver))


def is_for_another(to: str | ProviderContact, receiver: object) -> bool:
    """Return whether an address is not among the receivers of an answer that names any.

    A contact may be named by another of its identifiers, so it is not compared.
    """
    is_known = isinstance(to, str) and bool(addresses(receiver))
    return is_known and not is_receiver(to, receiver)


def _normalised(text: str | None) -> str:
    return (text or "").casefold().removeprefix("+")


def recipient_of(document: dict[str, Any]) -> str | None:
    """Read the one recipient of a message or an interaction; `None` if there are several.

    A receiver that is our own connector is no recipient: an opt-out would suppress our own number.
    """
    receiver = document.get("receiver")
    people = receiver.get("contacts") if isinstance(receiver, dict) else None
    found = addresses({"contacts": people})
    return address_of(found[0]) if len(found) == 1 else None


def read_interaction(
    document: dict[str, Any],
    provider_id: str,
    channels: Mapping[str, Channel],
    context: Context,
) -> Interaction:
    """Read an interaction."""
    channel_id, kind = document.get("channelId"), document.get("type")
    name = kind if isinstance(kind, str) else ""
    channel = channels.get(channel_id) if isinstance(channel_id, str) else None
    return Interaction(
        message_id=MessageId.of(context.account, provider_id),
        kind=statuses.interaction_kind(name),
        provider_kind=name,
        at=read_iso_time(document.get("createdAt")),
        channel=channel or channel_from(document.get("platformId")),
        payload=_metadata(document, "button", "payload"),
        url=_metadata(document, "link", "url"),
        emoji=_metadata(document, "reaction", "emoji"),
        raw=document,
    )


def _metadata(document: dict[str, Any], *names: str) -> str | None:
    value: object = document.get("metadata")
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _evidence(document: dict[str, Any], adapter: Adapter[Any]) -> Evidence:
    """Read a status, with the reason of a failure."""
    failure = document.get("failure")
    failure = failure if isinstance(failure, dict) else {}
    code = read_code(failure.get("code"))
    evidence = adapter.statuses.evidence(document.get("status"), code=code)
    if not evidence.status.failed:
        return evidence
    row = _row(code, failure.get("source"), adapter, is_expired=_is_expired(document))
    if row is None:
        return evidence
    status = Status.EXPIRED if row.reason is Reason.EXPIRED else evidence.status
    return attrs.evolve(evidence, status=status, reason=row.reason, fault=row.fault)


def _failure_text(document: dict[str, Any]) -> str:
    """Return the text of a failure: Bird's description, or the platform's own text."""
    failure = document.get("failure")
    described = failure.get("description") if isinstance(failure, dict) else None
    found = (described, document.get("reason"), document.get("details"))
    return next((text for text in found if isinstance(text, str) and text.strip()), "")


def _row(
    code: str | None,
    source: object,
    adapter: Adapter[Any],
    *,
    is_expired: bool,
) -> CodeRow | None:
    """Find the most specific row for a failure.

    The order is: its source's own code, its text, its code, the family of its code, its source. A
    family has precedence over a source: 12xxx is a failure of Bird, whatever source it names. A row
    without a reason (the SMS code 0) gives way to later ones.
    """
    table = adapter.table
    source = source if isinstance(source, dict) else {}
    name = str(source.get("name"))
    rows = (
        table.get(source.get("code"), name),
        table.get(codes.EXPIRED, codes.WORDS) if is_expired else None,
        table.get(code, codes.FAILURE),
        table.get(f"{code[:2]}xxx", codes.FAILURE) if code and len(code) == 5 else None,
    )
    found = [row for row in rows if row is not None]
    for row in found:
        if row.reason is not Reason.UNKNOWN:
            return row
    if found:
        return found[-1]
    return table.get(name, codes.SOURCE)


def _is_expired(document: dict[str, Any]) -> bool:
    """Return whether a failure's text says that the validity ended, as SMS platforms write it."""
    return any(
        isinstance(text, str) and _EXPIRED(text.replace("_", " ")) is not None
        for text in (document.get("details"), document.get("reason"))
    )
