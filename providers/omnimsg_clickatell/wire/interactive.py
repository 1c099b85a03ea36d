"""Write lists, buttons, links and location requests as members of a message's JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import omit_missing
from omnimsg.adapter.whatsapp_rules import postback_data
from omnimsg.domain.content import MediaItem, OpenUrl, Reply, RequestLocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Action, Interactive, ListItem, ListPicker, ListSection


def list_picker(content: ListPicker) -> dict[str, Any]:
    """Write a list; the API calls our body `subtitle` and our header `title`."""
    return {
        "listPicker": omit_missing(
            title=content.header,
            subtitle=content.body,
            footer=content.footer,
            button=content.button,
            sections=[_section(section) for section in content.sections],
        )
    }


def interactive(content: Interactive) -> dict[str, Any]:
    """Write buttons: the class of the first action decides which of three objects is used."""
    return _BY_ACTION[content.actions[0].__class__](content)


def _section(section: ListSection) -> dict[str, Any]:
    return omit_missing(title=section.title, items=[_item(item) for item in section.items])


def _item(item: ListItem) -> dict[str, Any]:
    return omit_missing(title=item.title, subtitle=item.description, postbackData=item.payload)


def _header_body_footer(content: Interactive) -> dict[str, Any]:
    return omit_missing(header=_header(content.header), body=content.body, footer=content.footer)


def _header(header: str | MediaItem | None) -> dict[str, Any] | None:
    if isinstance(header, MediaItem):
        file_id = getattr(header.source, "id", None)
        return {"type": "media", "media": {"type": header.kind.value, "fileId": file_id}}
    return {"type": "text", "text": header} if header else None


def _reply_buttons(content: Interactive) -> dict[str, Any]:
    items = [
        {"type": "reply", "title": action.text, "postbackData": postback_data(action)}
        for action in content.actions
        if isinstance(action, Reply)
    ]
    return {"button": {**_header_body_footer(content), "items": items}}


def _action_url(content: Interactive) -> dict[str, Any]:
    action = content.actions[0]
    link = {"title": action.text, "url": action.url} if isinstance(action, OpenUrl) else {}
    return {"actionUrl": {**_header_body_footer(content), **link}}


def _location_request(content: Interactive) -> dict[str, Any]:
    return {"locationRequest": _header_body_footer(content)}


_BY_ACTION: dict[type[Action], Callable[[Interactive], dict[str, Any]]] = {
    OpenUrl: _action_url,
    Reply: _reply_buttons,
    RequestLocation: _location_request,
}
