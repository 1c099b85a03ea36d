"""The rules for a new message, by the platform of its channel.

Source: the CreateMessage schema of Bird's OpenAPI document and the prose of the messaging page: a
body or a template, never both; several receivers only by e-mail; at most ten tags. Which status
Bird returns for a violation of the prose is not published; here it is the 422 of the schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Rule,
    Violation,
    ViolationKind,
    at_least_one,
    below,
    exactly_one,
    fields,
    flag,
    free_form,
    items,
    mapping,
    nullable,
    number,
    text,
)
from omnimsg_bird.emulator.body_rules import BODY, EMAIL_SENDER
from omnimsg_bird.emulator.template_rules import TEMPLATE
from omnimsg_bird.emulator.whatsapp_limits import check_whatsapp_body

IDENTIFIER_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("emailaddress",),
    "sms": ("phonenumber",),
    "whatsapp": ("phonenumber", "whatsappbsuid"),
}
"""The identifier keys of each platform; the first is the default."""

IDENTIFIER_RULES: Final[Mapping[str, Rule]] = {
    "emailaddress": text(pattern=r"[^@\s]+@[^@\s]+"),
    "phonenumber": text(format="E.164 number"),
    "whatsappbsuid": text(1),
}
"""The rule for an identifier value, by identifier key."""

_NONEMPTY = text(1)
_UUID = text(format="UUID")
_HTTP_URL = text(format="HTTP URL")
_NULLABLE_TEXT = nullable(text())


def _https_url(value: Json) -> Iterable[Violation]:
    """Accept the URL of a webhook; Bird accepts https only."""
    if found := _HTTP_URL(value):
        return found
    if value.lower().startswith("https://"):
        return ()
    return (Violation((), ViolationKind.VALUE, "must begin with https://"),)


def _contact(platform: str) -> Rule:
    keys = IDENTIFIER_KEYS[platform]

    def check_identifier(value: Json) -> Iterable[Violation]:
        if "identifierValue" not in value:
            return ()
        rule = IDENTIFIER_RULES[value.get("identifierKey", keys[0])]
        return below(rule(value["identifierValue"]), "identifierValue")

    identifier = {"identifierKey": text(one_of=keys), "identifierValue": _NONEMPTY}
    return fields(
        at_least_one("id", "identifierValue"),
        check_identifier,
        optional={
            **identifier,
            "id": _NONEMPTY,
            # Only an e-mail can have copies.
            "type": text(one_of=("to", "cc", "bcc") if platform == "email" else ("to",)),
            "identifiers": items(fields(check_identifier, required=identifier)),
            "platformAddress": _NONEMPTY,
            "platformAddressSelector": nullable(text()),
        },
    )


def _receiver(platform: str) -> Rule:
    max_contacts = None if platform == "email" else 1
    return fields(required={"contacts": items(_contact(platform), 1, max_contacts)})


_FLOW = fields(
    optional={
        "id": nullable(_UUID),
        "name": _NULLABLE_TEXT,
        "stepId": _NULLABLE_TEXT,
        "runId": nullable(_UUID),
    }
)
_PRODUCT = {"externalCatalogId": text(), "externalProductId": text()}

_META = fields(
    optional={
        "extraInformation": mapping(free_form),
        "referral": fields(
            optional={
                "source": text(),
                "title": _NULLABLE_TEXT,
                "text": _NULLABLE_TEXT,
                "group": _NULLABLE_TEXT,
                "metadata": nullable(
                    fields(
                        optional={
                            "source_id": text(),
                            "source_url": _NULLABLE_TEXT,
                            "media_url": _NULLABLE_TEXT,
                            "tracking_id": _NULLABLE_TEXT,
                        }
                    )
                ),
            }
        ),
        "order": fields(
            optional={
                "products": items(
                    fields(
                        optional={
                            **_PRODUCT,
                            "quantity": number(integer=True),
                            "price": fields(
                                optional={
                                    "amount": number(integer=True),
                                    "exponent": number(integer=True),
                                    "currencyCode": text(),
                                }
                            ),
                        }
                    )
                )
            }
        ),
        "referredProduct": nullable(fields(optional=_PRODUCT)),
        "email": fields(
            optional={"subject": text(), "headers": mapping(text()), "from": EMAIL_SENDER}
        ),
        "pushNotifications": fields(
            optional={"gatewayTypeOverride": text(one_of=("apns", "firebase", "web"))}
        ),
        "navigatorId": _UUID,
        "navigatorMessageId": _UUID,
        "flow": _FLOW,
        "journey": _FLOW,
        "campaign": fields(optional={"id": nullable(_UUID), "name": _NULLABLE_TEXT}),
    }
)


def _check_frequency_cap(value: Json) -> Iterable[Violation]:
    if not value.get("capFrequency"):
        return ()
    if value.get("meta", {}).get("extraInformation", {}).get("useCase") == "marketing":
        return ()
    message = "can only be true if .meta.extraInformation.useCase is marketing"
    return (Violation(("capFrequency",), ViolationKind.VALUE, message),)


def _check_parameter_keys(value: Json) -> Iterable[Violation]:
    """Refuse a template with two parameters of the same key."""
    if "template" not in value:
        return ()
    keys = [parameter["key"] for parameter in value["template"].get("parameters") or ()]
    return [
        Violation(
            ("template", "parameters", index, "key"),
            ViolationKind.VALUE,
            "each key may be given only once",
        )
        for index, key in enumerate(keys)
        if key in keys[:index]
    ]


UNSUPPORTED_BODIES: Final[Mapping[str, frozenset[str]]] = {
    "email": frozenset({"authentication", "carousel", "list", "location"}),
    "sms": frozenset({"authentication", "carousel", "html", "list", "location"}),
    "whatsapp": frozenset({"html"}),
}
"""The bodies that a platform cannot carry: failure code 12002, after the message is accepted."""


def _create(platform: str, *checks: Rule) -> Rule:
    return fields(
        exactly_one("body", "template"),
        _check_frequency_cap,
        _check_parameter_keys,
        *checks,
        required={"receiver": _receiver(platform)},
        optional={
            "sender": fields(
                required={
                    "connector": fields(
                        required={"identifierValue": _NONEMPTY},
                        optional={"annotations": fields(optional={"name": text()})},
                    )
                }
            ),
            "reference": text(),
            "body": BODY,
            "template": TEMPLATE,
            "meta": _META,
            "replyTo": fields(
                required={"id": _NONEMPTY, "type": text(one_of=("message", "click", "referrals"))},
                optional={"order": number(integer=True)},
            ),
            "notification": fields(required={"url": _https_url}),
            "capFrequency": flag,
            "enableLinkTracking": flag,
            "ignoreQuietHours": flag,
            "ignoreGlobalHoldout": flag,
            "tags": items(text(1, 50, pattern=r"[a-zA-Z0-9\-_ ]+"), 0, 10),
            "shortLinks": nullable(fields(required={"domain": text(1, 128)})),
            "scheduledFor": text(format="RFC 3339 time"),
            "validity": number(0, integer=True),
        },
    )


CREATE: Final[Mapping[str, Rule]] = {
    "email": _create("email"),
    "sms": _create("sms"),
    "whatsapp": _create("whatsapp", check_whatsapp_body),
}
"""The body of createChannelMessage, by platform."""


def _is_object(value: Json) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation((), ViolationKind.TYPE, "value must be an object")


BATCH: Final = fields(required={"messageRequests": items(_is_object)})
"""The body of a batch; its messages are checked one by one afterwards."""

PRESIGNED: Final = fields(required={"contentType": text(pattern=r"[^\x00-\x1f\x7f]+")})
"""The body of both presigned uploads; the file is later sent with this type as a header line."""
