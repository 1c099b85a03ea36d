"""Write the JSON of a WhatsApp leg. Text is an object; a file's name has two spellings.

Source: the WhatsApp objects of Messente's OpenAPI document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import omit_missing
from omnimsg.domain.content import (
    ButtonKind,
    CurrencyParameter,
    DateTimeParameter,
    Media,
    MediaParameter,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind
from omnimsg_messente.wire.shared import (
    Encoder,
    FindMapping,
    JsonObject,
    file_id,
    link_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.domain.content import Parameter, TemplateButton


def _text(content: Text, _: FindMapping) -> JsonObject:
    return {"text": omit_missing(body=content.text, preview_url=content.preview_url)}


def _media(content: Media, _: FindMapping) -> JsonObject:
    (item,) = content.items
    members = omit_missing(
        id=file_id(item.source),
        link=link_url(item.source),
        caption=content.caption,
        mime_type=item.content_type,
        file_name=item.file_name,
        animated=item.animated if item.kind is MediaKind.STICKER else None,
    )
    return {item.kind.value: members}


def _template(content: Template, mappings: FindMapping) -> JsonObject:
    mapping = mappings(content.name)
    components: list[JsonObject] = []
    if isinstance(content.header, (TextParameter, MediaParameter)):
        components.append({"type": "header", "parameters": [_parameter(content.header)]})
    if content.body:
        components.append({"type": "body", "parameters": list(map(_parameter, content.body))})
    components.extend(map(_button, content.buttons))
    return {
        "template": {
            "name": mapping.name or content.name,
            "language": {"code": mapping.language or content.language},
            # Optional in the reference, required in the OpenAPI document.
            "components": components,
        }
    }


def _parameter(parameter: Parameter) -> JsonObject:
    if isinstance(parameter, TextParameter):
        return {"type": "text", "text": parameter.text}
    if isinstance(parameter, CurrencyParameter):
        currency = {
            "fallback_value": parameter.fallback,
            "code": parameter.code,
            "amount_1000": str(parameter.amount_1000),
        }
        return {"type": "currency", "currency": currency}
    if isinstance(parameter, DateTimeParameter):
        return {"type": "date_time", "date_time": {"fallback_value": parameter.fallback}}
    return _media_parameter(parameter)


def _media_parameter(parameter: MediaParameter) -> JsonObject:
    item = parameter.item
    kind = item.kind.value
    file = omit_missing(
        id=file_id(item.source),
        link=link_url(item.source),
        caption=parameter.caption,
        filename=item.file_name,
    )
    return {"type": kind, kind: file}


# By kind of button: its sub-type and the type of its only parameter, as in the WhatsApp Cloud API,
# to which Messente passes buttons on; there, a one-time password is the end of a URL.
BUTTONS: Mapping[ButtonKind, tuple[str, str]] = {
    ButtonKind.URL: ("url", "text"),
    ButtonKind.REPLY: ("quick_reply", "payload"),
    ButtonKind.COUPON: ("copy_code", "coupon_code"),
    ButtonKind.OTP: ("url", "text"),
}


def _button(button: TemplateButton) -> JsonObject:
    sub_type, kind = BUTTONS[button.kind]
    return {
        "type": "button",
        "sub_type": sub_type,
        "index": button.position - 1,
        "parameters": [{"type": kind, kind: button.value}],
    }


ENCODERS: Mapping[type, Encoder] = {Text: _text, Media: _media, Template: _template}
