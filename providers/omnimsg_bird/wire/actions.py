"""Write buttons as Bird's actions: `{type, TYPE: {...}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import omit_missing
from omnimsg.domain.content import Buy, OpenUrl, Reply, RequestLocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Action, ListItem


def write_action(action: Action) -> dict[str, Any]:
    """Write a button that passed `rules`."""
    return _ACTIONS[action.__class__](action)


def write_list_item(item: ListItem) -> dict[str, Any]:
    """Write a list's item, which is a button too."""
    return _reply(Reply(item.title, item.payload, description=item.description))


def _reply(action: Reply) -> dict[str, Any]:
    kind = "reply" if action.payload is None else "postback"
    members = omit_missing(
        text=action.text,
        payload=action.payload,
        imageUrl=action.image_url,
        metadata=None
        if action.description is None
        else {"description": {"label": action.description}},
    )
    return {"type": kind, kind: members}


def _link(action: OpenUrl) -> dict[str, Any]:
    return {"type": "link", "link": {"text": action.text, "url": action.url}}


def _location(action: RequestLocation) -> dict[str, Any]:
    if action.text is None:
        return {"type": "locationRequest"}
    return {"type": "locationRequest", "locationRequest": {"text": action.text}}


def _buy(action: Buy) -> dict[str, Any]:
    members = {
        "text": action.text,
        "amountCents": int(action.amount * 100),
        "currency": action.currency,
    }
    return {"type": "buy", "buy": members}


_ACTIONS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Reply: _reply,
    OpenUrl: _link,
    RequestLocation: _location,
    Buy: _buy,
}
