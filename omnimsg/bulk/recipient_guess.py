"""Recognize cells that contain a recipient, also a misspelt one.

Used to detect a missing header or a wrong column. Recipients are validated by `Message`, not here.
"""

from __future__ import annotations

import re

from omnimsg.domain.address import is_email, is_mailbox
from omnimsg.domain.stray_characters import visible

_MIN_DIGITS, _MAX_DIGITS = 7, 20
# Digits that are no number: the year at one end of a date, or hours and minutes.
_DATE = re.compile(
    r"(?:(?:19|20)[0-9]{2}([-./])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-./])[0-9]{1,2}\2(?:19|20)[0-9]{2})"
    r"(?![-./0-9])"
)
_TIME = re.compile(r"[0-9]:[0-9]{2}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9][.,]?[0-9]*[eE][+-]?[0-9]{1,2}")


def looks_like_recipient(cell: str) -> bool:
    """Return whether a cell is a phone number or an e-mail address, also a misspelt number."""
    cell = visible(cell).strip().strip("'\"")
    if is_mailbox(cell):
        return is_email(cell.removeprefix("mailto:")) is not None
    cell = cell.removeprefix("tel:")
    if _DATE.match(cell) or _TIME.search(cell):
        return False
    digits = sum(each.isdigit() for each in cell)
    letters = sum(each.isalpha() for each in cell)
    if letters and not cell.startswith("+"):
        return _SCIENTIFIC.fullmatch(cell) is not None
    return _MIN_DIGITS <= digits <= _MAX_DIGITS and letters * 2 <= digits
