"""Templates: parameters are maps keyed "1", "2", ..., not lists."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import ButtonKind, LocationParameter, MediaParameter, TextParameter
from omnimsg_clickatell.wire.content import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Header, Template, TemplateButton

# Each kind of button: the API's name of it, and of its one member.
_BUTTONS = {
    ButtonKind.COUPON: ("couponCode", "code"),
    ButtonKind.OTP: ("otp", "code"),
    ButtonKind.REPLY: ("suggestedResponse", "postbackData"),
    ButtonKind.URL: ("url", "url"),
}


def template(content: Template, mapping: TemplateMapping) -> dict[str, Any]:
    """Write a template under the name and language that the account gives it.

    Buttons are written by position, whatever order they were given in: the API wants those of one
    kind together, and a position says where a button stands, not the order of the list.
    """
    document: dict[str, Any] = {"templateName": mapping.name or content.name}
    language = mapping.language or content.language
    if language is not None:
        document["language"] = language
    if content.header is not None:
        document["header"] = _header(content.header)
    values = {
        key: each.text
        for key, each in zip(keys(mapping), content.body, strict=False)
        if isinstance(each, TextParameter)
    }
    document["body"] = {"parameters": values} if values else {}
    if content.buttons:
        document["templateButtons"] = [_button(each) for each in in_order(content.buttons)]
    return {"template": document}


def keys(mapping: TemplateMapping) -> Iterable[str]:
    """Return the keys of the body's placeholders: the account's, else "1", "2", ..."""
    return mapping.keys or map(str, count(1))


def in_order(buttons: tuple[TemplateButton, ...]) -> list[TemplateButton]:
    """Return buttons by their place in the template."""
    return sorted(buttons, key=lambda button: button.position)


def _header(header: Header) -> dict[str, Any]:
    if isinstance(header, MediaParameter):
        return {"type": "media", "media": {"fileId": getattr(header.item.source, "id", None)}}
    if isinstance(header, LocationParameter):
        return {"type": "location", "location": place(header.location)}
    return {"type": "text", "text": {"parameters": {"1": header.text}}}


def _button(button: TemplateButton) -> dict[str, Any]:
    kind, member = _BUTTONS[button.kind]
    return {"index": button.position, "type": kind, kind: {member: button.value}}
