"""The rules for a message body.

Source: the CreateMessage schema of Bird's OpenAPI document (Channels API, Messaging). Objects that
the schema leaves open are closed here, because Bird documents no other properties for them.
"""

from collections.abc import Iterable
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Rule,
    Violation,
    anything,
    at_least_one,
    fields,
    flag,
    items,
    mapping,
    never,
    nullable,
    number,
    tagged,
    text,
)

_NONEMPTY = text(1)
_URL = text(1, format="HTTP URL")


def _typed(name: str, content: Rule) -> Rule:
    """Accept `{type, NAME: content}`, a body or an action whose type has chosen the rule."""
    return fields(required={"type": anything, name: content})


_LABEL = fields(optional={"description": fields(optional={"label": text(0, 72)})})

_ACTIONS: Final = {
    "link": fields(
        # Any URI, or a text with a placeholder.
        required={
            "text": _NONEMPTY,
            "url": text(1, pattern=r"[A-Za-z][A-Za-z0-9+.-]*:\S+|.*\{\{[^{}]+\}\}.*"),
        }
    ),
    "reply": fields(required={"text": _NONEMPTY}, optional={"imageUrl": _URL, "metadata": _LABEL}),
    "buy": fields(
        required={"text": _NONEMPTY, "amountCents": number(integer=True), "currency": text(3, 3)}
    ),
    "postback": fields(
        required={"text": _NONEMPTY},
        optional={"payload": text(), "imageUrl": _URL, "metadata": _LABEL},
    ),
}

ACTION: Final = tagged(
    "type",
    {
        **{name: _typed(name, content) for name, content in _ACTIONS.items()},
        # The only action whose content may be omitted.
        "locationRequest": fields(
            required={"type": text()},
            optional={"locationRequest": nullable(fields(optional={"text": _NONEMPTY}))},
        ),
    },
)
"""A button or suggestion."""

_OPTIONAL_ACTIONS = nullable(items(ACTION))

_TELEGRAM = fields(optional={"parseMode": text(one_of=("Markdown", "MarkdownV2"))})

_TEXT = fields(
    required={"text": _NONEMPTY},
    optional={
        "attachments": nullable(
            items(
                fields(
                    required={"mediaUrl": _URL, "filename": _NONEMPTY},
                    optional={"inline": flag, "contentId": _NONEMPTY},
                )
            )
        ),
        "actions": _OPTIONAL_ACTIONS,
        "metadata": fields(
            optional={
                "subject": text(),
                "headers": mapping(text()),
                "whatsapp": fields(optional={"previewUrl": flag}),
                "line": fields(
                    optional={
                        "emoji": fields(
                            optional={
                                "items": nullable(
                                    items(
                                        fields(
                                            required={
                                                "index": number(0, integer=True),
                                                "productId": _NONEMPTY,
                                                "emojiId": _NONEMPTY,
                                            },
                                            optional={"length": nullable(number(0, integer=True))},
                                        )
                                    )
                                )
                            }
                        )
                    }
                ),
                "telegram": _TELEGRAM,
                "apple": fields(optional={"summaryText": text()}),
            }
        ),
    },
)

_REMOTE = fields(
    required={"mediaUrl": _URL, "filename": _NONEMPTY},
    optional={"inline": flag, "contentType": _NONEMPTY, "contentId": _NONEMPTY},
)
_INLINE = fields(
    required={"content": _NONEMPTY, "contentType": _NONEMPTY, "filename": _NONEMPTY},
    optional={"inline": flag, "contentId": _NONEMPTY},
)


def _attachment(value: Json) -> Iterable[Violation]:
    """Accept an attachment with a URL, or one with inline content."""
    inline = isinstance(value, dict) and "content" in value
    return (_INLINE if inline else _REMOTE)(value)


EMAIL_SENDER: Final = fields(
    optional={"username": text(pattern="[A-Za-z0-9_.+/-]+"), "displayName": text()}
)

_HTML = fields(
    at_least_one("text", "html"),
    optional={
        "text": _NONEMPTY,
        "html": _NONEMPTY,
        "attachments": nullable(items(_attachment)),
        "actions": _OPTIONAL_ACTIONS,
        "metadata": fields(
            optional={
                "subject": text(),
                "emailFrom": EMAIL_SENDER,
                "headers": mapping(text()),
                "initialOpenTracking": flag,
                "openTracking": flag,
                "clickTracking": flag,
            }
        ),
    },
)

_MEDIA_METADATA = fields(
    optional={
        "subject": text(),
        "fallbackText": text(),
        "storyType": text(),
        "telegram": _TELEGRAM,
    }
)

_IMAGE = fields(
    required={
        "images": items(fields(required={"mediaUrl": _URL}, optional={"altText": text()}), 1)
    },
    optional={"text": text(), "actions": _OPTIONAL_ACTIONS, "metadata": _MEDIA_METADATA},
)

_FILE = fields(
    required={
        "files": items(
            fields(
                required={"mediaUrl": _URL, "contentType": _NONEMPTY},
                optional={
                    "filename": text(),
                    "altText": text(),
                    "metadata": fields(optional={"isAnimated": flag}),
                },
            ),
            1,
        )
    },
    optional={"text": text(), "actions": _OPTIONAL_ACTIONS, "metadata": _MEDIA_METADATA},
)

_GIF = fields(
    required={"mediaUrl": _URL},
    optional={
        "text": text(),
        "altText": text(),
        "actions": _OPTIONAL_ACTIONS,
        "metadata": fields(optional={"telegram": _TELEGRAM}),
    },
)

_LOCATION = fields(
    required={
        # The schema requires neither, but one coordinate alone is not a location.
        "coordinates": fields(
            required={"latitude": number(-90, 90), "longitude": number(-180, 180)}
        )
    },
    optional={"location": fields(optional={"address": text(), "label": text()})},
)

_ITEMS = items(
    fields(
        optional={
            "title": text(),
            "mediaUrl": nullable(_URL),
            "description": text(),
            "altText": text(),
            "actions": _OPTIONAL_ACTIONS,
        }
    )
)

_CAROUSEL = fields(required={"items": _ITEMS}, optional={"text": text(0, 1024)})

_LIST = fields(
    required={"text": _NONEMPTY},
    optional={
        "title": text(),
        "altText": text(),
        "items": nullable(_ITEMS),
        "actions": _OPTIONAL_ACTIONS,
        "metadata": fields(
            optional={
                "button": fields(optional={"label": text(0, 20)}),
                "replyMessage": fields(optional={"title": text(0, 512), "text": text(0, 512)}),
            }
        ),
    },
)

_AUTHENTICATION = fields(
    required={
        "otp": fields(
            required={"disclaimer": flag},
            optional={
                "expirationTime": nullable(number(1, 90, integer=True)),
                "actions": _OPTIONAL_ACTIONS,
            },
        )
    }
)

_UNNESTED: Final = {
    name: _typed(name, content)
    for name, content in {
        "text": _TEXT,
        "image": _IMAGE,
        "file": _FILE,
        "gif": _GIF,
        "location": _LOCATION,
        "carousel": _CAROUSEL,
        "list": _LIST,
    }.items()
}


def _section(inner: Rule) -> Rule:
    return _typed(
        "section", fields(optional={"items": items(inner), "configurations": mapping(text())})
    )


# A section may hold sections, but these may not hold any.
_SECTION = _section(tagged("type", {**_UNNESTED, "section": _section(tagged("type", _UNNESTED))}))

_BODIES: Final = {
    "text": _UNNESTED["text"],
    "html": _typed("html", _HTML),
    **{name: rule for name, rule in _UNNESTED.items() if name != "text"},
    "section": _SECTION,
    "authentication": _typed("authentication", _AUTHENTICATION),
    "template": never("a template is sent beside the body, not inside it"),
    "action": never("the schema has no value that fits an action body"),
}

BODY_TYPES: Final = tuple(_BODIES)
"""The types of bodies, in the order in which Bird's own error lists them."""

BODY: Final = tagged("type", _BODIES)
"""The `body` of a message."""
