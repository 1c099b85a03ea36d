"""Past messages, the recipients' interactions with them, and the account's balance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel, optional_channel, to_optional_channel
from omnimsg.domain.frozen_dict import EMPTY, to_extras
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.redaction import masked
from omnimsg.domain.status import LegStatus, Status

T = TypeVar("T")

_text = optional(validate.text())


@attrs.frozen
class Page(Generic[T]):
    """One page of a longer list.

    Attributes:
        items: The items of this page; may be empty although more pages follow.
        next: The provider's token for the next page; `None` on the last one.
    """

    items: tuple[T, ...]
    next: str | None = None


class Direction(StrEnum):
    """Whether the account sent or received a message."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


def _extras_validator(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(each, Mapping) for each in value.values()
    ):
        raise validate.refuse(owner, field.name, "must map a provider's name to its own filters")


def _to_direction(value: Direction | str | None) -> Direction | None:
    return None if value is None else validate.to_enum_member(Direction, value)


def _to_status(value: Status | str | None) -> Status | None:
    return None if value is None else validate.to_enum_member(Status, value)


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """Which past messages to list. Every field is a filter; `None` does not filter.

    Attributes:
        channel: On this channel.
        to: To this recipient.
        sender: From this sender.
        since: Not before this time.
        until: Not after this time.
        tag: With this tag.
        direction: Sent, or received.
        status: With this current status.
        batch_id: Of this batch: the value of `Accepted.batch_id`.
        extras: The provider's own filters, by provider name, such as `{"bird": {"failureCode":
            [15005]}}`. They are merged last, and may not change which page is requested.

    Raises:
        InvalidValue: A field has an invalid value; the error names the field.
    """

    channel: Channel | None = attrs.field(
        default=None, converter=to_optional_channel, validator=optional_channel
    )
    to: str | None = attrs.field(default=None, repr=masked, validator=_text)
    sender: str | None = attrs.field(default=None, repr=masked, validator=_text)
    since: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    until: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    tag: str | None = attrs.field(default=None, validator=_text)
    direction: Direction | None = attrs.field(
        default=None,
        converter=_to_direction,
        validator=optional(validate.enum_member(Direction)),
    )
    status: Status | None = attrs.field(
        default=None, converter=_to_status, validator=optional(validate.enum_member(Status))
    )
    batch_id: str | None = attrs.field(default=None, validator=_text)
    extras: Mapping[str, Mapping[str, Any]] = attrs.field(
        default=EMPTY, converter=to_extras, validator=_extras_validator, repr=False
    )


@attrs.frozen(kw_only=True)
class PastMessage:
    """A message in the provider's history.

    Attributes:
        id: The message's id.
        direction: Sent or received; `None` if the provider's value is unknown.
        leg: The channel and status.
        to: The recipients.
        sender: The sender.
        reference: The caller's key for the message.
        created: When the provider accepted it.
        reply_to: The message it answers, or whose button was tapped; `None` if the provider names
            none.
        raw: The provider's entry, including the content.
    """

    id: MessageId
    direction: Direction | None
    leg: LegStatus
    to: tuple[str, ...] = attrs.field(default=(), repr=masked)
    sender: str | None = attrs.field(default=None, repr=masked)
    reference: str | None = attrs.field(default=None, repr=masked)
    created: datetime | None = None
    reply_to: MessageId | None = attrs.field(default=None, repr=masked)
    raw: Any = attrs.field(default=None, repr=False)


class InteractionKind(StrEnum):
    """What a recipient did with a message."""

    READ = "read"
    OPENED = "opened"
    CLICKED = "clicked"
    REACTED = "reacted"
    CONVERTED = "converted"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    REPORTED_SPAM = "reported_spam"
    DELETED = "deleted"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Interaction:
    """One action of a recipient on a message.

    Attributes:
        message_id: The message's id.
        kind: The action; `UNKNOWN` if omnimsg does not know `provider_kind`.
        provider_kind: The provider's name of the action.
        at: When it happened.
        channel: The channel it happened on.
        payload: The payload of the button that was tapped.
        url: The link that was opened.
        emoji: The emoji of a reaction.
        raw: The provider's entry.
    """

    message_id: MessageId
    kind: InteractionKind
    provider_kind: str
    at: datetime | None = None
    channel: Channel | None = None
    payload: str | None = attrs.field(default=None, repr=False)
    url: str | None = attrs.field(default=None, repr=False)
    emoji: str | None = None
    raw: Any = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Balance:
    """The account's balance.

    Attributes:
        amount: In whole units of the currency; `None` if the provider gave none.
        currency: ISO 4217 code; `None` if the provider names no currency.
        raw: The provider's answer.
    """

    amount: Decimal | None
    currency: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
