"""Merge what look-ups and reports say about one message, in any order and any number of times.

The merged status depends only on what was said, not on the order: merging is commutative,
associative and idempotent, as of timelines. So a report that comes late, twice or before the answer
to the send needs no special case, and two processes may each merge what they have seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import LegStatus, MessageStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.outcome import Accepted

T = TypeVar("T")

# No provider has as many channels; a provider that keeps inventing ids must not fill the memory.
MAX_LEGS = 32
_NEVER = datetime.max.replace(tzinfo=UTC)


def status_of_accepted(accepted: Accepted) -> MessageStatus:
    """Return the status of a message of which nothing was reported yet: its legs, as far as known.

    Args:
        accepted: Its outcome.
    """
    legs = tuple(
        LegStatus(channel=each.channel, provider_id=each.provider_id) for each in accepted.legs
    )
    return MessageStatus(id=accepted.id, legs=legs)


def merge_event(status: MessageStatus, event: StatusEvent) -> MessageStatus:
    """Add what a report says to a message's status.

    Args:
        status: What is known of the message.
        event: A report about this message.
    """
    return attrs.evolve(status, legs=merge_legs((*status.legs, event.leg)))


def merge_statuses(first: MessageStatus, second: MessageStatus) -> MessageStatus:
    """Merge two statuses of one message.

    Returns:
        The status with the id of the first. `raw` is gone: it is the answer to one look-up.

    Raises:
        ValueError: They are of different messages.
    """
    if first.id != second.id:
        raise ValueError("the two statuses are of different messages")
    return MessageStatus(id=first.id, legs=merge_legs((*first.legs, *second.legs)))


def merge_legs(legs: Iterable[LegStatus]) -> tuple[LegStatus, ...]:
    """Merge the legs that are the same one, and order them by the first time of each.

    A leg is told by the provider's id of it, or by its channel where it has none: a report may name
    a channel that a look-up does not. A leg starts when the one before it failed, so the order of
    their times is that of sending; legs without evidence come last. At most 32 legs are kept.
    """
    merged: dict[tuple[str, str], LegStatus] = {}
    for leg in legs:
        key = _key_of(leg)
        known = merged.get(key)
        merged[key] = leg if known is None else _merge_leg(known, leg)
    # By key, which never changes: a bound by time would depend on the order of merging.
    kept = sorted(merged)[:MAX_LEGS]
    return tuple(
        merged[key] for key in sorted(kept, key=lambda key: (_first_time(merged[key]), key))
    )


def _key_of(leg: LegStatus) -> tuple[str, str]:
    return ("id", leg.provider_id) if leg.provider_id else ("channel", leg.channel or "")


def _first_time(leg: LegStatus) -> datetime:
    return leg.timeline.earliest or _NEVER


def _merge_leg(first: LegStatus, second: LegStatus) -> LegStatus:
    """Merge two views of a leg: all evidence, and of everything else the one that says more."""
    return LegStatus(
        channel=_greatest(first.channel, second.channel),
        timeline=first.timeline.merge(second.timeline),
        provider_id=_greatest(first.provider_id, second.provider_id),
        usage=_merge_usage(first.usage, second.usage),
        detail=max(first.detail, second.detail, key=lambda text: (len(text), text)),
    )


def _merge_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    """Merge costs: a report that comes early has parts and no price, or none of both."""
    if first is None or second is None:
        return first or second
    return Usage(
        parts=_greatest(first.parts, second.parts),
        price=_greatest(first.price, second.price),
        currency=_greatest(first.currency, second.currency),
    )


def _greatest(first: T | None, second: T | None) -> T | None:
    """Return the greater of two values of which either may be missing."""
    known: list[Any] = [each for each in (first, second) if each is not None]
    return max(known, default=None)
