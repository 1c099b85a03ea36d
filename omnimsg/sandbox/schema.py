"""Validate JSON payloads in emulators, with composable rules.

A rule is a function from a decoded JSON value to the violations in it. Emulators compose rules into
tables that read like the provider's reference, and turn violations into the provider's own error
body: the path locates the value, the kind selects the error code.

Objects are closed: a property that no rule names is a violation, because a sandbox that ignores a
misspelt property hides a mistake.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from omnimsg.sandbox.formats import FORMATS

Json = Any
"""A decoded JSON value of any type; a rule checks the type."""

Path = tuple[str | int, ...]


class ViolationKind(enum.Enum):
    """What is wrong with a value; providers have different error codes for these."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    TYPE = "type"
    VALUE = "value"


@attrs.frozen
class Violation:
    """One violation of a rule in a payload.

    Attributes:
        path: The path from the value that was checked; for a missing or unknown property it ends in
            the name of that property.
        kind: What is wrong.
        message: A description for the reader; never the text of a message.
    """

    path: Path
    kind: ViolationKind
    message: str


Rule = Callable[[Json], Iterable[Violation]]
"""A generator; or, for speed where most values are valid, a function that returns a sequence."""

_NONE: tuple[Violation, ...] = ()


def below(inner: Iterable[Violation], *path: str | int) -> list[Violation]:
    """Return the violations of an inner value, with their paths from the value that holds it.

    Args:
        inner: The violations.
        path: The path of the inner value: the name of its property, the index of its element.
    """
    return [Violation((*path, *each.path), each.kind, each.message) for each in inner]


_NUL = "value must not contain the character U+0000"


def anything(value: Json) -> Iterable[Violation]:
    """Accept every value, for properties that are checked elsewhere."""
    return _NONE


def free_form(value: Json) -> Iterator[Violation]:
    """Accept every value without U+0000, for properties that are documented as free-form."""
    # A loop and not recursion, because the caller decides how deep the value is nested.
    waiting: list[tuple[Json, Path]] = [(value, ())]
    while waiting:
        inner, path = waiting.pop()
        if isinstance(inner, str):
            if "\0" in inner:
                yield Violation(path, ViolationKind.VALUE, _NUL)
        elif isinstance(inner, dict):
            if any("\0" in name for name in inner):
                yield Violation(path, ViolationKind.VALUE, _NUL)
            waiting += [(element, (*path, name)) for name, element in inner.items()]
        elif isinstance(inner, list):
            waiting += [(element, (*path, n)) for n, element in enumerate(inner)]


def never(message: str) -> Rule:
    """Accept no value, for cases that the provider lists but cannot accept."""
    return lambda value: (Violation((), ViolationKind.VALUE, message),)


def nullable(inner: Rule) -> Rule:
    """Accept null and whatever `inner` accepts; all other rules reject null as a wrong type."""
    return lambda value: _NONE if value is None else inner(value)


def text(
    min_length: int = 0,
    max_length: int | None = None,
    *,
    one_of: tuple[str, ...] = (),
    format: str | None = None,  # noqa: A002 - the keyword of JSON Schema
    pattern: str | None = None,
) -> Rule:
    """Accept a string of limited length, of an enumeration, a format or a pattern.

    No string may hold U+0000: no phone shows it, and services that store texts in PostgreSQL fail
    on it. No provider documents what it does with one; refusing is the strictest reading.

    Args:
        min_length: Minimum number of characters.
        max_length: Maximum number of characters; None for no limit.
        one_of: The enumeration.
        format: A key of `FORMATS`.
        pattern: A regular expression that must match the whole string.
    """
    accepts = FORMATS[format] if format else None
    shape = re.compile(pattern) if pattern else None

    def rule(value: Json) -> Iterable[Violation]:
        if not isinstance(value, str):
            return (Violation((), ViolationKind.TYPE, "value must be a string"),)
        if "\0" in value:
            why = _NUL
        elif one_of and value not in one_of:
            why = f'Invalid value: "{value}", expected one of: {", ".join(one_of)}'
        elif len(value) < min_length:
            why = f"value must have at least {min_length} characters"
        elif max_length is not None and len(value) > max_length:
            why = f"value must have at most {max_length} characters"
        elif accepts and not accepts(value):
            why = f"value does not have the form: {format}"
        elif shape and not shape.fullmatch(value):
            why = f"value must match {pattern}"
        else:
            return _NONE
        return (Violation((), ViolationKind.VALUE, why),)

    return rule


def number(
    minimum: float | None = None, maximum: float | None = None, *, integer: bool = False
) -> Rule:
    """Accept a number from `minimum` to `maximum`; booleans are not numbers."""
    types = int if integer else (int, float)

    def rule(value: Json) -> Iterator[Violation]:
        if isinstance(value, bool) or not isinstance(value, types):
            expected = "an integer" if integer else "a number"
            yield Violation((), ViolationKind.TYPE, f"value must be {expected}")
        elif minimum is not None and value < minimum:
            yield Violation((), ViolationKind.VALUE, f"value must be at least {minimum}")
        elif maximum is not None and value > maximum:
            yield Violation((), ViolationKind.VALUE, f"value must be at most {maximum}")

    return rule


def flag(value: Json) -> Iterator[Violation]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield Violation((), ViolationKind.TYPE, "value must be a boolean")


def items(each: Rule, min_items: int = 0, max_items: int | None = None) -> Rule:
    """Accept an array of `min_items` to `max_items` elements that `each` accepts."""

    def rule(value: Json) -> Iterable[Violation]:
        if not isinstance(value, list):
            return (Violation((), ViolationKind.TYPE, "value must be an array"),)
        found: list[Violation] = []
        if len(value) < min_items:
            why = f"value must have at least {min_items} items"
            found.append(Violation((), ViolationKind.VALUE, why))
        if max_items is not None and len(value) > max_items:
            why = f"value must have at most {max_items} items"
            found.append(Violation((), ViolationKind.VALUE, why))
        for index, element in enumerate(value):
            if inner := each(element):
                found += below(inner, index)
        return found

    return rule


def mapping(values: Rule) -> Rule:
    """Accept an object with any property names and values that `values` accepts."""

    def rule(value: Json) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield Violation((), ViolationKind.TYPE, "value must be an object")
            return
        if any("\0" in name for name in value):
            yield Violation((), ViolationKind.VALUE, _NUL)
        for name, element in value.items():
            yield from below(values(element), name)

    return rule


def fields(
    *checks: Rule,
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
) -> Rule:
    """Accept an object of these properties and no other.

    Args:
        checks: Rules for the whole object; they run only if no property has a violation.
        required: Properties that must be present.
        optional: Properties that may be present.
    """
    needed = tuple(required or {})
    known = {**(required or {}), **(optional or {})}

    def rule(value: Json) -> Iterable[Violation]:
        if not isinstance(value, dict):
            return (Violation((), ViolationKind.TYPE, "value must be an object"),)
        found: list[Violation] = []
        for name in needed:
            if name not in value:
                why = f'property "{name}" is missing'
                found.append(Violation((name,), ViolationKind.MISSING, why))
        for name in value:
            if name not in known:
                why = f'property "{name}" is unsupported'
                found.append(Violation((name,), ViolationKind.UNKNOWN, why))
            elif inner := known[name](value[name]):
                found += below(inner, name)
        if not found:
            for check in checks:
                found += check(value)
        return found

    return rule


def tagged(tag: str, cases: Mapping[str, Rule]) -> Rule:
    """Accept an object whose property `tag` names the rule for the whole object."""
    check_tag = text(one_of=tuple(cases))

    def rule(value: Json) -> Iterable[Violation]:
        if not isinstance(value, dict):
            return (Violation((), ViolationKind.TYPE, "value must be an object"),)
        given = value.get(tag)
        if isinstance(given, str) and given in cases:
            return cases[given](value)
        if tag not in value:
            why = f'property "{tag}" is missing'
            return (Violation((tag,), ViolationKind.MISSING, why),)
        return below(check_tag(given), tag)

    return rule


def at_most_one(*names: str) -> Rule:
    """Reject an object with two of these properties; the violation is at the second one."""
    listed = ", ".join(names)

    def rule(value: Json) -> Iterable[Violation]:
        present = [name for name in names if name in value]
        if len(present) <= 1:
            return _NONE
        why = f"only one of {listed} can be used"
        return (Violation((present[1],), ViolationKind.VALUE, why),)

    return rule


def at_least_one(*names: str) -> Rule:
    """Reject an object with none of these properties; the violation is at the object."""
    listed = ", ".join(names)

    def rule(value: Json) -> Iterable[Violation]:
        if not value.keys().isdisjoint(names):
            return _NONE
        return (Violation((), ViolationKind.MISSING, f"one of {listed} is required"),)

    return rule


def exactly_one(*names: str) -> Rule:
    """Reject an object that does not have exactly one of these properties."""
    least, most = at_least_one(*names), at_most_one(*names)
    wanted = frozenset(names)

    def rule(value: Json) -> Iterable[Violation]:
        if len(wanted & value.keys()) == 1:
            return _NONE
        return least(value) or most(value)

    return rule
