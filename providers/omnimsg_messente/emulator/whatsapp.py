"""What Messente accepts on WhatsApp.

Sources: the WhatsApp objects of Messente's OpenAPI document (version 2.1.0) and of its Omnichannel
API reference, which lists fewer.
"""

from typing import Final

from omnimsg.sandbox.schema import (
    Rule,
    at_most_one,
    exactly_one,
    fields,
    flag,
    items,
    nullable,
    number,
    text,
)

__all__ = ["WHATSAPP"]

_WORD = text(1)
_URL = text(format="HTTP URL")


def _media(**more: Rule) -> Rule:
    # `id` and `link` are nullable in the schema, but a null one beside the other says nothing.
    return fields(
        exactly_one("id", "link"),
        optional={"id": _WORD, "link": _URL, "mime_type": nullable(_WORD), **more},
    )


_CAPTION = nullable(text())

# Here, unlike in a document message, the field is called `filename`.
_PARAMETER_MEDIA = fields(
    exactly_one("id", "link"),
    optional={"id": _WORD, "link": _URL, "caption": text(), "filename": _WORD},
)

_PARAMETER_VALUES: Final[dict[str, Rule]] = {
    "text": text(),
    "currency": fields(
        required={
            "fallback_value": text(),
            "code": text(pattern="[A-Z]{3}"),
            # A string, although it is a number of thousandths.
            "amount_1000": text(pattern=r"-?\d+"),
        }
    ),
    "date_time": fields(required={"fallback_value": text()}),
    "image": _PARAMETER_MEDIA,
    "document": _PARAMETER_MEDIA,
    "video": _PARAMETER_MEDIA,
    "coupon_code": _WORD,
    "payload": _WORD,
}

_TEMPLATE = fields(
    required={
        "name": _WORD,
        "language": fields(required={"code": _WORD}, optional={"policy": _WORD}),
        # Optional in the reference, required in the schema.
        "components": items(
            fields(
                required={"type": _WORD},
                optional={
                    "sub_type": _WORD,
                    "index": nullable(number(0, integer=True)),
                    "parameters": items(
                        fields(
                            exactly_one(*_PARAMETER_VALUES),
                            required={"type": _WORD},
                            optional=_PARAMETER_VALUES,
                        )
                    ),
                },
            )
        ),
    }
)

CONTENT: Final[dict[str, Rule]] = {
    "template": _TEMPLATE,
    "text": fields(required={"body": _WORD}, optional={"preview_url": flag}),
    "image": _media(caption=_CAPTION),
    "video": _media(caption=_CAPTION),
    "audio": _media(),
    "document": _media(caption=_CAPTION, file_name=nullable(_WORD)),
    "sticker": _media(animated=nullable(flag)),
}

WHATSAPP: Final = fields(
    at_most_one("ttl", "validity"),
    exactly_one(*CONTENT),
    required={"channel": text(one_of=("whatsapp",))},
    optional={
        "validity": number(1, integer=True),
        "ttl": number(1, integer=True),
        "sender": _WORD,
        **CONTENT,
    },
)
"""The WhatsApp message of an omnimessage."""
