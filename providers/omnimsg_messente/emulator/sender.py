"""The sender of a message: "Phone number or alphanumeric sender name".

The documents name no characters, so every one but a control character is accepted. On SMS a name
has up to eleven characters, which is GSM's limit, and a number up to fifteen digits, which is
E.164's.
"""

from typing import Final

from omnimsg.sandbox.schema import Rule, text

_VISIBLE: Final = r"[^\x00-\x1f\x7f-\x9f]"

SENDER: Final[Rule] = text(pattern=rf"{_VISIBLE}+")
SMS_SENDER: Final[Rule] = text(pattern=rf"\+?[0-9]{{1,15}}|{_VISIBLE}{{1,11}}")
