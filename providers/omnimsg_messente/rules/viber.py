"""Viber: nine combinations of text, image, video, button and carousel; a template stands alone.

Source: the Viber objects of Messente's OpenAPI document. What a template goes with is not stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import refused
from omnimsg.domain.content import (
    Action,
    Card,
    Carousel,
    Interactive,
    Media,
    MediaItem,
    OpenMedia,
    OpenUrl,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules.shared import (
    NOTHING,
    counted,
    language,
    media,
    required,
    sized,
    unsaid,
    unsupported,
)
from omnimsg_messente.wire.viber import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

# The hand-written reference that came before the generated one.
MOST_CHARACTERS = 1000
# "200MB": the smaller reading can do no harm.
MOST_BYTES = 200_000_000
MOST_SECONDS = 600
MOST_CARDS = 5
TITLE = (2, 38)

_KINDS = (MediaKind.IMAGE, MediaKind.VIDEO)


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsaid(content, path, "preview_url", "udh", "autoconvert")


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from counted(content.items, f"{path}.items", 1)
    item = content.items[0]
    yield from _file(item, f"{path}.items[0]")
    if item.kind is MediaKind.IMAGE and content.caption is not None:
        yield unsupported(
            f"{path}.caption",
            "cannot stand with an image alone; with a button it can: use Interactive",
        )
    yield from sized(content.caption, f"{path}.caption", MOST_CHARACTERS)


def _interactive(content: Interactive, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "footer")
    yield from required(content, path, "body", why="with a button on viber")
    yield from sized(content.body, f"{path}.body", MOST_CHARACTERS)
    header = content.header
    if isinstance(header, MediaItem):
        yield from _file(header, f"{path}.header")
    elif header is not None:
        yield unsupported(f"{path}.header", "is text; viber has an image or a video there")
    yield from counted(content.actions, f"{path}.actions", 1)
    action = content.actions[0]
    if isinstance(action, OpenMedia) and not (
        isinstance(header, MediaItem) and header.kind is MediaKind.VIDEO
    ):
        yield unsupported(f"{path}.actions[0]", "plays the video of the header, and there is none")
    yield from _button(action, f"{path}.actions[0]")


def _carousel(content: Carousel, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "width", "suggestions")
    yield from required(content, path, "text", why="with a carousel on viber")
    yield from sized(content.text, f"{path}.text", MOST_CHARACTERS)
    yield from counted(content.cards, f"{path}.cards", MOST_CARDS)
    for position, card in enumerate(content.cards):
        yield from _card(card, f"{path}.cards[{position}]")


def _card(card: Card, path: str) -> Refusals:
    yield from unsaid(card, path, "text", "height")
    yield from required(card, path, "title", "media", "actions", why="on a card on viber")
    least, most = TITLE
    yield from sized(card.title, f"{path}.title", most, least=least)
    if card.media is not None:
        yield from media(card.media, f"{path}.media", (MediaKind.IMAGE,))
    yield from counted(card.actions, f"{path}.actions", 2)
    for position, action in enumerate(card.actions):
        where = f"{path}.actions[{position}]"
        if isinstance(action, OpenMedia):
            yield unsupported(where, "plays a video, and a card has none; use OpenUrl")
        yield from _button(action, where)


def _template(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "version", "header", "buttons")
    yield from language(content, path, adapter)
    mapping = adapter.template_of(content.name)
    seen = set()
    for position, (parameter, key) in enumerate(filled(content, mapping)):
        where = f"{path}.body[{position}]"
        if not isinstance(parameter, TextParameter):
            yield unsupported(where, f"is {parameter.kind}; viber's templates are filled with text")
        if key is None or key in seen:
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"{where}.name",
                "must be given, and only once: viber's templates name their placeholders. Name"
                " them here, or by `keys` in the account's mapping of the template",
            )
        seen.add(key)


def _file(item: MediaItem, path: str) -> Refusals:
    """Hold an image, or a video of which Viber wants to know everything, against the limits."""
    is_video = item.kind is MediaKind.VIDEO
    yield from media(item, path, _KINDS, {"thumbnail_url"} if is_video else NOTHING)
    if not is_video:
        return
    for name, most in (("thumbnail_url", None), ("size", MOST_BYTES), ("duration", MOST_SECONDS)):
        told = getattr(item, name)
        if not told:
            yield refused(Reason.MEDIA_INVALID, f"{path}.{name}", "is required for viber's videos")
        elif most is not None and told > most:
            yield refused(
                Reason.MEDIA_TOO_LARGE, f"{path}.{name}", f"is {told}; viber takes up to {most}"
            )


def _button(action: Action, path: str) -> Refusals:
    if isinstance(action, OpenUrl):
        yield from unsaid(
            action, path, "payload", "fallback_url", "application", "view", "description"
        )


RULES: Mapping[type, Rule] = {
    Text: _text,
    Media: _media,
    Interactive: _interactive,
    Carousel: _carousel,
    Template: _template,
}
