"""Types and helpers that the channels' encoders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import TemplateMapping
from omnimsg.domain.media import Link, Stored

if TYPE_CHECKING:
    from omnimsg.domain.media import Source

JsonObject: TypeAlias = dict[str, Any]
FindMapping: TypeAlias = Callable[[str], TemplateMapping]
Encoder: TypeAlias = Callable[[Any, FindMapping], JsonObject]
"""Writes one kind of content as the members of a leg."""


def text_member(content: Any, _: FindMapping) -> JsonObject:  # noqa: ANN401 - has a text
    """Write the text as the member `text`."""
    return {"text": content.text}


def link_url(source: Source) -> str | None:
    """Return the URL of a link, the only source that some channels support; else `None`."""
    return source.url if isinstance(source, Link) else None


def file_id(source: Source) -> str | None:
    """Return the id of a file that the channel has stored; else `None`."""
    return source.id if isinstance(source, Stored) else None
