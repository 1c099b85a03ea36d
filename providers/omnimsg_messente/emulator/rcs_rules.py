"""The rules for an RCS message.

Source: the Rcs objects of Messente's OpenAPI document (version 2.1.0). The guide calls `sender`
optional; the stricter schema applies.
"""

from collections.abc import Iterator
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Violation,
    ViolationKind,
    exactly_one,
    fields,
    flag,
    items,
    nullable,
    number,
    text,
)
from omnimsg_messente.emulator.leg_rules import ONE_TTL, SENDER, TTL_FIELDS

_NONEMPTY = text(1)
_URL = text(1, 2048, format="HTTP URL")
_LABEL = {"text": text(1, 25), "postback_data": text(0, 2048)}


# By the descriptions of `query` and `label`: a query stands instead of a place, and a label belongs
# to the pin of a place.
_PLACES = ({"lat_long"}, {"lat_long", "label"}, {"query"})


def _check_place(value: Json) -> Iterator[Violation]:
    """Require a place or a query; null counts as absent."""
    given = {name for name, member in value.items() if member is not None}
    if not given:
        yield Violation((), ViolationKind.MISSING, "one of lat_long, query is required")
    elif given not in _PLACES:
        listed = ", ".join(sorted(given))
        yield Violation((), ViolationKind.VALUE, f"not a valid combination: {listed}")


_ACTIONS = {
    "dial_action": fields(required={"phone_number": text(format="E.164 number")}),
    "view_location_action": fields(
        _check_place,
        optional={
            "lat_long": fields(
                required={"latitude": number(-90, 90), "longitude": number(-180, 180)}
            ),
            "label": nullable(text()),
            "query": nullable(text()),
        },
    ),
    "create_calendar_event_action": fields(
        required={
            "start_time": _NONEMPTY,
            "end_time": _NONEMPTY,
            "title": text(0, 100),
            "description": text(0, 500),
        }
    ),
    "open_url_action": fields(
        required={"url": _URL, "application": text(one_of=("BROWSER", "WEBVIEW"))},
        optional={
            "webview_view_mode": text(one_of=("FULL", "HALF", "TALL")),
            "description": text(),
        },
    ),
    "share_location_action": fields(),
}

_SUGGESTION = fields(
    exactly_one("reply", "action"),
    optional={
        "reply": fields(required=_LABEL),
        "action": fields(
            exactly_one(*_ACTIONS),
            required=_LABEL,
            optional={"fallback_url": nullable(_URL), **_ACTIONS},
        ),
    },
)

_CONTENT_INFO = fields(
    required={"file_url": text(format="HTTP URL"), "force_refresh": flag},
    optional={"thumbnail_url": nullable(text(format="HTTP URL"))},
)

_CARD = fields(
    optional={
        "title": nullable(text(0, 200)),
        "description": nullable(text(0, 2000)),
        "media": fields(
            required={
                "height": text(one_of=("SHORT", "MEDIUM", "TALL")),
                "content_info": _CONTENT_INFO,
            }
        ),
        "suggestions": items(_SUGGESTION, 0, 4),
    }
)

_RICH_CARD = fields(
    exactly_one("standalone_card", "carousel_card"),
    optional={
        "standalone_card": fields(
            required={
                "card_orientation": text(one_of=("VERTICAL", "HORIZONTAL")),
                "thumbnail_image_alignment": text(one_of=("LEFT", "RIGHT")),
                "card_content": _CARD,
            }
        ),
        "carousel_card": fields(
            required={
                "card_width": text(one_of=("SMALL", "MEDIUM")),
                "card_contents": items(_CARD, 2, 10),
            }
        ),
    },
)

_CONTENT = {"text": text(1, 3072), "content_info": _CONTENT_INFO, "rich_card": _RICH_CARD}

RCS: Final = fields(
    ONE_TTL,
    exactly_one(*_CONTENT),
    required={"channel": text(one_of=("rcs",)), "sender": SENDER},
    optional={
        **TTL_FIELDS,
        "suggestions": items(_SUGGESTION, 0, 11),
        **_CONTENT,
    },
)
"""The RCS message of an omnimessage."""
