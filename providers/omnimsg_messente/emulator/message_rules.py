"""The rules for the payload of an omnimessage.

Sources: Messente Omnichannel API reference, and the OpenAPI document of messente-api-java
(version 2.1.0); the older hand-written reference for "no two messages of one channel" and Viber's
1000 characters. Where they differ, the stricter one applies.
"""

from collections.abc import Iterator
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Violation,
    ViolationKind,
    anything,
    fields,
    items,
    mapping,
    number,
    tagged,
    text,
)
from omnimsg_messente.emulator.leg_rules import ONE_TTL, SENDER, SMS_SENDER, TTL_FIELDS
from omnimsg_messente.emulator.rcs_rules import RCS
from omnimsg_messente.emulator.whatsapp_rules import WHATSAPP

# Messente recommends this maximum for response time; the sandbox enforces it.
_MAX_BULK_MESSAGES = 1000

_MAX_VIBER_VIDEO_BYTES = 200_000_000
_VIBER_CONTENT = ("text", "image_url", "button_url", "button_text", "video", "template", "carousel")
_VIBER_COMBINATIONS = frozenset(
    frozenset(names)
    for names in (
        ("image_url",),
        ("text",),
        ("text", "button_text", "button_url"),
        ("text", "image_url", "button_text", "button_url"),
        ("video",),
        ("video", "text"),
        ("video", "text", "button_text"),
        ("video", "text", "button_text", "button_url"),
        ("carousel", "text"),
        # The documents name nothing that a template can be combined with.
        ("template",),
    )
)


def _check_viber_combination(value: Json) -> Iterator[Violation]:
    present = frozenset(name for name in _VIBER_CONTENT if name in value)
    if not present:
        yield Violation((), ViolationKind.MISSING, "a Viber message needs content")
    elif present not in _VIBER_COMBINATIONS:
        listed = ", ".join(sorted(present))
        yield Violation((), ViolationKind.VALUE, f"not a valid combination for Viber: {listed}")


def _check_distinct_channels(value: Json) -> Iterator[Violation]:
    channels = [message["channel"] for message in value["messages"]]
    for index, channel in enumerate(channels):
        if channel in channels[:index]:
            path = ("messages", index, "channel")
            yield Violation(path, ViolationKind.VALUE, f"{channel} may appear only once")


_URL = text(format="HTTP URL")
_NONEMPTY = text(1)

_SMS = fields(
    ONE_TTL,
    required={"channel": text(one_of=("sms",)), "text": _NONEMPTY},
    optional={
        **TTL_FIELDS,
        "sender": SMS_SENDER,
        "autoconvert": text(one_of=("on", "full", "off")),
        "udh": text(format="hex string"),
    },
)

_VIBER_BUTTON = fields(required={"label": _NONEMPTY, "action_url": _URL})
_VIBER = fields(
    ONE_TTL,
    _check_viber_combination,
    required={"channel": text(one_of=("viber",))},
    optional={
        **TTL_FIELDS,
        "sender": SENDER,
        "text": text(1, 1000),
        "image_url": _URL,
        "button_url": _URL,
        "button_text": _NONEMPTY,
        "video": fields(
            required={
                "url": _URL,
                "thumbnail": _URL,
                "file_size": number(1, _MAX_VIBER_VIDEO_BYTES, integer=True),
                "duration": number(1, 600, integer=True),
            }
        ),
        "template": fields(
            required={"id": _NONEMPTY, "lang": _NONEMPTY}, optional={"params": mapping(text())}
        ),
        "carousel": fields(
            required={
                "items": items(
                    fields(
                        required={
                            "title": text(2, 38),
                            "image_url": _URL,
                            "primary_button": _VIBER_BUTTON,
                        },
                        optional={"secondary_button": _VIBER_BUTTON},
                    ),
                    2,
                    5,
                )
            }
        ),
    },
)

_MESSAGE = tagged("channel", {"sms": _SMS, "viber": _VIBER, "whatsapp": WHATSAPP, "rcs": RCS})

OMNIMESSAGE: Final = fields(
    _check_distinct_channels,
    required={"to": text(format="E.164 number"), "messages": items(_MESSAGE, 1)},
    optional={
        "dlr_url": _URL,
        "text_store": text(one_of=("nostore", "plaintext", "sha256")),
        "time_to_send": text(format="ISO 8601 time"),
        "priority": text(one_of=("low", "regular", "high")),
    },
)
"""The body of one omnimessage."""


BULK: Final = fields(required={"messages": items(anything, 1, _MAX_BULK_MESSAGES)})
"""The body of a bulk; its elements are checked one by one by `OMNIMESSAGE`."""
