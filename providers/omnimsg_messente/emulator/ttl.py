"""The two fields of a message that limit how long its delivery is attempted.

The omnichannel documents limit neither. No message is kept for years, so the longest time that any
channel is known to keep a message applies to all channels: Viber's fourteen days.
"""

from typing import Final

from omnimsg.sandbox.schema import Rule, number

_DAYS: Final = 14

TTL_FIELDS: Final[dict[str, Rule]] = {
    "validity": number(1, _DAYS * 24 * 60, integer=True),
    "ttl": number(1, _DAYS * 24 * 3600, integer=True),
}
"""`validity` is in minutes, `ttl` in seconds."""
