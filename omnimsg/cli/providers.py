"""`omnimsg providers`: what each installed provider can do.

The JSON form is one object per provider:

* `provider`, `default_channel`, `operations`
* `channels`: by channel, `content`, `recipients`, `fields`, `actions`, `sources` (lists of words),
  `text_limit` (characters), `inline_max_bytes`, and `media`: by kind, `types` and `max_bytes`
* `max_messages`, `max_bytes`, `max_upload_bytes`, `requests_per_second`: null where the provider
  says nothing
* `carries_reference`, `lookup_by_reference`
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text

from omnimsg.cli.errors import DONE, REFUSED
from omnimsg.cli.flags import Json
from omnimsg.cli.output import json_lines, out, say_error, table
from omnimsg.domain.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter, ChannelCapabilities, Operation

    Installed = Mapping[str, type[Adapter[Any]]]
    Cell = Callable[[type[Adapter[Any]]], str]


def providers(*, as_json: Json = False) -> int:
    """Show what each installed provider can do, side by side.

    Exits with 1 when one of them is installed but cannot be used.

    Args:
        as_json: Print JSON lines.
    """
    from omnimsg.config import load_adapter, provider_names  # noqa: PLC0415 - keeps help fast
    from omnimsg.domain.errors import ConfigError  # noqa: PLC0415

    installed, code = {}, DONE
    for name in provider_names():
        try:
            installed[name] = load_adapter(name)
        except ConfigError as error:
            # One that is broken must not hide the others.
            say_error(str(error), "mend or uninstall it")
            code = REFUSED
    if as_json:
        json_lines(_as_json(name, adapter) for name, adapter in installed.items())
    elif installed:
        _show(installed)
    return code


def _as_json(name: str, adapter: "type[Adapter[Any]]") -> dict[str, Any]:
    from omnimsg.adapter import Operation  # noqa: PLC0415

    can = adapter.capabilities
    return {
        "provider": name,
        "default_channel": can.default_channel,
        "operations": sorted(adapter.operations()),
        "channels": {
            channel.value: _channel_as_json(each) for channel, each in can.channels.items()
        },
        "max_messages": can.max_messages,
        "max_bytes": can.max_bytes,
        "max_upload_bytes": can.max_upload_bytes,
        "requests_per_second": can.requests_per_second,
        "carries_reference": can.carries_reference,
        "lookup_by_reference": Operation.FIND in adapter.operations(),
    }


def _channel_as_json(can: "ChannelCapabilities") -> dict[str, Any]:
    return {
        "content": sorted(can.content),
        "recipients": sorted(can.recipients),
        "fields": sorted(can.fields),
        "actions": sorted(can.actions),
        "sources": sorted(can.sources),
        "text_limit": can.text_limit,
        "inline_max_bytes": can.inline_max_bytes,
        "media": {
            kind.value: {"types": sorted(limit.types), "max_bytes": limit.max_bytes}
            for kind, limit in can.media.items()
        },
    }


def _show(installed: "Installed") -> None:
    from omnimsg.adapter import Operation  # noqa: PLC0415

    shown = table("", *installed, folds=installed)
    adapters = list(installed.values())
    used = [c for c in Channel if any(c in each.capabilities.channels for each in adapters)]
    limited = [
        channel
        for channel in used
        if any(_text_limit(each, channel) is not None for each in adapters)
    ]
    sections: dict[str, dict[str, Cell]] = {
        "Content": {channel.value: partial(_content, channel=channel) for channel in used},
        "Operations": {each.value: partial(_has, operation=each) for each in Operation},
        "Limits": _LIMITS
        | {f"{channel.value} text": partial(_characters, channel=channel) for channel in limited},
    }
    for heading, rows in sections.items():
        shown.add_section()
        shown.add_row(Text(heading, "bold"))
        for label, cell in rows.items():
            shown.add_row(f"  {label}", *map(cell, adapters))
    out().print(shown)


def _content(adapter: "type[Adapter[Any]]", channel: Channel) -> str:
    can = adapter.capabilities.channels.get(channel)
    return "-" if can is None else ", ".join(sorted(can.content))


def _text_limit(adapter: "type[Adapter[Any]]", channel: Channel) -> int | None:
    can = adapter.capabilities.channels.get(channel)
    return None if can is None else can.text_limit


def _characters(adapter: "type[Adapter[Any]]", channel: Channel) -> str:
    if channel not in adapter.capabilities.channels:
        return "-"
    limit = _text_limit(adapter, channel)
    return "not said" if limit is None else f"{limit:,} characters"


def _has(adapter: "type[Adapter[Any]]", operation: "Operation") -> str:
    return _yes(operation in adapter.operations())


def _yes(value: bool) -> str:
    return "yes" if value else "-"


def _amount(value: float | None) -> str:
    return "not said" if value is None else f"{value:,g}"


def _size(value: int | None) -> str:
    for step, unit in ((2**20, "MiB"), (10**6, "MB"), (2**10, "KiB"), (10**3, "kB")):
        if value is not None and value >= step and value % step == 0:
            return f"{value // step:,} {unit}"
    return "not said" if value is None else f"{value:,} bytes"


_LIMITS: "dict[str, Cell]" = {
    "messages/request": lambda each: _amount(each.capabilities.max_messages),
    "request": lambda each: _size(each.capabilities.max_bytes),
    "upload": lambda each: _size(each.capabilities.max_upload_bytes),
    "requests/second": lambda each: _amount(each.capabilities.requests_per_second),
    "default channel": lambda each: each.capabilities.default_channel or "-",
    "reports quote ref.": lambda each: _yes(each.capabilities.carries_reference),
}
