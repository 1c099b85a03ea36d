"""Content that is only text, or only bytes."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action
from omnimsg.domain.redaction import hidden
from omnimsg.domain.sparse import sparse

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def _udh(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be whole bytes as hexadecimal digits")


class Autoconvert(StrEnum):
    """What becomes of characters outside the GSM alphabet in an SMS (Messente).

    Attributes:
        ON: Replaced as the account's settings say.
        FULL: All replaced by similar characters of GSM 03.38.
        OFF: Left alone.
    """

    ON = "on"
    FULL = "full"
    OFF = "off"


@sparse
@attrs.frozen(init=False, slots=False)
class Text:
    """Plain text.

    Attributes:
        text: What the person reads.
        preview_url: Whether WhatsApp shows a preview of the first link; `None` leaves it to the
            provider.
        udh: An SMS user data header, hexadecimal.
        autoconvert: Treatment of characters outside the GSM alphabet in an SMS.
    """

    kind: ClassVar[str] = "text"

    text: str = attrs.field(repr=hidden)
    preview_url: bool | None = attrs.field(default=None, kw_only=True)
    udh: str | None = attrs.field(default=None, kw_only=True)
    autoconvert: Autoconvert | None = attrs.field(default=None, kw_only=True)

    def __init__(
        self,
        text: str,
        *,
        preview_url: bool | None = None,
        udh: str | None = None,
        autoconvert: Autoconvert | None = None,
    ) -> None:
        if text.__class__ is not str or not text or not text.isascii():
            _text(self, _FIELDS.text, text)
        own = self.__dict__
        own["text"] = text
        if preview_url is not None:
            _flag(self, _FIELDS.preview_url, preview_url)
            own["preview_url"] = preview_url
        if udh is not None:
            _udh(self, _FIELDS.udh, udh)
            own["udh"] = udh
        if autoconvert is not None:
            _autoconvert(self, _FIELDS.autoconvert, autoconvert)
            own["autoconvert"] = autoconvert


_FIELDS = attrs.fields(Text)
_text, _flag, _autoconvert = (
    validate.text(),
    validate.instance_of(bool),
    validate.enum_member(Autoconvert),
)


@attrs.frozen
class Binary:
    """An 8-bit SMS: settings, ring tones, anything that is no text.

    Attributes:
        data: The payload, without the header.
        udh: The user data header, hexadecimal.
    """

    kind: ClassVar[str] = "binary"

    data: bytes = attrs.field(repr=hidden, validator=validate.instance_of(bytes))
    udh: str | None = attrs.field(default=None, validator=optional(_udh))

    def __attrs_post_init__(self) -> None:
        """Refuse a message of nothing."""
        if not self.data:
            raise validate.refuse(self, "data", "must not be empty")


@attrs.frozen
class Otp:
    """An authentication message that the provider words itself (Bird).

    Attributes:
        disclaimer: Whether a note not to share the code stands below it.
        expires_in: Minutes the code is good for, 1 to 90.
        actions: What the person may tap, such as copying the code.
    """

    kind: ClassVar[str] = "otp"

    disclaimer: bool = attrs.field(validator=validate.instance_of(bool))
    expires_in: int | None = attrs.field(
        default=None, validator=optional(validate.integer(minimum=1, maximum=90))
    )
    actions: tuple[Action, ...] = attrs.field(
        default=(),
        kw_only=True,
        converter=validate.to_tuple,
        validator=validate.tuple_of(Action.__args__),
    )
