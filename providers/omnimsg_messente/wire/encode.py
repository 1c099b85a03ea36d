"""Encode messages as Messente's JSON; the modules of the channels encode the content of a leg.

Every member is written by hand from the Omnichannel API reference and its OpenAPI document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import deep_merge, omit_missing
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.message import Priority
from omnimsg_messente.wire import rcs, viber, whatsapp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter, Context
    from omnimsg.domain.content import Content
    from omnimsg.domain.message import Message
    from omnimsg_messente.wire.shared import Encoder, FindMapping, JsonObject

# The query parameter of the callback URL that holds the engine's token: a report contains nothing
# else from the request.
TOKEN = "omnimsg_token"  # noqa: S105 - a parameter's name, no credential

# Normal priority is not sent: Messente then applies its default, which is not documented.
PRIORITIES: Mapping[Priority, str] = {Priority.LOW: "low", Priority.HIGH: "high"}


def omnimessage(message: Message, adapter: Adapter[Any], context: Context) -> JsonObject:
    """Encode one message: its own leg first, then its fallback legs in order."""
    content = message.content
    if message.is_plain_text and isinstance(content, Text) and not adapter.account.extras:
        return _plain_text(message, content.text, adapter, context)
    account, templates = adapter.account, adapter.template_of
    channel = adapter.channel_of(message)
    sender, ttl = message.sender or adapter.sender_of(channel), context.ttl(message)
    legs = [_leg(channel, message.content, sender, ttl, templates)]
    for leg in message.fallback:
        content, sender = (
            leg.content or message.content,
            leg.sender or adapter.sender_of(leg.channel),
        )
        legs.append(_leg(leg.channel, content, sender, leg.ttl, templates))
    document: JsonObject = {"to": message.to, "messages": legs}
    if account.settings.text_store is not None:
        document["text_store"] = account.settings.text_store
    _add_report_url(document, message, context)
    if message.send_at is not None:
        document["time_to_send"] = message.send_at.isoformat()
    if message.priority in PRIORITIES:
        document["priority"] = PRIORITIES[message.priority]
    if account.extras or message.extras:
        for extras in (account.extras, adapter.extras_of(message)):
            _merge(document, legs, extras, adapter.capabilities.channels)
    return document


def _plain_text(message: Message, text: str, adapter: Adapter[Any], context: Context) -> JsonObject:
    """Encode a plain text: the same document as `omnimessage` writes, without its calls."""
    account = adapter.account
    channel = message.channel or account.channel or adapter.capabilities.default_channel
    leg: JsonObject = {
        "channel": channel,
        "text": {"body": text} if channel is Channel.WHATSAPP else text,
    }
    sender = adapter.sender_of(channel)
    if sender is not None:
        leg["sender"] = sender
    document: JsonObject = {"to": message.to, "messages": [leg]}
    if account.settings.text_store is not None:
        document["text_store"] = account.settings.text_store
    if context.report_url is not None:
        _add_report_url(document, message, context)
    return document


def _add_report_url(document: JsonObject, message: Message, context: Context) -> None:
    """Request reports: to the message's own callback URL, else to the account's receiver.

    The token is added only if the account has a receiver, which reads it.
    """
    address = message.callback_url or context.report_url
    if address is not None:
        token = None if context.report_url is None else context.token(message)
        document["dlr_url"] = report_to(address, token)


def report_to(url: str, token: str | None) -> str:
    """Add the token, which needs no escaping, to the query of a callback URL if there is one."""
    if token is None:
        return url
    address, mark, fragment = url.partition("#")
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{TOKEN}={token}{mark}{fragment}"


def _leg(
    channel: Channel | None,
    content: Content,
    sender: str | None,
    ttl: int | None,
    mappings: FindMapping,
) -> JsonObject:
    leg: JsonObject = {
        "channel": channel,
        **_ENCODERS[channel][content.__class__](content, mappings),
    }
    if sender is not None:
        leg["sender"] = sender
    if ttl is not None:
        leg["ttl"] = ttl
    return leg


def _merge(
    document: JsonObject,
    legs: list[JsonObject],
    extras: Mapping[str, Any],
    channels: Mapping[Channel, Any],
) -> None:
    """Merge extras: members below a channel's name into its leg, the rest into the message."""
    message_extras = {key: value for key, value in extras.items() if key not in channels}
    deep_merge(document, message_extras)
    for leg in legs:
        deep_merge(leg, extras.get(leg["channel"], {}))


def _sms(content: Text, _: FindMapping) -> JsonObject:
    if content.udh is None and content.autoconvert is None:
        return {"text": content.text}
    return omit_missing(text=content.text, udh=content.udh, autoconvert=content.autoconvert)


_ENCODERS: Mapping[Channel | None, Mapping[type, Encoder]] = {
    Channel.SMS: {Text: _sms},
    Channel.VIBER: viber.ENCODERS,
    Channel.WHATSAPP: whatsapp.ENCODERS,
    Channel.RCS: rcs.ENCODERS,
}
