"""A fast path that reads a plain text message from JSON in half the time of the converter."""

from __future__ import annotations

from typing import Any

from omnimsg.domain.content import Text
from omnimsg.domain.invalid_value import InvalidValue
from omnimsg.domain.message import Message

_FIELDS = frozenset(("to", "content", "reference", "sender"))


def plain_text_from_json(data: dict[str, Any]) -> Message | None:
    """Read a message that has a recipient, text without options, a reference and perhaps a sender.

    Return `None` for any other message and for an invalid one: the converter names its problems.
    """
    content = data.get("content")
    if not (data.keys() <= _FIELDS and isinstance(content, dict) and len(content) == 2):
        return None
    to, text, reference = data.get("to"), content.get("text"), data.get("reference")
    if content.get("type") != Text.kind or not type(to) is type(text) is type(reference) is str:
        return None
    try:
        return Message(to, text, reference=reference, sender=data.get("sender"))
    except InvalidValue:
        return None
