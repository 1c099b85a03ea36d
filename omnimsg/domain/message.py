"""The message: what an application builds, and what every adapter translates."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import ProviderContact, is_e164, is_email
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Content, Text
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.frozen import EMPTY, freeze
from omnimsg.domain.media import Encryption
from omnimsg.domain.privacy import masked

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT_KINDS: tuple[type, ...] = Content.__args__

# A correlation token, not a secret; a UUID costs more than the whole codec of a message.
_bits = random.SystemRandom().getrandbits(64)
_random = random.Random(_bits)  # noqa: S311 - not used for security


def new_reference() -> str:
    """Make up a reference: 32 hexadecimal digits, unique for all practical purposes."""
    return "%032x" % _random.getrandbits(128)


class Priority(StrEnum):
    """Which of several waiting messages goes first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_Check: TypeAlias = "Callable[[Message, str, Any], None]"


def _content(value: Content | str) -> Content:
    """Take plain text as `Text`, because most messages are."""
    return Text(value) if value.__class__ is str else value  # type: ignore[arg-type,return-value]


def _channel(value: Channel | str | None) -> Channel | None:
    """Take a channel by its name, as configuration and JSON have it."""
    if value is None or value.__class__ is Channel:
        return value  # type: ignore[return-value]  # just seen
    try:
        return Channel(value)
    except ValueError:
        names = ", ".join(Channel)
        raise InvalidValue(Problem("Message.channel", f"must be one of {names}")) from None


def _recipient(owner: object, field: attrs.Attribute[object], value: object) -> None:
    if value.__class__ is str:
        if is_e164(value):  # type: ignore[arg-type]  # just seen to be text
            return
        if "@" in value:  # type: ignore[operator]
            if is_email(value):  # type: ignore[arg-type]
                return
            raise validate.refuse(owner, field.name, "is not an e-mail address")
        raise validate.refuse(
            owner,
            field.name,
            "must be a number in E.164 form: a plus, the country code and the number, 7 to 15"
            " digits, no spaces (such as +37255500001)",
        )
    if not isinstance(value, ProviderContact):
        raise validate.refuse(
            owner, field.name, f"must be text or a ProviderContact, not {validate.kind_of(value)}"
        )


@attrs.frozen(kw_only=True)
class Leg:
    """A reserve: how to try if the way before it failed, or outlived its `ttl`.

    Attributes:
        channel: The channel to try.
        content: What to say there; `None` repeats the message's content.
        sender: The sender to use there; `None` leaves it to the account.
        ttl: Seconds after which this leg counts as failed.
    """

    channel: Channel = attrs.field(converter=Channel)
    content: Content | None = attrs.field(
        default=None, validator=optional(validate.a(CONTENT_KINDS))
    )
    sender: str | None = attrs.field(
        default=None, repr=masked, validator=optional(validate.text(most=320))
    )
    ttl: int | None = attrs.field(default=None, validator=optional(validate.integer(least=1)))


@attrs.frozen
class Message:
    """One message to one recipient.

    It is checked when it is built, and never changes. What a provider cannot express is refused
    before anything is sent; nothing is dropped silently.

    Attributes:
        to: A number in E.164 form, an e-mail address, or a `ProviderContact`.
        content: What it says. Plain text is taken as `Text`.
        channel: How it travels; `None` uses the account's default channel.
        sender: The number, name or mailbox it comes from; `None` leaves it to the account.
        reference: The caller's own key for the message, at most 255 characters. Made up when it is
            not given. It is the same for every attempt and comes back with every report.
        send_at: When the provider is to send it; needs a UTC offset. `None` is now.
        ttl: Seconds the message is of use, from the call or from `send_at`. Providers that count
            in minutes get the next whole minute.
        priority: Which of several waiting messages goes first.
        tags: Labels for the provider's reports.
        metadata: The caller's own data; it never leaves the process.
        callback_url: Where the provider is to report this message.
        fallback: Reserves, in order.
        encryption: How the content was encrypted, where it was.
        extras: What omnimsg has no word for, by provider name. It is merged into the provider's
            request last, and may not touch the recipient, the reference or the list of messages.

    Raises:
        InvalidValue: A field holds what it cannot; the error names the field.
    """

    to: str | ProviderContact = attrs.field(repr=masked, validator=_recipient)
    content: Content = attrs.field(converter=_content)
    channel: Channel | None = attrs.field(default=None, kw_only=True, converter=_channel)
    sender: str | None = attrs.field(default=None, kw_only=True, repr=masked)
    reference: str = attrs.field(factory=new_reference, kw_only=True, repr=masked)
    send_at: datetime | None = attrs.field(default=None, kw_only=True)
    ttl: int | None = attrs.field(default=None, kw_only=True)
    priority: Priority = attrs.field(default=Priority.NORMAL, kw_only=True)
    tags: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    metadata: Mapping[str, Any] = attrs.field(default=EMPTY, kw_only=True, repr=False)
    callback_url: str | None = attrs.field(default=None, kw_only=True, repr=False)
    fallback: tuple[Leg, ...] = attrs.field(default=(), kw_only=True)
    encryption: Encryption | None = attrs.field(default=None, kw_only=True)
    extras: Mapping[str, Mapping[str, Any]] = attrs.field(default=EMPTY, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the fields that most messages leave alone, at the price of one comparison each.

        A validator for every field would double the cost of building a message.
        """
        if not isinstance(self.content, CONTENT_KINDS):
            raise validate.refuse(
                self, "content", f"must be a kind of content, not {validate.kind_of(self.content)}"
            )
        if self.reference.__class__ is not str or not 0 < len(self.reference) <= 255:
            raise validate.refuse(self, "reference", "must be text of 1 to 255 characters")
        for name, untouched, check in _RARE:
            value = getattr(self, name)
            if value is not untouched:
                check(self, name, value)


def _keep(message: Message, name: str, value: object) -> None:
    object.__setattr__(message, name, value)


def _by(validator: validate.Validator) -> _Check:
    def check(message: Message, name: str, value: Any) -> None:  # noqa: ANN401 - any field's value
        validator(message, getattr(attrs.fields(Message), name), value)

    return check


def _tuple_of(kind: type) -> _Check:
    validator = validate.several(kind)

    def check(message: Message, name: str, value: Any) -> None:  # noqa: ANN401 - any field's value
        value = validate.to_tuple(value)
        validator(message, getattr(attrs.fields(Message), name), value)
        _keep(message, name, value)

    return check


def _mapping(message: Message, name: str, value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise validate.refuse(message, name, "must be a mapping with text keys")
    _keep(message, name, freeze(value))


def _extras(message: Message, name: str, value: object) -> None:
    _mapping(message, name, value)
    for provider, extra in message.extras.items():
        if not isinstance(extra, Mapping):
            where = f"{name}[{provider!r}]"
            raise validate.refuse(message, where, "must be a mapping of the provider's own fields")


# Each field, the value that needs no look, and the look it gets otherwise.
_RARE: tuple[tuple[str, object, _Check], ...] = (
    ("sender", None, _by(validate.text(most=320))),
    ("send_at", None, _by(validate.aware)),
    ("ttl", None, _by(validate.integer(least=1))),
    ("priority", Priority.NORMAL, _by(validate.a(Priority))),
    ("tags", (), _tuple_of(str)),
    ("metadata", EMPTY, _mapping),
    ("callback_url", None, _by(validate.url)),
    ("fallback", (), _tuple_of(Leg)),
    ("encryption", None, _by(validate.a(Encryption))),
    ("extras", EMPTY, _extras),
)
