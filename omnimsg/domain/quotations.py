"""Find quotations of given texts in a sentence, whatever their case, punctuation or escaping.

A sentence is compared without its spaces and punctuation, in lower case and with escapes decoded:
`%2B27 82-123-45-67` and `+27821234567` are one number. The spans that are found refer to the
original sentence.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Characters that comparing ignores: white space, ASCII punctuation, dashes and invisible marks.
_IGNORED = r"\s!-/:-@\[-`{-~\u00ad\u200b-\u200f\u2010-\u2015\u2060-\u2064\u2212\ufeff"
_ignored = re.compile(f"[{_IGNORED}]+")

# Escapes, and escapes that were escaped again: `%252B`, `&amp;#43;`, `\\\\u002B`.
_TOKEN = re.compile(
    rf"""
      (?P<url> (?: %(?:25)*[0-9A-Fa-f]{{2}} )+ )
    | (?P<json> (?: \\++u[0-9A-Fa-f]{{4}} | \\++x[0-9A-Fa-f]{{2}} )+ )
    | \\++[abfnrtv]?
    | (?P<html> &(?:amp;)*(?:\#[0-9]{{1,7}}|\#[xX][0-9A-Fa-f]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}}); )
    | (?P<word> [^{_IGNORED}]+ )
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_octets = re.compile("([0-9A-Fa-f]{2})(?=%|$)")
_units = re.compile(r"[ux]([0-9A-Fa-f]+)")

# Where a sentence was cut off.
CUT_OFF = "…"
_partial_escape = re.compile(
    r"""
      (?: %(?:25)*[89A-Fa-f][0-9A-Fa-f] )* (?: %(?:25)*[0-9A-Fa-f]? )? $
    | \\+ (?: [ux][0-9A-Fa-f]{0,3} )? $
    | &(?:amp;)*[\#\w]* $
    """,
    re.VERBOSE,
)

# The most ignored characters in a row within a quotation: `) - (` in `(27) - (82) 123 4567`.
_MAX_GAP = 5
# A quotation that begins with this many characters of a private text quotes it, even if cut off.
_PREFIX_LENGTH = 12
# The longest beginning that has to be sought where a sentence was cut off: no number is longer, and
# a longer beginning of another private text is found wherever it stands.
_LONGEST_BEGINNING = 15
# Shorter texts are common words, so they are not looked for.
_MIN_LENGTH = 4
# The shortest number that is looked for without its country code.
_MIN_NATIONAL_DIGITS = 6

# The calling codes of one and of two digits (ITU-T E.164); all others have three.
_country_code = re.compile(
    "[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3}"
).match


def compared(text: str) -> str:
    """Return a text in the form that is compared: lower case, without ignored characters."""
    return _ignored.sub("", text).lower()


def cut_off(text: str, length: int) -> str:
    """Cut a text off after so many characters, and before an escape that would not be whole.

    Redacting finds a private text that the cut leaves the beginning of.
    """
    return text if len(text) <= length else _partial_escape.sub("", text[:length]) + CUT_OFF


def national_digits(digits: str) -> str:
    """Return the digits after the country code; `digits` is in E.164 form without the plus."""
    code = _country_code(digits)
    return digits if code is None else digits[code.end() :]


class Sentence:
    """A sentence in the form that is compared, with the original span of each character.

    Args:
        text: The sentence.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._gaps: list[int] = []
        characters: list[str] = []
        gap = 0
        for token in _TOKEN.finditer(text):
            word = token["word"]
            if word is not None and len(lower := word.lower()) == len(word):
                start, end = token.span()
                characters.append(lower)
                self._starts += range(start, end)
                self._ends += range(start + 1, end + 1)
                self._gaps += (gap, *[0] * (len(word) - 1))
                gap = 0
                continue
            for character in _decoded(token):
                kept = compared(character)
                if not kept:
                    gap += 1
                for each in kept:
                    characters.append(each)
                    self._starts.append(token.start())
                    self._ends.append(token.end())
                    self._gaps.append(gap)
                    gap = 0
        self._characters = "".join(characters)
        self._digits = "".join(map(_as_digit, self._characters))

    def secrets(self, secret: str) -> Iterator[tuple[int, int]]:
        """Find a credential, also inside a word; the first characters of a long one are enough."""
        sought = compared(secret)
        if len(sought) >= _MIN_LENGTH:
            yield from self._find_by_prefix(sought, _MAX_GAP)

    def texts(self, text: str) -> Iterator[tuple[int, int]]:
        """Find a text: a short one only as whole words, a long one by its first characters."""
        sought = compared(text)
        if len(sought) < _MIN_LENGTH:
            return
        if len(sought) > _PREFIX_LENGTH:
            yield from self._find_by_prefix(sought, len(self._text))
            return
        for start, end in self._find(self._characters, sought, _MAX_GAP):
            if not (self._touches(start) or self._touches(end)):
                yield self._span(start, end)

    def numbers(self, digits: str) -> Iterator[tuple[int, int, bool]]:
        """Find a number, with or without its country code.

        Args:
            digits: The digits of the E.164 form, without the plus.

        Yields:
            The start and end of the number, and whether they include the country code.
        """
        national = national_digits(digits)
        if len(national) < _MIN_NATIONAL_DIGITS:
            national = digits
        code = len(digits) - len(national)
        for start, end in self._find(self._digits, national, _MAX_GAP):
            whole = start - code
            is_whole = (
                whole >= 0
                and self._digits[whole:start] == digits[:code]
                and self._is_grouped(whole, end, _MAX_GAP)
            )
            yield *self._span(whole if is_whole else start, end), is_whole

    def cut_off(self, private: str) -> Iterator[tuple[int, int]]:
        """Find the beginning of a private text that `…` cuts off, however short it is."""
        sought, end = compared(private), self._characters.find(CUT_OFF)
        while end >= 0:
            for length in range(min(len(sought), _LONGEST_BEGINNING, end), 0, -1):
                if self._characters.endswith(sought[:length], 0, end):
                    yield self._starts[end - length], self._starts[end]
                    break
            end = self._characters.find(CUT_OFF, end + 1)

    def _find_by_prefix(self, sought: str, gap: int) -> Iterator[tuple[int, int]]:
        """Find the first characters, and extend each match up to where it differs."""
        prefix = sought[:_PREFIX_LENGTH]
        for start, after in self._find(self._characters, prefix, gap):
            end = after
            last = min(len(self._characters), start + len(sought))
            while (
                end < last
                and self._characters[end] == sought[end - start]
                and self._gaps[end] <= gap
            ):
                end += 1
            yield self._span(start, end)

    def _find(self, characters: str, sought: str, gap: int) -> Iterator[tuple[int, int]]:
        start = characters.find(sought)
        while start >= 0:
            end = start + len(sought)
            if self._is_grouped(start, end, gap):
                yield start, end
            start = characters.find(sought, start + 1)

    def _is_grouped(self, start: int, end: int, gap: int) -> bool:
        return max(self._gaps[start + 1 : end], default=0) <= gap

    def _touches(self, index: int) -> bool:
        """Return whether a character directly follows the one before it."""
        return 0 < index < len(self._characters) and not self._gaps[index]

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return self._starts[start], self._ends[end - 1]


def replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """Replace spans of a text; overlapping spans as one, by the replacement of the first."""
    kept: list[str] = []
    last = 0
    for start, end, replacement in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= last:
            kept += text[last:start], replacement
        last = max(last, end)
    return "".join((*kept, text[last:]))


def _as_digit(character: str) -> str:
    """Return a digit of any script as an ASCII digit, and anything else as it is."""
    if character.isascii():
        return character
    return str(unicodedata.decimal(character, character))


def _decoded(token: re.Match[str]) -> str:
    """Return the characters that a token stands for."""
    text = token[0]
    if token["url"]:
        return bytes.fromhex("".join(_octets.findall(text))).decode(errors="replace")
    if token["json"]:
        units = [int(each, 16) for each in _units.findall(text)]
        encoded = b"".join(each.to_bytes(2, "little") for each in units)
        return encoded.decode("utf-16-le", errors="replace")
    if token["html"]:
        return unescape(text.replace("&amp;", "&"))
    return text if token["word"] else " "
