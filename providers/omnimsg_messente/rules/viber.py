"""Viber: nine combinations of text, image, video, button and carousel; or a template alone.

Source: the Viber objects of Messente's OpenAPI document. It does not say whether a template may be
combined with other content.
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
    NO_OPTIONS,
    entry_count,
    media_item,
    required,
    template_language,
    text_length,
    unsupported,
    unsupported_fields,
)
from omnimsg_messente.wire.viber import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

# From the older, hand-written reference.
MAX_TEXT = 1000
# "200MB", read as the smaller of two possible values, which is safe.
MAX_VIDEO_BYTES = 200_000_000
MAX_VIDEO_SECONDS = 600
MAX_CARDS = 5
TITLE_LENGTH = (2, 38)

_KINDS = (MediaKind.IMAGE, MediaKind.VIDEO)


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsupported_fields(content, path, "preview_url", "udh", "autoconvert")


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from entry_count(content.items, f"{path}.items", 1)
    item = content.items[0]
    yield from _file(item, f"{path}.items[0]")
    if item.kind is MediaKind.IMAGE and content.caption is not None:
        yield unsupported(
            f"{path}.caption",
            "cannot be sent with an image alone; add a button, with Interactive",
        )
    yield from text_length(content.caption, f"{path}.caption", MAX_TEXT)


def _interactive(content: Interactive, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "footer")
    yield from required(content, path, "body", why="with a button on viber")
    yield from text_length(content.body, f"{path}.body", MAX_TEXT)
    header = content.header
    if isinstance(header, MediaItem):
        yield from _file(header, f"{path}.header")
    elif header is not None:
        yield unsupported(f"{path}.header", "is text; viber has an image or a video there")
    yield from entry_count(content.actions, f"{path}.actions", 1)
    action = content.actions[0]
    if isinstance(action, OpenMedia) and not (
        isinstance(header, MediaItem) and header.kind is MediaKind.VIDEO
    ):
        yield unsupported(f"{path}.actions[0]", "plays the video of the header, and there is none")
    yield from _button(action, f"{path}.actions[0]")


def _carousel(content: Carousel, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "width", "suggestions")
    yield from required(content, path, "text", why="with a carousel on viber")
    yield from text_length(content.text, f"{path}.text", MAX_TEXT)
    yield from entry_count(content.cards, f"{path}.cards", MAX_CARDS)
    for index, card in enumerate(content.cards):
        yield from _card(card, f"{path}.cards[{index}]")


def _card(card: Card, path: str) -> Refusals:
    yield from unsupported_fields(card, path, "text", "height")
    yield from required(card, path, "title", "media", "actions", why="on a card on viber")
    shortest, longest = TITLE_LENGTH
    yield from text_length(card.title, f"{path}.title", longest, shortest=shortest)
    if card.media is not None:
        yield from media_item(card.media, f"{path}.media", (MediaKind.IMAGE,))
    yield from entry_count(card.actions, f"{path}.actions", 2)
    for index, action in enumerate(card.actions):
        action_path = f"{path}.actions[{index}]"
        if isinstance(action, OpenMedia):
            yield unsupported(action_path, "plays a video, and a card has none; use OpenUrl")
        yield from _button(action, action_path)


def _template(content: Template, path: str, adapter: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "version", "header", "buttons")
    yield from template_language(content, path, adapter)
    mapping = adapter.template_of(content.name)
    keys = set()
    for index, (parameter, key) in enumerate(placeholders(content, mapping)):
        parameter_path = f"{path}.body[{index}]"
        if not isinstance(parameter, TextParameter):
            yield unsupported(
                parameter_path, f"is {parameter.kind}; viber's templates are filled with text"
            )
        if key is None or key in keys:
            yield refused(
                Reason.TEMPLATE_INVALID,
                f"{parameter_path}.name",
                "must be given, and only once: viber's templates name their placeholders. Name"
                " them here, or by `keys` in the account's mapping of the template",
            )
        keys.add(key)


def _file(item: MediaItem, path: str) -> Refusals:
    """Check an image or a video. Viber requires thumbnail, size and duration of a video."""
    is_video = item.kind is MediaKind.VIDEO
    yield from media_item(item, path, _KINDS, {"thumbnail_url"} if is_video else NO_OPTIONS)
    if not is_video:
        return
    for name, limit in (
        ("thumbnail_url", None),
        ("size", MAX_VIDEO_BYTES),
        ("duration", MAX_VIDEO_SECONDS),
    ):
        value = getattr(item, name)
        if not value:
            yield refused(Reason.MEDIA_INVALID, f"{path}.{name}", "is required for viber's videos")
        elif limit is not None and value > limit:
            yield refused(
                Reason.MEDIA_TOO_LARGE,
                f"{path}.{name}",
                # A number without separators would be masked as that of a phone.
                f"is {value:,}; viber takes up to {limit:,}",
            )


def _button(action: Action, path: str) -> Refusals:
    if isinstance(action, OpenUrl):
        yield from unsupported_fields(
            action, path, "payload", "fallback_url", "application", "view", "description"
        )


RULES: Mapping[type, Rule] = {
    Text: _text,
    Media: _media,
    Interactive: _interactive,
    Carousel: _carousel,
    Template: _template,
}
