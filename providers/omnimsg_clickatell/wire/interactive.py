"""Content that is answered by tapping: lists, reply buttons, one link, a request for a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import MediaItem, OpenUrl, Reply, RequestLocation
from omnimsg_clickatell.wire.content import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Action, Interactive, ListItem, ListPicker, ListSection


def list_picker(content: ListPicker) -> dict[str, Any]:
    """Write a list; the API calls our body `subtitle` and our header `title`."""
    return {
        "listPicker": present(
            {
                "title": content.header,
                "subtitle": content.body,
                "footer": content.footer,
                "button": content.button,
                "sections": [_section(each) for each in content.sections],
            }
        )
    }


def interactive(content: Interactive) -> dict[str, Any]:
    """Write words with buttons; the kind of the first action decides which of three objects."""
    return _BY_ACTION[content.actions[0].__class__](content)


def postback(action: Reply) -> str:
    """Return what comes back when a button is tapped: its label where nothing else was asked for.

    The API requires `postbackData`; a reply without a payload says that its label is enough.
    """
    return action.text if action.payload is None else action.payload


def _section(section: ListSection) -> dict[str, Any]:
    return present({"title": section.title, "items": [_item(each) for each in section.items]})


def _item(item: ListItem) -> dict[str, Any]:
    return present(
        {"title": item.title, "subtitle": item.description, "postbackData": item.payload}
    )


def _frame(content: Interactive) -> dict[str, Any]:
    return present(
        {"header": _header(content.header), "body": content.body, "footer": content.footer}
    )


def _header(header: str | MediaItem | None) -> dict[str, Any] | None:
    if isinstance(header, MediaItem):
        file_id = getattr(header.source, "id", None)
        return {"type": "media", "media": {"type": header.kind.value, "fileId": file_id}}
    return {"type": "text", "text": header} if header else None


def _button(content: Interactive) -> dict[str, Any]:
    items = [
        {"type": "reply", "title": each.text, "postbackData": postback(each)}
        for each in content.actions
        if isinstance(each, Reply)
    ]
    return {"button": {**_frame(content), "items": items}}


def _action_url(content: Interactive) -> dict[str, Any]:
    action = content.actions[0]
    link = {"title": action.text, "url": action.url} if isinstance(action, OpenUrl) else {}
    return {"actionUrl": {**_frame(content), **link}}


def _location_request(content: Interactive) -> dict[str, Any]:
    return {"locationRequest": _frame(content)}


_BY_ACTION: dict[type[Action], Callable[[Interactive], dict[str, Any]]] = {
    OpenUrl: _action_url,
    Reply: _button,
    RequestLocation: _location_request,
}
