"""Count the parts of an SMS, and find the characters that force UCS-2.

Source: 3GPP TS 23.038, 6.2.1 (the GSM 7 bit default alphabet and its extension table) and 6.2.3
(UCS-2); TS 23.040, 9.2.3.24.1 (a concatenated message loses 6 of its 140 octets for each part).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of their codes, sixteen to a line; 0x1B is the escape to the extension table.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"

# Units of each character: septets of the alphabet.
_SEPTETS: dict[str, int] = {
    **dict.fromkeys(_BASIC.replace("\x1b", ""), 1),
    **dict.fromkeys(_EXTENSION, 2),
}


class SmsEncoding(StrEnum):
    """The encoding of an SMS.

    Attributes:
        GSM_7: The GSM 7 bit alphabet, in septets; some characters take two.
        UCS_2: UTF-16, in units of two octets; a character beyond the first plane takes two.
    """

    GSM_7 = "gsm_7"
    UCS_2 = "ucs_2"


# Units of a single part, and of each part of a concatenated message.
_CAPACITY = {SmsEncoding.GSM_7: (160, 153), SmsEncoding.UCS_2: (70, 67)}


@attrs.frozen(kw_only=True)
class SmsParts:
    """The encoding, the length and the number of parts of an SMS.

    Attributes:
        encoding: The encoding.
        units: Septets of GSM-7, or two-octet units of UCS-2, without units that parts leave empty.
        parts: The number of parts, each of which is billed.
        left: Units that are free in the last part.
        forcing: The characters that force UCS-2, each once, in the order of the text; empty for
            GSM-7.
    """

    encoding: SmsEncoding
    units: int
    parts: int
    left: int
    forcing: tuple[str, ...] = ()


def parts_of(text: str) -> SmsParts:
    """Count the parts of a text that is sent as an SMS.

    A character that takes two units is never split between parts. A provider may replace characters
    first, depending on its own options.
    """
    forcing = tuple(dict.fromkeys(each for each in text if each not in _SEPTETS))
    if forcing:
        encoding, widths = SmsEncoding.UCS_2, [2 if each > "\uffff" else 1 for each in text]
    else:
        encoding, widths = SmsEncoding.GSM_7, [_SEPTETS[each] for each in text]
    units = sum(widths)
    single, multipart = _CAPACITY[encoding]
    if units <= single:
        parts, left = 1, single - units
    else:
        parts, left = _fill(widths, multipart)
    return SmsParts(encoding=encoding, units=units, parts=parts, left=left, forcing=forcing)


def _fill(widths: Sequence[int], capacity: int) -> tuple[int, int]:
    """Return the number of parts, and the free units of the last one."""
    parts, left = 1, capacity
    for width in widths:
        if width > left:
            parts, left = parts + 1, capacity
        left -= width
    return parts, left
