"""Count the parts of an SMS.

Source: 3GPP TS 23.038 (GSM 7 bit default alphabet and its extension table, UCS-2) and TS 23.040
(a concatenation header takes 6 of the 140 octets).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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


def count_parts(text: str) -> int:
    """Return the number of parts of a text: 160 or 153 septets each, or 70 or 67 UTF-16 units."""
    if all(char in GSM or char in GSM_ESCAPED for char in text):
        widths, single, several = [2 if char in GSM_ESCAPED else 1 for char in text], 160, 153
    else:
        widths, single, several = [2 if char > "\uffff" else 1 for char in text], 70, 67
    return 1 if sum(widths) <= single else _count_filled(widths, several)


def count_binary_parts(octets: int) -> int:
    """Return the number of parts of 8-bit data, its user data header included: 140 or 134."""
    return 1 if octets <= 140 else -(-octets // 134)
