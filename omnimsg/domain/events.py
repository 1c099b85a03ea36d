"""Events from providers: status reports, inbound messages, interactions, and unparsed data.

Providers repeat a callback whose answer was slow, and send callbacks in any order. So an event has
a `key`, which is the same for every repetition and for no other event, and `at`, the time at which
it happened, not the time of the callback.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel, optional_channel, to_optional_channel
from omnimsg.domain.content.actions import Reply
from omnimsg.domain.content.location import ContactCard, Location
from omnimsg.domain.content.media import MediaItem
from omnimsg.domain.history import Interaction
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.quick import quick, usual
from omnimsg.domain.redaction import hidden, masked
from omnimsg.domain.status import LegStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.reason import Reason
    from omnimsg.domain.status import Status

_KEY_LENGTH = 32
# Not orjson, which refuses a lone surrogate: a key may be built from one.
_write = json.JSONEncoder(sort_keys=True).encode


def event_key(account: str, kind: str, *parts: object) -> str:
    """Build the key of an event from what the provider repeats with it.

    Args:
        account: The account's name: two accounts may get the same event.
        kind: The kind of the event.
        parts: JSON values that together distinguish the event from every other one, such as the
            message's id, the provider's status and its time. Never the time of arrival.

    Returns:
        32 hexadecimal digits. They stay the same from one version of omnimsg to the next.
    """
    # The JSON of a list, written by hand: setting up the encoder for a list would cost more.
    written = [
        encode_basestring_ascii(each)
        if type(each) is str
        else "null"
        if each is None
        else str(each)
        if type(each) is int
        else _write(each)
        for each in (account, kind, *parts)
    ]
    return sha256(f"[{', '.join(written)}]".encode()).hexdigest()[:_KEY_LENGTH]


def _to_utc(value: datetime) -> datetime:
    given: Any = value
    if type(given) is datetime and given.tzinfo is UTC:
        return value
    try:
        if isinstance(given, datetime) and given.utcoffset() is not None:
            return given.astimezone(UTC)
    except OverflowError:  # on the first or the last day that a `datetime` can hold
        pass
    unchanged: datetime = given
    return unchanged


def _is_in_utc(value: datetime) -> bool:
    return type(value) is datetime and value.tzinfo is UTC


def _utc(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is not UTC:
        raise validate.refuse(owner, field.name, "must be a datetime with a UTC offset")


@attrs.frozen(kw_only=True)
class BaseEvent:
    """The fields that all events have.

    Attributes:
        provider: The provider's name.
        account: The name of the account that the callback is for.
        at: When it happened, in UTC; when the callback arrived, if the provider gives no time.
        key: The same for every repetition of this event, and for no other event.
        reference: The reference of our message that the event is about or answers, if the provider
            quotes it.
        raw: The provider's data about the event, unchanged.
    """

    kind: ClassVar[str]

    provider: str
    account: str
    at: datetime = attrs.field(converter=_to_utc, validator=_utc, metadata=usual(_is_in_utc))
    key: str
    reference: str | None = attrs.field(default=None, repr=masked)
    raw: Any = attrs.field(default=None, repr=False)


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class StatusEvent(BaseEvent):
    """A status report about one leg of one of our messages.

    Attributes:
        leg: The leg's channel and status, with the time of the report, and its cost if known.
        message_id: The message's id, as in `Accepted.id`; `None` if the provider names only the
            reference.
        batch_id: The provider's id of the batch that the message was accepted in, if it names one.
        token: The token that omnimsg put into the callback URL, for a provider that quotes no
            reference.
        recipient: The person's address, if the provider names it; a phone number is in E.164 form.
    """

    make: ClassVar[Callable[..., StatusEvent]]
    kind: ClassVar[str] = "status"

    leg: LegStatus
    message_id: MessageId | None = attrs.field(default=None, repr=masked)
    batch_id: str | None = None
    token: str | None = attrs.field(default=None, repr=False)
    recipient: str | None = attrs.field(default=None, repr=masked)

    @property
    def status(self) -> Status:
        """The reported status; another report may outrank it."""
        return self.leg.status

    @property
    def reason(self) -> Reason | None:
        """Why the leg failed or its status is unknown."""
        return self.leg.reason


def _to_media(value: Sequence[MediaItem]) -> tuple[MediaItem, ...]:
    return validate.to_tuple(value)


def _to_contacts(value: Sequence[ContactCard]) -> tuple[ContactCard, ...]:
    return validate.to_tuple(value)


@attrs.frozen(kw_only=True)
class InboundMessage(BaseEvent):
    """A message from a person to us. Its content is untrusted input, checked by nobody.

    Attributes:
        id: The id of this message, for `Client.mark_read`; `None` if the provider names none.
        channel: The channel it came on; `None` if omnimsg does not know it.
        sender: The person's address; a phone number is in E.164 form.
        to: The sender of ours that the message was sent to.
        sender_name: The person's display name on the channel.
        text: The text, or the caption of the media.
        media: Images, audio and other files. `Client.download` fetches a `Stored` source.
        location: A location that the person shared.
        contacts: Contact cards.
        tapped: The tapped button or list item, with the `payload` that we gave it.
        reply_to: Our message that this one answers, or whose button was tapped; `None` if the
            provider names none. `reference` is that message's reference.
    """

    kind: ClassVar[str] = "inbound"

    id: MessageId | None = attrs.field(default=None, repr=masked)
    channel: Channel | None = attrs.field(
        default=None, converter=to_optional_channel, validator=optional_channel
    )
    sender: str | None = attrs.field(default=None, repr=masked)
    to: str | None = attrs.field(default=None, repr=masked)
    sender_name: str | None = attrs.field(default=None, repr=hidden)
    text: str | None = attrs.field(default=None, repr=hidden)
    media: tuple[MediaItem, ...] = attrs.field(
        default=(), converter=_to_media, validator=validate.tuple_of(MediaItem)
    )
    location: Location | None = None
    contacts: tuple[ContactCard, ...] = attrs.field(
        default=(), converter=_to_contacts, validator=validate.tuple_of(ContactCard)
    )
    tapped: Reply | None = None
    reply_to: MessageId | None = attrs.field(default=None, repr=masked)


@attrs.frozen(kw_only=True)
class InteractionEvent(BaseEvent):
    """An action of a person on one of our messages: opened it, tapped a link, opted out.

    A tapped button is an `InboundMessage`, because the person answers with it.

    Attributes:
        interaction: The action, as `Client.interactions` lists it.
        recipient: The person's address, if the provider names it; a phone number is in E.164 form.
    """

    kind: ClassVar[str] = "interaction"

    interaction: Interaction
    recipient: str | None = attrs.field(default=None, repr=masked)


@attrs.frozen(kw_only=True)
class UnparsedEvent(BaseEvent):
    """Data from the provider in a form that omnimsg does not know.

    It is kept whole: providers add kinds of events without notice. `at` is the time of arrival.

    Attributes:
        why: What is unknown about it, in omnimsg's words.
        provider_kind: The provider's name of the kind of event; empty if it has none.
        body: The bytes, if they are not a JSON document; otherwise `raw` has all the data.
    """

    kind: ClassVar[str] = "unparsed"

    why: str
    provider_kind: str = attrs.field(default="", repr=masked)
    body: bytes = attrs.field(default=b"", repr=hidden)


Event: TypeAlias = StatusEvent | InboundMessage | InteractionEvent | UnparsedEvent
