"""The rules for the members that the messages of all channels have: sender, ttl and validity.

The sender is a "phone number or alphanumeric sender name". The documents name no characters, so
every one but a control character is accepted. On SMS a name has up to eleven characters, which is
GSM's limit, and a number up to fifteen digits, which is E.164's.

The omnichannel documents limit neither ttl nor validity. No message is kept for years, so the
longest time that any channel is known to keep a message applies to all channels: Viber's fourteen
days.
"""

from typing import Final

from omnimsg.sandbox.schema import Rule, at_most_one, number, text

_VISIBLE: Final = r"[^\x00-\x1f\x7f-\x9f]"
_DAYS: Final = 14

SENDER: Final[Rule] = text(pattern=rf"{_VISIBLE}+")
SMS_SENDER: Final[Rule] = text(pattern=rf"\+?[0-9]{{1,15}}|{_VISIBLE}{{1,11}}")

TTL_FIELDS: Final[dict[str, Rule]] = {
    "validity": number(1, _DAYS * 24 * 60, integer=True),
    "ttl": number(1, _DAYS * 24 * 3600, integer=True),
}
"""`validity` is in minutes, `ttl` in seconds."""

ONE_TTL: Final[Rule] = at_most_one("ttl", "validity")
