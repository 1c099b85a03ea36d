"""Content a person answers by tapping."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action
from omnimsg.domain.content.media import MediaItem
from omnimsg.domain.redaction import hidden

_words = optional(validate.text())
_text = validate.text()


def _header(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, MediaItem):
        _text(owner, field, value)


@attrs.frozen
class Interactive:
    """Words with buttons: the one shape that swaps across Clickatell, Bird, Viber and RCS.

    Attributes:
        body: The words. Only RCS and Bird can do without, and then need a header.
        actions: What may be tapped; at least one.
        header: Words or one media item above the body.
        footer: Small print below it.
    """

    kind: ClassVar[str] = "interactive"

    body: str | None = attrs.field(repr=hidden, validator=_words)
    actions: tuple[Action, ...] = attrs.field(
        converter=validate.to_tuple, validator=validate.tuple_of(Action.__args__, min_length=1)
    )
    header: str | MediaItem | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=optional(_header)
    )
    footer: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_words)

    def __attrs_post_init__(self) -> None:
        """Refuse buttons below nothing."""
        if self.body is None and self.header is None:
            raise validate.refuse(self, "body", "give a body, or at least a header")


@attrs.frozen
class ListItem:
    """One line of a list.

    Attributes:
        title: What the person picks.
        payload: What comes back to the application.
        description: A second line.
    """

    title: str = attrs.field(repr=hidden, validator=validate.text())
    payload: str = attrs.field(repr=hidden, validator=validate.text(max_length=2048))
    description: str | None = attrs.field(default=None, repr=hidden, kw_only=True, validator=_words)


@attrs.frozen
class ListSection:
    """A group of lines; its title is needed as soon as there are two groups."""

    items: tuple[ListItem, ...] = attrs.field(
        converter=validate.to_tuple, validator=validate.tuple_of(ListItem, min_length=1)
    )
    title: str | None = attrs.field(default=None, repr=hidden, validator=_words)


@attrs.frozen
class ListPicker:
    """A menu behind one button.

    Attributes:
        body: The words above the button.
        button: The button's label.
        sections: The groups of lines.
        header: Words above the body.
        footer: Small print below it.
    """

    kind: ClassVar[str] = "list"

    body: str = attrs.field(repr=hidden, validator=validate.text())
    button: str = attrs.field(repr=hidden, validator=validate.text())
    sections: tuple[ListSection, ...] = attrs.field(
        kw_only=True,
        converter=validate.to_tuple,
        validator=validate.tuple_of(ListSection, min_length=1),
    )
    header: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_words)
    footer: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_words)

    def __attrs_post_init__(self) -> None:
        """Require titles that tell the groups apart."""
        if len(self.sections) > 1:
            for position, section in enumerate(self.sections):
                if section.title is None:
                    where = f"sections[{position}].title"
                    raise validate.refuse(self, where, "is needed when there are several sections")
