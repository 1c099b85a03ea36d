"""The few checks that the values of the model are built from.

Each is an attrs validator that raises `InvalidValue` with the class and field as the path. A value
is checked when it is built, so nothing that holds one needs to check it again.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.invalid_value import InvalidValue, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

    Validator = Callable[[Any, "Attribute[Any]", Any], None]

E = TypeVar("E", bound=StrEnum)

_URL = re.compile(
    r"https?://[^\s\x00-\x1f\x7f\ud800-\udfff/?#@]+(?:[/?#][^\s\x00-\x1f\x7f\ud800-\udfff]*)?"
)

# What every reader of JSON takes for the number that was written.
_MOST_INTEGER = 2**53 - 1


_NO_UNICODE = "holds half a surrogate pair, which is no text"


def refuse(owner: object, field: str, why: str) -> InvalidValue:
    """Build the error for one field of the value being built."""
    return InvalidValue(Problem(f"{type(owner).__name__}.{field}", why))


def kind_of(value: object) -> str:
    """Name a value's type the way an error should: never the value itself."""
    return "nothing" if value is None else type(value).__name__


def is_unicode(value: str) -> bool:
    """Whether text can be written in UTF-8, as half a surrogate pair cannot.

    It is asked when a value is built: in a request it would stop a whole batch.
    """
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_json(value: object) -> bool:
    """Whether a value can be written as JSON in UTF-8, as deep in a request as it may come."""
    try:
        orjson.dumps([[[[[[[[value]]]]]]]])
    except orjson.JSONEncodeError:
        return False
    return True


def text(*, most: int | None = None, least: int = 1, lines: bool = True) -> Validator:
    """Require a `str` of `least` to `most` characters.

    With `lines=False` it has to be a single line: what becomes a header must not smuggle another.
    """

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, str):
            raise refuse(owner, field.name, f"must be text, not {kind_of(value)}")
        if len(value) < least:
            raise refuse(owner, field.name, "must not be empty")
        if most is not None and len(value) > most:
            raise refuse(owner, field.name, f"has {len(value)} characters, {most} are allowed")
        if not lines and ("\n" in value or "\r" in value):
            raise refuse(owner, field.name, "must be a single line")
        if not is_unicode(value):
            raise refuse(owner, field.name, _NO_UNICODE)

    return check


def url(owner: object, field: Attribute[Any], value: object) -> None:
    """Require an absolute http(s) address without user information."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise refuse(owner, field.name, "must be an absolute http(s) URL without credentials")


def integer(*, least: int, most: int = _MOST_INTEGER) -> Validator:
    """Require an `int` (not a `bool`) within bounds."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse(owner, field.name, f"must be a whole number, not {kind_of(value)}")
        if not least <= value <= most:
            one_sided = value < least and most == _MOST_INTEGER
            bounds = f"at least {least}" if one_sided else f"from {least} to {most}"
            raise refuse(owner, field.name, f"must be {bounds}")

    return check


def number(*, least: float, most: float = math.inf) -> Validator:
    """Require a finite number within bounds."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        given = _number(owner, field, value)
        if not least <= given <= most or given == math.inf:  # NaN is not within bounds either
            one_sided = f"at least {least:g}, and finite"
            bounds = one_sided if most == math.inf else f"from {least:g} to {most:g}"
            raise refuse(owner, field.name, f"must be {bounds}")

    return check


def positive(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a finite number above zero."""
    if not 0 < _number(owner, field, value) < math.inf:
        raise refuse(owner, field.name, "must be more than 0, and finite")


def _number(owner: object, field: Attribute[Any], value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise refuse(owner, field.name, f"must be a number, not {kind_of(value)}")
    return value


def tuple_of(kind: type | tuple[type, ...], *, least: int = 0) -> Validator:
    """Require a tuple of at least `least` values of one kind, naming the position of a bad one."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)

    def check(owner: object, field: Attribute[Any], value: tuple[object, ...]) -> None:
        if not isinstance(value, tuple):
            raise refuse(owner, field.name, f"must be a sequence of {names}, not {kind_of(value)}")
        if len(value) < least:
            raise refuse(owner, field.name, f"needs at least {least} of {names}, has {len(value)}")
        for position, each in enumerate(value):
            if not isinstance(each, kinds):
                where = f"{field.name}[{position}]"
                raise refuse(owner, where, f"must be {names}, not {kind_of(each)}")
            if isinstance(each, str) and not is_unicode(each):
                raise refuse(owner, f"{field.name}[{position}]", _NO_UNICODE)

    return check


def instance_of(kind: type | tuple[type, ...]) -> Validator:
    """Require an instance of one of the kinds."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, kinds):
            raise refuse(owner, field.name, f"must be {names}, not {kind_of(value)}")

    return check


def one_of(*words: str) -> Validator:
    """Require one of a few words."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if value not in words:
            raise refuse(owner, field.name, f"must be one of {', '.join(words)}")

    return check


def enum_member(kind: type[StrEnum]) -> Validator:
    """Require a member of an enumeration, naming all of them otherwise."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise refuse(owner, field.name, f"must be one of {', '.join(kind)}")

    return check


def amount(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a `Decimal` that a price can be."""
    if not isinstance(value, Decimal):
        raise refuse(owner, field.name, f"must be Decimal, not {kind_of(value)}")
    if not value.is_finite() or value < 0:
        raise refuse(owner, field.name, "must be a finite amount, not below zero")


def tz_aware(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a `datetime` that knows its offset from UTC."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise refuse(owner, field.name, "must be a datetime with a UTC offset")


def string_map(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a mapping of text to text."""
    _text_to_text(owner, field.name, value)


def tuple_of_string_maps(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a tuple of mappings of text to text, none of them empty."""
    if not isinstance(value, tuple):
        raise refuse(owner, field.name, "must be a sequence of mappings")
    for position, each in enumerate(value):
        where = f"{field.name}[{position}]"
        _text_to_text(owner, where, each)
        if not each:
            raise refuse(owner, where, "must not be empty")


def _text_to_text(owner: object, where: str, value: object) -> None:
    if not isinstance(value, FrozenDict) or not all(
        isinstance(each, str) for pair in value.items() for each in pair
    ):
        raise refuse(owner, where, "must map text to text")
    if not all(is_unicode(each) for pair in value.items() for each in pair):
        raise refuse(owner, where, _NO_UNICODE)


def to_enum_member(kind: type[E], value: E | str) -> E:
    """Convert a member's exact word to the member; leave everything else for the validator."""
    try:
        return kind(value)
    except ValueError:
        return value  # type: ignore[return-value]  # `enum_member` judges it


def to_tuple(value: Any) -> Any:  # noqa: ANN401 - a converter: what is no list is left to the check
    """Convert a list to a tuple; leave everything else for the validator to judge."""
    return tuple(value) if isinstance(value, list) else value
