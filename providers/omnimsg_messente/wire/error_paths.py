"""Which field of our message an error's `source` means.

Messente writes `payload[sms][sender]`: the channel's name and then the field, or the field alone
where it belongs to the whole message (Messente SMS documentation; the latter by analogy). What
follows a leg's field is not documented; it is left in `raw`.
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

Blame = tuple[str | None, Reason | None]

# Messente's field: ours, and the reason that a bad value of it is.
_WHOLE: Mapping[str, Blame] = {
    "to": ("to", Reason.INVALID_RECIPIENT),
    "time_to_send": ("send_at", Reason.INVALID_MESSAGE),
    "dlr_url": ("callback_url", Reason.INVALID_MESSAGE),
    "priority": ("priority", Reason.INVALID_MESSAGE),
    "messages": ("fallback", Reason.INVALID_MESSAGE),
}
_LEG: Mapping[str, Blame] = {
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

# Where the words of each kind of content are.
_WORDS = {Text: ".text", Media: ".caption", Interactive: ".body", Carousel: ".text"}


def blamed(source: object, message: Message, adapter: Adapter[Any]) -> Blame:
    """Name the field of our message to blame, and the reason that is; `None` where unknown."""
    if not isinstance(source, str) or not source.startswith("payload["):
        return None, None
    first, *rest = _KEYS.findall(source) or [""]
    extras = adapter.extras_of(message)
    channel = channel_from(first)
    if channel is None:
        if first in extras:
            return f"extras.{adapter.provider}.{first}", Reason.INVALID_MESSAGE
        return _WHOLE.get(first, (None, None))
    legs = {leg.channel: place for place, leg in enumerate(message.fallback)}
    ours = channel == adapter.channel_of(message)
    if not rest or not (ours or channel in legs):
        return None, None
    if rest[0] in extras.get(channel, {}):
        return f"extras.{adapter.provider}.{channel.value}.{rest[0]}", Reason.INVALID_MESSAGE
    path, reason = _LEG.get(rest[0], (None, None))
    if path is None:
        return None, None
    own = message.content if ours else message.fallback[legs[channel]].content
    content = own or message.content
    if rest[0] == "text":
        path += _WORDS.get(content.__class__, "")
    elif rest[0] == "suggestions":
        path += ".actions" if isinstance(content, Interactive) else ".suggestions"
    # A leg that repeats the message's content is mended there.
    repeated = not ours and own is None and path.startswith("content")
    return (path if ours or repeated else f"fallback[{legs[channel]}].{path}"), reason
