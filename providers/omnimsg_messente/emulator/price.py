"""The price that Messente reports for a message.

Source: the PriceInfo schema of Messente's OpenAPI document: prices are decimals in strings, in no
named currency. The price of a part is invented. `autoconvert` follows the API reference: `full`
replaces every character outside GSM 03.38, so that a text never needs UCS-2.
"""

from decimal import Decimal
from typing import Any, Final

from omnimsg.sandbox.schema import Json
from omnimsg.sandbox.sms_parts import GSM, GSM_ESCAPED, count_parts

_PART_PRICE: Final = Decimal("0.05")


def price_info(message: dict[str, Json]) -> dict[str, Any]:
    """Return the `price_info` of one channel's message as it was sent."""
    count = _sms_parts(message) if message["channel"] == "sms" else 1
    return {
        "part_price": str(_PART_PRICE),
        "parts_count": count,
        "total_price": str(_PART_PRICE * count),
    }


def _sms_parts(message: dict[str, Json]) -> int:
    text: str = message["text"]
    if message.get("autoconvert") == "full":
        text = "".join(char if char in GSM | GSM_ESCAPED else "?" for char in text)
    return count_parts(text)
