"""The checks that the channels share. Each yields what it refuses; the first refusal counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.adapter import Adapter, check_options, refused
from omnimsg.domain.failure import Failure
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.media import Stored
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from datetime import datetime

    from omnimsg.domain.content import MediaItem, Template
    from omnimsg.domain.media import MediaKind

Refusals: TypeAlias = Iterator[Failure]
Rule: TypeAlias = Callable[[Any, str, Adapter[Any]], Refusals]
"""Holds one kind of content, which stands at a path, against one channel."""

NOTHING: frozenset[str] = frozenset()

_MINUTE = timedelta(minutes=1)


def unsaid(value: object, path: str, *names: str) -> Refusals:
    """Refuse members that are set although they cannot be carried."""
    for name in names:
        if getattr(value, name) not in (None, (), EMPTY):
            yield unsupported(
                f"{path}.{name}", "cannot be expressed here by Messente; leave it out"
            )


def required(value: object, path: str, *names: str, why: str) -> Refusals:
    """Refuse what lacks a member that Messente insists on; 0 counts as lacking."""
    for name in names:
        if not getattr(value, name):
            yield refused(Reason.INVALID_CONTENT, f"{path}.{name}", f"is required {why}")


def sized(value: str | None, path: str, most: int, *, least: int = 0) -> Refusals:
    """Refuse words that are too long or too short."""
    if value is not None and not least <= len(value) <= most:
        long = len(value) > most
        yield refused(
            Reason.CONTENT_TOO_LARGE if long else Reason.INVALID_CONTENT,
            path,
            f"has {len(value)} characters; Messente takes {f'{least} to ' if least else ''}{most}",
        )


def counted(values: tuple[object, ...], path: str, most: int) -> Refusals:
    """Refuse more of something than Messente takes."""
    if len(values) > most:
        yield unsupported(path, f"has {len(values)} entries; Messente takes {most} here")


def whole_minutes(at: datetime | None, path: str) -> Refusals:
    """Refuse a time whose offset ISO 8601 cannot write, as some of the nineteenth century."""
    offset = None if at is None else at.utcoffset()
    if offset is not None and offset % _MINUTE:
        yield refused(Reason.INVALID_MESSAGE, path, "has an offset that is not of whole minutes")


def language(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    """Refuse a template whose language neither the message nor the account names."""
    if content.language is None and adapter.template_of(content.name).language is None:
        yield refused(
            Reason.TEMPLATE_INVALID,
            f"{path}.language",
            "is required: name it here or in the account's mapping of the template",
        )


def media(
    item: MediaItem, path: str, kinds: Iterable[MediaKind], carried: Container[str] = NOTHING
) -> Refusals:
    """Refuse a file of the wrong kind, with more said of it than can be carried, or without id."""
    if item.kind not in kinds:
        names = ", ".join(sorted(kinds))
        yield unsupported(f"{path}.kind", f"is {item.kind.value}; here Messente takes {names}")
    failure = check_options(item, path, carried)
    if failure is not None:
        yield failure
    if isinstance(item.source, Stored) and item.source.id is None:
        yield unsupported(f"{path}.source.id", "is required: WhatsApp knows its files by their ids")


def unsupported(path: str, why: str) -> Failure:
    """Build the refusal of content that Messente has no words for."""
    return refused(Reason.UNSUPPORTED_CONTENT, path, why)
