"""Read the events in a callback of Bird. No function raises.

Sources: Notifications API, Webhook subscriptions (the envelope and the names of events); Message
status and interactions (`<channel>.outbound`, `<channel>.inbound`, `<channel>.interaction`). The
payload of the first two is a Message, that of the third a MessageInteraction. An event has no id of
its own. Each type of interaction has its own subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter.inbound import message_id_of, text_or_none, unparsed
from omnimsg.domain.channel import channel_from
from omnimsg.domain.events import InteractionEvent, StatusEvent, event_key
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline
from omnimsg_bird.callbacks.inbound import read_inbound
from omnimsg_bird.callbacks.verify import sent_at
from omnimsg_bird.wire import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter, Callback, Context
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.events import Event

# The members that distinguish two reports of a message. A report that adds a cause or the parts to
# a status is not a repetition: dropping it would lose them.
_KEY_MEMBERS = ("status", "lastStatusAt", "failure", "reason", "details", "chargeableUnits")


def parse(
    callback: Callback, channels: Mapping[str, Channel], adapter: Adapter[Any], context: Context
) -> list[Event]:
    """Read the events of a callback.

    Args:
        callback: The callback.
        channels: The account's channels, by Bird's id of each.
        adapter: The adapter with the tables.
        context: The account's name and the time of arrival.
    """
    document = callback.json()
    envelope = document if isinstance(document, dict) else {}
    name, payload = text_or_none(envelope.get("event")) or "", envelope.get("payload")
    prefix, _, kind = name.rpartition(".")
    read = _READERS.get(kind) if envelope.get("service") in (None, "channels") else None
    events: list[Event] = []
    if read is not None and isinstance(payload, dict):
        channel_id = payload.get("channelId")
        channel = channels.get(channel_id) if isinstance(channel_id, str) else None
        events = read(payload, channel or channel_from(prefix), callback, adapter, context)
    if events:
        return events
    if document is None:
        why = callback.why_unread()
    else:
        why = "an unknown kind of event" if read is None else "an unknown form"
    return [unparsed(adapter.provider, context, callback, why, raw=document, name=name)]


def _read_outbound(
    payload: dict[str, Any],
    channel: Channel | None,
    callback: Callback,
    adapter: Adapter[Any],
    context: Context,
) -> list[Event]:
    """Read the status of one of our messages."""
    message_id = message_id_of(context.account, payload.get("channelId"), payload.get("id"))
    if message_id is None or text_or_none(payload.get("status")) is None:
        return []
    provider_id = message_id.provider_id
    at = resource.status_time(payload) or sent_at(callback, context)
    key_values = map(payload.get, _KEY_MEMBERS)
    return [
        StatusEvent.make(
            provider=adapter.provider,
            account=context.account,
            at=at,
            key=event_key(context.account, StatusEvent.kind, provider_id, *key_values),
            reference=text_or_none(payload.get("reference")),
            raw=payload,
            leg=resource.read_leg(payload, provider_id, channel, at, adapter),
            message_id=message_id,
            batch_id=text_or_none(payload.get("batchId")),
            recipient=resource.recipient_of(payload),
        )
    ]


def _read_inbound(
    payload: dict[str, Any],
    channel: Channel | None,
    callback: Callback,
    adapter: Adapter[Any],
    context: Context,
) -> list[Event]:
    message = read_inbound(payload, channel, callback, adapter.provider, context)
    return [] if message is None else [message]


def _read_interaction(
    payload: dict[str, Any],
    channel: Channel | None,
    callback: Callback,
    adapter: Adapter[Any],
    context: Context,
) -> list[Event]:
    """Read an interaction; the interaction `read` also becomes the status `READ`.

    Bird has no such status, and other providers have no such interaction. An opened e-mail does not
    become `READ`, because programs open e-mails too.
    """
    message_id = message_id_of(context.account, payload.get("channelId"), payload.get("messageId"))
    if message_id is None or text_or_none(payload.get("type")) is None:
        return []
    interaction = resource.read_interaction(payload, message_id.provider_id, {}, context)
    at = interaction.at or sent_at(callback, context)
    interaction = attrs.evolve(interaction, channel=channel or interaction.channel, raw=None)
    key_values = [payload.get(name) for name in ("id", "type", "details", "createdAt")]
    common: dict[str, Any] = {
        "provider": adapter.provider,
        "account": context.account,
        "at": at,
        "reference": text_or_none(payload.get("messageReference")),
        "raw": payload,
        "recipient": resource.recipient_of(payload),
    }
    provider_id = message_id.provider_id
    events: list[Event] = [
        InteractionEvent(
            key=event_key(context.account, InteractionEvent.kind, provider_id, *key_values),
            interaction=interaction,
            **common,
        )
    ]
    if interaction.kind is InteractionKind.READ:
        evidence = Evidence(Status.READ, interaction.provider_kind)
        leg = LegStatus(
            channel=interaction.channel,
            timeline=Timeline.of(evidence, at),
            provider_id=provider_id,
        )
        key = event_key(context.account, StatusEvent.kind, provider_id, *key_values)
        events.append(StatusEvent(key=key, leg=leg, message_id=message_id, **common))
    return events


_READERS: dict[
    str, Callable[[dict[str, Any], Channel | None, Callback, Adapter[Any], Context], list[Event]]
] = {
    "outbound": _read_outbound,
    "inbound": _read_inbound,
    "interaction": _read_interaction,
}
