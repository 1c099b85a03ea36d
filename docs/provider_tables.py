"""The tables of a provider's page: its codes, statuses, channels and media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tables import table

from omnimsg.config import load_adapter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.adapter import Adapter


def codes_table(provider: str) -> str:
    """Write what each code means."""
    adapter: type[Adapter[Any]] = load_adapter(provider)
    return table(
        ("code", "level", "meaning", "what it proves", "reason", "fault", "retry", "documented in"),
        (
            (
                f"`{row.code}`",
                row.level,
                row.description,
                row.verdict.value,
                f"`{row.reason.name}`",
                row.fault.value,
                row.retry.value,
                row.source,
            )
            for row in adapter.codes
        ),
    )


def statuses_table(provider: str) -> str:
    """Write what each status means."""
    adapter: type[Adapter[Any]] = load_adapter(provider)
    return table(
        ("status", "number", "meaning", "unified status", "reason", "documented in"),
        (
            (
                f"`{row.name}`" if row.name else "(none)",
                "" if row.number is None else str(row.number),
                row.description,
                f"`{row.status.name}`",
                "" if row.reason is None else f"`{row.reason.name}`",
                row.source,
            )
            for row in adapter.statuses
        ),
    )


def terms_table(provider: str) -> str:
    """Write what further words of the provider mean."""
    adapter: type[Adapter[Any]] = load_adapter(provider)
    return table(
        ("kind", "name", "meaning", "unified", "documented in"),
        (
            (row.table, f"`{row.name}`", row.description, f"`{row.meaning.upper()}`", row.source)
            for row in adapter.terms
        ),
    )


def channels_table(provider: str) -> str:
    """Write what each channel carries."""
    adapter: type[Adapter[Any]] = load_adapter(provider)
    channels = adapter.capabilities.channels
    return table(
        ("channel", "content", "recipients", "optional fields", "media from", "text, characters"),
        (
            (
                channel.value,
                _words(can.content),
                _words(can.recipients),
                _words(can.fields),
                _words(can.sources),
                "" if can.text_limit is None else str(can.text_limit),
            )
            for channel, can in channels.items()
        ),
    )


def media_table(provider: str) -> str:
    """Write the limits of media on each channel."""
    adapter: type[Adapter[Any]] = load_adapter(provider)
    return table(
        ("channel", "kind", "types", "most bytes"),
        (
            (
                channel.value,
                kind.value,
                _words(limit.types),
                "" if limit.max_bytes is None else f"{limit.max_bytes:,}",
            )
            for channel, can in adapter.capabilities.channels.items()
            for kind, limit in can.media.items()
        ),
    )


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(values))
