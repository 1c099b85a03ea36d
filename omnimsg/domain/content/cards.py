"""Cards, carousels of cards, and sections of other content."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action, to_actions
from omnimsg.domain.content.interactive import ListPicker
from omnimsg.domain.content.location import Location
from omnimsg.domain.content.media import Media, MediaItem
from omnimsg.domain.content.text import Text
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

_optional_text = optional(validate.text())
_actions = validate.tuple_of(Action.__args__)


class CardHeight(StrEnum):
    """The height of a card's media (RCS)."""

    SHORT = "short"
    MEDIUM = "medium"
    TALL = "tall"


class CardLayout(StrEnum):
    """The position of a card's media (RCS): above the text, or to the left or right of it."""

    VERTICAL = "vertical"
    LEFT = "left"
    RIGHT = "right"


class CardWidth(StrEnum):
    """The width of a carousel's cards (RCS)."""

    SMALL = "small"
    MEDIUM = "medium"


def _to_height(value: CardHeight | str | None) -> CardHeight | None:
    return None if value is None else validate.to_enum_member(CardHeight, value)


def _to_layout(value: CardLayout | str | None) -> CardLayout | None:
    return None if value is None else validate.to_enum_member(CardLayout, value)


def _to_width(value: CardWidth | str | None) -> CardWidth | None:
    return None if value is None else validate.to_enum_member(CardWidth, value)


@attrs.frozen(kw_only=True)
class Card:
    """A card with media, a title, text and buttons.

    Attributes:
        title: The title.
        text: The text.
        media: The image or video.
        actions: The buttons on the card.
        height: The height of the media (RCS).
        layout: The position of the media (RCS; only a card outside a carousel).
        suggestions: Buttons below the card (RCS; only a card outside a carousel).
    """

    kind: ClassVar[str] = "card"

    title: str | None = attrs.field(default=None, repr=hidden, validator=_optional_text)
    text: str | None = attrs.field(default=None, repr=hidden, validator=_optional_text)
    media: MediaItem | None = attrs.field(
        default=None, validator=optional(validate.instance_of(MediaItem))
    )
    actions: tuple[Action, ...] = attrs.field(default=(), converter=to_actions, validator=_actions)
    height: CardHeight | None = attrs.field(
        default=None, converter=_to_height, validator=optional(validate.enum_member(CardHeight))
    )
    layout: CardLayout | None = attrs.field(
        default=None, converter=_to_layout, validator=optional(validate.enum_member(CardLayout))
    )
    suggestions: tuple[Action, ...] = attrs.field(
        default=(), converter=to_actions, validator=_actions
    )

    def __attrs_post_init__(self) -> None:
        """Refuse an empty card."""
        if self.title is None and self.text is None and self.media is None:
            raise validate.refuse(self, "title", "a card needs a title, text or media")


def _to_cards(value: Sequence[Card]) -> tuple[Card, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class Carousel:
    """A row of cards that the recipient scrolls through.

    Attributes:
        cards: The cards; at least two.
        text: The text above the cards.
        width: The width of the cards (RCS).
        suggestions: Buttons below the cards (RCS).
    """

    kind: ClassVar[str] = "carousel"

    cards: tuple[Card, ...] = attrs.field(
        converter=_to_cards, validator=validate.tuple_of(Card, min_length=2)
    )
    text: str | None = attrs.field(default=None, repr=hidden, validator=_optional_text)
    width: CardWidth | None = attrs.field(
        default=None,
        kw_only=True,
        converter=_to_width,
        validator=optional(validate.enum_member(CardWidth)),
    )
    suggestions: tuple[Action, ...] = attrs.field(
        default=(), kw_only=True, converter=to_actions, validator=_actions
    )

    def __attrs_post_init__(self) -> None:
        """Refuse cards with fields that only a card outside a carousel may have."""
        for index, card in enumerate(self.cards):
            for field in ("layout", "suggestions"):
                if getattr(card, field):
                    path = f"cards[{index}].{field}"
                    raise validate.refuse(self, path, "is not allowed on a card of a carousel")


def _to_parts(
    value: Sequence[Text | Media | Location | Carousel | ListPicker | Section],
) -> tuple[Text | Media | Location | Carousel | ListPicker | Section, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class Section:
    """Several kinds of content in one message (Bird).

    Attributes:
        items: Texts, media, locations, carousels, lists or, one level deep, other sections.
    """

    kind: ClassVar[str] = "section"

    items: tuple[Text | Media | Location | Carousel | ListPicker | Section, ...] = attrs.field(
        converter=_to_parts
    )

    def __attrs_post_init__(self) -> None:
        """Refuse other kinds of content, and sections nested more than once."""
        kinds = (Text, Media, Location, Carousel, ListPicker, Section)
        check = validate.tuple_of(kinds, min_length=1)
        check(self, attrs.fields(Section).items, self.items)
        for index, item in enumerate(self.items):
            if isinstance(item, Section) and any(isinstance(each, Section) for each in item.items):
                path = f"items[{index}].items"
                raise validate.refuse(self, path, "a section nests once, not twice")
