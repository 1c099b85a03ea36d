"""Viber's JSON.

Source: the Viber objects of Messente's OpenAPI document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.domain.content import (
    Card,
    Carousel,
    Interactive,
    Media,
    MediaItem,
    OpenUrl,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind
from omnimsg_messente.wire.shared import Mappings, Say, Wire, given, plain, url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Action, Parameter


def _media(content: Media, _: Mappings) -> Wire:
    return given(text=content.caption) | _file(content.items[0])


def _interactive(content: Interactive, _: Mappings) -> Wire:
    (action,) = content.actions
    shown = _file(content.header) if isinstance(content.header, MediaItem) else {}
    # Without an address the button opens the message's own video.
    address = action.url if isinstance(action, OpenUrl) else None
    return {"text": content.body, **shown, **given(button_text=action.text, button_url=address)}


def _carousel(content: Carousel, _: Mappings) -> Wire:
    return {"text": content.text, "carousel": {"items": list(map(_card, content.cards))}}


def _template(content: Template, mappings: Mappings) -> Wire:
    mapping = mappings(content.name)
    params = {
        key: parameter.text
        for parameter, key in filled(content, mapping)
        if isinstance(parameter, TextParameter)
    }
    return {
        "template": given(
            id=mapping.id or mapping.name or content.name,
            lang=mapping.language or content.language,
            params=params or None,
        )
    }


def filled(content: Template, mapping: TemplateMapping) -> list[tuple[Parameter, str | None]]:
    """List a template's parameters with the placeholders they fill.

    The account's mapping names the placeholders by position; what it does not name goes by the
    parameter's own name.
    """
    keys = mapping.keys
    return [
        (parameter, keys[position] if position < len(keys) else parameter.name)
        for position, parameter in enumerate(content.body)
    ]


def _file(item: MediaItem) -> Wire:
    if item.kind is MediaKind.IMAGE:
        return {"image_url": url(item.source)}
    return {
        "video": {
            "url": url(item.source),
            "thumbnail": item.thumbnail_url,
            "file_size": item.size,
            "duration": item.duration,
        }
    }


def _card(card: Card) -> Wire:
    buttons = zip(("primary_button", "secondary_button"), card.actions, strict=False)
    picture = None if card.media is None else url(card.media.source)
    return {
        "title": card.title,
        "image_url": picture,
        **{name: _button(action) for name, action in buttons},
    }


def _button(action: Action) -> Wire:
    return given(label=action.text, action_url=getattr(action, "url", None))


SAY: Mapping[type, Say] = {
    Text: plain,
    Media: _media,
    Interactive: _interactive,
    Carousel: _carousel,
    Template: _template,
}
