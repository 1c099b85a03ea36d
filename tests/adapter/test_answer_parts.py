"""Helpers for answers: `is_blank`, `read_code`, and `words_of` for undocumented forms."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg.adapter import is_blank, read_code, words_of


@pytest.mark.parametrize(
    "value", [None, "", 0, "0", False, [], {}, [None], [{}], {"code": None}, {"code": 0, "a": [""]}]
)
def test_blank(value: object) -> None:
    """A member without content at any depth (`null`, empty, zero) is blank."""
    assert is_blank(value)


@pytest.mark.parametrize("value", ["x", 1, "00", [0, 1], {"code": 26}, [{"a": {"b": "x"}}]])
def test_not_blank(value: object) -> None:
    """A member with a non-empty, non-zero value at any depth is not blank."""
    assert not is_blank(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [("19", "19"), (19, "19"), (0, "0"), ("", ""), (True, None), (1.5, None), (None, None)],
)
def test_code(value: object, code: str | None) -> None:
    """A text or a whole number is a code, as text; anything else is none."""
    assert code == read_code(value)


DEEP: Any = "lost"
for _ in range(50):
    DEEP = {"error": DEEP}

FORMS: list[tuple[Any, str]] = [
    ({"errors": [{"code": 9, "description": "no recipients", "parameter": "to"}]}, "no recipients"),
    (
        {"error": {"message": "Failed.", "details": [{"message": "not E.164"}]}},
        "Failed.; not E.164",
    ),
    ({"error": "use a number", "errorCode": 607}, "use a number"),
    ({"errors": {"title": "Unauthorized", "detail": "Wrong"}}, "Unauthorized; Wrong"),
    ({"errorDescription": "a\n  b"}, "a b"),
    ({"details": {".to": ["is wrong", {"x": "y"}]}}, "is wrong"),
    ({"errors": {"to": ["is wrong"], "parameter": "recipients"}}, "is wrong"),
    ({"errors": "is wrong"}, "is wrong"),
    ({"message": {"id": "x"}}, ""),
    (["plain"], ""),
    (None, ""),
    (DEEP, ""),
]


@pytest.mark.parametrize(("document", "words"), FORMS)
def test_words(document: Any, words: str) -> None:
    """Texts are collected from the usual keys (`message`, `error`, `detail`) at any depth."""
    assert words == words_of(document)


def test_words_are_bounded() -> None:
    """The text collected from a body has at most 500 characters."""
    assert len(words_of([{"message": f"{number} " * 50} for number in range(1000)])) <= 500
