"""Content whose wording the provider approved beforehand."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.location import Location
from omnimsg.domain.content.media import MediaItem
from omnimsg.domain.redaction import hidden

_name = optional(validate.text(max_length=512))


@attrs.frozen
class TextParameter:
    """A piece of text for a placeholder.

    Attributes:
        text: What stands there.
        name: The placeholder's name, where the template names them instead of counting.
    """

    kind: ClassVar[str] = "text"

    text: str = attrs.field(repr=hidden, validator=validate.text(min_length=0))
    name: str | None = attrs.field(default=None, kw_only=True, validator=_name)


@attrs.frozen
class CurrencyParameter:
    """An amount that the phone formats.

    Attributes:
        fallback: What stands there if it cannot.
        code: ISO 4217.
        amount_1000: The amount times 1000.
    """

    kind: ClassVar[str] = "currency"

    fallback: str = attrs.field(repr=hidden, validator=validate.text())
    code: str = attrs.field(validator=validate.text(min_length=3, max_length=3))
    amount_1000: int = attrs.field(kw_only=True, validator=validate.integer(minimum=-(10**15)))
    name: str | None = attrs.field(default=None, kw_only=True, validator=_name)


@attrs.frozen
class DateTimeParameter:
    """A date or time in words."""

    kind: ClassVar[str] = "date_time"

    fallback: str = attrs.field(repr=hidden, validator=validate.text())
    name: str | None = attrs.field(default=None, kw_only=True, validator=_name)


@attrs.frozen
class MediaParameter:
    """A picture, video or document."""

    kind: ClassVar[str] = "media"

    item: MediaItem = attrs.field(validator=validate.instance_of(MediaItem))
    name: str | None = attrs.field(default=None, kw_only=True, validator=_name)


@attrs.frozen
class LocationParameter:
    """A place; only a header can hold one."""

    kind: ClassVar[str] = "location"

    location: Location = attrs.field(validator=validate.instance_of(Location))


Parameter: TypeAlias = TextParameter | CurrencyParameter | DateTimeParameter | MediaParameter
Header: TypeAlias = TextParameter | MediaParameter | LocationParameter


class ButtonKind(StrEnum):
    """What a template's button does.

    Attributes:
        URL: The value is the tail of the link.
        REPLY: The value comes back when it is tapped.
        COUPON: The value is copied.
        OTP: The value is the one-time password.
    """

    URL = "url"
    REPLY = "reply"
    COUPON = "coupon"
    OTP = "otp"


@attrs.frozen
class TemplateButton:
    """The variable part of one button.

    Attributes:
        position: Where the button stands in the template as it was created, from 1. Buttons
            without a variable part (phone numbers, fixed links) are not given but do count.
        kind: What it does.
        value: Its variable part.
    """

    position: int = attrs.field(validator=validate.integer(minimum=1))
    kind: ButtonKind = attrs.field(validator=validate.enum_member(ButtonKind))
    value: str = attrs.field(kw_only=True, repr=hidden, validator=validate.text())


def _parameters(value: Any) -> Any:  # noqa: ANN401 - a converter: the validator judges
    """Let plain text stand for a text parameter, because most parameters are."""
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(TextParameter(each) if isinstance(each, str) else each for each in value)


@attrs.frozen
class Template:
    """An approved template and what fills it.

    The account's `[accounts.X.templates.NAME]` maps the name to the provider's own id and version,
    so that the same message goes through another provider by configuration alone.

    Attributes:
        name: The template's name in the application.
        language: Its language tag, such as `en` or `pt_BR`.
        version: Its version, where the provider keeps several (Bird).
        body: What fills the body's placeholders, in order. Plain text is taken as a
            `TextParameter`.
        header: What fills the header.
        buttons: What fills the buttons.
    """

    kind: ClassVar[str] = "template"

    name: str = attrs.field(validator=validate.text(max_length=512))
    language: str | None = attrs.field(
        default=None, validator=optional(validate.text(max_length=35))
    )
    version: str | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.text(max_length=128))
    )
    body: tuple[Parameter, ...] = attrs.field(
        default=(),
        kw_only=True,
        converter=_parameters,
        validator=validate.tuple_of(
            (TextParameter, CurrencyParameter, DateTimeParameter, MediaParameter)
        ),
    )
    header: Header | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(
            validate.instance_of((TextParameter, MediaParameter, LocationParameter))
        ),
    )
    buttons: tuple[TemplateButton, ...] = attrs.field(
        default=(),
        kw_only=True,
        converter=validate.to_tuple,
        validator=validate.tuple_of(TemplateButton),
    )

    def __attrs_post_init__(self) -> None:
        """Refuse two values for one button."""
        positions = [button.position for button in self.buttons]
        if len(set(positions)) < len(positions):
            raise validate.refuse(self, "buttons", "two buttons have the same position")
