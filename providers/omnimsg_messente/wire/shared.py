"""What the channels' encoders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import TemplateMapping
from omnimsg.domain.media import Link, Stored

if TYPE_CHECKING:
    from omnimsg.domain.media import Source

Wire: TypeAlias = dict[str, Any]
Mappings: TypeAlias = Callable[[str], TemplateMapping]
Say: TypeAlias = Callable[[Any, Mappings], Wire]
"""Writes one kind of content as members of a channel's message."""


def given(**members: Any) -> Wire:  # noqa: ANN401 - JSON values
    """Leave out what was not given."""
    return {name: value for name, value in members.items() if value is not None}


def plain(content: Any, _: Mappings) -> Wire:  # noqa: ANN401 - a Text, or whatever has one
    """Write text as text."""
    return {"text": content.text}


def url(source: Source) -> str | None:
    """Return an address; the capabilities let nothing else come where only addresses go."""
    return source.url if isinstance(source, Link) else None


def file_id(source: Source) -> str | None:
    """Return the id of a file that the channel keeps already."""
    return source.id if isinstance(source, Stored) else None
