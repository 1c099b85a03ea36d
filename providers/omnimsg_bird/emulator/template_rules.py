"""The rules for a template, a sibling of the body.

Source: the Template and TemplateParameter schemas of Bird's OpenAPI document. `settings` carries
`disallowMmLite` there and `useMmLite` in the samples of the messaging page; both are accepted.
"""

from typing import Final

from omnimsg.sandbox.schema import (
    Rule,
    at_least_one,
    exactly_one,
    fields,
    flag,
    free_form,
    items,
    mapping,
    nullable,
    number,
    tagged,
    text,
)

_NONEMPTY = text(1)
_ENTRY = {"id": _NONEMPTY, "reference": text(), "role": text(), "hidden": flag}
_PRODUCT = fields(
    required={"externalProductId": _NONEMPTY}, optional={"amount": text(), "text": text()}
)
_WHATSAPP_PRODUCTS = items(
    fields(
        required={
            "type": text(one_of=("whatsapp-product-item",)),
            "whatsappProductItem": fields(required={"externalProductId": _NONEMPTY}),
        },
        optional=_ENTRY,
    )
)
_REPLY = fields(
    required={
        "type": text(one_of=("reply-action",)),
        "replyAction": fields(
            required={"text": _NONEMPTY},
            optional={"imageUrl": text(), "payload": text(), "subTitle": text()},
        ),
    },
    optional=_ENTRY,
)


def _list_value(name: str, elements: Rule) -> Rule:
    """Accept `{NAME: [...]}`, the form of every list parameter."""
    return fields(required={name: items(elements)})


_VALUES: Final = {
    "string": text(),
    "number": number(),
    "boolean": flag,
    "object": mapping(free_form),
    "sectionList": _list_value(
        "sections",
        fields(
            required={"title": text(), "items": items(_REPLY)},
            optional={"id": nullable(text()), "multipleSelection": flag},
        ),
    ),
    "timeslotList": _list_value(
        "timeslots",
        fields(
            required={"startTime": text(format="RFC 3339 time"), "duration": number()},
            optional={"id": nullable(text())},
        ),
    ),
    "productSections": _list_value(
        "productSections", fields(required={"title": text(1, 24), "products": items(_PRODUCT)})
    ),
    "productList": _list_value(
        "products", fields(required={"type": text(one_of=("product",)), "product": _PRODUCT})
    ),
    "shippingMethodList": _list_value(
        "shippingMethods",
        fields(
            required={"amount": text(), "label": text(), "identifier": text(), "detail": text()}
        ),
    ),
    "lineItemList": _list_value(
        "lineItems",
        fields(
            required={"amount": text(), "text": text()},
            optional={"type": text(one_of=("pending", "final"))},
        ),
    ),
    "whatsappProductSections": _list_value(
        "sections",
        fields(
            required={
                "type": text(one_of=("whatsapp-product-section",)),
                "whatsappProductSection": fields(
                    required={"title": text(1, 24), "products": _WHATSAPP_PRODUCTS}
                ),
            },
            optional=_ENTRY,
        ),
    ),
    "whatsappProductItems": fields(required={"products": _WHATSAPP_PRODUCTS}),
}

_PARAMETER = tagged(
    "type",
    {
        kind: fields(required={"type": text(), "key": _NONEMPTY}, optional={"value": value})
        for kind, value in _VALUES.items()
    },
)

_UTM = fields(
    exactly_one("value", "reference"),
    required={"key": text(1, 20)},
    optional={
        "value": text(1, 100),
        "reference": text(one_of=("platform_name", "channel_name")),
    },
)

TEMPLATE: Final = fields(
    # The schema requires neither, but without both no template is named.
    at_least_one("name", "projectId"),
    optional={
        "name": _NONEMPTY,
        "projectId": _NONEMPTY,
        "version": _NONEMPTY,
        # BCP 47: a language, then subtags.
        "locale": text(pattern=r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"),
        "variables": nullable(mapping(text())),
        "parameters": nullable(items(_PARAMETER, 1)),
        "attachments": nullable(
            items(
                fields(
                    required={"mediaUrl": text(format="HTTP URL"), "filename": _NONEMPTY},
                    optional={"inline": flag},
                )
            )
        ),
        "shortLinks": nullable(fields(optional={"enabled": flag, "domain": text(1, 128)})),
        "utmParameters": nullable(items(_UTM, 1, 8)),
        "settings": nullable(
            fields(optional={"disallowMmLite": nullable(flag), "useMmLite": nullable(flag)})
        ),
    },
)
"""The `template` of a message."""
