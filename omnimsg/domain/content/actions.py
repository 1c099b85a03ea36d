"""Actions that a recipient can tap below a message.

One model for WhatsApp buttons, Viber's button, RCS suggestions and Bird's actions; an adapter
refuses the actions that its provider or the channel does not support.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.redaction import hidden, masked

if TYPE_CHECKING:
    from collections.abc import Sequence

_label = validate.text(max_length=256)
_payload = optional(validate.text(max_length=2048))
_text = optional(validate.text())
_url = optional(validate.url)


@attrs.frozen
class Reply:
    """Send a reply to the application.

    Attributes:
        text: The label.
        payload: Data returned to the application; `None` if the label is enough.
        image_url: An image on the button (Bird).
        description: A second line (Bird).
    """

    kind: ClassVar[str] = "reply"

    text: str = attrs.field(repr=hidden, validator=_label)
    payload: str | None = attrs.field(default=None, repr=hidden, validator=_payload)
    image_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)
    description: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)


@attrs.frozen
class OpenUrl:
    """Open a web page.

    Attributes:
        text: The label.
        url: The page's URL.
        payload: Data returned to the application when the button is tapped (RCS).
        fallback_url: The URL that a phone opens if it does not support the action (RCS).
        application: `BROWSER` or `WEBVIEW` (RCS).
        view: The height of the web view: `FULL`, `HALF` or `TALL` (RCS).
        description: A description of the page for a screen reader (RCS).
    """

    kind: ClassVar[str] = "open_url"

    text: str = attrs.field(repr=hidden, validator=_label)
    url: str = attrs.field(repr=hidden, validator=validate.url)
    payload: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_payload)
    fallback_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)
    application: str | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(validate.one_of("BROWSER", "WEBVIEW")),
    )
    view: str | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(validate.one_of("FULL", "HALF", "TALL")),
    )
    description: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)


@attrs.frozen
class OpenMedia:
    """Play the message's own video (Viber's button without a URL)."""

    kind: ClassVar[str] = "open_media"

    text: str = attrs.field(repr=hidden, validator=_label)


@attrs.frozen
class Dial:
    """Call a number (RCS)."""

    kind: ClassVar[str] = "dial"

    text: str = attrs.field(repr=hidden, validator=_label)
    number: str = attrs.field(repr=masked, validator=validate.text(max_length=32))
    payload: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_payload)
    fallback_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)


@attrs.frozen
class ShowLocation:
    """Show a location on a map, by coordinates or by a search query (RCS)."""

    kind: ClassVar[str] = "show_location"

    text: str = attrs.field(repr=hidden, validator=_label)
    latitude: float | None = attrs.field(
        default=None,
        kw_only=True,
        repr=hidden,
        validator=optional(validate.number(minimum=-90, maximum=90)),
    )
    longitude: float | None = attrs.field(
        default=None,
        kw_only=True,
        repr=hidden,
        validator=optional(validate.number(minimum=-180, maximum=180)),
    )
    label: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)
    query: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)
    payload: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_payload)
    fallback_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)

    def __attrs_post_init__(self) -> None:
        """Require coordinates or a query."""
        if (self.latitude is None) != (self.longitude is None):
            raise validate.refuse(self, "latitude", "latitude and longitude belong together")
        if self.latitude is None and self.query is None:
            raise validate.refuse(self, "latitude", "give coordinates or a query")


@attrs.frozen
class RequestLocation:
    """Ask the recipient for their location.

    Attributes:
        text: The label; `None` on WhatsApp, which has a fixed label.
        payload: Data returned with the location (RCS).
        fallback_url: The URL that a phone opens if it does not support the action (RCS).
    """

    kind: ClassVar[str] = "request_location"

    text: str | None = attrs.field(default=None, repr=hidden, validator=optional(_label))
    payload: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_payload)
    fallback_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)


@attrs.frozen
class CreateEvent:
    """Add an event to the recipient's calendar (RCS)."""

    kind: ClassVar[str] = "create_event"

    text: str = attrs.field(repr=hidden, validator=_label)
    title: str = attrs.field(repr=hidden, validator=validate.text())
    start: datetime = attrs.field(
        kw_only=True, converter=validate.to_fixed_offset, validator=validate.tz_aware
    )
    end: datetime = attrs.field(
        kw_only=True, converter=validate.to_fixed_offset, validator=validate.tz_aware
    )
    description: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)
    payload: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_payload)
    fallback_url: str | None = attrs.field(default=None, kw_only=True, validator=_url)

    def __attrs_post_init__(self) -> None:
        """Refuse an event that ends before it starts."""
        if self.end < self.start:
            raise validate.refuse(self, "end", "must not be before start")


@attrs.frozen
class Buy:
    """Pay an amount (Bird).

    Attributes:
        text: The label.
        amount: In whole units of the currency, such as `Decimal("9.90")`.
        currency: ISO 4217 code.
    """

    kind: ClassVar[str] = "buy"

    text: str = attrs.field(repr=hidden, validator=_label)
    amount: Decimal = attrs.field(validator=validate.amount)
    currency: str = attrs.field(kw_only=True, validator=validate.text(min_length=3, max_length=3))


Action: TypeAlias = (
    Reply | OpenUrl | OpenMedia | Dial | ShowLocation | RequestLocation | CreateEvent | Buy
)


def to_actions(value: Sequence[Action]) -> tuple[Action, ...]:
    """Convert a sequence of actions to a tuple; the field's validator refuses anything else."""
    return validate.to_tuple(value)
