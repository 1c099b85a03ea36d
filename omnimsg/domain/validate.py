"""Validators and converters for the fields of the model.

Each validator is an attrs validator that raises `InvalidValue` with the class and field as the
path. A value is validated when it is built, so code that holds one does not validate it again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.host import is_authority
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.json_codec import JSONEncodeError, dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

    Validator = Callable[[Any, "Attribute[Any]", Any], None]

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_URL = re.compile(
    r"https?://([^\s\x00-\x1f\x7f\ud800-\udfff/?#@]+)(?:[/?#][^\s\x00-\x1f\x7f\ud800-\udfff]*)?"
)

_is_prefix = re.compile(r"\+[0-9]{1,15}").fullmatch

# The largest integer that every JSON parser reads exactly.
MAX_JSON_INTEGER: int = 2**53 - 1

# Python puts one in place of a byte of the command line or the environment that is not UTF-8.
_LONE_SURROGATE = "holds half an emoji, or a byte that is not UTF-8, which is no text"
_NUL = "holds U+0000, which no message can carry"

# For `quick.usual`: cheap tests of a text, of any length, that `text()` accepts. U+0000 is ASCII.
PLAIN_ASCII: tuple[type | str, ...] = (str, "value.isascii()", "value", r"'\0' not in value")
PLAIN_ASCII_LINE: tuple[type | str, ...] = (
    *PLAIN_ASCII,
    r"'\n' not in value",
    r"'\r' not in value",
)


def refuse(owner: object, field: str, why: str) -> InvalidValue:
    """Build the error for one field of the value being built."""
    return InvalidValue(Problem(f"{type(owner).__name__}.{field}", why))


def kind_of(value: object) -> str:
    """Return the name of a value's type for an error, which must not show the value."""
    return "nothing" if value is None else type(value).__name__


def is_unicode(value: str) -> bool:
    """Return whether UTF-8 can encode a text; it cannot encode half a surrogate pair.

    Texts are checked when a value is built: an error in a request would stop a whole batch.
    """
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unsendable(value: str) -> str | None:
    """Return why a text cannot be sent; `None` if it can.

    U+0000 comes out of damaged files. No SMS has it, and databases that cannot store it answer with
    an error that leaves open whether the message was sent.
    """
    if "\0" in value:
        return _NUL
    return None if is_unicode(value) else _LONE_SURROGATE


def holds_nul(value: object) -> bool:
    """Return whether a text somewhere in JSON-like data, keys included, holds U+0000."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(holds_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, (list, tuple)) and any(map(holds_nul, value))


def is_json(value: object) -> bool:
    """Return whether JSON in UTF-8 can encode a value, also when a request nests it deeper."""
    try:
        dumps([[[[[[[[value]]]]]]]])
    except JSONEncodeError:
        return False
    return True


def text(
    *, max_length: int | None = None, min_length: int = 1, single_line: bool = False
) -> Validator:
    """Require a `str` of `min_length` to `max_length` characters.

    Text that becomes a header must be a `single_line`: a line break would add a header of its own.
    """

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, str):
            raise refuse(owner, field.name, f"must be text, not {kind_of(value)}")
        if len(value) < min_length:
            raise refuse(owner, field.name, "must not be empty")
        if max_length is not None and len(value) > max_length:
            raise refuse(
                owner, field.name, f"has {len(value)} characters, {max_length} are allowed"
            )
        if single_line and ("\n" in value or "\r" in value):
            raise refuse(owner, field.name, "must be a single line")
        problem = _unsendable(value)
        if problem is not None:
            raise refuse(owner, field.name, problem)

    return check


sender: Validator = text(max_length=320, single_line=True)
"""Require what a message may name as its sender."""


def url(owner: object, field: Attribute[Any], value: object) -> None:
    """Require an absolute http(s) URL without user information."""
    found = _URL.fullmatch(value) if isinstance(value, str) else None
    if found is None or not is_authority(found[1]):
        raise refuse(owner, field.name, "must be an absolute http(s) URL without credentials")


def integer(*, minimum: int, maximum: int = MAX_JSON_INTEGER) -> Validator:
    """Require an `int` (not a `bool`) from `minimum` to `maximum`."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse(owner, field.name, f"must be a whole number, not {kind_of(value)}")
        if not minimum <= value <= maximum:
            no_maximum_given = value < minimum and maximum == MAX_JSON_INTEGER
            bounds = f"at least {minimum}" if no_maximum_given else f"from {minimum} to {maximum}"
            raise refuse(owner, field.name, f"must be {bounds}")

    return check


def number(*, minimum: float, maximum: float = math.inf) -> Validator:
    """Require a finite number from `minimum` to `maximum`."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        given = _require_number(owner, field, value)
        if not minimum <= given <= maximum or given == math.inf:  # NaN fails the comparison too
            bounds = (
                f"at least {minimum:g}, and finite"
                if maximum == math.inf
                else f"from {minimum:g} to {maximum:g}"
            )
            raise refuse(owner, field.name, f"must be {bounds}")

    return check


def positive(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a finite number above zero."""
    if not 0 < _require_number(owner, field, value) < math.inf:
        raise refuse(owner, field.name, "must be more than 0, and finite")


def _require_number(owner: object, field: Attribute[Any], value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise refuse(owner, field.name, f"must be a number, not {kind_of(value)}")
    return value


def tuple_of(kind: type | tuple[type, ...], *, min_length: int = 0) -> Validator:
    """Require a tuple of at least `min_length` instances of the kinds.

    The error for a wrong item has its index in the path, and lists the members of an enumeration.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)
    choices = ", ".join(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else ""

    def check(owner: object, field: Attribute[Any], value: tuple[object, ...]) -> None:
        if not isinstance(value, tuple):
            raise refuse(owner, field.name, f"must be a sequence of {names}, not {kind_of(value)}")
        if len(value) < min_length:
            raise refuse(
                owner, field.name, f"needs at least {min_length} of {names}, has {len(value)}"
            )
        for index, each in enumerate(value):
            if not isinstance(each, kinds):
                where = f"{field.name}[{index}]"
                if choices:
                    raise refuse(owner, where, f"must be one of {choices}")
                raise refuse(owner, where, f"must be {names}, not {kind_of(each)}")
            problem = _unsendable(each) if isinstance(each, str) else None
            if problem is not None:
                raise refuse(owner, f"{field.name}[{index}]", problem)

    return check


def instance_of(kind: type | tuple[type, ...]) -> Validator:
    """Require an instance of one of the kinds."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, kinds):
            raise refuse(owner, field.name, f"must be {names}, not {kind_of(value)}")

    return check


def one_of(*choices: str) -> Validator:
    """Require one of the given texts."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if value not in choices:
            raise refuse(owner, field.name, f"must be one of {', '.join(choices)}")

    return check


def enum_member(kind: type[StrEnum]) -> Validator:
    """Require a member of an enumeration; the error lists all members."""

    def check(owner: object, field: Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise refuse(owner, field.name, f"must be one of {', '.join(kind)}")

    return check


def amount(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a finite `Decimal` that is not negative."""
    if not isinstance(value, Decimal):
        raise refuse(owner, field.name, f"must be Decimal, not {kind_of(value)}")
    if not value.is_finite() or value < 0:
        raise refuse(owner, field.name, "must be a finite amount, not below zero")


def to_fixed_offset(value: datetime) -> datetime:
    """Convert a time of a time zone to the same time with the zone's UTC offset at that time.

    Python compares two times of one zone by the clock on the wall, and finds a time in an hour that
    the clock repeats unequal to the same time with an offset, such as the one in a JSON form.
    """
    given: Any = value
    if isinstance(given, datetime) and not isinstance(given.tzinfo, timezone):
        offset = given.utcoffset()
        if offset is not None:
            return given.replace(tzinfo=timezone(offset), fold=0)
    unchanged: datetime = given
    return unchanged


def tz_aware(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a `datetime` with a UTC offset."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise refuse(owner, field.name, "must be a datetime with a UTC offset")


def mapping(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a mapping, which the field's converter has made a `FrozenDict`."""
    if not isinstance(value, FrozenDict):
        raise refuse(owner, field.name, f"must be a mapping, not {kind_of(value)}")


def string_map(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a `FrozenDict` of text to text."""
    _require_string_map(owner, field.name, value)


def tuple_of_string_maps(owner: object, field: Attribute[Any], value: object) -> None:
    """Require a tuple of `FrozenDict`s of text to text, none of them empty."""
    if not isinstance(value, tuple):
        raise refuse(owner, field.name, "must be a sequence of mappings")
    for index, each in enumerate(value):
        path = f"{field.name}[{index}]"
        _require_string_map(owner, path, each)
        if not each:
            raise refuse(owner, path, "must not be empty")


def _require_string_map(owner: object, path: str, value: object) -> None:
    if not isinstance(value, FrozenDict) or not all(
        isinstance(each, str) for pair in value.items() for each in pair
    ):
        raise refuse(owner, path, "must map text to text")
    for problem in (_unsendable(each) for pair in value.items() for each in pair):
        if problem is not None:
            raise refuse(owner, path, problem)


def number_prefixes(owner: object, field: Attribute[Any], value: tuple[str, ...]) -> None:
    """Require a tuple of the first digits of numbers, such as `+27`."""
    tuple_of(str)(owner, field, value)
    if not all(map(_is_prefix, value)):
        raise refuse(
            owner, field.name, "must be a plus and the first digits of numbers, such as +27"
        )


def to_enum_member(kind: type[E], value: E | str) -> E:
    """Convert the exact value of a member to the member; return anything else unchanged.

    The return type is `E`, because the validator `enum_member` refuses anything else.
    """
    given: Any = value
    try:
        return kind(given)
    except ValueError:
        unchanged: E = given
        return unchanged


def to_tuple(value: Sequence[T]) -> tuple[T, ...]:
    """Convert a sequence to a tuple; return anything else, text included, for the validator.

    Type checkers take the type of an argument from the field's converter, and mypy supports no
    generic converters. So each field has its own, which names the type of its items and calls this.
    """
    given: Any = value
    is_sequence = isinstance(given, Sequence) and not isinstance(given, (str, bytes, bytearray))
    return tuple(given) if is_sequence else given


def to_tuple_of(convert: Callable[[Any], T], value: Sequence[Any]) -> tuple[T, ...]:
    """Convert like `to_tuple`, and each item of the sequence too."""
    given: Any = to_tuple(value)
    return tuple(map(convert, given)) if isinstance(given, tuple) else given


def to_texts(value: Sequence[str]) -> tuple[str, ...]:
    """Convert like `to_tuple`."""
    return to_tuple(value)
