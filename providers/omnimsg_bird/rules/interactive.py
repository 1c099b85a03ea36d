"""What Bird refuses of buttons, lists and carousels.

The limits of lists and carousels are those that Bird documents for WhatsApp, the one channel on
which this adapter carries them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_options, refused
from omnimsg.domain.content import Buy, MediaItem, OpenUrl, Reply, RequestLocation
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg_bird.rules.media import check_item, check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import Action, Card, Carousel, Interactive, ListPicker
    from omnimsg.domain.failure import Failure

_MOST_DESCRIPTION = 72
_MOST_BUTTON = 20
_MOST_CAROUSEL_TEXT = 1024
_MOST_CARDS = 10
# Beyond it the cents would be no number that JSON is exact about everywhere.
_MOST_AMOUNT = 10**13
_CENT = Decimal("0.01")

_CARD_TYPES = {
    MediaKind.IMAGE: frozenset({"image/jpeg", "image/png"}),
    MediaKind.VIDEO: frozenset({"video/mp4", "video/3gpp"}),
}


def check_interactive(content: Interactive, channel: Channel, path: str) -> Failure | None:
    """Hold words with buttons against the text or media body that carries them."""
    if isinstance(content.header, MediaItem):
        failure = check_item(content.header, channel, f"{path}.header")
    else:
        failure = _unsaid(content, path, ("header",))
    return (
        failure
        or _unsaid(content, path, ("footer",))
        or check_actions(content.actions, f"{path}.actions")
    )


def check_list(content: ListPicker, _: Channel, path: str) -> Failure | None:
    """Hold a menu against the list body."""
    failure = _unsaid(content, path, ("footer",)) or _too_long(
        content.button, f"{path}.button", _MOST_BUTTON
    )
    if failure is not None:
        return failure
    for number, section in enumerate(content.sections):
        for position, item in enumerate(section.items):
            where = f"{path}.sections[{number}].items[{position}].description"
            failure = _too_long(item.description, where, _MOST_DESCRIPTION)
            if failure is not None:
                return failure
    return None


def check_carousel(content: Carousel, _: Channel, path: str) -> Failure | None:
    """Hold a row of cards against the carousel body."""
    if content.text is None:
        return refused(Reason.INVALID_CONTENT, f"{path}.text", "is required above the cards")
    failure = _too_long(content.text, f"{path}.text", _MOST_CAROUSEL_TEXT) or _unsaid(
        content, path, ("width", "suggestions")
    )
    if failure is not None:
        return failure
    if len(content.cards) > _MOST_CARDS:
        return refused(
            Reason.INVALID_CONTENT,
            f"{path}.cards",
            f"has {len(content.cards)} cards; this provider takes {_MOST_CARDS}",
        )
    kind = None if content.cards[0].media is None else content.cards[0].media.kind
    for position, card in enumerate(content.cards):
        failure = _check_card(card, kind, f"{path}.cards[{position}]")
        if failure is not None:
            return failure
    return None


def _check_card(card: Card, kind: MediaKind | None, path: str) -> Failure | None:
    """Hold a card against what each one needs: a title, a medium like the others', one link."""
    if card.title is None or card.media is None:
        missing = "title" if card.title is None else "media"
        return refused(Reason.INVALID_CONTENT, f"{path}.{missing}", "is required on every card")
    if card.media.kind is not kind or card.media.kind not in _CARD_TYPES:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.media.kind",
            f"is {card.media.kind.value}; the cards show all images or all videos",
        )
    given = card.media.content_type
    if given is not None and given.partition(";")[0].strip().lower() not in _CARD_TYPES[kind]:
        known = ", ".join(sorted(_CARD_TYPES[kind]))
        return refused(
            Reason.MEDIA_INVALID, f"{path}.media.content_type", f"is {given}, not one of {known}"
        )
    if len(card.actions) != 1 or not isinstance(card.actions[0], OpenUrl):
        return refused(
            Reason.INVALID_CONTENT, f"{path}.actions", "must be exactly one that opens a page"
        )
    return (
        check_source(card.media.source, f"{path}.media.source")
        or check_options(card.media, f"{path}.media", {"alt_text"})
        or _unsaid(card, path, ("height", "layout", "suggestions"))
        or check_actions(card.actions, f"{path}.actions")
    )


def check_actions(actions: Iterable[Action], path: str) -> Failure | None:
    """Hold buttons against their bodies."""
    for position, action in enumerate(actions):
        failure = _ACTIONS[type(action)](action, f"{path}[{position}]")
        if failure is not None:
            return failure
    return None


def _check_reply(action: Reply, path: str) -> Failure | None:
    return _too_long(action.description, f"{path}.description", _MOST_DESCRIPTION)


def _check_url(action: OpenUrl, path: str) -> Failure | None:
    return _unsaid(action, path, ("payload", "fallback_url", "application", "view", "description"))


def _check_location(action: RequestLocation, path: str) -> Failure | None:
    return _unsaid(action, path, ("payload", "fallback_url"))


def _check_buy(action: Buy, path: str) -> Failure | None:
    if action.amount > _MOST_AMOUNT or action.amount % _CENT:
        return refused(Reason.INVALID_CONTENT, f"{path}.amount", "must be a whole number of cents")
    return None


_ACTIONS: dict[type, Callable[[Any, str], Failure | None]] = {
    Reply: _check_reply,
    OpenUrl: _check_url,
    RequestLocation: _check_location,
    Buy: _check_buy,
}


def _unsaid(value: object, path: str, names: tuple[str, ...]) -> Failure | None:
    """Refuse the first of some fields that is set although Bird has no word for it."""
    for name in names:
        if getattr(value, name) not in (None, ()):
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.{name}",
                "cannot be expressed by this provider; leave it out",
            )
    return None


def _too_long(text: str | None, path: str, most: int) -> Failure | None:
    if text is None or len(text) <= most:
        return None
    return refused(
        Reason.CONTENT_TOO_LARGE, path, f"has {len(text)} characters; this provider takes {most}"
    )
