"""Buttons to Bird's actions: `{type, TYPE: {...}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import Buy, OpenUrl, Reply, RequestLocation
from omnimsg_bird.wire.omit_missing import given

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Action, ListItem


def action(each: Action) -> dict[str, Any]:
    """Write a button that `rules` let pass."""
    return _ACTIONS[each.__class__](each)


def choice(item: ListItem) -> dict[str, Any]:
    """Write a line of a list, which is a button too."""
    return _reply(Reply(item.title, item.payload, description=item.description))


def _reply(each: Reply) -> dict[str, Any]:
    described = each.description is not None
    kind = "reply" if each.payload is None else "postback"
    said = given(
        text=each.text,
        payload=each.payload,
        imageUrl=each.image_url,
        metadata={"description": {"label": each.description}} if described else None,
    )
    return {"type": kind, kind: said}


def _link(each: OpenUrl) -> dict[str, Any]:
    return {"type": "link", "link": {"text": each.text, "url": each.url}}


def _location(each: RequestLocation) -> dict[str, Any]:
    if each.text is None:
        return {"type": "locationRequest"}
    return {"type": "locationRequest", "locationRequest": {"text": each.text}}


def _buy(each: Buy) -> dict[str, Any]:
    said = {"text": each.text, "amountCents": int(each.amount * 100), "currency": each.currency}
    return {"type": "buy", "buy": said}


_ACTIONS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Reply: _reply,
    OpenUrl: _link,
    RequestLocation: _location,
    Buy: _buy,
}
