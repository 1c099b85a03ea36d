"""Count the parts of an SMS.

Source: 3GPP TS 23.038 (GSM 7 bit default alphabet and its extension table, UCS-2) and TS 23.040
(a concatenation header takes 6 of the 140 octets).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED: Final = frozenset("\f^{}\\[~]|€")


def _count_filled(widths: Iterable[int], capacity: int) -> int:
    """Count parts of ``capacity`` units when no character may be split between two parts."""
    count, used = 1, 0
    for width in widths:
        if used + width > capacity:
            count, used = count + 1, 0
        used += width
    return count


@attrs.frozen(kw_only=True)
class Encoded:
    """The encoding of a text as SMS.

    Attributes:
        encoding: ``GSM-7`` or ``UCS-2``.
        units: The length of the text in septets, or in UTF-16 units.
        parts: The number of parts.
        capacity: The units that these parts hold.
        forced_by: The characters that need UCS-2, each once, in order.
    """

    encoding: str
    units: int
    parts: int
    capacity: int
    forced_by: str


def encode(text: str) -> Encoded:
    """Return the SMS encoding of a text.

    A single part holds 160 septets or 70 UTF-16 units; one of several holds 153 or 67.
    """
    forced_by = "".join(
        dict.fromkeys(char for char in text if not (char in GSM or char in GSM_ESCAPED))
    )
    if forced_by:
        widths, single, several = [2 if char > "\uffff" else 1 for char in text], 70, 67
    else:
        widths, single, several = [2 if char in GSM_ESCAPED else 1 for char in text], 160, 153
    units = sum(widths)
    parts = 1 if units <= single else _count_filled(widths, several)
    return Encoded(
        encoding="UCS-2" if forced_by else "GSM-7",
        units=units,
        parts=parts,
        capacity=single if parts == 1 else several * parts,
        forced_by=forced_by,
    )


def count_parts(text: str) -> int:
    """Return the number of parts of a text."""
    return encode(text).parts


def count_binary_parts(octets: int) -> int:
    """Return the number of SMS parts of 8-bit data, its user data header included.

    A single part holds 140 octets; one of several holds 134.
    """
    return 1 if octets <= 140 else -(-octets // 134)
