"""`PhoneReply`: the message or interaction that a phone sends, parsed from a JSON document."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox.formats import FORMATS
from omnimsg.sandbox.message_records import MessageRecord
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ReplyError(RequestError):
    """A reply with an invalid or undocumented field; the text begins with its name."""


@attrs.frozen(kw_only=True)
class ReplyMedia:
    """A file that a phone sends.

    Attributes:
        data: The bytes; None if ``url`` is their address.
        inline: Whether the callback contains the bytes, if the provider also has that form.
    """

    content_type: str
    data: bytes | None = attrs.field(default=None, repr=False)
    url: str | None = None
    file_name: str | None = None
    inline: bool = False


@attrs.frozen(kw_only=True)
class ReplyLocation:
    """A place that a phone sends."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


@attrs.frozen(kw_only=True)
class Button:
    """A button or a list entry; for one that a phone taps, one of the fields may be missing."""

    label: str | None = None
    payload: str | None = None


@attrs.frozen(kw_only=True)
class ReplyInteraction:
    """An interaction with a message that is not an answer; ``kind`` is the provider's name."""

    kind: str
    url: str | None = None
    payload: str | None = None


@attrs.frozen(kw_only=True)
class PhoneReply:
    """A message or an interaction from a phone to a business.

    Attributes:
        number: The phone, in E.164 form with its plus.
        to: The business number; None for the sender of the last message to the phone.
        text: The text, or the caption of media.
        reply_to: The id of the answered message.
        guess: Whether a callback that no document describes may have an invented form.
        answers: The answered message, once it was found.
        base_url: The emulator's own address, for the addresses of files.
    """

    number: str
    provider: str | None = None
    channel: str | None = None
    to: str | None = None
    text: str | None = None
    media: ReplyMedia | None = None
    location: ReplyLocation | None = None
    button: Button | None = None
    interaction: ReplyInteraction | None = None
    reply_to: str | None = None
    guess: bool = False
    answers: MessageRecord | None = attrs.field(default=None, repr=False)
    base_url: str = ""

    @property
    def content(self) -> str | None:
        """The kind of content: media, location, button, interaction or text; None without any."""
        found = (name for name in _CONTENTS if getattr(self, name) is not None)
        return next(found, None)

    @property
    def digits(self) -> str:
        """The number without its plus."""
        return self.number.removeprefix("+")


# A text may be the caption of media, so it comes last.
_CONTENTS: Final = ("media", "location", "button", "interaction", "text")


def parse_reply(document: object) -> PhoneReply:
    """Read a reply from a JSON object.

    Raises:
        ReplyError: A field is invalid or undocumented; the text begins with its name.
    """
    given = _fields("body", document, _REPLY)
    if "from" not in given:
        raise ReplyError("from: must be an E.164 number")
    contents = [name for name in _CONTENTS if name in given]
    if contents not in ([], ["media", "text"]) and len(contents) > 1:
        raise ReplyError(f"{contents[1]}: a reply with {contents[0]} has none")
    if not contents and given.keys() != {"from"}:
        raise ReplyError("text: give a text, media, location, button or interaction")
    # The `reply_to` of a button or an interaction takes precedence.
    for name in ("button", "interaction"):
        inner = given.get(name, {}).pop("reply_to", None)
        if inner is not None:
            given["reply_to"] = inner
    for name, build in _BUILDERS.items():
        if name in given:
            given[name] = build(given[name])
    return PhoneReply(number=given.pop("from"), **given)


def _media(given: dict[str, Any]) -> ReplyMedia:
    if "content_type" not in given:
        raise ReplyError("media.content_type: is required")
    if ("data" in given) == ("url" in given):
        raise ReplyError("media.data: give either data or url")
    return ReplyMedia(**given)


def _location(given: dict[str, Any]) -> ReplyLocation:
    for name in ("latitude", "longitude"):
        if name not in given:
            raise ReplyError(f"location.{name}: is required")
    return ReplyLocation(**given)


def _button(given: dict[str, Any]) -> Button:
    if not given:
        raise ReplyError("button.label: give the label or the payload of a button")
    return Button(**given)


def _interaction(given: dict[str, Any]) -> ReplyInteraction:
    if "kind" not in given:
        raise ReplyError("interaction.kind: is required")
    return ReplyInteraction(**given)


_BUILDERS: Final[Mapping[str, Callable[[dict[str, Any]], object]]] = {
    "media": _media,
    "location": _location,
    "button": _button,
    "interaction": _interaction,
}


def _fields(
    path: str, document: object, readers: Mapping[str, Callable[[str, Any], object]]
) -> dict[str, Any]:
    """Read the members of an object with these readers; an unknown member is an error."""
    if not isinstance(document, dict):
        raise ReplyError(f"{path}: must be a JSON object")
    prefix = "" if path == "body" else f"{path}."
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name not in readers:
            raise ReplyError(f"{prefix}{name}: unknown, use {', '.join(readers)}")
        found[name] = readers[name](f"{prefix}{name}", value)
    return found


def _number(path: str, value: object) -> str:
    number = value if isinstance(value, str) else ""
    number = f"+{number}" if number.isascii() and number.isdigit() else number
    if not FORMATS["E.164 number"](number):
        raise ReplyError(f"{path}: must be an E.164 number")
    return number


def _text(path: str, value: object) -> str:
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ReplyError(f"{path}: must be a text that is not empty")
    return value


def _content_type(path: str, value: object) -> str:
    found = _text(path, value)
    if not found.isprintable():
        raise ReplyError(f"{path}: must be a media type on one line")
    return found


def _url(path: str, value: object) -> str:
    if not isinstance(value, str) or not FORMATS["HTTP URL"](value):
        raise ReplyError(f"{path}: must be an HTTP URL")
    return value


def _flag(path: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ReplyError(f"{path}: must be true or false")
    return value


def _data(path: str, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value if isinstance(value, str) else "-", validate=True)
    except ValueError:
        raise ReplyError(f"{path}: must be base64") from None


def _degrees(limit: float) -> Callable[[str, Any], float]:
    def read(path: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = math.nan
        if not -limit <= value <= limit:
            raise ReplyError(f"{path}: must be degrees from -{limit:g} to {limit:g}")
        return value

    return read


def _object(**readers: Callable[[str, Any], object]) -> Callable[[str, Any], dict[str, Any]]:
    return lambda path, value: _fields(path, value, readers)


_REPLY: Final[Mapping[str, Callable[[str, Any], object]]] = {
    "from": _number,
    "to": _text,
    "provider": _text,
    "channel": _text,
    "text": _text,
    "media": _object(
        content_type=_content_type, data=_data, url=_url, file_name=_text, inline=_flag
    ),
    "location": _object(latitude=_degrees(90), longitude=_degrees(180), name=_text, address=_text),
    "button": _object(label=_text, payload=_text, reply_to=_text),
    "interaction": _object(kind=_text, url=_url, payload=_text, reply_to=_text),
    "reply_to": _text,
    "guess": _flag,
}
