"""Templates, whose text the provider approved beforehand, and their parameters."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.location import Location
from omnimsg.domain.content.media import MediaItem
from omnimsg.domain.quick import quick, usual
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

_optional_name = optional(validate.text(max_length=512))


@quick
@attrs.frozen(weakref_slot=False)
class TextParameter:
    """Text for a placeholder.

    Attributes:
        text: The text that replaces the placeholder.
        name: The placeholder's name, if the template names its placeholders; `None` if it numbers
            them.
    """

    kind: ClassVar[str] = "text"
    make: ClassVar[Callable[..., TextParameter]]

    text: str = attrs.field(
        repr=hidden,
        validator=validate.text(min_length=0),
        metadata=usual(str, "value.isascii()", r"'\0' not in value"),
    )
    name: str | None = attrs.field(default=None, kw_only=True, validator=_optional_name)


@attrs.frozen
class CurrencyParameter:
    """An amount that the phone formats.

    Attributes:
        fallback: The text shown if the phone cannot format the amount.
        code: ISO 4217 code.
        amount_1000: The amount times 1000.
        name: The placeholder's name, as in `TextParameter`.
    """

    kind: ClassVar[str] = "currency"

    fallback: str = attrs.field(repr=hidden, validator=validate.text())
    code: str = attrs.field(validator=validate.text(min_length=3, max_length=3))
    amount_1000: int = attrs.field(kw_only=True, validator=validate.integer(minimum=-(10**15)))
    name: str | None = attrs.field(default=None, kw_only=True, validator=_optional_name)


@attrs.frozen
class DateTimeParameter:
    """A date or time, formatted by the application as the `fallback` text."""

    kind: ClassVar[str] = "date_time"

    fallback: str = attrs.field(repr=hidden, validator=validate.text())
    name: str | None = attrs.field(default=None, kw_only=True, validator=_optional_name)


@attrs.frozen
class MediaParameter:
    """An image, video or document.

    Attributes:
        item: The file.
        name: The placeholder's name, as in `TextParameter`.
        caption: The text below the file (Messente).
    """

    kind: ClassVar[str] = "media"

    item: MediaItem = attrs.field(validator=validate.instance_of(MediaItem))
    name: str | None = attrs.field(default=None, kw_only=True, validator=_optional_name)
    caption: str | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=optional(validate.text())
    )


@attrs.frozen
class LocationParameter:
    """A location; only a header accepts one."""

    kind: ClassVar[str] = "location"

    location: Location = attrs.field(validator=validate.instance_of(Location))


Parameter: TypeAlias = TextParameter | CurrencyParameter | DateTimeParameter | MediaParameter
Header: TypeAlias = TextParameter | MediaParameter | LocationParameter


class ButtonKind(StrEnum):
    """What a template's button does with its value.

    Attributes:
        URL: Appends the value to the link that it opens.
        REPLY: Returns the value to the application.
        COUPON: Copies the value.
        OTP: Uses the value as the one-time password.
    """

    URL = "url"
    REPLY = "reply"
    COUPON = "coupon"
    OTP = "otp"


def _to_button_kind(value: ButtonKind | str) -> ButtonKind:
    return validate.to_enum_member(ButtonKind, value)


@attrs.frozen
class TemplateButton:
    """The variable part of one button.

    Attributes:
        position: The button's number in the template as it was created, from 1. Buttons without a
            variable part (phone numbers, fixed links) are not given but are counted.
        kind: What the button does with the value.
        value: The variable part.
    """

    position: int = attrs.field(validator=validate.integer(minimum=1))
    kind: ButtonKind = attrs.field(
        converter=_to_button_kind, validator=validate.enum_member(ButtonKind)
    )
    value: str = attrs.field(kw_only=True, repr=hidden, validator=validate.text())


def _to_parameters(value: Sequence[Parameter | str]) -> tuple[Parameter, ...]:
    """Convert a sequence to a tuple, and plain text in it to text parameters."""
    return validate.to_tuple_of(
        lambda each: TextParameter(each) if isinstance(each, str) else each, value
    )


def _to_buttons(value: Sequence[TemplateButton]) -> tuple[TemplateButton, ...]:
    return validate.to_tuple(value)


def _are_texts(value: object) -> bool:
    """Return whether a value is a tuple or list of ASCII texts without U+0000: valid parameters."""
    return isinstance(value, (tuple, list)) and all(
        type(each) is str and each.isascii() and "\0" not in each for each in value
    )


def _text_parameters(value: Sequence[str]) -> tuple[Parameter, ...]:
    return tuple(map(TextParameter.make, value))


def _check_positions(owner: object, _: object, value: Sequence[TemplateButton]) -> None:
    """Refuse two values for one button."""
    positions = [button.position for button in value]
    if len(set(positions)) < len(positions):
        raise validate.refuse(owner, "buttons", "two buttons have the same position")


@quick
@attrs.frozen(weakref_slot=False)
class Template:
    """An approved template with its parameters.

    The account's `[accounts.X.templates.NAME]` maps the name to the provider's own id and version,
    so that the same message can be sent through another provider by changing the configuration.

    Attributes:
        name: The template's name in the application.
        language: The language tag, such as `en` or `pt_BR`.
        version: The version, if the provider keeps several (Bird).
        body: The parameters of the body, in order. Plain text becomes a `TextParameter`.
        header: The parameter of the header.
        buttons: The variable parts of the buttons.
    """

    kind: ClassVar[str] = "template"

    name: str = attrs.field(
        validator=validate.text(max_length=512),
        metadata=usual(*validate.PLAIN_ASCII, "len(value) <= 512"),
    )
    language: str | None = attrs.field(
        default=None,
        validator=optional(validate.text(max_length=35)),
        metadata=usual(*validate.PLAIN_ASCII, "len(value) <= 35"),
    )
    version: str | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.text(max_length=128))
    )
    body: tuple[Parameter, ...] = attrs.field(
        default=(),
        kw_only=True,
        converter=_to_parameters,
        validator=validate.tuple_of(
            (TextParameter, CurrencyParameter, DateTimeParameter, MediaParameter)
        ),
        metadata=usual(_are_texts, convert=_text_parameters),
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
        converter=_to_buttons,
        validator=[validate.tuple_of(TemplateButton), _check_positions],
    )
