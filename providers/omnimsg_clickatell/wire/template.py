"""Write templates as members of a message's JSON object; parameters have keys "1", "2", ..."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from omnimsg.adapter.whatsapp_rules import sorted_by_position
from omnimsg.domain.content import ButtonKind, LocationParameter, MediaParameter, TextParameter
from omnimsg_clickatell.wire.content import location_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Header, Template, TemplateButton

# By kind of button: the API's name for it, and the name of its only member.
_BUTTONS = {
    ButtonKind.COUPON: ("couponCode", "code"),
    ButtonKind.OTP: ("otp", "code"),
    ButtonKind.REPLY: ("suggestedResponse", "postbackData"),
    ButtonKind.URL: ("url", "url"),
}


def template(content: Template, mapping: TemplateMapping) -> dict[str, Any]:
    """Write a template; the account's mapping may give it another name and language.

    Buttons are sorted by their position in the template, not by the order of the list, because the
    API requires the buttons of one kind together.
    """
    document: dict[str, Any] = {"templateName": mapping.name or content.name}
    language = mapping.language or content.language
    if language is not None:
        document["language"] = language
    if content.header is not None:
        document["header"] = _header(content.header)
    values = {
        key: parameter.text
        for key, parameter in zip(parameter_keys(mapping), content.body, strict=False)
        if isinstance(parameter, TextParameter)
    }
    document["body"] = {"parameters": values} if values else {}
    if content.buttons:
        document["templateButtons"] = [
            _button(button) for button in sorted_by_position(content.buttons)
        ]
    return {"template": document}


def parameter_keys(mapping: TemplateMapping) -> Iterable[str]:
    """Return the keys of the body's placeholders: those of the mapping, or else "1", "2", ..."""
    return mapping.keys or map(str, count(1))


def _header(header: Header) -> dict[str, Any]:
    if isinstance(header, MediaParameter):
        return {"type": "media", "media": {"fileId": getattr(header.item.source, "id", None)}}
    if isinstance(header, LocationParameter):
        return {"type": "location", "location": location_members(header.location)}
    return {"type": "text", "text": {"parameters": {"1": header.text}}}


def _button(button: TemplateButton) -> dict[str, Any]:
    kind, member = _BUTTONS[button.kind]
    return {"index": button.position, "type": kind, kind: {member: button.value}}
