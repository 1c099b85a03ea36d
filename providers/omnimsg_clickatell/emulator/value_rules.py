"""Single values: their forms, and the rules that check them."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.schema import Kind, Path, Rule, Violation, fields, mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARKDOWN = re.compile(r"```.+?```|`[^`\n]+`|(?<!\w)([*_~])(?=\S)[^\n]+?(?<=\S)\1(?!\w)", re.DOTALL)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_NUMBER = re.compile("[1-9][0-9]{6,14}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]+)?")


def passing(inner: Rule, *tests: tuple[str, Callable[[Any], bool]]) -> Rule:
    """Accept what ``inner`` accepts if every test passes; each comes with what it demands."""

    def rule(value: Any, path: Path) -> Iterator[Violation]:  # noqa: ANN401
        found = list(inner(value, path))
        yield from found
        for demand, test in () if found else tests:
            if not test(value):
                yield Violation(path, Kind.VALUE, demand)

    return rule


def decoded(value: str) -> bytes | None:
    """Return the bytes of strict base64 text, None if it is none."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def parsed_time(value: str) -> datetime | None:
    """Return the time of ``yyyy-MM-ddTHH:mm:ssXXX``, None for any other form."""
    if not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def is_date(value: str) -> bool:
    """Say whether a value is a calendar date, ``YYYY-MM-DD``."""
    try:
        return bool(_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def plain(most: int) -> Rule:
    """Accept 1 to ``most`` characters without WhatsApp markdown."""
    return passing(text(1, most), ("no markdown", lambda value: not _MARKDOWN.search(value)))


def within(most: float) -> Rule:
    """Accept a coordinate: a decimal in a string, at most ``most`` either side of zero."""
    return passing(
        text(1),
        (
            "a decimal in range, as a string",
            lambda value: bool(_DECIMAL.fullmatch(value)) and abs(float(value)) <= most,
        ),
    )


def distinct(key: str) -> Callable[[list[dict[str, Any]]], bool]:
    """Return a test that no two objects share a value under ``key``."""
    return lambda objects: len({each[key] for each in objects}) == len(objects)


def header(kind: str, value: Rule) -> Rule:
    """Accept an object with its type and a member named after the type."""
    return fields(required={"type": LINE, kind: value})


def where(path: Path) -> str:
    """Return a path as the wire names a parameter, as in ``button.items[0].title``."""
    named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return named.removeprefix(".")


def is_number(value: str) -> bool:
    """Say whether a recipient is an E.164 number as digits.

    No sample has a plus, and no page says that one is taken.
    """
    return _NUMBER.fullmatch(value) is not None


BASE64: Final = passing(text(1), ("base64", lambda value: decoded(value) is not None))
HEX: Final = text(format="hex string")
LINE: Final = text(1)
STRINGS: Final = passing(mapping(text()), ("not empty", bool))

PLACE: Final = {"latitude": within(90), "longitude": within(180)}
