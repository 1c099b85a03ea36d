"""Parsers and rules for single values."""

from __future__ import annotations

import base64
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.schema import Path, Rule, Violation, ViolationKind, fields, mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARKDOWN = re.compile(r"```.+?```|`[^`\n]+`|(?<!\w)([*_~])(?=\S)[^\n]+?(?<=\S)\1(?!\w)", re.DOTALL)
_HOUR = r"([01]\d|2[0-3])"
_TIME = re.compile(rf"\d{{4}}-\d\d-\d\dT{_HOUR}:\d\d:\d\d(Z|[+-]{_HOUR}:[0-5]\d)")
_NUMBER = re.compile("[1-9][0-9]{6,14}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]+)?")


def constrained(inner: Rule, *tests: tuple[str, Callable[[Any], bool]]) -> Rule:
    """Accept values that ``inner`` accepts and that pass every test, given with a description."""

    def rule(value: Any) -> Iterator[Violation]:  # noqa: ANN401
        found = list(inner(value))
        yield from found
        for description, test in () if found else tests:
            if not test(value):
                yield Violation((), ViolationKind.VALUE, description)

    return rule


def decode_base64(value: str) -> bytes | None:
    """Return the bytes of a strict base64 text, None if it is not valid."""
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return None


def parse_time(value: str) -> datetime | None:
    """Return the time of ``yyyy-MM-ddTHH:mm:ssXXX``, None for any other form."""
    if not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def is_date(value: str) -> bool:
    """Return whether a value is a calendar date, ``YYYY-MM-DD``."""
    try:
        return bool(_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def without_markdown(max_length: int) -> Rule:
    """Accept 1 to ``max_length`` characters without WhatsApp markdown."""
    return constrained(
        text(1, max_length), ("must hold no markdown", lambda value: not _MARKDOWN.search(value))
    )


def coordinate(limit: float) -> Rule:
    """Accept a coordinate: a string with a decimal from ``-limit`` to ``limit``."""
    return constrained(
        text(1),
        (
            "must be a decimal in range, as a string",
            lambda value: bool(_DECIMAL.fullmatch(value)) and abs(float(value)) <= limit,
        ),
    )


def unique_by(key: str) -> Callable[[list[dict[str, Any]]], bool]:
    """Return a test that no two objects have the same value of ``key``."""
    return lambda objects: len({each[key] for each in objects}) == len(objects)


def header(kind: str, value: Rule) -> Rule:
    """Accept an object with a ``type`` and a property named after the type."""
    return fields(required={"type": NONEMPTY, kind: value})


def parameter_name(path: Path) -> str:
    """Return a path in the notation of errors, such as ``button.items[0].title``."""
    named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return named.removeprefix(".")


def is_number(value: str) -> bool:
    """Return whether a recipient is an E.164 number as digits.

    No sample has a plus, and no page says that one is accepted.
    """
    return _NUMBER.fullmatch(value) is not None


BASE64: Final = constrained(
    text(1), ("must be base64", lambda value: decode_base64(value) is not None)
)
HEX: Final = text(format="hex string")
NONEMPTY: Final = text(1)
TEXT_MAP: Final = constrained(mapping(text()), ("must not be empty", bool))

COORDINATES: Final = {"latitude": coordinate(90), "longitude": coordinate(180)}
