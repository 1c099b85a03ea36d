"""Validation of JSON payloads, for people who write emulators.

A rule is a function from a decoded JSON value and its path to the violations found there.
Emulators compose rules into tables that read like the provider's reference, and turn violations
into the provider's own error body: the path says where, the kind says which error code.

Objects are closed: a property that no rule names is a violation, since a sandbox that ignores a
misspelt field teaches its user nothing.
"""

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import attrs

__all__ = [
    "FORMATS",
    "Json",
    "Kind",
    "Path",
    "Rule",
    "Violation",
    "anything",
    "at_least_one",
    "at_most_one",
    "exactly_one",
    "fields",
    "flag",
    "items",
    "mapping",
    "nullable",
    "number",
    "refused",
    "tagged",
    "text",
]

Json = Any
"""A decoded JSON value: only a rule finds out what it is."""

Path = tuple[str | int, ...]


class Kind(enum.Enum):
    """What is wrong with a value: providers answer these with different codes."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    TYPE = "type"
    VALUE = "value"


@attrs.frozen
class Violation:
    """One fault of a payload.

    Attributes:
        path: Where, from the payload's root. It ends in the name of the property that is missing
            or unknown, although the payload lacks the one and should lack the other.
        kind: What is wrong.
        message: What a reader should know; never the content of a text.
    """

    path: Path
    kind: Kind
    message: str


Rule = Callable[[Json, Path], Iterator[Violation]]


def _is_uri(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not re.search(r"\s", value)


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _is_time(pattern: str) -> Callable[[str], bool]:
    shape = re.compile(pattern)

    def check(value: str) -> bool:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return shape.fullmatch(value) is not None

    return check


def _matches(pattern: str) -> Callable[[str], bool]:
    shape = re.compile(pattern)
    return lambda value: shape.fullmatch(value) is not None


_MINUTE = r"\d{4}-\d\d-\d\dT\d\d:\d\d"
_OFFSET = r"(Z|[+-]\d\d:\d\d)"

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "E.164 number": _matches(r"\+[1-9]\d{6,14}"),
    "HTTP URL": _is_uri,
    "ISO 8601 time": _is_time(rf"{_MINUTE}(:\d\d(\.\d{{1,6}})?)?{_OFFSET}?"),
    "RFC 3339 time": _is_time(rf"{_MINUTE}:\d\d(\.\d{{1,9}})?{_OFFSET}"),
    "UUID": _is_uuid,
    "e-mail address": _matches(r"[^@\s]+@[^@\s]+\.[^@\s.]+"),
    "hex string": _matches(r"([0-9a-fA-F]{2})+"),
}
"""The string formats that `text` knows, by the name that its messages use."""


def anything(value: Json, path: Path) -> Iterator[Violation]:
    """Accept every value, for properties that the provider documents as free."""
    yield from ()


def refused(message: str) -> Rule:
    """Accept nothing, for what the provider lists and yet cannot take."""

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        yield Violation(path, Kind.VALUE, message)

    return rule


def nullable(inner: Rule) -> Rule:
    """Accept null besides what `inner` accepts; everywhere else null is of the wrong type."""
    return lambda value, path: iter(()) if value is None else inner(value, path)


def text(
    least: int = 0,
    most: int | None = None,
    *,
    one_of: tuple[str, ...] = (),
    format: str | None = None,  # noqa: A002 - the schema languages' own word
    pattern: str | None = None,
) -> Rule:
    """Accept a string of `least` to `most` characters, of an enumeration, format or pattern.

    Args:
        least: Fewest characters.
        most: Most characters; None for no limit.
        one_of: The enumeration.
        format: A key of `FORMATS`.
        pattern: A regular expression that the whole string matches.
    """
    accepts = FORMATS[format] if format else None
    shape = re.compile(pattern) if pattern else None

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not isinstance(value, str):
            yield Violation(path, Kind.TYPE, "value must be a string")
        elif one_of and value not in one_of:
            listed = ", ".join(one_of)
            yield Violation(
                path, Kind.VALUE, f'Invalid value: "{value}", expected one of: {listed}'
            )
        elif len(value) < least:
            yield Violation(path, Kind.VALUE, f"value must have at least {least} characters")
        elif most is not None and len(value) > most:
            yield Violation(path, Kind.VALUE, f"value must have at most {most} characters")
        elif accepts and not accepts(value):
            yield Violation(path, Kind.VALUE, f"value does not have the form: {format}")
        elif shape and not shape.fullmatch(value):
            yield Violation(path, Kind.VALUE, f"value must match {pattern}")

    return rule


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Rule:
    """Accept a number from `least` to `most`; true and false are no numbers."""
    kinds = int if whole else (int, float)

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if isinstance(value, bool) or not isinstance(value, kinds):
            wanted = "an integer" if whole else "a number"
            yield Violation(path, Kind.TYPE, f"value must be {wanted}")
        elif least is not None and value < least:
            yield Violation(path, Kind.VALUE, f"value must be at least {least}")
        elif most is not None and value > most:
            yield Violation(path, Kind.VALUE, f"value must be at most {most}")

    return rule


def flag(value: Json, path: Path) -> Iterator[Violation]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield Violation(path, Kind.TYPE, "value must be a boolean")


def items(each: Rule, least: int = 0, most: int | None = None) -> Rule:
    """Accept an array of `least` to `most` elements that `each` accepts."""

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not isinstance(value, list):
            yield Violation(path, Kind.TYPE, "value must be an array")
            return
        if len(value) < least:
            yield Violation(path, Kind.VALUE, f"value must have at least {least} items")
        if most is not None and len(value) > most:
            yield Violation(path, Kind.VALUE, f"value must have at most {most} items")
        for index, element in enumerate(value):
            yield from each(element, (*path, index))

    return rule


def mapping(values: Rule) -> Rule:
    """Accept an object of free property names whose values `values` accepts."""

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield Violation(path, Kind.TYPE, "value must be an object")
            return
        for name, element in value.items():
            yield from values(element, (*path, name))

    return rule


def fields(
    *checks: Rule,
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
) -> Rule:
    """Accept an object of these properties and no other.

    Args:
        checks: Rules on the whole object, asked only when every property by itself is in order.
        required: Properties that must be there.
        optional: Properties that may be there.
    """
    must = required or {}
    known = {**must, **(optional or {})}

    def shape(value: dict[str, Json], path: Path) -> Iterator[Violation]:
        for name in must:
            if name not in value:
                yield Violation((*path, name), Kind.MISSING, f'property "{name}" is missing')
        for name, element in value.items():
            inner = known.get(name)
            if inner is None:
                yield Violation((*path, name), Kind.UNKNOWN, f'property "{name}" is unsupported')
            else:
                yield from inner(element, (*path, name))

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield Violation(path, Kind.TYPE, "value must be an object")
            return
        found = list(shape(value, path))
        yield from found
        if not found:
            for check in checks:
                yield from check(value, path)

    return rule


def tagged(tag: str, cases: Mapping[str, Rule]) -> Rule:
    """Accept an object whose property `tag` names the rule that judges the whole of it."""
    names = text(one_of=tuple(cases))

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield Violation(path, Kind.TYPE, "value must be an object")
        elif tag not in value:
            yield Violation((*path, tag), Kind.MISSING, f'property "{tag}" is missing')
        elif found := list(names(value[tag], (*path, tag))):
            yield from found
        else:
            yield from cases[value[tag]](value, path)

    return rule


def at_most_one(*names: str) -> Rule:
    """Check an object: no two of these properties together; the second one is to blame."""

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        present = [name for name in names if name in value]
        if len(present) > 1:
            listed = ", ".join(names)
            yield Violation((*path, present[1]), Kind.VALUE, f"only one of {listed} can be used")

    return rule


def at_least_one(*names: str) -> Rule:
    """Check an object: one of these properties or more; the object is to blame."""

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        if not any(name in value for name in names):
            listed = ", ".join(names)
            yield Violation(path, Kind.MISSING, f"one of {listed} is required")

    return rule


def exactly_one(*names: str) -> Rule:
    """Check an object: one of these properties and no other of them."""
    checks = at_least_one(*names), at_most_one(*names)

    def rule(value: Json, path: Path) -> Iterator[Violation]:
        for check in checks:
            yield from check(value, path)

    return rule
