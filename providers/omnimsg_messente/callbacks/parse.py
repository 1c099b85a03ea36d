"""Read a delivery report or an inbound SMS. No function raises.

Sources: Omnichannel API, Delivery report (one object for each change of each leg; times without an
offset; `price_info`) and Inbound messages (SMS only; an inbound message names none of ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter.inbound import address_of, message_id_of, text_or_none, unparsed
from omnimsg.adapter.times import read_iso_time
from omnimsg.domain.channel import channel_from
from omnimsg.domain.events import InboundMessage, StatusEvent, event_key
from omnimsg_messente.wire import decode
from omnimsg_messente.wire.encode import TOKEN

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Callback, Context
    from omnimsg.domain.events import Event

# The members that distinguish two reports of one leg. No document says that a price comes with the
# status that it is for, so a report that adds a price is not a repetition.
_KEY_MEMBERS = ("status", "err", "timestamp", "channel", "price_info")


def is_report(document: object) -> bool:
    """Return whether a callback is a delivery report."""
    return isinstance(document, dict) and "status" in document and "msg_id" not in document


def is_inbound(document: object) -> bool:
    """Return whether a callback is an inbound message."""
    return isinstance(document, dict) and "msg_id" in document


def parse(callback: Callback, adapter: Adapter[Any], context: Context) -> list[Event]:
    """Read the one event of a callback."""
    document = callback.json()
    event: Event | None = None
    if is_report(document):
        event = _read_report(document, callback.query(TOKEN), adapter, context)
    elif is_inbound(document):
        event = _read_inbound(document, adapter.provider, context)
    if event is None:
        why = "neither a report nor an inbound SMS"
        if document is None:
            why = callback.why_unread()
        event = unparsed(adapter.provider, context, callback, why, raw=document)
    return [event]


def _read_report(
    document: dict[str, Any], token: str | None, adapter: Adapter[Any], context: Context
) -> StatusEvent | None:
    """Read a report; it has the members of a leg in a look-up, and the ids of message and leg."""
    provider_id = text_or_none(document.get("omnimessage_id"))
    leg_id = text_or_none(document.get("message_id"))
    if (provider_id or leg_id) is None:
        return None
    key_values = map(document.get, _KEY_MEMBERS)
    leg = decode.read_leg(document, adapter, context)
    return StatusEvent.make(
        provider=adapter.provider,
        account=context.account,
        at=leg.timeline.earliest or context.now,
        key=event_key(context.account, StatusEvent.kind, provider_id, leg_id, *key_values),
        reference=None,
        raw=document,
        leg=leg,
        message_id=message_id_of(context.account, provider_id),
        token=token or None,
        recipient=address_of(document.get("to")),
    )


def _read_inbound(
    document: dict[str, Any], provider: str, context: Context
) -> InboundMessage | None:
    """Read an inbound SMS; the meaning of `sub_msg_id` is not published."""
    text, ids = document.get("text"), [document.get(name) for name in ("msg_id", "sub_msg_id")]
    if not isinstance(text, str) or text_or_none(ids[0]) is None:
        return None
    return InboundMessage(
        provider=provider,
        account=context.account,
        at=read_iso_time(document.get("time")) or context.now,
        key=event_key(context.account, InboundMessage.kind, *ids),
        raw=document,
        id=message_id_of(context.account, ids[0]),
        channel=channel_from(document.get("channel")),
        sender=address_of(document.get("sender")),
        to=address_of(document.get("recipient")),
        text=text,
    )
