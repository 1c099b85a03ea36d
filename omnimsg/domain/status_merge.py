"""Merge what look-ups and reports say about one message, in any order and any number of times.

The merged status depends only on what was said, not on the order: merging is commutative,
associative and idempotent, as of timelines. So a report that comes late, twice or before the answer
to the send needs no special case, and two processes may each merge what they have seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MAX_EVIDENCE, LegStatus, MessageStatus, Timeline

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

    Returns:
        The status with the report's leg. `raw` is gone: it is the answer to one look-up, which the
        status no longer repeats.
    """
    return MessageStatus(id=status.id, legs=merge_legs((*status.legs, event.leg)))


def merge_statuses(first: MessageStatus, second: MessageStatus) -> MessageStatus:
    """Merge two statuses of one message.

    Returns:
        The status with the legs of both. `raw` is gone, as of `merge_event`.

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

    That the provider does not know the message (`NOT_FOUND`) is kept only while nothing else is
    known: a look-up may come before the provider can find what it has accepted, and a leg that can
    still run would hide the end of the others.
    """
    given = list(legs)
    if len(given) == 1:  # the first report of a message
        return (_bounded(_without_not_found(given[0]) or given[0]),)
    # Chosen before legs are merged by their keys: afterwards, the choice would depend on the order.
    known = [leg for each in given if (leg := _without_not_found(each)) is not None]
    merged: dict[tuple[str, str], LegStatus] = {}
    for leg in known or given:
        key = _key_of(leg)
        other = merged.get(key)
        merged[key] = _bounded(leg) if other is None else _merge_leg(other, leg)
    if len(merged) == 1:
        return tuple(merged.values())
    # By key, which never changes: a bound by time would depend on the order of merging.
    kept = sorted(merged)[:MAX_LEGS]
    return tuple(
        merged[key] for key in sorted(kept, key=lambda key: (_first_time(merged[key]), key))
    )


def _without_not_found(leg: LegStatus) -> LegStatus | None:
    """Leave out of a leg what `MessageStatus.not_found` says; `None` if it says nothing else."""
    entries = leg.timeline.entries
    for evidence in entries:
        if evidence.reason is Reason.NOT_FOUND:
            break
    else:
        return leg
    kept = {each: at for each, at in entries.items() if not each.is_not_found}
    if len(kept) == len(entries):
        return leg
    return attrs.evolve(leg, timeline=Timeline(FrozenDict(kept))) if kept else None


def _key_of(leg: LegStatus) -> tuple[str, str]:
    return ("id", leg.provider_id) if leg.provider_id else ("channel", leg.channel or "")


def _first_time(leg: LegStatus) -> datetime:
    return leg.timeline.earliest or _NEVER


def _bounded(leg: LegStatus) -> LegStatus:
    """Return a leg as merging it would leave it: bounded, and with words of a failure only."""
    is_whole = len(leg.timeline.entries) <= MAX_EVIDENCE
    return leg if is_whole and (not leg.detail or leg.status.failed) else _merge_leg(leg, leg)


def _merge_leg(first: LegStatus, second: LegStatus) -> LegStatus:
    """Merge two views of a leg: all evidence, and of everything else the one that says more."""
    timeline = first.timeline.merge(second.timeline)
    # Only what failed has words; to find out whether it did is more work than to see that.
    has_detail = bool(first.detail or second.detail) and timeline.status.failed
    return LegStatus.make(
        channel=_greatest(first.channel, second.channel),
        timeline=timeline,
        provider_id=_greatest(first.provider_id, second.provider_id),
        usage=_merge_usage(first.usage, second.usage),
        detail=_merge_details(first, second) if has_detail else "",
    )


def _merge_details(first: LegStatus, second: LegStatus) -> str:
    """Return the longest words of a failure."""
    details = [each.detail for each in (first, second) if each.status.failed]
    return max(details, key=lambda text: (len(text), text), default="")


def _merge_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    """Merge costs: a report that comes early has parts and no price, or none of both."""
    if first is None or second is None or first == second:
        return first or second
    # A price and its currency are one value: of two prices, the currency may be another's.
    priced = max(first, second, key=_price_order)
    return Usage(
        parts=_greatest(first.parts, second.parts), price=priced.price, currency=priced.currency
    )


def _price_order(usage: Usage) -> tuple[bool, bool, str, Decimal]:
    """Order prices: one that is known, in a known currency, is more; the rest makes it total."""
    price, currency = usage.price, usage.currency
    return price is not None, currency is not None, currency or "", price or Decimal(0)


def _greatest(first: T | None, second: T | None) -> T | None:
    """Return the greater of two values of which either may be missing."""
    if first is None or first == second:
        return second
    if second is None:
        return first
    both: list[Any] = [first, second]  # values of one field, which can be compared
    greatest: T = max(both)
    return greatest
