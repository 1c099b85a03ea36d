"""Write the JSON of an RCS leg.

Source: the Rcs objects of Messente's OpenAPI document. It requires some members that are optional
in our model. Their defaults are: a button's payload is its label, a page opens in the browser, a
picture has medium height, the cards of a carousel have medium width, and a picture above text is
aligned left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import omit_missing
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
from omnimsg_messente.wire.shared import (
    Encoder,
    FindMapping,
    JsonObject,
    link_url,
    text_member,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.domain.content import Action


def _media(content: Media, _: FindMapping) -> JsonObject:
    return {"content_info": _file(content.items[0])}


def _interactive(content: Interactive, _: FindMapping) -> JsonObject:
    header = content.header
    members = (
        {"content_info": _file(header)}
        if isinstance(header, MediaItem)
        else omit_missing(text=content.body)
    )
    return members | _suggestions(content.actions)


def _standalone(content: Card, _: FindMapping) -> JsonObject:
    orientation, alignment = LAYOUTS[content.layout]
    card = {
        "card_orientation": orientation,
        "thumbnail_image_alignment": alignment,
        "card_content": _card(content),
    }
    return {"rich_card": {"standalone_card": card}} | _suggestions(content.suggestions)


def _carousel(content: Carousel, _: FindMapping) -> JsonObject:
    carousel = {
        "card_width": (content.width or CardWidth.MEDIUM).upper(),
        "card_contents": list(map(_card, content.cards)),
    }
    return {"rich_card": {"carousel_card": carousel}} | _suggestions(content.suggestions)


def _card(card: Card) -> JsonObject:
    media = None
    if card.media is not None:
        height = (card.height or CardHeight.MEDIUM).upper()
        media = {"height": height, "content_info": _file(card.media)}
    members = omit_missing(title=card.title, description=card.text, media=media)
    return members | _suggestions(card.actions)


def _file(item: MediaItem) -> JsonObject:
    return omit_missing(
        file_url=link_url(item.source),
        force_refresh=bool(item.refresh),
        thumbnail_url=item.thumbnail_url,
    )


# Orientation, and alignment of the picture, which has an effect only beside the text.
LAYOUTS: Mapping[CardLayout | None, tuple[str, str]] = {
    None: ("VERTICAL", "LEFT"),
    CardLayout.VERTICAL: ("VERTICAL", "LEFT"),
    CardLayout.LEFT: ("HORIZONTAL", "LEFT"),
    CardLayout.RIGHT: ("HORIZONTAL", "RIGHT"),
}


def _suggestions(actions: tuple[Action, ...]) -> JsonObject:
    return {"suggestions": list(map(_suggestion, actions))} if actions else {}


def _suggestion(action: Any) -> JsonObject:  # noqa: ANN401 - a class in `ACTIONS`, or Reply
    label = {"text": action.text, "postback_data": action.payload or action.text}
    if isinstance(action, Reply):
        return {"reply": label}
    name, write = ACTIONS[action.__class__]
    return {
        "action": label | omit_missing(fallback_url=action.fallback_url) | {name: write(action)}
    }


def _dial(action: Dial) -> JsonObject:
    return {"phone_number": action.number}


def _show_location(action: ShowLocation) -> JsonObject:
    coordinates = None
    if action.latitude is not None:
        coordinates = {"latitude": action.latitude, "longitude": action.longitude}
    return omit_missing(lat_long=coordinates, label=action.label, query=action.query)


def _create_event(action: CreateEvent) -> JsonObject:
    return {
        "start_time": action.start.isoformat(),
        "end_time": action.end.isoformat(),
        "title": action.title,
        "description": action.description,
    }


def _open_url(action: OpenUrl) -> JsonObject:
    return omit_missing(
        url=action.url,
        application=action.application or "BROWSER",
        webview_view_mode=action.view,
        description=action.description,
    )


def _share_location(_: RequestLocation) -> JsonObject:
    return {}


ACTIONS: Mapping[type, tuple[str, Callable[[Any], JsonObject]]] = {
    Dial: ("dial_action", _dial),
    ShowLocation: ("view_location_action", _show_location),
    CreateEvent: ("create_calendar_event_action", _create_event),
    OpenUrl: ("open_url_action", _open_url),
    RequestLocation: ("share_location_action", _share_location),
}

ENCODERS: Mapping[type, Encoder] = {
    Text: text_member,
    Media: _media,
    Interactive: _interactive,
    Card: _standalone,
    Carousel: _carousel,
}
