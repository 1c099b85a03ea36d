"""Text, binary SMS and one-time passwords."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action, to_actions
from omnimsg.domain.quick import quick, usual
from omnimsg.domain.redaction import hidden

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def _check_udh(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be whole bytes as hexadecimal digits")


class Autoconvert(StrEnum):
    """How characters outside the GSM alphabet are treated in an SMS (Messente).

    Attributes:
        ON: Replaced according to the account's settings.
        FULL: All replaced by similar characters of GSM 03.38.
        OFF: Left unchanged.
    """

    ON = "on"
    FULL = "full"
    OFF = "off"


def _to_autoconvert(value: Autoconvert | str | None) -> Autoconvert | None:
    return None if value is None else validate.to_enum_member(Autoconvert, value)


@quick
@attrs.frozen(weakref_slot=False)
class Text:
    """Plain text.

    Attributes:
        text: The text that the recipient reads.
        preview_url: Whether WhatsApp shows a preview of the first link; `None` leaves it to the
            provider.
        udh: An SMS user data header, hexadecimal.
        autoconvert: Treatment of characters outside the GSM alphabet in an SMS.
    """

    kind: ClassVar[str] = "text"
    make: ClassVar[Callable[..., Text]]

    text: str = attrs.field(
        repr=hidden,
        validator=validate.text(),
        metadata=usual(*validate.PLAIN_ASCII),
    )
    preview_url: bool | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(bool))
    )
    udh: str | None = attrs.field(default=None, kw_only=True, validator=optional(_check_udh))
    autoconvert: Autoconvert | None = attrs.field(
        default=None,
        kw_only=True,
        converter=_to_autoconvert,
        validator=optional(validate.enum_member(Autoconvert)),
    )

    @property
    def has_options(self) -> bool:
        """Whether anything but the text is given."""
        return not (self.preview_url is None and self.udh is None and self.autoconvert is None)


@attrs.frozen
class Binary:
    """An 8-bit SMS: settings, ring tones, anything that is not text.

    Attributes:
        data: The payload, without the header.
        udh: The user data header, hexadecimal.
    """

    kind: ClassVar[str] = "binary"

    data: bytes = attrs.field(repr=hidden, validator=validate.instance_of(bytes))
    udh: str | None = attrs.field(default=None, validator=optional(_check_udh))

    def __attrs_post_init__(self) -> None:
        """Refuse an empty payload."""
        if not self.data:
            raise validate.refuse(self, "data", "must not be empty")


@attrs.frozen
class Otp:
    """An authentication message whose text the provider writes (Bird).

    Attributes:
        disclaimer: Whether a note not to share the code is added below it.
        expires_in: Minutes for which the code is valid, 1 to 90. It is Bird's `expirationTime`,
            which has the range and the effect of WhatsApp's `code_expiration_minutes`, although
            Bird's schema calls its unit seconds.
        actions: Buttons, such as copying the code.
    """

    kind: ClassVar[str] = "otp"

    disclaimer: bool = attrs.field(validator=validate.instance_of(bool))
    expires_in: int | None = attrs.field(
        default=None, validator=optional(validate.integer(minimum=1, maximum=90))
    )
    actions: tuple[Action, ...] = attrs.field(
        default=(),
        kw_only=True,
        converter=to_actions,
        validator=validate.tuple_of(Action.__args__),
    )
