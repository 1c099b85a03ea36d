"""Write the tables of the docs from the code that the library itself reads.

Run `python docs/generate.py` after a change to a table; a test fails while a page is stale.
A page marks the place: `<!-- generated: codes clickatell -->` up to `<!-- end -->`; a table that is
not about one provider needs no provider's name.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import figures
import orjson
import plot
import scenarios
from contents import CONTENTS, NOW, message
from tables import table

from omnimsg.adapter import Context
from omnimsg.config import load_adapter, load_config
from omnimsg.sandbox import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.adapter import Adapter
    from omnimsg.domain.channel import Channel

DOCS = Path(__file__).parent
PLACE = re.compile(r"(<!-- generated: (\w+)(?: (\w+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Rewrite every stale page and say which."""
    for page, text in pages():
        if page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
    return 0


def pages() -> Iterable[tuple[Path, str]]:
    """Return every page with what it should hold, and the plot."""
    for page in sorted(DOCS.glob("*.md")):
        yield page, PLACE.sub(_filled, page.read_text(encoding="utf-8"))
    yield DOCS / "benchmarks.svg", plot.svg()


def _filled(place: re.Match[str]) -> str:
    opening, name, provider, _, closing = place.groups()
    rows = PLAIN[name]() if provider is None else TABLES[name](load_adapter(provider))
    return f"{opening}\n{rows}\n\n{closing}"


def accounts() -> dict[str, Adapter[Any]]:
    """Build one account of each provider, as the sandbox's configuration has them.

    The template of the examples gets the names of its placeholders, which Bird asks for.
    """
    written = config(0)
    for account in written["accounts"].values():
        account["templates"] = {"table_ready": {"keys": ["name", "time"]}}
    del written["accounts"]["clickatell"]["templates"]
    del written["accounts"]["messente"]["templates"]
    return load_config(written).adapters


def carried(adapter: Adapter[Any], name: str) -> dict[Channel, str]:
    """Say on which channels a provider carries some content, and as what."""
    ways = {}
    for channel in adapter.capabilities.channels:
        sample = message(name, channel)
        if adapter.check(sample) is None:
            request = next(adapter.send([sample], Context(account="docs", now=NOW)))
            ways[channel] = _members(orjson.loads(request.body))
    return ways


def _members(document: dict[str, Any]) -> str:
    """Name the members of a request that say what the message says."""
    own = document["messages"][0] if isinstance(document.get("messages"), list) else document
    body = own.get("body")
    if isinstance(body, dict) and "type" in body:
        return f"body: {body['type']}"
    return ", ".join(sorted(own.keys() - _ENVELOPE))


_ENVELOPE = frozenset(
    {"channel", "clientMessageId", "receiver", "reference", "sender", "to"},
)


def _contents() -> str:
    adapters = accounts()
    rows = []
    for name in CONTENTS:
        cells = []
        for adapter in adapters.values():
            by_members: dict[str, list[str]] = {}
            for channel, members in carried(adapter, name).items():
                by_members.setdefault(members, []).append(channel.value)
            cells.append("; ".join(f"{', '.join(on)}: `{as_}`" for as_, on in by_members.items()))
        rows.append((name, *(cell or "refused" for cell in cells)))
    return table(("content", *adapters), rows)


def _codes(adapter: type[Adapter[Any]]) -> str:
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


def _statuses(adapter: type[Adapter[Any]]) -> str:
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


def _terms(adapter: type[Adapter[Any]]) -> str:
    return table(
        ("kind", "name", "meaning", "unified", "documented in"),
        (
            (row.table, f"`{row.name}`", row.description, f"`{row.meaning.upper()}`", row.source)
            for row in adapter.terms
        ),
    )


def _channels(adapter: type[Adapter[Any]]) -> str:
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


def _media(adapter: type[Adapter[Any]]) -> str:
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


PLAIN: dict[str, Callable[[], str]] = {
    "contents": _contents,
    "costs": figures.costs_table,
    "goals": figures.goals_table,
    "scenarios": scenarios.scenarios_table,
    "setting": figures.setting_table,
}

TABLES: dict[str, Callable[[type[Adapter[Any]]], str]] = {
    "channels": _channels,
    "codes": _codes,
    "media": _media,
    "statuses": _statuses,
    "terms": _terms,
}


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(values))


if __name__ == "__main__":
    sys.exit(main())
