"""`omnimsg providers`: compare what the installed providers can do.

The JSON form is one object per provider:

* `provider`, `default_channel`, `operations`
* `channels`: by channel, `content`, `recipients`, `fields`, `actions`, `sources` (lists of words),
  `text_limit` (characters), `inline_max_bytes`, and `media`: by kind, `types` and `max_bytes`
* `max_messages`, `max_bytes`, `max_upload_bytes`, `requests_per_second`: null if the provider
  documents none
* `operations_per_second`: the rate of everything but sends; null if the provider documents no other
* `carries_reference`, `lookup_by_reference`
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import Json
from omnimsg.cli.output import new_table, print_error, print_json_lines, print_table, styled
from omnimsg.domain.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter, ChannelCapabilities, Operation

    Adapters = Mapping[str, type[Adapter[Any]]]
    CellText = Callable[[type[Adapter[Any]]], str]


def providers(*, as_json: Json = False) -> int:
    """Compare what the installed providers can do.

    Exits with 1 when an installed provider cannot be used.

    Args:
        as_json: Print JSON lines.
    """
    from omnimsg.config import load_adapter, provider_names  # noqa: PLC0415 - keeps help fast
    from omnimsg.domain.errors import ConfigError  # noqa: PLC0415

    installed, code = {}, OK
    for name in provider_names():
        try:
            installed[name] = load_adapter(name)
        except ConfigError as error:
            # A broken provider must not hide the others.
            print_error(str(error), "fix or uninstall it")
            code = FAILED
    if as_json:
        print_json_lines(_to_json(name, adapter) for name, adapter in installed.items())
    elif installed:
        _print(installed)
    return code


def _to_json(name: str, adapter: "type[Adapter[Any]]") -> dict[str, Any]:
    from omnimsg.adapter import Operation  # noqa: PLC0415

    capabilities = adapter.capabilities
    return {
        "provider": name,
        "default_channel": capabilities.default_channel,
        "operations": sorted(adapter.operations()),
        "channels": {
            channel.value: _channel_to_json(each) for channel, each in capabilities.channels.items()
        },
        "max_messages": capabilities.max_messages,
        "max_bytes": capabilities.max_bytes,
        "max_upload_bytes": capabilities.max_upload_bytes,
        "requests_per_second": capabilities.requests_per_second,
        "operations_per_second": capabilities.operations_per_second,
        "carries_reference": capabilities.carries_reference,
        "lookup_by_reference": Operation.FIND in adapter.operations(),
    }


def _channel_to_json(channel: "ChannelCapabilities") -> dict[str, Any]:
    return {
        "content": sorted(channel.content),
        "recipients": sorted(channel.recipients),
        "fields": sorted(channel.fields),
        "actions": sorted(channel.actions),
        "sources": sorted(channel.sources),
        "text_limit": channel.text_limit,
        "inline_max_bytes": channel.inline_max_bytes,
        "media": {
            kind.value: {"types": sorted(limit.types), "max_bytes": limit.max_bytes}
            for kind, limit in channel.media.items()
        },
    }


def _print(installed: "Adapters") -> None:
    from omnimsg.adapter import Operation  # noqa: PLC0415

    table = new_table("", *installed, folds=installed)
    adapters = list(installed.values())
    used = [c for c in Channel if any(c in each.capabilities.channels for each in adapters)]
    limited = [
        channel
        for channel in used
        if any(_text_limit(each, channel) is not None for each in adapters)
    ]
    sections: dict[str, dict[str, CellText]] = {
        "Content": {channel.value: partial(_content_kinds, channel=channel) for channel in used},
        "Operations": {each.value: partial(_has_operation, operation=each) for each in Operation},
        "Limits": _LIMITS
        | {
            f"{channel.value} text": partial(_text_limit_cell, channel=channel)
            for channel in limited
        },
    }
    for heading, rows in sections.items():
        table.add_section()
        table.add_row(styled((heading, "bold")))
        for label, cell_text in rows.items():
            table.add_row(f"  {label}", *map(cell_text, adapters))
    print_table(table)


def _content_kinds(adapter: "type[Adapter[Any]]", channel: Channel) -> str:
    found = adapter.capabilities.channels.get(channel)
    return "-" if found is None else ", ".join(sorted(found.content))


def _text_limit(adapter: "type[Adapter[Any]]", channel: Channel) -> int | None:
    found = adapter.capabilities.channels.get(channel)
    return None if found is None else found.text_limit


def _text_limit_cell(adapter: "type[Adapter[Any]]", channel: Channel) -> str:
    if channel not in adapter.capabilities.channels:
        return "-"
    limit = _text_limit(adapter, channel)
    return "not documented" if limit is None else f"{limit:,} characters"


def _has_operation(adapter: "type[Adapter[Any]]", operation: "Operation") -> str:
    return _yes_or_dash(operation in adapter.operations())


def _yes_or_dash(value: bool) -> str:
    return "yes" if value else "-"


def _amount(value: float | None) -> str:
    return "not documented" if value is None else f"{value:,g}"


def _size(value: int | None) -> str:
    for step, unit in ((2**20, "MiB"), (10**6, "MB"), (2**10, "KiB"), (10**3, "kB")):
        if value is not None and value >= step and value % step == 0:
            return f"{value // step:,} {unit}"
    return "not documented" if value is None else f"{value:,} bytes"


_LIMITS: "dict[str, CellText]" = {
    "messages/request": lambda each: _amount(each.capabilities.max_messages),
    "request": lambda each: _size(each.capabilities.max_bytes),
    "upload": lambda each: _size(each.capabilities.max_upload_bytes),
    "requests/second": lambda each: _amount(each.capabilities.requests_per_second),
    "operations/second": lambda each: _amount(
        each.capabilities.operations_per_second or each.capabilities.requests_per_second
    ),
    "default channel": lambda each: each.capabilities.default_channel or "-",
    "quotes reference": lambda each: _yes_or_dash(each.capabilities.carries_reference),
}
