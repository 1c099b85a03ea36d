"""Convert the values of a configuration to the types of the settings.

* Text may be a reference, `env:NAME` or `file:PATH`, which is replaced by what it refers to.
* A `Secret` is such text: one line, not empty.
* Numbers, booleans, lists and tables must have that type in TOML: `"5"` is not a number.
* A value of an enumeration must be one of its words.
* A table must not have an unknown key.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache, partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import attrs

from omnimsg.config.references import resolve_reference
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.secret import Secret
from omnimsg.domain.structuring import exact_type, read_float, require_mapping, unknown_choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import cattrs

T = TypeVar("T")


@lru_cache(maxsize=1)
def converter_for(folder: Path) -> cattrs.Converter:
    """Build the converter of a configuration.

    The last one is reused, because a converter generates code for each class that it reads.

    Args:
        folder: The folder that a relative `file:` starts from.
    """
    import cattrs  # noqa: PLC0415 - slow to import, and only needed to read a configuration
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415

    converter = cattrs.Converter(forbid_extra_keys=True)

    def text(value: object, _: object) -> str:
        return resolve_reference(exact_type(str, "text")(value, None), folder=folder)

    def secret(value: object, _: object) -> Secret:
        found = text(value, None)
        if not found or found != found.strip() or not found.isprintable():
            raise ValueError("must be one line of text, not empty and with no space around it")
        return Secret(found)

    def table(value: object, kind: type[T], read: Callable[[Any, type[T]], T]) -> T:
        return read(require_mapping(value), kind)

    def list_as_tuple(value: object, kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type form
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - hooks report problems this way
        items: Any = GenericAlias(list, get_args(kind)[:1])
        return tuple(converter.structure(value, items))

    # By class: cattrs has lenient hooks of its own for these, which only a class hook precedes.
    converter.register_structure_hook(int, exact_type(int, "a whole number"))
    converter.register_structure_hook(float, read_float)
    converter.register_structure_hook(bool, exact_type(bool, "true or false"))
    converter.register_structure_hook(str, text)
    converter.register_structure_hook(StrEnum, _enum)
    converter.register_structure_hook(Secret, secret)
    converter.register_structure_hook_func(_is_tuple, list_as_tuple)
    converter.register_structure_hook_func(
        _is_mapping,
        lambda value, _: FrozenDict(require_mapping(value)),
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


def _enum(value: object, kind: type[StrEnum]) -> StrEnum:
    words = {each.value: each for each in kind}
    if not isinstance(value, str) or value not in words:
        raise unknown_choice(value, words)
    return words[value]
