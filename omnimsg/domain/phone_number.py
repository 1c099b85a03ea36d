"""Phone numbers: explain why a text is not in E.164 form, and read numbers as people write them.

An explanation can be logged: of the number's digits it shows at most a leading 0 or 00.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.stray_characters import (
    invisible_marks,
    name_of_character,
    visible,
    white_space,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_EXAMPLE = "must be a number in E.164 form, such as +37255500001"
_MIN_DIGITS, _MAX_DIGITS = 7, 15

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_PLUS_AND_DIGITS = re.compile(r"\+[0-9]{7,15}(?![0-9])")
_FRACTION = re.compile(r"\+?[0-9]{4,}[.,][0-9]{1,2}")
# A plus sign of another width looks the same on most screens.
_OTHER_PLUS = ("\uff0b", "\ufe62", "\u207a", "\u208a")
_QUOTES = frozenset("'\"`\u00b4\u2018\u2019\u201c\u201d\u02bc")
_PUNCTUATION = frozenset("-.()/\\,;:_*#~|[]{}<>&=!?%$@^")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")

_NATIONAL = "it begins with 0: a national number, without its country code"
_NO_PLUS = "it has no plus: the country code must follow one"

# The characters with which people group the digits of a number; `parse_number` ignores these only.
_GROUPING = re.compile(r"[\s()./\-\u2010-\u2015\u2212]+")
_WRITTEN_NUMBER = re.compile(r"\+?[0-9]+")


class MissingExtraError(ImportError):
    """A package is not installed; the text names the extra of omnimsg that installs it."""


def why_not_e164(text: str) -> str:
    """Explain why a text is not a number in E.164 form, without showing the number.

    Args:
        text: The text, which `is_e164` has refused.
    """
    return f"{_EXAMPLE}: {', and '.join(_faults(text)) or 'it is not one'}"


def may_need_region(explanation: str) -> bool:
    """Return whether `parse_number` may read the number of an explanation if told its region."""
    return _NATIONAL in explanation or _NO_PLUS in explanation


def is_written_number(text: str) -> bool:
    """Return whether a text is a number as people write it: digits, perhaps in groups."""
    return _WRITTEN_NUMBER.fullmatch(_GROUPING.sub("", visible(text))) is not None


def _faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a number, in the order in which to fix it."""
    if not text.strip():
        yield "it is blank" if text else "it is empty"
        return
    if len(_PLUS_AND_DIGITS.findall(text)) > 1:
        yield "it holds several numbers, and a message goes to one"
        return
    yield from invisible_marks(text)
    text = visible(text)
    yield from white_space(text)
    text = "".join(text.split())
    if not text:
        return
    if not any(each.isdigit() for each in text):
        yield "it has no digits"
        return
    if _SCIENTIFIC.fullmatch(text.lstrip("".join(_QUOTES))):
        yield (
            "it is in scientific notation (such as 1.2E+10): a spreadsheet has dropped its last"
            " digits; format the column as text there and take the number from its source"
        )
        return
    if _FRACTION.fullmatch(text):
        yield "it ends in a decimal fraction: a spreadsheet has taken it for an amount"
        return
    yield from _characters(text)
    yield from _prefix_and_length(text)


def _characters(text: str) -> Iterator[str]:
    """Yield a description of each kind of character besides the plus and the digits 0 to 9."""
    if text[0] in _QUOTES:
        kind = "an apostrophe" if text[0] in "'\u2019" else "a quotation mark"
        yield f"it begins with {kind}, with which spreadsheets mark a cell as text"
    elif not _QUOTES.isdisjoint(text):
        yield "it holds a quotation mark or an apostrophe"
    if pluses := [each for each in text if each in _OTHER_PLUS]:
        yield f"it holds {name_of_character(pluses[0])} in place of +"
    if any(each.isdigit() and not each.isascii() for each in text):
        yield "it has digits of another script than 0 to 9"
    dashes = map(name_of_character, sorted(_DASHES.intersection(text)))
    if shown := [*sorted(_PUNCTUATION.intersection(text)), *dashes]:
        is_between = any(each in _DASHES | _PUNCTUATION for each in _between_digits(text))
        yield f"it has {' '.join(shown)} {'between' if is_between else 'beside'} its digits"
    if any(each.isalpha() for each in text):
        yield "it has letters"
    known = {*_QUOTES, *_OTHER_PLUS, *_DASHES, *_PUNCTUATION, "+"}
    strange = [each for each in text if not (each.isalnum() or each in known)]
    if strange:
        yield f"it holds {name_of_character(strange[0])}"


def _between_digits(text: str) -> str:
    """Return what stands from the first digit of a text to its last one."""
    indexes = [index for index, each in enumerate(text) if each.isdigit()]
    return text[indexes[0] : indexes[-1]]


def _prefix_and_length(text: str) -> Iterator[str]:
    """Yield what is wrong with the start and the length of the digits."""
    has_plus = any(each == "+" or each in _OTHER_PLUS for each in text)
    digits = "".join(each for each in text if each.isdigit())
    if text.count("+") > 1:
        yield f"it has {text.count('+')} plus signs"
    elif "+" in text and not text.lstrip("".join(_QUOTES)).startswith("+"):
        yield "its plus is not at the start"
    if not digits.strip("0"):
        yield "its digits are all 0"
        return
    if not has_plus:
        if digits.startswith("00"):
            yield "it begins with 00 in place of the plus"
        elif digits.startswith("0"):
            yield _NATIONAL
        else:
            yield _NO_PLUS
    elif digits.startswith("0"):
        yield "it has 0 after the plus, where the country code belongs"
    significant = digits if has_plus else digits.lstrip("0")
    if not _MIN_DIGITS <= len(significant) <= _MAX_DIGITS:
        count = f"{len(significant)} {'digit' if len(significant) == 1 else 'digits'}"
        yield f"it has {count}, {_MIN_DIGITS} to {_MAX_DIGITS} are allowed"


def parse_number(text: str, region: str | None = None) -> str:
    """Read a number as people write it, and return it in E.164 form.

    Spaces, hyphens, dots, slashes, parentheses and invisible marks are ignored. A number without
    its country code needs a region, because a guessed country texts a stranger. A number that is
    not in use is refused, and so is one that lost digits in a spreadsheet. Needs the extra `phone`.

    Args:
        text: The number, such as "082 000 1004" or "+27 82 000 1004".
        region: The region of a number without a country code, as an ISO 3166-1 code such as "ZA".

    Raises:
        InvalidValue: It is no number of the region, or the region is unknown; the error does not
            show the number.
        MissingExtraError: The package `phonenumberslite` is not installed.
    """
    phonenumbers = _phonenumbers()
    region = None if region is None else check_region(region)
    plain = visible(text).strip()
    digits = _GROUPING.sub("", plain)
    if _FRACTION.fullmatch(plain) or not _WRITTEN_NUMBER.fullmatch(digits):
        raise InvalidValue(Problem("number", why_not_e164(text)))
    where = f"in {region}" if region and not digits.startswith("+") else "in use"
    unknown = InvalidValue(Problem("number", f"is not a number {where}"))
    try:
        # `phonenumbers` ignores the separators, and drops the "(0)" after a country code.
        parsed = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        why = why_not_e164(text)
        if region is None and may_need_region(why):
            unknown = InvalidValue(Problem("number", f"{why}; name its region to read it"))
        raise unknown from None
    if not phonenumbers.is_valid_number(parsed):
        raise unknown
    number: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number


def check_region(region: str) -> str:
    """Return a region in capital letters.

    Raises:
        InvalidValue: There is no such region.
        MissingExtraError: The package `phonenumberslite` is not installed.
    """
    known = region.upper()
    if known not in _phonenumbers().SUPPORTED_REGIONS:
        raise InvalidValue(Problem("region", "must be an ISO 3166-1 code of a country, such as ZA"))
    return known


def _phonenumbers() -> ModuleType:
    """Import the package that knows the numbering plans."""
    try:
        import phonenumbers  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError:
        raise MissingExtraError(
            "reading numbers needs phonenumberslite; pip install 'omnimsg[phone]'"
        ) from None
    return phonenumbers
