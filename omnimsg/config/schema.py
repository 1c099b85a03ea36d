"""Generate a JSON Schema of the configuration, for editors, from the classes that read it."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from omnimsg.config.model import AccountTable
from omnimsg.config.plugins import load_adapter, provider_names
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.secret import Secret
from omnimsg.domain.structuring import DEPRECATED
from omnimsg.engine.budgets import Budget
from omnimsg.routing import Route
from omnimsg.transport import Proxy

_REFERENCE = {"type": "string", "pattern": "^(env|file):.+"}
_NAME = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

# A field in the docstring of a class: its name, a colon and its description, which may continue in
# further lines with deeper indentation.
_FIELD = re.compile(r"^    (\w+): (.+(?:\n {8,}.+)*)", re.MULTILINE)

_TEXTS: tuple[type, ...] = (str, Secret, Proxy, Path)
_NUMBERS: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
}


def config_schema() -> dict[str, Any]:
    """Return the schema, with the keys of every installed provider that can be imported."""
    providers = {}
    for name in provider_names():
        try:
            providers[name] = load_adapter(name).settings
        except ConfigError:
            continue
    common = _table(AccountTable)
    common["properties"]["provider"] = {
        **common["properties"]["provider"],
        "anyOf": [{"enum": sorted(providers)}, _REFERENCE],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "omnimsg.toml",
        "type": "object",
        "required": ["accounts"],
        "additionalProperties": False,
        "properties": {
            "default": {
                "type": "string",
                "description": "The account that is used where none is named.",
            },
            "callbacks": _table(CallbackOptions)
            | {"description": "How reports and replies are received."},
            "budgets": {
                "type": "array",
                "description": "How many messages, or how much money, may leave in a time.",
                "items": _table(Budget),
            },
            "routes": {
                "type": "array",
                "description": "Through which accounts messages go that name none, in order.",
                "items": _table(Route),
            },
            "accounts": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": _NAME},
                "additionalProperties": {
                    "type": "object",
                    "required": ["provider"],
                    "properties": {"provider": common["properties"]["provider"]},
                    "allOf": [
                        {
                            "if": {
                                "properties": {"provider": {"const": name}},
                                "required": ["provider"],
                            },
                            "then": {"$ref": f"#/definitions/{name}"},
                        }
                        for name in providers
                    ],
                },
            },
        },
        "definitions": {
            name: _merged(common, _table(settings)) for name, settings in providers.items()
        },
    }


def _merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*common["required"], *own["required"]],
        "properties": {**common["properties"], **own["properties"]},
    }


def _table(kind: type) -> dict[str, Any]:
    """Return the schema of an attrs class."""
    types = typing.get_type_hints(kind)
    descriptions = _descriptions(kind)
    properties, required = {}, []
    for field in attrs.fields(kind):
        if not field.init:
            continue
        name = field.alias or field.name
        properties[name] = _schema(types[field.name])
        if field.name in descriptions:
            properties[name]["description"] = descriptions[field.name]
        if DEPRECATED in field.metadata:
            properties[name]["deprecated"] = True
        if field.default is attrs.NOTHING:
            required.append(name)
        elif isinstance(field.default, (str, int, float)):
            properties[name]["default"] = field.default
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type form
    """Return the schema of a value."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        choices = [_schema(each) for each in arguments if each is not NoneType]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}
    if kind in _NUMBERS:
        return {"anyOf": [_NUMBERS[kind], _REFERENCE]}
    if kind in _TEXTS:
        return {"type": "string"}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if (origin or kind) in (dict, Mapping, FrozenDict):
        inner = _schema(arguments[1]) if arguments else {}
        return {"type": "object", "additionalProperties": inner or True}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"anyOf": [{"enum": [each.value for each in kind]}, _REFERENCE]}
    if attrs.has(kind):
        return _table(kind)
    return {}


def _descriptions(kind: type) -> dict[str, str]:
    """Return the descriptions of the fields, from the docstrings of a class and its bases."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        _, _, fields = cleandoc(each.__doc__ or "").partition("\nAttributes:\n")
        found |= {name: " ".join(text.split()) for name, text in _FIELD.findall(fields)}
    return found
