"""Messages with buttons or a list, which the recipient answers by tapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.content.actions import Action, to_actions
from omnimsg.domain.content.media import MediaItem
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

_require_text = validate.text()
_optional_text = optional(_require_text)


def _text_or_media(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, MediaItem):
        _require_text(owner, field, value)


@attrs.frozen
class Interactive:
    """Text with buttons: one model that works on Clickatell, Bird, Viber and RCS.

    Attributes:
        body: The text. Only RCS and Bird accept `None`, and then need a header.
        actions: The buttons; at least one.
        header: Text or one media item above the body.
        footer: Small text below the body.
    """

    kind: ClassVar[str] = "interactive"

    body: str | None = attrs.field(repr=hidden, validator=_optional_text)
    actions: tuple[Action, ...] = attrs.field(
        converter=to_actions, validator=validate.tuple_of(Action.__args__, min_length=1)
    )
    header: str | MediaItem | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=optional(_text_or_media)
    )
    footer: str | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=_optional_text
    )

    def __attrs_post_init__(self) -> None:
        """Require a body or a header."""
        if self.body is None and self.header is None:
            raise validate.refuse(self, "body", "give a body, or at least a header")


@attrs.frozen
class ListItem:
    """One item of a list.

    Attributes:
        title: The text of the item.
        payload: Data returned to the application when the item is picked.
        description: A second line.
    """

    title: str = attrs.field(repr=hidden, validator=validate.text())
    payload: str = attrs.field(repr=hidden, validator=validate.text(max_length=2048))
    description: str | None = attrs.field(
        default=None, repr=hidden, kw_only=True, validator=_optional_text
    )


def _to_items(value: Sequence[ListItem]) -> tuple[ListItem, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class ListSection:
    """A group of list items; it needs a title if the list has several groups."""

    items: tuple[ListItem, ...] = attrs.field(
        converter=_to_items, validator=validate.tuple_of(ListItem, min_length=1)
    )
    title: str | None = attrs.field(default=None, repr=hidden, validator=_optional_text)


def _to_sections(value: Sequence[ListSection]) -> tuple[ListSection, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class ListPicker:
    """A list that opens from one button.

    Attributes:
        body: The text above the button.
        button: The button's label.
        sections: The groups of items.
        header: Text above the body.
        footer: Small text below the body.
    """

    kind: ClassVar[str] = "list"

    body: str = attrs.field(repr=hidden, validator=validate.text())
    button: str = attrs.field(repr=hidden, validator=validate.text())
    sections: tuple[ListSection, ...] = attrs.field(
        kw_only=True,
        converter=_to_sections,
        validator=validate.tuple_of(ListSection, min_length=1),
    )
    header: str | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=_optional_text
    )
    footer: str | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=_optional_text
    )

    def __attrs_post_init__(self) -> None:
        """Require a title for each of several sections."""
        if len(self.sections) > 1:
            for index, section in enumerate(self.sections):
                if section.title is None:
                    path = f"sections[{index}].title"
                    raise validate.refuse(self, path, "is needed when there are several sections")
