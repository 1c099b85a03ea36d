"""RCS: text, a file or cards, with suggestions.

Source: the Rcs objects of Messente's OpenAPI document, which state every limit used here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import refused
from omnimsg.domain.address import is_e164
from omnimsg.domain.content import (
    Action,
    Card,
    Carousel,
    CreateEvent,
    Dial,
    Interactive,
    Media,
    MediaItem,
    OpenUrl,
    Reply,
    ShowLocation,
    Text,
)
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg_messente.rules.shared import (
    entry_count,
    media_item,
    required,
    text_length,
    unsupported,
    unsupported_fields,
    whole_minute_offset,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

MAX_TEXT = 3072
MAX_SUGGESTIONS = 11
MAX_CARD_SUGGESTIONS = 4
MAX_CARDS = 10
MAX_TITLE = 200
MAX_DESCRIPTION = 2000
MAX_LABEL = 25
MAX_URL = 2048
MAX_EVENT_TITLE = 100
MAX_EVENT_DESCRIPTION = 500

# Files are given by URL only; the kinds that a phone can show are not documented.
MEDIA_KINDS = (
    MediaKind.IMAGE,
    MediaKind.VIDEO,
    MediaKind.AUDIO,
    MediaKind.DOCUMENT,
    MediaKind.GIF,
)
_OPTIONS = frozenset({"thumbnail_url", "refresh"})


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsupported_fields(content, path, "preview_url", "udh", "autoconvert")


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from entry_count(content.items, f"{path}.items", 1)
    yield from media_item(content.items[0], f"{path}.items[0]", MEDIA_KINDS, _OPTIONS)
    yield from unsupported_fields(content, path, "caption")


def _interactive(content: Interactive, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "footer")
    yield from text_length(content.body, f"{path}.body", MAX_TEXT)
    if isinstance(content.header, MediaItem):
        yield from media_item(content.header, f"{path}.header", MEDIA_KINDS, _OPTIONS)
        if content.body is not None:
            yield unsupported(
                f"{path}.header",
                "cannot be combined with text on rcs; use a Card for a file with text",
            )
    elif content.header is not None:
        yield unsupported(f"{path}.header", "is text, which rcs does not have here; use the body")
    yield from _suggestions(content.actions, f"{path}.actions", MAX_SUGGESTIONS)


def _standalone(content: Card, path: str, _: Adapter[Any]) -> Refusals:
    yield from _card(content, path)
    yield from _suggestions(content.suggestions, f"{path}.suggestions", MAX_SUGGESTIONS)


def _carousel(content: Carousel, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsupported_fields(content, path, "text")
    yield from entry_count(content.cards, f"{path}.cards", MAX_CARDS)
    for index, card in enumerate(content.cards):
        yield from _card(card, f"{path}.cards[{index}]")
    yield from _suggestions(content.suggestions, f"{path}.suggestions", MAX_SUGGESTIONS)


def _card(card: Card, path: str) -> Refusals:
    yield from text_length(card.title, f"{path}.title", MAX_TITLE)
    yield from text_length(card.text, f"{path}.text", MAX_DESCRIPTION)
    if card.media is not None:
        yield from media_item(card.media, f"{path}.media", MEDIA_KINDS, _OPTIONS)
    elif card.height is not None:
        yield unsupported(f"{path}.height", "is the height of a picture, and there is none")
    yield from _suggestions(card.actions, f"{path}.actions", MAX_CARD_SUGGESTIONS)


def _suggestions(actions: tuple[Action, ...], path: str, limit: int) -> Refusals:
    yield from entry_count(actions, path, limit)
    for index, action in enumerate(actions):
        action_path = f"{path}[{index}]"
        yield from required(action, action_path, "text", why="on rcs")
        yield from text_length(action.text, f"{action_path}.text", MAX_LABEL)
        yield from text_length(
            getattr(action, "fallback_url", None), f"{action_path}.fallback_url", MAX_URL
        )
        rule = _ACTIONS.get(action.__class__)
        if rule is not None:
            yield from rule(action, action_path)


def _reply(action: Reply, path: str) -> Refusals:
    return unsupported_fields(action, path, "image_url", "description")


def _dial(action: Dial, path: str) -> Refusals:
    if not is_e164(action.number):
        yield refused(Reason.INVALID_CONTENT, f"{path}.number", "must be a number in E.164 form")


def _open_url(action: OpenUrl, path: str) -> Refusals:
    yield from text_length(action.url, f"{path}.url", MAX_URL)
    if action.view is not None and action.application != "WEBVIEW":
        yield unsupported(f"{path}.view", "is the height of a web view: needs application WEBVIEW")


def _show_location(action: ShowLocation, path: str) -> Refusals:
    if action.latitude is None:
        if action.label is not None:
            yield unsupported(f"{path}.label", "belongs to a pin, which needs coordinates")
    elif action.query is not None:
        yield unsupported(f"{path}.query", "stands instead of coordinates, not beside them")


def _create_event(action: CreateEvent, path: str) -> Refusals:
    yield from text_length(action.title, f"{path}.title", MAX_EVENT_TITLE)
    yield from required(action, path, "description", why="for an event on rcs")
    yield from text_length(action.description, f"{path}.description", MAX_EVENT_DESCRIPTION)
    yield from whole_minute_offset(action.start, f"{path}.start")
    yield from whole_minute_offset(action.end, f"{path}.end")


_ACTIONS: Mapping[type, Callable[[Any, str], Refusals]] = {
    Reply: _reply,
    Dial: _dial,
    OpenUrl: _open_url,
    ShowLocation: _show_location,
    CreateEvent: _create_event,
}

RULES: Mapping[type, Rule] = {
    Text: _text,
    Media: _media,
    Interactive: _interactive,
    Card: _standalone,
    Carousel: _carousel,
}
