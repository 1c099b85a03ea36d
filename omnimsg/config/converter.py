"""Convert the values of a configuration to the types of the settings.

* References (`env:NAME`, `file:PATH`) were resolved before; an unresolved one is an error only when
  its value is converted.
* A `Secret` is text: one line, not empty, and no placeholder such as `${NAME}`.
* Numbers, booleans, lists and tables must have that type in TOML: `"5"` is not a number, unless it
  came from a variable or a file.
* A relative `Path` starts from the configuration's folder.
* A value of an enumeration must be one of its values.
* A table must not have an unknown key.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import attrs

from omnimsg.config.references import FromReference, FromUrl, Unresolved
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.secret import Secret
from omnimsg.domain.stray_characters import unseen_in_line
from omnimsg.domain.structuring import exact_type, read_float, require_mapping, unknown_choice
from omnimsg.transport import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    import cattrs

T = TypeVar("T")

# What other programs fill in a secret; the first group is the name of a variable.
_PLACEHOLDER = re.compile(
    r"\$\{(\w+)\}|\$([A-Z]+_[A-Z0-9_]+)|%([A-Z][A-Z0-9_]*)%|(?i:env)[:.](\w+)|\{\{.*\}\}|<[^<>]*>"
)

# Numbers from a variable or a file; the same notation as in TOML.
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


@lru_cache(maxsize=1)
def converter_for(folder: Path) -> cattrs.Converter:
    """Build the converter of a configuration.

    The last one is cached, because a converter generates code for each class that it reads.

    Args:
        folder: The folder that a relative `Path` starts from.
    """
    import cattrs  # noqa: PLC0415 - slow to import, and only needed to read a configuration
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415

    converter = cattrs.Converter(forbid_extra_keys=True)

    def table(value: object, kind: type[T], read: Callable[[Any, type[T]], T]) -> T:
        return read(require_mapping(_resolved(value)), kind)

    def list_as_tuple(value: object, kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type form
        if isinstance(_resolved(value), FromUrl):
            value = [value]
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - hooks report problems this way
        items: Any = GenericAlias(list, get_args(kind)[:1])
        return tuple(converter.structure(value, items))

    # Registered by class: cattrs has lenient hooks for these types, and only a hook by class takes
    # precedence over them.
    converter.register_structure_hook(int, _int)
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(bool, _bool)
    # Through the shortest text of the float: 0.07 must not become 0.070000000000000006661.
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(str(_float(value, None))))
    converter.register_structure_hook(str, lambda value, _: _text(value))
    converter.register_structure_hook(StrEnum, _enum)
    converter.register_structure_hook(Secret, lambda value, _: _secret(value))
    converter.register_structure_hook(Proxy, lambda value, _: Proxy.parse(_line(value)))
    converter.register_structure_hook(Path, lambda value, _: folder / _line(value))
    converter.register_structure_hook_func(_is_tuple, list_as_tuple)
    converter.register_structure_hook_func(
        _is_mapping,
        lambda value, _: FrozenDict(_plain(require_mapping(_resolved(value)))),
    )
    converter.register_structure_hook_factory(
        attrs.has,
        lambda kind: partial(
            table,
            read=make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True),
        ),
    )
    return converter


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", None) is tuple


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", kind) is FrozenDict


def _resolved(value: object) -> object:
    """Return a value; raise if it is an unresolved reference."""
    if isinstance(value, Unresolved):
        raise ValueError(value.why)  # noqa: TRY004 - hooks report problems this way
    return value


def _single(value: object) -> object:
    """Return a value; raise if it is a list, as a key of a URL that is given twice."""
    if isinstance(_resolved(value), list):
        raise ValueError("must be one value, not a list")  # noqa: TRY004 - as in `_resolved`
    return value


def _text(value: object) -> str:
    if isinstance(_single(value), FromReference):
        return str.__str__(value)
    return exact_type(str, "text")(value, None)


def _line(value: object) -> str:
    found = _text(value)
    if not found or found != found.strip() or not found.isprintable():
        unseen = unseen_in_line(found)
        why = "must be one line of text, not empty and with no space around it"
        raise ValueError(f"{why}: {unseen}" if unseen else why)
    return found


def _secret(value: object) -> Secret:
    found = _line(value)
    placeholder = _PLACEHOLDER.fullmatch(found)
    if placeholder is not None:
        name = next(filter(None, placeholder.groups()), "NAME")
        raise ValueError(f"is a placeholder, which nothing fills; write env:{name} for a variable")
    return Secret(found)


def _referenced(value: object) -> str | None:
    """Return the text of a variable or a file; `None` for another value.

    It is not shown in an error, so what nobody sees in it is named.
    """
    if not isinstance(_single(value), FromReference):
        return None
    text = str.__str__(value)
    unseen = unseen_in_line(text)
    if unseen is not None:
        raise ValueError(f"must be one word: {unseen}")
    return text


def _int(value: object, _: object) -> int:
    if (text := _referenced(value)) is not None:
        value = int(text) if _WHOLE.fullmatch(text) else None
    return exact_type(int, "a whole number")(value, None)


def _float(value: object, _: object) -> float:
    if (text := _referenced(value)) is not None:
        value = float(text) if _DECIMAL.fullmatch(text) else None
    return read_float(value, None)


def _bool(value: object, _: object) -> bool:
    if (text := _referenced(value)) is not None:
        value = {"true": True, "false": False}.get(text.lower())
    return exact_type(bool, "true or false")(value, None)


def _enum(value: object, kind: type[StrEnum]) -> StrEnum:
    words = {each.value: each for each in kind}
    _referenced(value)
    if not isinstance(value, str) or value not in words:
        # The value of a variable or a file may be secret, so it is not shown.
        raise unknown_choice("" if isinstance(value, FromReference) else value, words)
    return words[str(value)]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of TOML
    """Copy a free-form value, with plain `str` in place of resolved references."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return _text(value) if isinstance(value, (FromReference, Unresolved)) else value
