"""The envelope: senders, times, legs, extras; what is said in a leg is its channel's to judge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_content, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules import rcs, sms, viber, whatsapp
from omnimsg_messente.rules.shared import whole_minutes

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter
    from omnimsg.domain.content import Content
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg_messente.rules.shared import Refusals, Rule

# The name of a leg's own part in the extras is the channel's; this key says which channel it is.
PROTECTED_IN_LEG = "channel"

_RULES: Mapping[Channel, Mapping[type, Rule]] = {
    Channel.SMS: sms.RULES,
    Channel.VIBER: viber.RULES,
    Channel.WHATSAPP: whatsapp.RULES,
    Channel.RCS: rcs.RULES,
}

# A number, or a name of at most eleven characters, which is GSM's limit (3GPP TS 23.040, 9.1.2.5).
_is_number = re.compile(r"\+?[0-9]{1,15}").fullmatch
_MOST_OF_A_NAME = 11


def check(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Hold a message, and every leg of it, against Messente's own rules."""
    return next(_refusals(message, channel, adapter), None)


def _refusals(message: Message, channel: Channel, adapter: Adapter[Any]) -> Refusals:
    yield from _sender(channel, message.sender, "sender", adapter)
    yield from whole_minutes(message.send_at, "send_at")
    yield from _said(message.content, channel, "content", adapter)
    if message.extras or adapter.account.extras:
        yield from _extras(message, channel, adapter)
    taken = {channel}
    for position, leg in enumerate(message.fallback):
        path = f"fallback[{position}]"
        can = adapter.capabilities.channels.get(leg.channel)
        if can is None:
            yield refused(
                Reason.UNSUPPORTED,
                f"{path}.channel",
                f"is {leg.channel.value}, which this provider does not carry",
            )
            return
        if leg.channel in taken:
            yield refused(
                Reason.INVALID_MESSAGE,
                f"{path}.channel",
                f"is {leg.channel.value} for the second time; one message tries a channel once",
            )
        taken.add(leg.channel)
        yield from _sender(leg.channel, leg.sender, f"{path}.sender", adapter)
        content, said = leg.content or message.content, f"{path}.content"
        failure = check_content(
            content,
            leg.channel,
            can,
            account=adapter.account.name,
            uploads=adapter.uploads(),
            path=said,
        )
        if failure is not None:
            yield failure
        yield from _said(content, leg.channel, said, adapter)


def _said(content: Content, channel: Channel, path: str, adapter: Adapter[Any]) -> Refusals:
    return _RULES[channel][content.__class__](content, path, adapter)


def _sender(channel: Channel, own: str | None, path: str, adapter: Adapter[Any]) -> Refusals:
    sender = own or adapter.account.sender or ""
    if channel is Channel.RCS and not sender:
        yield refused(
            Reason.INVALID_SENDER, path, "is required on rcs: give one, or set the account's sender"
        )
    named = channel is Channel.SMS and not _is_number(sender)
    if named and len(sender) > _MOST_OF_A_NAME:
        yield refused(
            Reason.INVALID_SENDER,
            path,
            "must be a number of up to 15 digits, or a name of up to 11 characters, on sms",
        )


def _extras(message: Message, channel: Channel, adapter: Adapter[Any]) -> Refusals:
    """Hold the extras of single legs against what the message itself says of them."""
    legs = {channel: message.ttl, **{leg.channel: leg.ttl for leg in message.fallback}}
    prefix = f"extras.{adapter.provider}"
    for extras in (adapter.account.extras, adapter.extras_of(message)):
        for way, ttl in legs.items():
            own = extras.get(way)
            if ttl is not None and isinstance(own, Mapping) and "validity" in own:
                yield refused(
                    Reason.INVALID_MESSAGE,
                    f"{prefix}.{way.value}.validity",
                    "and a ttl exclude each other; leave out one of the two",
                )
    for key, own in adapter.extras_of(message).items():
        if key not in adapter.capabilities.channels:
            continue
        path = f"{prefix}.{key}"
        if key not in legs or not isinstance(own, Mapping):
            yield refused(
                Reason.INVALID_MESSAGE,
                path,
                "must be a mapping for a channel that the message is tried on",
            )
        elif PROTECTED_IN_LEG in own:
            yield refused(
                Reason.INVALID_MESSAGE, f"{path}.{PROTECTED_IN_LEG}", "is not for extras to set"
            )
