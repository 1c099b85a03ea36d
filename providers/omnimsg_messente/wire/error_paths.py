"""Map an error's `source` to the path of a field in our message.

Messente writes `payload[sms][sender]`: the channel's name and then the field, or only the field if
it belongs to the whole message (Messente SMS documentation; the latter by analogy). Further keys
after a leg's field are not documented; they are only kept in `raw`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omnimsg.domain.channel import channel_from
from omnimsg.domain.content import Carousel, Interactive, Media, Text
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg.domain.message import Message

_KEYS = re.compile(r"\[([^\[\]]*)\]")

FieldAndReason = tuple[str | None, Reason | None]

# By Messente's field: our field, and the reason of a failure for a bad value.
_MESSAGE_FIELDS: Mapping[str, FieldAndReason] = {
    "to": ("to", Reason.INVALID_RECIPIENT),
    "time_to_send": ("send_at", Reason.INVALID_MESSAGE),
    "dlr_url": ("callback_url", Reason.INVALID_MESSAGE),
    "priority": ("priority", Reason.INVALID_MESSAGE),
    "messages": ("fallback", Reason.INVALID_MESSAGE),
}
_LEG_FIELDS: Mapping[str, FieldAndReason] = {
    "sender": ("sender", Reason.INVALID_SENDER),
    "ttl": ("ttl", Reason.INVALID_MESSAGE),
    "channel": ("channel", Reason.INVALID_MESSAGE),
    "template": ("content", Reason.TEMPLATE_INVALID),
    "udh": ("content.udh", Reason.INVALID_CONTENT),
    "autoconvert": ("content.autoconvert", Reason.INVALID_CONTENT),
    "button_text": ("content.actions[0]", Reason.INVALID_CONTENT),
    "button_url": ("content.actions[0]", Reason.INVALID_CONTENT),
    **dict.fromkeys(
        (
            "audio",
            "carousel",
            "content_info",
            "document",
            "image",
            "image_url",
            "rich_card",
            "sticker",
            "suggestions",
            "text",
            "video",
        ),
        ("content", Reason.INVALID_CONTENT),
    ),
}

# The field that holds the text of each kind of content.
_TEXT_FIELD = {Text: ".text", Media: ".caption", Interactive: ".body", Carousel: ".text"}


def field_and_reason(source: object, message: Message, adapter: Adapter[Any]) -> FieldAndReason:
    """Return the path of our field and the reason of the failure; `None` for each if unknown."""
    if not isinstance(source, str) or not source.startswith("payload["):
        return None, None
    first, *rest = _KEYS.findall(source) or [""]
    extras = adapter.extras_of(message)
    channel = channel_from(first)
    if channel is None:
        if first in extras:
            return f"extras.{adapter.provider}.{first}", Reason.INVALID_MESSAGE
        path, reason = _MESSAGE_FIELDS.get(first, (None, None))
        return (None if path == "fallback" and not message.fallback else path), reason
    leg_index = {leg.channel: index for index, leg in enumerate(message.fallback)}
    is_first = channel == adapter.channel_of(message)
    if not rest or not (is_first or channel in leg_index):
        return None, None
    if rest[0] in extras.get(channel, {}):
        return f"extras.{adapter.provider}.{channel.value}.{rest[0]}", Reason.INVALID_MESSAGE
    path, reason = _LEG_FIELDS.get(rest[0], (None, None))
    if path is None:
        return None, None
    own_content = message.content if is_first else message.fallback[leg_index[channel]].content
    content = own_content or message.content
    if rest[0] == "text":
        path += _TEXT_FIELD.get(content.__class__, "")
    elif rest[0] == "suggestions":
        path += ".actions" if isinstance(content, Interactive) else ".suggestions"
    # A leg without content of its own repeats the message's, so the path is that of the message.
    is_repeated = not is_first and own_content is None and path.startswith("content")
    return (path if is_first or is_repeated else f"fallback[{leg_index[channel]}].{path}"), reason
