"""Content made of pieces: cards, rows of cards, and sequences of other content."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action
from omnimsg.domain.content.interactive import ListPicker
from omnimsg.domain.content.location import Location
from omnimsg.domain.content.media import Media, MediaItem
from omnimsg.domain.content.text import Text
from omnimsg.domain.redaction import hidden

_words = optional(validate.text())
_actions = validate.tuple_of(Action.__args__)


class CardHeight(StrEnum):
    """How tall a card's picture is (RCS)."""

    SHORT = "short"
    MEDIUM = "medium"
    TALL = "tall"


class CardLayout(StrEnum):
    """Where a card's picture stands (RCS): above the words, or beside them."""

    VERTICAL = "vertical"
    LEFT = "left"
    RIGHT = "right"


class CardWidth(StrEnum):
    """How wide the cards of a row are (RCS)."""

    SMALL = "small"
    MEDIUM = "medium"


@attrs.frozen(kw_only=True)
class Card:
    """A picture, a title, some words and buttons, in one frame.

    Attributes:
        title: The headline.
        text: The words.
        media: The picture or video.
        actions: The buttons inside the frame.
        height: How tall the picture is (RCS).
        layout: Where the picture stands (RCS; a single card only).
        suggestions: Buttons below the frame (RCS; a single card only).
    """

    kind: ClassVar[str] = "card"

    title: str | None = attrs.field(default=None, repr=hidden, validator=_words)
    text: str | None = attrs.field(default=None, repr=hidden, validator=_words)
    media: MediaItem | None = attrs.field(
        default=None, validator=optional(validate.instance_of(MediaItem))
    )
    actions: tuple[Action, ...] = attrs.field(
        default=(), converter=validate.to_tuple, validator=_actions
    )
    height: CardHeight | None = attrs.field(
        default=None, validator=optional(validate.enum_member(CardHeight))
    )
    layout: CardLayout | None = attrs.field(
        default=None, validator=optional(validate.enum_member(CardLayout))
    )
    suggestions: tuple[Action, ...] = attrs.field(
        default=(), converter=validate.to_tuple, validator=_actions
    )

    def __attrs_post_init__(self) -> None:
        """Refuse an empty frame."""
        if self.title is None and self.text is None and self.media is None:
            raise validate.refuse(self, "title", "a card needs a title, words or media")


@attrs.frozen
class Carousel:
    """A row of cards to leaf through.

    Attributes:
        cards: At least two.
        text: The words above the row.
        width: How wide the cards are (RCS).
        suggestions: Buttons below the row (RCS).
    """

    kind: ClassVar[str] = "carousel"

    cards: tuple[Card, ...] = attrs.field(
        converter=validate.to_tuple, validator=validate.tuple_of(Card, min_length=2)
    )
    text: str | None = attrs.field(default=None, repr=hidden, validator=_words)
    width: CardWidth | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.enum_member(CardWidth))
    )
    suggestions: tuple[Action, ...] = attrs.field(
        default=(), kw_only=True, converter=validate.to_tuple, validator=_actions
    )

    def __attrs_post_init__(self) -> None:
        """Refuse on a card of the row what only a single card has."""
        for position, card in enumerate(self.cards):
            for field in ("layout", "suggestions"):
                if getattr(card, field):
                    where = f"cards[{position}].{field}"
                    raise validate.refuse(self, where, "belongs to a single card, not to a row")


@attrs.frozen
class Section:
    """Several pieces of content in one message (Bird).

    Attributes:
        items: Texts, media, locations, carousels, lists or, one level deep, further sections.
    """

    kind: ClassVar[str] = "section"

    items: tuple[Text | Media | Location | Carousel | ListPicker | Section, ...] = attrs.field(
        converter=validate.to_tuple
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what a section cannot hold, and a section within a section's section."""
        kinds = (Text, Media, Location, Carousel, ListPicker, Section)
        check = validate.tuple_of(kinds, min_length=1)
        check(self, attrs.fields(Section).items, self.items)
        for position, item in enumerate(self.items):
            if isinstance(item, Section) and any(isinstance(each, Section) for each in item.items):
                where = f"items[{position}].items"
                raise validate.refuse(self, where, "a section nests once, not twice")
