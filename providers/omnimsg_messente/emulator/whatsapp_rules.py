"""The rules for a WhatsApp message.

Sources: the WhatsApp objects of Messente's OpenAPI document (version 2.1.0) and of its Omnichannel
API reference, which lists fewer.
"""

from collections.abc import Iterator
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Rule,
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
_URL = text(format="HTTP URL")


def _one_source(value: Json) -> Iterator[Violation]:
    """Require exactly one of `id` and `link`; null, where the schema has it, counts as absent."""
    given = [name for name in ("id", "link") if value.get(name) is not None]
    if not given:
        yield Violation((), ViolationKind.MISSING, "one of id, link is required")
    elif len(given) > 1:
        yield Violation(("link",), ViolationKind.VALUE, "only one of id, link can be used")


_SOURCE: Final[dict[str, Rule]] = {"id": _NONEMPTY, "link": _URL}


def _media(**more: Rule) -> Rule:
    """Return the rule of a file as a message; in the schema every member of it is nullable."""
    members = {**_SOURCE, "mime_type": _NONEMPTY, **more}
    return fields(_one_source, optional={name: nullable(rule) for name, rule in members.items()})


def _parameter_media(**more: Rule) -> Rule:
    """Return the rule of a file in a template, of which no member is nullable."""
    return fields(_one_source, optional={**_SOURCE, "caption": text(), **more})


_PARAMETER_VALUES: Final[dict[str, Rule]] = {
    "text": text(),
    "currency": fields(
        required={
            "fallback_value": text(),
            "code": text(pattern="[A-Z]{3}"),
            # A string that holds a number of thousandths.
            "amount_1000": text(pattern="-?[0-9]+"),
        }
    ),
    "date_time": fields(required={"fallback_value": text()}),
    "image": _parameter_media(),
    # Here `filename`, but `file_name` in a document message: "only with document media".
    "document": _parameter_media(filename=_NONEMPTY),
    "video": _parameter_media(),
    "coupon_code": _NONEMPTY,
    "payload": _NONEMPTY,
}


def _check_type(value: Json) -> Iterator[Violation]:
    """Refuse a parameter whose type names one kind of value while it has another.

    The schema leaves `type` open; a type that is not a kind of value is accepted.
    """
    kind = value["type"]
    if kind in _PARAMETER_VALUES and kind not in value:
        yield Violation(("type",), ViolationKind.VALUE, f'the value must be in "{kind}"')


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
                            _check_type,
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
    "image": _media(caption=text()),
    "video": _media(caption=text()),
    "audio": _media(),
    "document": _media(caption=text(), file_name=_NONEMPTY),
    "sticker": _media(animated=flag),
}

WHATSAPP: Final = fields(
    ONE_TTL,
    exactly_one(*CONTENT),
    required={"channel": text(one_of=("whatsapp",))},
    optional={
        **TTL_FIELDS,
        "sender": SENDER,
        **CONTENT,
    },
)
"""The WhatsApp message of an omnimessage."""
