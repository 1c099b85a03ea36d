"""What a provider remembers: past messages, what people did with them, and the balance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import EMPTY, freeze
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.redaction import masked
from omnimsg.domain.status import LegStatus, Status

T = TypeVar("T")


@attrs.frozen
class Page(Generic[T]):
    """One page of a longer list.

    Attributes:
        items: What is on it; may be empty although more pages follow.
        next: The provider's token for the page after it; `None` on the last one.
    """

    items: tuple[T, ...]
    next: str | None = None


class Direction(StrEnum):
    """Who wrote."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


def _extras(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(each, Mapping) for each in value.values()
    ):
        raise validate.refuse(owner, field.name, "must map a provider's name to its own filters")


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """Which past messages to list; what is left out does not narrow the list.

    Attributes:
        channel: Only this channel.
        to: Only to this recipient.
        sender: Only from this sender.
        since: Not before this time.
        until: Not after this time.
        tag: Only with this label.
        direction: Only written by this side.
        status: Only those that are there now.
        batch_id: Only those of this batch, which `Accepted.batch_id` named.
        extras: The provider's own filters, by provider name, such as `{"bird": {"failureCode":
            [15005]}}`. They are added last, and may not touch the page.
    """

    channel: Channel | None = None
    to: str | None = attrs.field(default=None, repr=masked)
    sender: str | None = attrs.field(default=None, repr=masked)
    since: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    until: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    tag: str | None = None
    direction: Direction | None = None
    status: Status | None = None
    batch_id: str | None = None
    extras: Mapping[str, Mapping[str, Any]] = attrs.field(
        default=EMPTY, converter=freeze, validator=_extras, repr=False
    )


@attrs.frozen(kw_only=True)
class PastMessage:
    """A message as the provider remembers it.

    Attributes:
        id: Its id.
        direction: Who wrote; `None` where the provider says something unknown.
        leg: Where it is.
        to: Its recipients.
        sender: Whom it came from.
        reference: The caller's key for it.
        created: When the provider took it.
        raw: The provider's own words, the content among them.
    """

    id: MessageId
    direction: Direction | None
    leg: LegStatus
    to: tuple[str, ...] = attrs.field(default=(), repr=masked)
    sender: str | None = attrs.field(default=None, repr=masked)
    reference: str | None = attrs.field(default=None, repr=masked)
    created: datetime | None = None
    raw: Any = attrs.field(default=None, repr=False)


class InteractionKind(StrEnum):
    """What a person did with a message."""

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
    """One thing a person did with a message.

    Attributes:
        message_id: The message.
        kind: What was done; `UNKNOWN` with the provider's word kept in `provider_kind`.
        provider_kind: The provider's own word.
        at: When.
        channel: Where.
        payload: What a tapped button gave back.
        url: The link that was followed.
        emoji: The reaction.
        raw: The provider's own words.
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
    """What is left on the account.

    Attributes:
        amount: In whole units of the currency; `None` where the provider gave none.
        currency: ISO 4217; `None` where the provider names none.
        raw: The provider's own words.
    """

    amount: Decimal | None
    currency: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
