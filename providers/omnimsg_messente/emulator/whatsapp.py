"""The rules for a WhatsApp message.

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

_NONEMPTY = text(1)
_URL = text(format="HTTP URL")


def _media(**more: Rule) -> Rule:
    # `id` and `link` are nullable in the schema, but a null one beside the other has no meaning.
    return fields(
        exactly_one("id", "link"),
        optional={"id": _NONEMPTY, "link": _URL, "mime_type": nullable(_NONEMPTY), **more},
    )


_CAPTION = nullable(text())

# Here, unlike in a document message, the field is called `filename`.
_PARAMETER_MEDIA = fields(
    exactly_one("id", "link"),
    optional={"id": _NONEMPTY, "link": _URL, "caption": text(), "filename": _NONEMPTY},
)

_PARAMETER_VALUES: Final[dict[str, Rule]] = {
    "text": text(),
    "currency": fields(
        required={
            "fallback_value": text(),
            "code": text(pattern="[A-Z]{3}"),
            # A string that holds a number of thousandths.
            "amount_1000": text(pattern=r"-?\d+"),
        }
    ),
    "date_time": fields(required={"fallback_value": text()}),
    "image": _PARAMETER_MEDIA,
    "document": _PARAMETER_MEDIA,
    "video": _PARAMETER_MEDIA,
    "coupon_code": _NONEMPTY,
    "payload": _NONEMPTY,
}

_TEMPLATE = fields(
    required={
        "name": _NONEMPTY,
        "language": fields(required={"code": _NONEMPTY}, optional={"policy": _NONEMPTY}),
        # Optional in the reference, required in the schema.
        "components": items(
            fields(
                required={"type": _NONEMPTY},
                optional={
                    "sub_type": _NONEMPTY,
                    "index": nullable(number(0, integer=True)),
                    "parameters": items(
                        fields(
                            exactly_one(*_PARAMETER_VALUES),
                            required={"type": _NONEMPTY},
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
    "text": fields(required={"body": _NONEMPTY}, optional={"preview_url": flag}),
    "image": _media(caption=_CAPTION),
    "video": _media(caption=_CAPTION),
    "audio": _media(),
    "document": _media(caption=_CAPTION, file_name=nullable(_NONEMPTY)),
    "sticker": _media(animated=nullable(flag)),
}

WHATSAPP: Final = fields(
    at_most_one("ttl", "validity"),
    exactly_one(*CONTENT),
    required={"channel": text(one_of=("whatsapp",))},
    optional={
        "validity": number(1, integer=True),
        "ttl": number(1, integer=True),
        "sender": _NONEMPTY,
        **CONTENT,
    },
)
"""The WhatsApp message of an omnimessage."""
