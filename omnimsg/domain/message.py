"""The message: an application builds it, an adapter translates it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import ProviderContact, is_e164, is_email
from omnimsg.domain.channel import Channel, optional_channel, to_channel, to_optional_channel
from omnimsg.domain.content import Content, Text
from omnimsg.domain.email_address import why_not_email
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, to_extras, to_map
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.media import Encryption
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.ordered_enum import Ordered
from omnimsg.domain.phone_number import why_not_e164
from omnimsg.domain.quick import quick, usual, usually
from omnimsg.domain.redaction import mask_text, masked

CONTENT_KINDS: tuple[type, ...] = Content.__args__

_MAX_REFERENCE = 255

# A reference is a correlation token, not a secret: 80 random bits for the process, then a counter.
# Generating a UUID costs more than encoding and decoding a message.
_process_prefix = ""
# The counter starts at twelve digits, because padding a number costs more than formatting it.
_next_number = itertools.count(10**11).__next__


def _renew_process_prefix() -> None:
    global _process_prefix  # noqa: PLW0603 - a process has one
    _process_prefix = os.urandom(10).hex()


_renew_process_prefix()
if hasattr(os, "register_at_fork"):
    # Forked workers would otherwise continue their parent's sequence.
    os.register_at_fork(after_in_child=_renew_process_prefix)


def new_reference() -> str:
    """Return a new reference: 32 hexadecimal digits, unique for all practical purposes."""
    return f"{_process_prefix}{_next_number()}"


def no_message(given: object, index: int | None = None) -> TypeError:
    """Build the error for something that was handed over and is no message.

    Args:
        given: What was handed over.
        index: Its index, where it was one of several.
    """
    where = "" if index is None else f"messages[{index}]: "
    return TypeError(f"{where}only a Message can be sent, not {type(given).__name__}")


def is_generated(reference: str) -> bool:
    """Return whether this process generated a reference, so that it is not a caller's own key."""
    return reference.startswith(_process_prefix)


class Priority(Ordered):
    """Which of several waiting messages goes first; `LOW` is the least."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


def _to_content(value: Content | str) -> Content:
    return Text(value) if isinstance(value, str) else value


def _to_optional_content(value: Content | str | None) -> Content | None:
    return None if value is None else _to_content(value)


def _check_content(owner: Message | Leg, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, CONTENT_KINDS):
        found = validate.kind_of(value)
        why = f"must be text, or content such as Text, Media or Template, not {found}"
        raise validate.refuse(owner, field.name, why)


@attrs.frozen(kw_only=True)
class Leg:
    """A fallback leg, which is tried if the leg before it failed or exceeded its `ttl`.

    Attributes:
        channel: The channel to try.
        content: The content on that channel. A `str` becomes `Text`; `None` repeats the message's
            content.
        sender: The sender to use there; `None` leaves it to the account.
        ttl: Seconds after which this leg counts as failed.
        account: The account that the leg goes through; `None` leaves it to the message's account,
            or to the routes.
    """

    channel: Channel = attrs.field(converter=to_channel, validator=validate.enum_member(Channel))
    content: Content | None = attrs.field(
        default=None, converter=_to_optional_content, validator=optional(_check_content)
    )
    sender: str | None = attrs.field(default=None, repr=masked, validator=optional(validate.sender))
    ttl: int | None = attrs.field(default=None, validator=optional(validate.integer(minimum=1)))
    account: str | None = attrs.field(
        default=None, validator=optional(validate.text(max_length=64, single_line=True))
    )


def _to_message_id(value: MessageId | str | None) -> MessageId | None:
    if not isinstance(value, str) or isinstance(value, MessageId):
        return value
    try:
        return MessageId(value)
    except InvalidValue as error:
        raise InvalidValue(
            *(Problem("Message.reply_to", each.why) for each in error.problems)
        ) from None


def to_priority(value: Priority | str) -> Priority:
    """Convert a priority's exact name to the priority; leave anything else to the validator."""
    return validate.to_enum_member(Priority, value)


def _to_optional_time(value: datetime | None) -> datetime | None:
    return None if value is None else validate.to_fixed_offset(value)


def _to_tags(value: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return validate.to_tuple(value)


def _to_legs(value: Sequence[Leg]) -> tuple[Leg, ...]:
    return validate.to_tuple(value)


def _check_recipient(message: Message, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, ProviderContact):
        return
    if not isinstance(value, str):
        found = validate.kind_of(value)
        raise validate.refuse(
            message, field.name, f"must be text or a ProviderContact, not {found}"
        )
    if "@" in value:
        if not is_email(value):
            raise validate.refuse(message, field.name, why_not_email(value))
    elif not is_e164(value):
        raise validate.refuse(message, field.name, why_not_e164(value))


def _check_mapping(owner: Message, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, FrozenDict) or not all(isinstance(key, str) for key in value):
        raise validate.refuse(owner, field.name, "must be a mapping with text keys")


def _check_extras(owner: Message, field: attrs.Attribute[Any], value: Mapping[str, Any]) -> None:
    _check_mapping(owner, field, value)
    for provider, extra in value.items():
        where = f"{field.name}[{mask_text(provider)!r}]"
        if not isinstance(extra, FrozenDict):
            raise validate.refuse(owner, where, "must be a mapping of the provider's own fields")
        if not validate.is_json(extra):
            raise validate.refuse(owner, where, "holds a value that JSON in UTF-8 cannot express")
        if validate.holds_nul(extra):
            raise validate.refuse(owner, where, "holds U+0000, which no message can carry")


def _is_plain_text(message: Message) -> bool:
    to, content = message.to, message.content
    return (
        isinstance(to, str)
        and "@" not in to
        and isinstance(content, Text)
        and not content.has_options
        and _options(message) == _NO_OPTIONS
    )


@quick
@attrs.frozen(weakref_slot=False)
class Message:
    """One message to one recipient.

    It is validated when it is built and never changes. A message that the provider cannot express
    is refused before anything is sent; nothing is dropped silently. The class is final.

    Attributes:
        to: A number in E.164 form, an e-mail address, or a `ProviderContact`.
        content: The content. A `str` becomes `Text`.
        channel: The channel; `None` uses the account's default channel.
        sender: The number, name or mailbox that it comes from; `None` leaves it to the account.
        reference: The caller's own key for the message, at most 255 characters; generated when it
            is not given. It is the same for every attempt, and returned with the outcome and with
            every report of a provider that quotes it. `send` remembers a given one for an hour, and
            sends no second message with it in that time.
        send_at: When the provider is to send it; needs a time zone, in whose place it keeps the
            UTC offset at that time. `None` is now.
        ttl: Seconds for which the message is useful, from the call or from `send_at`. Providers
            that count in minutes get the next whole minute.
        priority: Which of several waiting messages goes first.
        tags: Labels for the provider's reports.
        metadata: The caller's own data; it never leaves the process.
        callback_url: Where the provider is to report this message.
        reply_to: The id of the message that this one answers; the recipient's app shows that
            message above it. Plain text in the form of an id becomes a `MessageId`.
        fallback: Legs to try if this one fails, in order.
        encryption: How the content was encrypted; `None` where it was not.
        extras: The provider's own fields that omnimsg does not model, by provider name. They are
            merged into the provider's request last, and may not touch the recipient, the reference
            or the list of messages.
        is_plain_text: Whether it is text without options to a phone number, and no field besides
            `channel`, `reference` and `metadata` differs from its default. Computed.

    Raises:
        InvalidValue: A field has an invalid value; the error names the field.
    """

    to: str | ProviderContact = attrs.field(
        repr=masked, validator=_check_recipient, metadata=usual(is_e164)
    )
    content: Content = attrs.field(
        converter=_to_content,
        validator=_check_content,
        metadata=usual(*validate.PLAIN_ASCII, convert=Text.make, kinds=CONTENT_KINDS),
    )
    channel: Channel | None = attrs.field(
        default=None,
        kw_only=True,
        converter=to_optional_channel,
        validator=optional_channel,
        metadata=usual(Channel),
    )
    sender: str | None = attrs.field(
        default=None,
        kw_only=True,
        repr=masked,
        validator=optional(validate.sender),
        metadata=usual(*validate.PLAIN_ASCII_LINE, "len(value) <= 320"),
    )
    reference: str = attrs.field(
        factory=new_reference,
        kw_only=True,
        repr=masked,
        validator=validate.text(max_length=_MAX_REFERENCE),
        metadata=usual(*validate.PLAIN_ASCII, f"len(value) <= {_MAX_REFERENCE}"),
    )
    send_at: datetime | None = attrs.field(
        default=None,
        kw_only=True,
        converter=_to_optional_time,
        validator=optional(validate.tz_aware),
    )
    ttl: int | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(validate.integer(minimum=1)),
        metadata=usual(int, f"1 <= value <= {validate.MAX_JSON_INTEGER}"),
    )
    priority: Priority = attrs.field(
        default=Priority.NORMAL,
        kw_only=True,
        converter=to_priority,
        validator=validate.enum_member(Priority),
    )
    tags: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=_to_tags, validator=validate.tuple_of(str)
    )
    metadata: Mapping[str, Any] = attrs.field(
        default=EMPTY, kw_only=True, repr=False, converter=to_map, validator=_check_mapping
    )
    callback_url: str | None = attrs.field(
        default=None, kw_only=True, repr=False, validator=optional(validate.url)
    )
    reply_to: MessageId | None = attrs.field(
        default=None,
        kw_only=True,
        repr=masked,
        converter=_to_message_id,
        validator=optional([validate.instance_of(MessageId), validate.text(max_length=512)]),
    )
    fallback: tuple[Leg, ...] = attrs.field(
        default=(), kw_only=True, converter=_to_legs, validator=validate.tuple_of(Leg)
    )
    encryption: Encryption | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(Encryption))
    )
    extras: Mapping[str, Mapping[str, Any]] = attrs.field(
        default=EMPTY, kw_only=True, repr=False, converter=to_extras, validator=_check_extras
    )
    is_plain_text: bool = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(_is_plain_text, takes_self=True),
        metadata=usually(
            "sender is None and ttl is None"
            " and (own_content or content.kind == 'text' and not content.has_options)"
        ),
    )


_OPTIONS = [
    field
    for field in attrs.fields(Message)
    if field.init and field.name not in ("to", "content", "channel", "reference", "metadata")
]
_options = attrgetter(*(field.name for field in _OPTIONS))
_NO_OPTIONS = tuple(field.default for field in _OPTIONS)


def message_of_leg(message: Message, leg: Leg) -> Message:
    """Return a fallback leg of a message as a message of its own."""
    # `reply_to` refers to a message on the first channel, and `encryption` to the message's own
    # content.
    return attrs.evolve(
        message,
        content=leg.content or message.content,
        channel=leg.channel,
        sender=leg.sender,
        ttl=leg.ttl,
        send_at=None,
        reply_to=None,
        encryption=None if leg.content is not None else message.encryption,
        fallback=(),
    )
