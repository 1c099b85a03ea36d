"""RCS's JSON.

Source: the Rcs objects of Messente's OpenAPI document. It requires some members that ours leave
open: a button without a payload gives back its label, a page opens in the browser, a picture is of
medium height, cards of a row are of medium width, and a picture above the words is aligned left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import (
    Card,
    CardHeight,
    CardLayout,
    CardWidth,
    Carousel,
    CreateEvent,
    Dial,
    Interactive,
    Media,
    MediaItem,
    OpenUrl,
    Reply,
    RequestLocation,
    ShowLocation,
    Text,
)
from omnimsg_messente.wire.shared import Mappings, Say, Wire, given, plain, url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.domain.content import Action


def _media(content: Media, _: Mappings) -> Wire:
    return {"content_info": _file(content.items[0])}


def _interactive(content: Interactive, _: Mappings) -> Wire:
    header = content.header
    said = (
        {"content_info": _file(header)}
        if isinstance(header, MediaItem)
        else given(text=content.body)
    )
    return said | _suggestions(content.actions)


def _standalone(content: Card, _: Mappings) -> Wire:
    orientation, alignment = LAYOUTS[content.layout]
    card = {
        "card_orientation": orientation,
        "thumbnail_image_alignment": alignment,
        "card_content": _card(content),
    }
    return {"rich_card": {"standalone_card": card}} | _suggestions(content.suggestions)


def _carousel(content: Carousel, _: Mappings) -> Wire:
    row = {
        "card_width": (content.width or CardWidth.MEDIUM).upper(),
        "card_contents": list(map(_card, content.cards)),
    }
    return {"rich_card": {"carousel_card": row}} | _suggestions(content.suggestions)


def _card(card: Card) -> Wire:
    shown = None
    if card.media is not None:
        height = (card.height or CardHeight.MEDIUM).upper()
        shown = {"height": height, "content_info": _file(card.media)}
    words = given(title=card.title, description=card.text, media=shown)
    return words | _suggestions(card.actions)


def _file(item: MediaItem) -> Wire:
    return given(
        file_url=url(item.source),
        force_refresh=bool(item.refresh),
        thumbnail_url=item.thumbnail_url,
    )


# Orientation and alignment; the latter only matters where picture and words stand side by side.
LAYOUTS: Mapping[CardLayout | None, tuple[str, str]] = {
    None: ("VERTICAL", "LEFT"),
    CardLayout.VERTICAL: ("VERTICAL", "LEFT"),
    CardLayout.LEFT: ("HORIZONTAL", "LEFT"),
    CardLayout.RIGHT: ("HORIZONTAL", "RIGHT"),
}


def _suggestions(actions: tuple[Action, ...]) -> Wire:
    return {"suggestions": list(map(_suggestion, actions))} if actions else {}


def _suggestion(action: Any) -> Wire:  # noqa: ANN401 - one of those in `ACTIONS`, or a reply
    label = {"text": action.text, "postback_data": action.payload or action.text}
    if isinstance(action, Reply):
        return {"reply": label}
    name, write = ACTIONS[action.__class__]
    return {"action": label | given(fallback_url=action.fallback_url) | {name: write(action)}}


def _dial(action: Dial) -> Wire:
    return {"phone_number": action.number}


def _show_location(action: ShowLocation) -> Wire:
    at = None
    if action.latitude is not None:
        at = {"latitude": action.latitude, "longitude": action.longitude}
    return given(lat_long=at, label=action.label, query=action.query)


def _create_event(action: CreateEvent) -> Wire:
    return {
        "start_time": action.start.isoformat(),
        "end_time": action.end.isoformat(),
        "title": action.title,
        "description": action.description,
    }


def _open_url(action: OpenUrl) -> Wire:
    return given(
        url=action.url,
        application=action.application or "BROWSER",
        webview_view_mode=action.view,
        description=action.description,
    )


def _share_location(_: RequestLocation) -> Wire:
    return {}


ACTIONS: Mapping[type, tuple[str, Callable[[Any], Wire]]] = {
    Dial: ("dial_action", _dial),
    ShowLocation: ("view_location_action", _show_location),
    CreateEvent: ("create_calendar_event_action", _create_event),
    OpenUrl: ("open_url_action", _open_url),
    RequestLocation: ("share_location_action", _share_location),
}

SAY: Mapping[type, Say] = {
    Text: plain,
    Media: _media,
    Interactive: _interactive,
    Card: _standalone,
    Carousel: _carousel,
}
