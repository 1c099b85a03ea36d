"""The keys of the configuration as tables, from the classes that read it."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import attrs
import docstrings
from tables import table

from omnimsg.config import load_adapter
from omnimsg.config.model import AccountTable
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.reason import Fault, Reason
from omnimsg.domain.secret import Secret
from omnimsg.routing import Route
from omnimsg.transport import Network, Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORDS: dict[Any, str] = {
    str: "text",
    Secret: "secret",
    Proxy: "URL",
    Path: "path",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    Channel: "channel",
    Reason: "[reason](reasons.md)",
    Fault: "[fault](reasons.md#faults)",
}
_NETWORK = frozenset(field.name for field in attrs.fields(Network))
# What stands for the names in a table of tables.
_NAMES = {"codes": '"LEVEL:CODE"', "templates": "TEMPLATE"}


def account_tables() -> str:
    """Write the keys of every account, and the tables inside it."""
    own = [each for each in _fields(AccountTable) if each.name not in _NETWORK]
    return _with_inner_tables(AccountTable, "[accounts.NAME]", own)


def network_table() -> str:
    """Write the keys that say how the requests of an account travel."""
    return _table(AccountTable, [each for each in _fields(AccountTable) if each.name in _NETWORK])


def provider_table(provider: str) -> str:
    """Write the keys that only the accounts of one provider have."""
    adapter = load_adapter(provider)
    return (
        f"`base_url` is `{adapter.base_url}` unless given.\n\n"
        f"{_table(adapter.settings, _fields(adapter.settings))}"
    )


def callback_table() -> str:
    """Write the keys of `[callbacks]`."""
    return _table(CallbackOptions, _fields(CallbackOptions))


def route_tables() -> str:
    """Write the keys of a route, and the tables inside it."""
    return _with_inner_tables(Route, "[[routes]]", _fields(Route))


def _fields(kind: type) -> list[attrs.Attribute[Any]]:
    return [each for each in attrs.fields(kind) if each.init]


def _with_inner_tables(kind: type, path: str, fields: list[attrs.Attribute[Any]]) -> str:
    parts = [_table(kind, fields)]
    for name, inner in _inner_tables(kind, fields):
        of = docstrings.read(inner).summary
        parts += [f"### `{_inner_path(path, name)}`", of, _table(inner, _fields(inner))]
    return "\n\n".join(parts)


def _inner_path(path: str, name: str) -> str:
    return f"[{path.strip('[]')}.{name}]"


def _inner_tables(kind: type, fields: Iterable[attrs.Attribute[Any]]) -> Iterator[tuple[str, type]]:
    """Return the tables inside a table, each with its name."""
    types = typing.get_type_hints(kind)
    for field in fields:
        chosen = _without_none(types[field.name])
        if attrs.has(chosen) and chosen not in _WORDS:
            yield field.name, chosen
        elif _is_table(chosen) and attrs.has(get_args(chosen)[1]):
            yield f"{field.name}.{_NAMES.get(field.name, 'NAME')}", get_args(chosen)[1]


def _table(kind: type, fields: Iterable[attrs.Attribute[Any]]) -> str:
    types, said = typing.get_type_hints(kind), docstrings.attributes(kind)
    rows = []
    for field in fields:
        own, meaning = _without_none(types[field.name]), said[field.name]
        words = _words(own, meaning)
        if words:
            choices = {} if next(iter(words)) in meaning else docstrings.attributes(own)
            meaning += "".join(
                f" {word}: {choices[each.name]}" for word, each in words.items() if choices
            )
        kinds = ", ".join(words) or _type(own)
        rows.append((f"`{field.alias or field.name}`", kinds, _default(field), meaning))
    return table(("key", "type", "default", "meaning"), rows)


def _words(kind: Any, meaning: str) -> dict[str, StrEnum]:
    """Return the words that a value may be; where the meaning names some, only those."""
    if kind in _WORDS or not (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return {}
    named = [each for each in kind if f'`"{each.value}"`' in meaning]
    return {f'`"{each.value}"`': each for each in named or kind}


def _type(kind: Any) -> str:
    kind = _without_none(kind)
    if kind in _WORDS:
        return _WORDS[kind]
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        words = ", ".join(_words(item, ""))
        return f"list of {words or _type(item) + 's'}"
    if _is_table(kind):
        value = get_args(kind)[1]
        return "table" if value is Any else f"table of {_type(value)}s"
    if not attrs.has(kind):
        raise TypeError(f"_WORDS does not say what {kind} is called")
    return "table"


def _default(field: attrs.Attribute[Any]) -> str:
    value: Any = field.default
    if value is attrs.NOTHING:
        return "required"
    if value is None or isinstance(value, attrs.Factory) or attrs.has(type(value)):  # type: ignore[arg-type]
        return ""
    if isinstance(value, StrEnum):
        return f'`"{value.value}"`'
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:,g}" if abs(value) < 1000 else f"{value:,}"
    return ", ".join(f"`{each}`" for each in value)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    return kind


def _is_table(kind: Any) -> bool:
    return (get_origin(kind) or kind) in (dict, Mapping, FrozenDict)
