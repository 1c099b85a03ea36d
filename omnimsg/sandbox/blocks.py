"""The blocks of content from which the inbox page builds a message, the same for all providers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen(kw_only=True)
class TextBlock:
    """A text; ``role`` is ``title``, ``body``, ``footer``, or ``note`` for text no phone shows."""

    block: ClassVar[str] = "text"
    text: str
    role: str = "body"


@attrs.frozen(kw_only=True)
class HtmlBlock:
    """An e-mail."""

    block: ClassVar[str] = "html"
    subject: str | None = None
    html: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class FileBlock:
    """A picture or another file.

    Attributes:
        kind: ``image``, ``video``, ``audio``, ``sticker`` or ``file``.
        media: The id of the file in the emulator's store; None for a file on another host, which
            the page never fetches.
        url: The address of the file in the request.
    """

    block: ClassVar[str] = "file"
    kind: str
    media: str | None = None
    url: str | None = None
    name: str | None = None
    content_type: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class ButtonBlock:
    """A button, or an entry of a list.

    Attributes:
        action: ``reply`` for a button whose tap sends a reply, ``link``, or another action.
        value: The address, the number or the code; None for ``reply``.
        payload: The data that a tap sends back beside the label.
    """

    block: ClassVar[str] = "button"
    label: str
    action: str = "reply"
    value: str | None = None
    payload: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class ListBlock:
    """A list that a button opens; each section has an optional title and entries."""

    block: ClassVar[str] = "list"
    label: str
    sections: tuple[tuple[str | None, tuple[ButtonBlock, ...]], ...]


@attrs.frozen(kw_only=True)
class CardsBlock:
    """A carousel: the blocks of each card."""

    block: ClassVar[str] = "cards"
    cards: tuple[tuple[Block, ...], ...]


@attrs.frozen(kw_only=True)
class PlaceBlock:
    """A location."""

    block: ClassVar[str] = "place"
    latitude: str
    longitude: str
    name: str | None = None
    address: str | None = None


@attrs.frozen(kw_only=True)
class ContactBlock:
    """A contact: its name, and lines such as ``("phone", "+3726279020")``."""

    block: ClassVar[str] = "contact"
    name: str
    lines: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class TemplateBlock:
    """A template; the provider stores its wording, so only the request's data is known.

    Attributes:
        values: Pairs of a placeholder's name, or number from 1, and its value.
        text: The wording with the values, if the sandbox has been given the wording.
    """

    block: ClassVar[str] = "template"
    name: str
    language: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    text: str | None = None


Block: TypeAlias = (
    TextBlock
    | HtmlBlock
    | FileBlock
    | ButtonBlock
    | ListBlock
    | CardsBlock
    | PlaceBlock
    | ContactBlock
    | TemplateBlock
)


def blocks_json(value: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return blocks as JSON data; the member ``block`` is the name of the kind."""
    if attrs.has(type(value)):
        fields = attrs.asdict(value, recurse=False)
        return {"block": value.block, **{name: blocks_json(each) for name, each in fields.items()}}
    return [blocks_json(each) for each in value] if isinstance(value, tuple | list) else value


def optional(block: type[Any], **fields: Any) -> list[Any]:  # noqa: ANN401 - fields of blocks
    """Return a list with the block; an empty list if its text or label is empty."""
    wanted = fields.get("text", fields.get("label"))
    return [block(**fields)] if wanted else []


def kind_of_file(content_type: str | None, *, otherwise: str = "file") -> str:
    """Return the kind of a file by its media type: image, video, audio, or file."""
    if content_type is None:
        return otherwise
    kind = content_type.partition("/")[0].strip().lower()
    return kind if kind in {"image", "video", "audio"} else "file"


_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def worded(text: str | None, values: Sequence[tuple[str, str]]) -> str | None:
    """Return the wording of a template with its values.

    A placeholder is replaced by the value of that name, else by the value of that number; without
    either it stays unchanged.
    """
    if text is None:
        return None
    by_name = {str(number): value for number, (_, value) in enumerate(values, 1)} | dict(values)
    return _PLACEHOLDER.sub(lambda found: by_name.get(found[1], found[0]), text)
