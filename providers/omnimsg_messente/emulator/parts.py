"""How many parts an SMS takes, and what Messente reports as its price.

Sources: Messente's sms-length-calculator (limits of 160/153 and 70/67, characters that count
twice, no escape pair across a part boundary); the OpenAPI document for the shape of `price_info`:
prices are decimals in strings, in no named currency.
"""

from decimal import Decimal
from typing import Any, Final

__all__ = ["parts", "price"]

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED: Final = frozenset("\f^{}\\[~]|€")
_PART_PRICE: Final = Decimal("0.05")


def parts(text: str, *, converted: bool = False) -> int:
    """Return the number of SMS parts of a text.

    Args:
        text: What is sent.
        converted: Every character outside GSM 03.38 is replaced by one of it (`autoconvert` full).
    """
    if converted or all(char in _GSM or char in _ESCAPED for char in text):
        widths = [2 if char in _ESCAPED else 1 for char in text]
        return _split(widths, 160, 153)
    # UCS-2 counts UTF-16 units; a surrogate pair stays together as an escape pair does.
    return _split([len(char.encode("utf-16-be")) // 2 for char in text], 70, 67)


def _split(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, room = 1, joined
    for width in widths:
        if width > room:
            count, room = count + 1, joined
        room -= width
    return count


def price(count: int) -> dict[str, Any]:
    """Return the `price_info` of a message of `count` parts."""
    return {
        "part_price": str(_PART_PRICE),
        "parts_count": count,
        "total_price": str(_PART_PRICE * count),
    }
