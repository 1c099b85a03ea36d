"""Check a message's senders, times, legs and extras; each channel's module checks the content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_content, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules import rcs, sms, viber, whatsapp
from omnimsg_messente.rules.shared import whole_minute_offset

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter
    from omnimsg.domain.content import Content
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg_messente.rules.shared import Refusals, Rule

# The extras of a leg are found by its channel's name, so they must not change the channel.
PROTECTED_IN_LEG = "channel"

_RULES: Mapping[Channel, Mapping[type, Rule]] = {
    Channel.SMS: sms.RULES,
    Channel.VIBER: viber.RULES,
    Channel.WHATSAPP: whatsapp.RULES,
    Channel.RCS: rcs.RULES,
}

# A number, or a name of at most eleven characters, which is GSM's limit (3GPP TS 23.040, 9.1.2.5).
_is_number = re.compile(r"\+?[0-9]{1,15}").fullmatch
_MAX_SENDER_NAME = 11
_has_control_character = re.compile(r"[\x00-\x1f\x7f-\x9f]").search

# Messente's documents state no limit for a ttl. Viber keeps a message for 14 days, and no channel
# is known to keep one longer.
_MAX_TTL = 14 * 24 * 3600


def check(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Return the first refusal of a message and its legs; `None` if Messente takes all of it."""
    return next(_refusals(message, channel, adapter), None)


def _refusals(message: Message, channel: Channel, adapter: Adapter[Any]) -> Refusals:
    yield from _sender(channel, message.sender, "sender", adapter)
    yield from _ttl(message.ttl, "ttl")
    yield from whole_minute_offset(message.send_at, "send_at")
    yield from _content(message.content, channel, "content", adapter)
    if message.extras or adapter.account.extras:
        yield from _extras(message, channel, adapter)
    used = {channel}
    for index, leg in enumerate(message.fallback):
        path = f"fallback[{index}]"
        capabilities = adapter.capabilities.channels.get(leg.channel)
        if capabilities is None:
            yield refused(
                Reason.UNSUPPORTED,
                f"{path}.channel",
                f"is {leg.channel.value}, which this provider does not carry",
            )
            return
        if leg.channel in used:
            yield refused(
                Reason.INVALID_MESSAGE,
                f"{path}.channel",
                f"is {leg.channel.value} for the second time; one message tries a channel once",
            )
        used.add(leg.channel)
        yield from _sender(leg.channel, leg.sender, f"{path}.sender", adapter)
        yield from _ttl(leg.ttl, f"{path}.ttl")
        content, content_path = leg.content or message.content, f"{path}.content"
        failure = check_content(
            content,
            leg.channel,
            capabilities,
            account=adapter.account.name,
            uploads=adapter.uploads(),
            path=content_path,
        )
        if failure is not None:
            yield failure
        yield from _content(content, leg.channel, content_path, adapter)


def _content(content: Content, channel: Channel, path: str, adapter: Adapter[Any]) -> Refusals:
    return _RULES[channel][content.__class__](content, path, adapter)


def _sender(channel: Channel, given: str | None, path: str, adapter: Adapter[Any]) -> Refusals:
    sender = given or adapter.sender_of(channel) or ""
    if channel is Channel.RCS and not sender:
        yield refused(
            Reason.INVALID_SENDER, path, "is required on rcs: give one, or set the account's sender"
        )
    if _has_control_character(sender):
        yield refused(
            Reason.INVALID_SENDER, path, "must be a number or a name, without control characters"
        )
    is_name = channel is Channel.SMS and not _is_number(sender)
    if is_name and len(sender) > _MAX_SENDER_NAME:
        yield refused(
            Reason.INVALID_SENDER,
            path,
            "must be a number of up to 15 digits, or a name of up to 11 characters, on sms",
        )


def _ttl(ttl: int | None, path: str) -> Refusals:
    if ttl is not None and ttl > _MAX_TTL:
        yield refused(
            Reason.INVALID_MESSAGE, path, f"must be at most {_MAX_TTL:,} seconds (14 days)"
        )


def _extras(message: Message, channel: Channel, adapter: Adapter[Any]) -> Refusals:
    """Check the extras of each leg against the leg itself."""
    ttls = {channel: message.ttl, **{leg.channel: leg.ttl for leg in message.fallback}}
    prefix = f"extras.{adapter.provider}"
    for leg_channel, ttl in ttls.items():
        names: set[str] = set()
        for extras in (adapter.account.extras, adapter.extras_of(message)):
            leg_extras = extras.get(leg_channel)
            if isinstance(leg_extras, Mapping):
                names.update(leg_extras)
        if "validity" in names and (ttl is not None or "ttl" in names):
            yield refused(
                Reason.INVALID_MESSAGE,
                f"{prefix}.{leg_channel.value}.validity",
                "cannot be given with a ttl; leave out one of the two",
            )
    for key, leg_extras in adapter.extras_of(message).items():
        if key not in adapter.capabilities.channels:
            continue
        path = f"{prefix}.{key}"
        if key not in ttls or not isinstance(leg_extras, Mapping):
            yield refused(
                Reason.INVALID_MESSAGE,
                path,
                "must be a mapping for a channel that the message is tried on",
            )
        elif PROTECTED_IN_LEG in leg_extras:
            yield refused(
                Reason.INVALID_MESSAGE, f"{path}.{PROTECTED_IN_LEG}", "cannot be set by extras"
            )
