"""The rules for a template message.

Source: the One API reference, ``WhatsAppMessageTemplate`` and what it refers to; parameter values:
Clickatell "One API: send templated message".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.schema import (
    Rule,
    at_most_one,
    exactly_one,
    fields,
    items,
    mapping,
    number,
    tagged,
    text,
)
from omnimsg_clickatell.emulator.value_rules import (
    COORDINATES,
    NONEMPTY,
    constrained,
    header,
    unique_by,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETER = re.compile(r"[\n\r\t]| {5}")


def _kinds_are_adjacent(buttons: list[dict[str, Any]]) -> bool:
    kinds = [button["type"] for button in sorted(buttons, key=lambda button: button["index"])]
    runs = [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind]
    return len(runs) == len(set(runs))


def _keys_are_counted(parameters: Mapping[str, str]) -> bool:
    return set(parameters) == {str(n + 1) for n in range(len(parameters))}


_parameter = constrained(
    text(), ("must hold no newline, tab or five spaces", lambda value: not _PARAMETER.search(value))
)
_parameters = constrained(
    mapping(_parameter), ("must have the keys 1, 2 and so on", _keys_are_counted)
)
_one_parameter = constrained(_parameters, ("must be at most one", lambda value: len(value) <= 1))


def _button(kind: str, member: str, value: Rule) -> Rule:
    return fields(
        required={
            "index": number(1, 2**31 - 1, integer=True),
            "type": NONEMPTY,
            kind: fields(required={member: value}),
        }
    )


_template_buttons = constrained(
    items(
        tagged(
            "type",
            {
                "url": _button("url", "url", _parameter),
                "suggestedResponse": _button("suggestedResponse", "postbackData", NONEMPTY),
                "couponCode": _button("couponCode", "code", text(1, 15)),
                "otp": _button("otp", "code", NONEMPTY),
            },
        ),
        max_items=10,
    ),
    ("must hold each index once", unique_by("index")),
    ("must have the buttons of a kind side by side", _kinds_are_adjacent),
)
_old_buttons = fields(
    exactly_one("suggestedResponse", "websiteUrl"),
    optional={
        "suggestedResponse": fields(
            required={
                "postbackData": constrained(
                    mapping(text(1)),
                    (
                        "must have at most 3 numbered buttons",
                        lambda value: set(value) <= {"1", "2", "3"},
                    ),
                    ("must not be empty", bool),
                )
            }
        ),
        "websiteUrl": items(
            fields(
                required={"listPosition": number(1, 2, integer=True)},
                optional={"parameters": _one_parameter},
            ),
            1,
        ),
    },
)
TEMPLATE: Final = fields(
    at_most_one("buttons", "templateButtons"),
    required={"templateName": NONEMPTY, "body": fields(optional={"parameters": _parameters})},
    optional={
        "language": NONEMPTY,
        "header": tagged(
            "type",
            {
                "text": header("text", fields(optional={"parameters": _one_parameter})),
                "media": header("media", fields(required={"fileId": NONEMPTY})),
                "location": header(
                    "location",
                    fields(required={**COORDINATES, "name": NONEMPTY, "address": NONEMPTY}),
                ),
            },
        ),
        "templateButtons": _template_buttons,
        "buttons": _old_buttons,
    },
)
