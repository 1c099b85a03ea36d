"""The form of a configuration: what each type is read from.

* text may be `env:NAME` or `file:PATH`, and then is what it finds there
* a `Secret` is such text, and never empty
* numbers, truths, lists and tables are only what TOML calls so: `"5"` is no number
* a word from a closed list is one of its words
* a table has no unknown key
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from omnimsg.config.references import resolved
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.secret import Secret
from omnimsg.domain.structuring import exact_type, read_float, require_mapping, unknown_choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def converter_for(folder: Path) -> cattrs.Converter:
    """Build the rules by which a configuration is read.

    Args:
        folder: What a relative `file:` starts from.
    """
    converter = cattrs.Converter(forbid_extra_keys=True)

    def text(value: object, _: object) -> str:
        return resolved(exact_type(str, "text")(value, None), folder=folder)

    def secret(value: object, _: object) -> Secret:
        found = text(value, None)
        if not found or found != found.strip() or not found.isprintable():
            raise ValueError("must be one line of text, not empty and with no space around it")
        return Secret(found)

    def table(value: object, kind: type[T], read: Callable[[Any, type[T]], T]) -> T:
        return read(require_mapping(value), kind)

    def several(value: object, kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type form
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - one family to put in words
        members: Any = GenericAlias(list, get_args(kind)[:1])
        return tuple(converter.structure(value, members))

    # By class: cattrs has its own, lenient rules for these, and only a class goes before them.
    converter.register_structure_hook(int, exact_type(int, "a whole number"))
    converter.register_structure_hook(float, read_float)
    converter.register_structure_hook(bool, exact_type(bool, "true or false"))
    converter.register_structure_hook(str, text)
    converter.register_structure_hook(StrEnum, _enum)
    converter.register_structure_hook(Secret, secret)
    converter.register_structure_hook_func(_is_tuple, several)
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
