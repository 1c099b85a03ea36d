"""The channels a message can travel on."""

from enum import StrEnum

from omnimsg.domain import validate


class Channel(StrEnum):
    """A way to reach a person.

    No provider carries all of them: an adapter's capabilities say which it does, and
    `omnimsg providers` shows them side by side.
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


def to_channel(value: Channel | str | None) -> Channel | None:
    """Convert a channel's exact name, as configuration and JSON have it, to the channel.

    What is no such name is returned as it is, for the validator of the field to refuse.
    """
    return None if value is None else validate.to_enum_member(Channel, value)


def channel_from(name: object) -> Channel | None:
    """Read a channel from a provider's word; `None` for one that omnimsg does not know yet.

    Case and surrounding blanks are ignored: Clickatell's own callback samples hold `"whatsapp "`.
    """
    if not isinstance(name, str):
        return None
    return _BY_NAME.get(name) or _BY_NAME.get(name.strip().lower())


# A lookup costs a fraction of a call of the enumeration; every leg of every answer has one.
_BY_NAME: dict[str, Channel] = {each.value: each for each in Channel}
