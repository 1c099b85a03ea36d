"""The message: what an application builds, and what every adapter translates."""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, Self

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import ProviderContact, is_e164, is_email
from omnimsg.domain.channel import Channel, to_channel
from omnimsg.domain.content import Content, Text
from omnimsg.domain.draft import Draft
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, freeze
from omnimsg.domain.media import Encryption
from omnimsg.domain.phone_number import why_not_e164
from omnimsg.domain.redaction import masked
from omnimsg.domain.sparse import sparse
from omnimsg.domain.validate import is_unicode

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT_KINDS: tuple[type, ...] = Content.__args__

# A correlation token, not a secret: 80 random bits for the process and a count within it. A UUID
# costs more than the whole codec of a message.
_process = ""
# From twelve digits on, because to pad a number costs more than to make it.
_count = itertools.count(10**11).__next__


def _begin() -> None:
    global _process  # noqa: PLW0603 - a process has one
    _process = os.urandom(10).hex()


_begin()
if hasattr(os, "register_at_fork"):
    # Forked workers would otherwise all go on with their parent's sequence.
    os.register_at_fork(after_in_child=_begin)


def new_reference() -> str:
    """Make up a reference: 32 hexadecimal digits, unique for all practical purposes."""
    return f"{_process}{_count()}"


class Priority(StrEnum):
    """Which of several waiting messages goes first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_NORMAL = Priority.NORMAL
_MADE_UP: Any = attrs.NOTHING
_MOST_REFERENCE = 255


@attrs.frozen(kw_only=True)
class Leg:
    """A reserve: how to try if the way before it failed, or outlived its `ttl`.

    Attributes:
        channel: The channel to try.
        content: What to say there; `None` repeats the message's content.
        sender: The sender to use there; `None` leaves it to the account.
        ttl: Seconds after which this leg counts as failed.
    """

    channel: Channel = attrs.field(converter=to_channel, validator=validate.enum_member(Channel))
    content: Content | None = attrs.field(
        default=None, validator=optional(validate.instance_of(CONTENT_KINDS))
    )
    sender: str | None = attrs.field(
        default=None, repr=masked, validator=optional(validate.text(max_length=320))
    )
    ttl: int | None = attrs.field(default=None, validator=optional(validate.integer(minimum=1)))


class _Draft(Draft):
    """What every message has; the rest is in `__dict__` where it was given."""

    __slots__ = ("__dict__", "channel", "plain", "priority", "reference", "to", "words")


@sparse
@attrs.frozen(init=False, slots=False)
class Message(_Draft):
    """One message to one recipient.

    It is checked when it is built, and never changes. What a provider cannot express is refused
    before anything is sent; nothing is dropped silently. It is not made to be built upon: a class
    that adds fields to it, or an `__init__`, cannot be.

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
        plain: Whether it is nothing but words to a number: besides these only the channel, the
            reference and `metadata` were given. It follows from them and cannot be set.
        words: What a plain message says, and `None` of all others.

    Raises:
        InvalidValue: A field holds what it cannot; the error names the field.
    """

    __slots__ = ()

    to: str | ProviderContact = attrs.field(repr=masked)
    content: Content = attrs.field()
    channel: Channel | None = attrs.field(default=None, kw_only=True)
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
    plain: bool = attrs.field(init=False, eq=False, repr=False)
    words: str | None = attrs.field(init=False, eq=False, repr=False)

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913 - a message has so many fields
            self,
            to: str | ProviderContact,
            content: Content | str,
            *,
            channel: Channel | str | None = None,
            sender: str | None = None,
            reference: str = _MADE_UP,
            send_at: datetime | None = None,
            ttl: int | None = None,
            priority: Priority = _NORMAL,
            tags: tuple[str, ...] = (),
            metadata: Mapping[str, Any] = EMPTY,
            callback_url: str | None = None,
            fallback: tuple[Leg, ...] = (),
            encryption: Encryption | None = None,
            extras: Mapping[str, Mapping[str, Any]] = EMPTY,
        ) -> None: ...

    def __new__(
        cls,
        to: str | ProviderContact,
        content: Content | str,
        *,
        channel: Channel | str | None = None,
        reference: str = _MADE_UP,
        **rest: Any,  # noqa: ANN401 - each has its own check
    ) -> Self:
        """Check what was given; what is not named here costs nothing until it is."""
        if (
            content.__class__ is not str
            or not content
            or not (content.isascii() or is_unicode(content))
        ):
            rest["content"] = content = _content(content)
        if to.__class__ is not str or not is_e164(to):
            _recipient(to)
            rest["content"] = content = _content(content)
        if channel is not None and channel.__class__ is not Channel:
            channel = to_channel(channel)
            _a_channel(_BLANK, _FIELDS.channel, channel)
        if reference is _MADE_UP:
            reference = f"{_process}{_count()}"
        elif (
            reference.__class__ is not str
            or not reference
            or len(reference) > _MOST_REFERENCE
            or not reference.isascii()
        ):
            _a_reference(_BLANK, _FIELDS.reference, reference)
        draft: Any = _Draft()
        draft.to = to
        draft.channel = channel
        draft.reference = reference
        if rest:
            _complete(draft, content, rest)
        else:
            draft.words = content
            draft.plain = True
            draft.priority = _NORMAL
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it has become one


class _Worded:
    """The content of a message that was given words: adapters write those, few need a `Text`."""

    def __get__(self, message: Message | None, _: type[Message]) -> object:
        if message is None:
            return self
        content = message.__dict__["content"] = Text(message.words)  # type: ignore[arg-type]  # it has words
        return content


Message.content = _Worded()  # type: ignore[assignment]  # reads as what it gives


def _content(value: object) -> Content:
    """Take words as `Text`, and refuse what is no content."""
    if isinstance(value, str):
        return Text(value)
    _a_content(_BLANK, _FIELDS.content, value)
    return value  # type: ignore[return-value]  # which was just asked


def _words_of(content: Content) -> str | None:
    """Return what a text says that asks for nothing else."""
    if (
        isinstance(content, Text)
        and content.preview_url is None
        and content.udh is None
        and content.autoconvert is None
    ):
        return content.text
    return None


def _recipient(value: object) -> None:
    if isinstance(value, ProviderContact):
        return
    if not isinstance(value, str):
        found = validate.kind_of(value)
        raise validate.refuse(_BLANK, "to", f"must be text or a ProviderContact, not {found}")
    if "@" in value:
        if not is_email(value):
            raise validate.refuse(_BLANK, "to", "is not an e-mail address")
    elif not is_e164(value):
        raise validate.refuse(_BLANK, "to", why_not_e164(value))


def _as_given(value: object) -> object:
    return value


def _by_text(owner: Message, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, FrozenDict) or not all(isinstance(key, str) for key in value):
        raise validate.refuse(owner, field.name, "must be a mapping with text keys")


def _extras(owner: Message, field: attrs.Attribute[Any], value: Mapping[str, Any]) -> None:
    _by_text(owner, field, value)
    for provider, extra in value.items():
        if not isinstance(extra, FrozenDict):
            where = f"{field.name}[{provider!r}]"
            raise validate.refuse(owner, where, "must be a mapping of the provider's own fields")
        if not validate.is_json(extra):
            where = f"{field.name}[{provider!r}]"
            raise validate.refuse(owner, where, "holds something that JSON in UTF-8 cannot")


def _complete(draft: Any, content: Content | str, given: dict[str, Any]) -> None:  # noqa: ANN401
    """Fill in what few messages have, checked; what is as it would be anyway is left out."""
    own = {"content": given.pop("content")} if "content" in given else {}
    plain = draft.to.__class__ is str and draft.to[0] == "+"
    for name, value in given.items():
        row = _RARE.get(name)
        if row is None:
            raise _no_field(name)
        usual, convert, check = row
        converted = convert(value)
        if converted is not usual:
            check(_BLANK, getattr(_FIELDS, name), converted)
            own[name] = converted
            plain = plain and name == "metadata"
    words = content if isinstance(content, str) else _words_of(content)
    if words is None or not plain:
        own["content"] = _content(content)
        words = None
    draft.words = words
    draft.plain = words is not None
    draft.priority = own.pop("priority", _NORMAL)
    draft.__dict__ = own


def _no_field(name: str) -> TypeError:
    near = difflib.get_close_matches(name, _PARAMETERS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"Message() got an unexpected keyword argument {name!r}{hint}")


# Whose field it is that an error names: no message is there yet.
_BLANK: Any = object.__new__(Message)
_FIELDS = attrs.fields(Message)
_PARAMETERS = {field.name: field for field in _FIELDS if field.init}
_a_content = validate.instance_of(CONTENT_KINDS)
_a_channel = validate.enum_member(Channel)
_a_reference = validate.text(max_length=_MOST_REFERENCE)

# Of each field the value that needs no look, and what becomes of it otherwise.
_RARE: dict[str, tuple[object, Callable[[Any], Any], validate.Validator]] = {
    "sender": (None, _as_given, validate.text(max_length=320, single_line=True)),
    "send_at": (None, _as_given, validate.tz_aware),
    "ttl": (None, _as_given, validate.integer(minimum=1)),
    "priority": (
        _NORMAL,
        partial(validate.to_enum_member, Priority),
        validate.enum_member(Priority),
    ),
    "tags": ((), validate.to_tuple, validate.tuple_of(str)),
    "metadata": (EMPTY, freeze, _by_text),
    "callback_url": (None, _as_given, validate.url),
    "fallback": ((), validate.to_tuple, validate.tuple_of(Leg)),
    "encryption": (None, _as_given, validate.instance_of(Encryption)),
    "extras": (EMPTY, freeze, _extras),
}

# What `inspect` tells of a message: all of it, and not only what `__new__` names.
Message.__signature__ = Signature(  # type: ignore[attr-defined]  # for `inspect` alone
    [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY if field.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
            default=Parameter.empty if field.default is attrs.NOTHING else field.default,
            annotation=field.type,
        )
        for name, field in _PARAMETERS.items()
    ]
)
