"""Checks that the channels share. Each yields refusals, of which the first is used."""

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
"""Checks one kind of content of one channel. Takes the content, its path and the adapter."""

NO_OPTIONS: frozenset[str] = frozenset()

_MINUTE = timedelta(minutes=1)


def unsupported_fields(value: object, path: str, *names: str) -> Refusals:
    """Refuse set fields for which Messente has no counterpart."""
    for name in names:
        if getattr(value, name) not in (None, (), EMPTY):
            yield unsupported(
                f"{path}.{name}", "cannot be expressed here by Messente; leave it out"
            )


def required(value: object, path: str, *names: str, why: str) -> Refusals:
    """Refuse a value without one of the fields that Messente requires; 0 counts as missing."""
    for name in names:
        if not getattr(value, name):
            yield refused(Reason.INVALID_CONTENT, f"{path}.{name}", f"is required {why}")


def text_length(value: str | None, path: str, longest: int, *, shortest: int = 0) -> Refusals:
    """Refuse a text that is too long or too short."""
    if value is not None and not shortest <= len(value) <= longest:
        is_long = len(value) > longest
        allowed = f"{shortest} to {longest}" if shortest else str(longest)
        yield refused(
            Reason.CONTENT_TOO_LARGE if is_long else Reason.INVALID_CONTENT,
            path,
            f"has {len(value)} characters; Messente takes {allowed}",
        )


def entry_count(values: tuple[object, ...], path: str, limit: int) -> Refusals:
    """Refuse more entries than Messente takes."""
    if len(values) > limit:
        yield unsupported(path, f"has {len(values)} entries; Messente takes {limit} here")


def whole_minute_offset(at: datetime | None, path: str) -> Refusals:
    """Refuse a time whose UTC offset has seconds, which ISO 8601 cannot express."""
    offset = None if at is None else at.utcoffset()
    if offset is not None and offset % _MINUTE:
        yield refused(Reason.INVALID_MESSAGE, path, "has an offset that is not of whole minutes")


def template_language(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    """Refuse a template whose language is given neither in the message nor in the account."""
    if content.language is None and adapter.template_of(content.name).language is None:
        yield refused(
            Reason.TEMPLATE_INVALID,
            f"{path}.language",
            "is required: name it here or in the account's mapping of the template",
        )


def media_item(
    item: MediaItem, path: str, kinds: Iterable[MediaKind], options: Container[str] = NO_OPTIONS
) -> Refusals:
    """Refuse a file of the wrong kind, with unsupported options, or stored without an id."""
    if item.kind not in kinds:
        names = ", ".join(sorted(kinds))
        yield unsupported(f"{path}.kind", f"is {item.kind.value}; here Messente takes {names}")
    failure = check_options(item, path, options)
    if failure is not None:
        yield failure
    if isinstance(item.source, Stored) and item.source.id is None:
        yield unsupported(f"{path}.source.id", "is required: WhatsApp knows its files by their ids")


def unsupported(path: str, why: str) -> Failure:
    """Build the refusal of content that Messente does not support."""
    return refused(Reason.UNSUPPORTED_CONTENT, path, why)
