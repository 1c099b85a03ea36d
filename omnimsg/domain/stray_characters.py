"""Name the characters in a text that nobody sees: invisible marks, and white space.

Pasted from a contact app or a web page they come with a number or an e-mail address, and from a
file that Windows has written with a key or the name of a file.
"""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Characters that no font shows although their category is that of letters or symbols."""

_NAMES_OF_CONTROLS = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\0": "NULL"}


def is_invisible(character: str) -> bool:
    """Return whether a character is invisible and not white space."""
    category = unicodedata.category(character)
    hidden = category in ("Cf", "Cc", "Mn", "Me") or character in BLANK_LETTERS
    return hidden and not character.isspace()


def visible(text: str) -> str:
    """Return a text without its invisible characters; white space stays."""
    return "".join(each for each in text if not is_invisible(each))


def printable(text: str) -> str:
    """Return a text, such as the path of a file, with its control characters escaped."""
    return text if text.isprintable() else repr(text)[1:-1]


def name_of_character(character: str) -> str:
    """Return the code point and the Unicode name of a character: `U+200B (ZERO WIDTH SPACE)`."""
    name = unicodedata.name(character, _NAMES_OF_CONTROLS.get(character, "no name"))
    return f"U+{ord(character):04X} ({name})"


def invisible_marks(text: str) -> Iterator[str]:
    """Yield a sentence that names the first invisible mark of a text, and counts the others."""
    marks = [index for index, each in enumerate(text) if is_invisible(each)]
    if marks:
        first, more = marks[0], len(marks) - 1
        rest = f" (and {more} more such {'mark' if more == 1 else 'marks'})" if more else ""
        what = f"it holds {name_of_character(text[first])}, an invisible mark,"
        yield f"{what} {_position(text, first)}{rest}"


def unseen_in_line(text: str) -> str | None:
    """Return a sentence on the first thing in a line of text that nobody sees; `None` without any.

    Spaces between words are seen, and so are accents and vowel signs, which macOS and Indic scripts
    write as marks after a letter.
    """
    if any("\udc80" <= each <= "\udcff" for each in text):
        return "it has a byte that is not UTF-8"
    text = "".join("-" if unicodedata.category(each) in ("Mn", "Me") else each for each in text)
    spaces = white_space(visible(text), ignored_inside=" ")
    return next(chain(invisible_marks(text), spaces), None)


def white_space(text: str, *, ignored_inside: str = "") -> Iterator[str]:
    """Yield a sentence for each place of a text that has white space: start, inside, end."""
    inner = text.strip()
    for name, found in (
        ("at the start", text[: len(text) - len(text.lstrip())]),
        (
            "inside",
            "".join(each for each in inner if each.isspace() and each not in ignored_inside),
        ),
        ("at the end", text[len(text.rstrip()) :]),
    ):
        if found:
            spaces = {each for each in found if each != " "}
            what = ", ".join(map(name_of_character, sorted(spaces)))
            if " " in found:
                one = "a space" if found.count(" ") == 1 else "spaces"
                what = f"{one} and {what}" if what else one
            yield f"it has {what} {name}"


def _position(text: str, index: int) -> str:
    """Describe where an invisible mark is."""
    visible_rest = [each for each in text[index:] if not is_invisible(each)]
    if not visible_rest:
        return "at the end"
    if visible_rest[0] == "+":
        return "before the plus"
    return "at the start" if index == 0 else f"as character {index + 1}"
