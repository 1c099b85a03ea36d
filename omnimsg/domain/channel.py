"""The channels that messages are sent on, and how their names are read."""

from __future__ import annotations

from enum import StrEnum

from attrs.validators import optional

from omnimsg.domain import validate


class Channel(StrEnum):
    """A way to reach a person.

    No provider supports all of them: an adapter's capabilities list the ones it does, and
    `omnimsg providers` compares them.
    """

    SMS = "sms"
    WHATSAPP = "whatsapp"
    VIBER = "viber"
    RCS = "rcs"
    EMAIL = "email"
    TELEGRAM = "telegram"
    LINE = "line"
    MESSENGER = "messenger"
    INSTAGRAM = "instagram"
    LINKEDIN = "linkedin"
    TIKTOK = "tiktok"
    APPLE = "apple"
    PUSH = "push"


def to_channel(value: Channel | str) -> Channel:
    """Convert a channel's exact name, as configuration and JSON have it, to the channel.

    Anything else is returned unchanged, for the field's validator to refuse.
    """
    return validate.to_enum_member(Channel, value)


def to_optional_channel(value: Channel | str | None) -> Channel | None:
    """Convert like `to_channel`, and leave `None` alone."""
    return None if value is None else to_channel(value)


def channel_from(name: object) -> Channel | None:
    """Read a channel from a provider's name for it; `None` if omnimsg does not know it yet.

    Case and surrounding whitespace are ignored: Clickatell's own callback samples contain
    `"whatsapp "`.
    """
    if not isinstance(name, str):
        return None
    return _BY_NAME.get(name) or _BY_NAME.get(name.strip().lower())


optional_channel: validate.Validator = optional(validate.enum_member(Channel))
"""The validator of a field that has a channel, or `None`."""

# A dict lookup costs a fraction of calling the enum, and every leg of every answer needs one.
_BY_NAME: dict[str, Channel] = {each.value: each for each in Channel}
