"""Checks of buttons, lists and carousels.

The limits of lists and carousels are those that Bird documents for WhatsApp, the only channel on
which this adapter supports them.
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

_MAX_DESCRIPTION = 72
_MAX_CAROUSEL_TEXT = 1024
_MAX_CARDS = 10
# Above it the amount in cents could exceed the integers that every JSON parser reads exactly.
_MAX_AMOUNT = 10**13
_CENT = Decimal("0.01")

_CARD_TYPES = {
    MediaKind.IMAGE: frozenset({"image/jpeg", "image/png"}),
    MediaKind.VIDEO: frozenset({"video/mp4", "video/3gpp"}),
}


def check_interactive(content: Interactive, channel: Channel, path: str) -> Failure | None:
    """Check text with buttons, which is sent as a text or media body."""
    if isinstance(content.header, MediaItem):
        failure = check_item(content.header, channel, f"{path}.header")
    else:
        failure = _unsupported(content, path, ("header",))
    return (
        failure
        or _unsupported(content, path, ("footer",))
        or check_actions(content.actions, f"{path}.actions")
    )


def check_list(content: ListPicker, _: Channel, path: str) -> Failure | None:
    """Check a list; `whatsapp_rules` checks its lengths."""
    return _unsupported(content, path, ("footer",))


def check_carousel(content: Carousel, _: Channel, path: str) -> Failure | None:
    """Check a carousel."""
    if content.text is None:
        return refused(Reason.INVALID_CONTENT, f"{path}.text", "is required above the cards")
    failure = _too_long(content.text, f"{path}.text", _MAX_CAROUSEL_TEXT) or _unsupported(
        content, path, ("width", "suggestions")
    )
    if failure is not None:
        return failure
    if len(content.cards) > _MAX_CARDS:
        return refused(
            Reason.INVALID_CONTENT,
            f"{path}.cards",
            f"has {len(content.cards)} cards; this provider takes {_MAX_CARDS}",
        )
    kind = None if content.cards[0].media is None else content.cards[0].media.kind
    for index, card in enumerate(content.cards):
        failure = _check_card(card, kind, f"{path}.cards[{index}]")
        if failure is not None:
            return failure
    return None


def _check_card(card: Card, kind: MediaKind | None, path: str) -> Failure | None:
    """Check a card: it needs a title, media of the same kind as the other cards, and one link."""
    if card.title is None or card.media is None:
        missing = "title" if card.title is None else "media"
        return refused(Reason.INVALID_CONTENT, f"{path}.{missing}", "is required on every card")
    if card.media.kind is not kind or card.media.kind not in _CARD_TYPES:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.media.kind",
            f"is {card.media.kind.value}; the cards show all images or all videos",
        )
    media_type = card.media.content_type
    if (
        media_type is not None
        and media_type.partition(";")[0].strip().lower() not in _CARD_TYPES[kind]
    ):
        allowed = ", ".join(sorted(_CARD_TYPES[kind]))
        return refused(
            Reason.MEDIA_INVALID,
            f"{path}.media.content_type",
            f"is {media_type}, not one of {allowed}",
        )
    if len(card.actions) != 1 or not isinstance(card.actions[0], OpenUrl):
        return refused(
            Reason.INVALID_CONTENT, f"{path}.actions", "must be exactly one that opens a page"
        )
    return (
        check_source(card.media.source, f"{path}.media.source")
        or check_options(card.media, f"{path}.media", {"alt_text"})
        or _unsupported(card, path, ("height", "layout", "suggestions"))
        or check_actions(card.actions, f"{path}.actions")
    )


def check_actions(actions: Iterable[Action], path: str) -> Failure | None:
    """Check buttons."""
    for index, action in enumerate(actions):
        failure = _ACTIONS[type(action)](action, f"{path}[{index}]")
        if failure is not None:
            return failure
    return None


def _check_reply(action: Reply, path: str) -> Failure | None:
    return _too_long(action.description, f"{path}.description", _MAX_DESCRIPTION)


def _check_url(action: OpenUrl, path: str) -> Failure | None:
    return _unsupported(
        action, path, ("payload", "fallback_url", "application", "view", "description")
    )


def _check_location(action: RequestLocation, path: str) -> Failure | None:
    return _unsupported(action, path, ("payload", "fallback_url"))


def _check_buy(action: Buy, path: str) -> Failure | None:
    if action.amount > _MAX_AMOUNT or action.amount % _CENT:
        return refused(Reason.INVALID_CONTENT, f"{path}.amount", "must be a whole number of cents")
    return None


_ACTIONS: dict[type, Callable[[Any, str], Failure | None]] = {
    Reply: _check_reply,
    OpenUrl: _check_url,
    RequestLocation: _check_location,
    Buy: _check_buy,
}


def _unsupported(value: object, path: str, names: tuple[str, ...]) -> Failure | None:
    """Refuse the first of these fields that is set: Bird has no counterpart for them."""
    for name in names:
        if getattr(value, name) not in (None, ()):
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.{name}",
                "cannot be expressed by this provider; leave it out",
            )
    return None


def _too_long(text: str | None, path: str, limit: int) -> Failure | None:
    if text is None or len(text) <= limit:
        return None
    return refused(
        Reason.CONTENT_TOO_LARGE, path, f"has {len(text)} characters; this provider takes {limit}"
    )
