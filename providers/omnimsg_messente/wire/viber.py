"""Write the JSON of a Viber leg.

Source: the Viber objects of Messente's OpenAPI document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import omit_missing
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
from omnimsg_messente.wire.shared import (
    Encoder,
    FindMapping,
    JsonObject,
    link_url,
    text_member,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Action, Parameter


def _media(content: Media, _: FindMapping) -> JsonObject:
    return omit_missing(text=content.caption) | _file(content.items[0])


def _interactive(content: Interactive, _: FindMapping) -> JsonObject:
    (action,) = content.actions
    media = _file(content.header) if isinstance(content.header, MediaItem) else {}
    # A button without a URL opens the message's own video.
    url = action.url if isinstance(action, OpenUrl) else None
    return {"text": content.body, **media, **omit_missing(button_text=action.text, button_url=url)}


def _carousel(content: Carousel, _: FindMapping) -> JsonObject:
    return {"text": content.text, "carousel": {"items": list(map(_card, content.cards))}}


def _template(content: Template, mappings: FindMapping) -> JsonObject:
    mapping = mappings(content.name)
    params = {
        key: parameter.text
        for parameter, key in placeholders(content, mapping)
        if isinstance(parameter, TextParameter)
    }
    return {
        "template": omit_missing(
            id=mapping.id or mapping.name or content.name,
            lang=mapping.language or content.language,
            params=params or None,
        )
    }


def placeholders(content: Template, mapping: TemplateMapping) -> list[tuple[Parameter, str | None]]:
    """Return each parameter of a template with the name of its placeholder.

    The account's mapping names the placeholders by position; a placeholder that it does not name
    has the parameter's own name.
    """
    keys = mapping.keys
    return [
        (parameter, keys[index] if index < len(keys) else parameter.name)
        for index, parameter in enumerate(content.body)
    ]


def _file(item: MediaItem) -> JsonObject:
    if item.kind is MediaKind.IMAGE:
        return {"image_url": link_url(item.source)}
    return {
        "video": {
            "url": link_url(item.source),
            "thumbnail": item.thumbnail_url,
            "file_size": item.size,
            "duration": item.duration,
        }
    }


def _card(card: Card) -> JsonObject:
    buttons = zip(("primary_button", "secondary_button"), card.actions, strict=False)
    picture = None if card.media is None else link_url(card.media.source)
    return {
        "title": card.title,
        "image_url": picture,
        **{name: _button(action) for name, action in buttons},
    }


def _button(action: Action) -> JsonObject:
    return omit_missing(label=action.text, action_url=getattr(action, "url", None))


ENCODERS: Mapping[type, Encoder] = {
    Text: text_member,
    Media: _media,
    Interactive: _interactive,
    Carousel: _carousel,
    Template: _template,
}
