"""RCS: text, a file or cards, with suggestions below.

Source: the Rcs objects of Messente's OpenAPI document, which hold every limit here.
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
    counted,
    media,
    required,
    sized,
    unsaid,
    unsupported,
    whole_minutes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule

MOST_CHARACTERS = 3072
MOST_SUGGESTIONS = 11
MOST_SUGGESTIONS_OF_A_CARD = 4
MOST_CARDS = 10
MOST_OF_A_TITLE = 200
MOST_OF_A_DESCRIPTION = 2000
MOST_OF_A_LABEL = 25
MOST_OF_A_URL = 2048
MOST_OF_AN_EVENTS_TITLE = 100
MOST_OF_AN_EVENTS_DESCRIPTION = 500

# Files go by their address alone; which kinds a phone shows is not documented.
KINDS = (
    MediaKind.IMAGE,
    MediaKind.VIDEO,
    MediaKind.AUDIO,
    MediaKind.DOCUMENT,
    MediaKind.GIF,
)
_CARRIED = frozenset({"thumbnail_url", "refresh"})


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsaid(content, path, "preview_url", "udh", "autoconvert")


def _media(content: Media, path: str, _: Adapter[Any]) -> Refusals:
    yield from counted(content.items, f"{path}.items", 1)
    yield from media(content.items[0], f"{path}.items[0]", KINDS, _CARRIED)
    yield from unsaid(content, path, "caption")


def _interactive(content: Interactive, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "footer")
    yield from sized(content.body, f"{path}.body", MOST_CHARACTERS)
    if isinstance(content.header, MediaItem):
        yield from media(content.header, f"{path}.header", KINDS, _CARRIED)
        if content.body is not None:
            yield unsupported(
                f"{path}.header", "cannot stand with words on rcs; use a Card for a file and words"
            )
    elif content.header is not None:
        yield unsupported(f"{path}.header", "is text, for which rcs has no place; use the body")
    yield from _suggestions(content.actions, f"{path}.actions", MOST_SUGGESTIONS)


def _standalone(content: Card, path: str, _: Adapter[Any]) -> Refusals:
    yield from _card(content, path)
    yield from _suggestions(content.suggestions, f"{path}.suggestions", MOST_SUGGESTIONS)


def _carousel(content: Carousel, path: str, _: Adapter[Any]) -> Refusals:
    yield from unsaid(content, path, "text")
    yield from counted(content.cards, f"{path}.cards", MOST_CARDS)
    for position, card in enumerate(content.cards):
        yield from _card(card, f"{path}.cards[{position}]")
    yield from _suggestions(content.suggestions, f"{path}.suggestions", MOST_SUGGESTIONS)


def _card(card: Card, path: str) -> Refusals:
    yield from sized(card.title, f"{path}.title", MOST_OF_A_TITLE)
    yield from sized(card.text, f"{path}.text", MOST_OF_A_DESCRIPTION)
    if card.media is not None:
        yield from media(card.media, f"{path}.media", KINDS, _CARRIED)
    elif card.height is not None:
        yield unsupported(f"{path}.height", "is the height of a picture, and there is none")
    yield from _suggestions(card.actions, f"{path}.actions", MOST_SUGGESTIONS_OF_A_CARD)


def _suggestions(actions: tuple[Action, ...], path: str, most: int) -> Refusals:
    yield from counted(actions, path, most)
    for position, action in enumerate(actions):
        where = f"{path}[{position}]"
        yield from required(action, where, "text", why="on rcs")
        yield from sized(action.text, f"{where}.text", MOST_OF_A_LABEL)
        yield from sized(
            getattr(action, "fallback_url", None), f"{where}.fallback_url", MOST_OF_A_URL
        )
        rule = _ACTIONS.get(action.__class__)
        if rule is not None:
            yield from rule(action, where)


def _reply(action: Reply, path: str) -> Refusals:
    return unsaid(action, path, "image_url", "description")


def _dial(action: Dial, path: str) -> Refusals:
    if not is_e164(action.number):
        yield refused(Reason.INVALID_CONTENT, f"{path}.number", "must be a number in E.164 form")


def _open_url(action: OpenUrl, path: str) -> Refusals:
    yield from sized(action.url, f"{path}.url", MOST_OF_A_URL)
    if action.view is not None and action.application != "WEBVIEW":
        yield unsupported(f"{path}.view", "is the height of a web view: needs application WEBVIEW")


def _show_location(action: ShowLocation, path: str) -> Refusals:
    if action.latitude is None:
        if action.label is not None:
            yield unsupported(f"{path}.label", "belongs to a pin, which needs coordinates")
    elif action.query is not None:
        yield unsupported(f"{path}.query", "stands instead of coordinates, not beside them")


def _create_event(action: CreateEvent, path: str) -> Refusals:
    yield from sized(action.title, f"{path}.title", MOST_OF_AN_EVENTS_TITLE)
    yield from required(action, path, "description", why="for an event on rcs")
    yield from sized(action.description, f"{path}.description", MOST_OF_AN_EVENTS_DESCRIPTION)
    yield from whole_minutes(action.start, f"{path}.start")
    yield from whole_minutes(action.end, f"{path}.end")


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
