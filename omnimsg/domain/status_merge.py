"""Merge what look-ups and reports say about one message, in any order and any number of times.

The merged status does not depend on the order of reports: merging is commutative, associative and
idempotent, as for timelines. So a report that comes late, twice or before the answer to the send
needs no special case, and two processes may each merge the reports they have seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MAX_EVIDENCE, LegStatus, MessageStatus, Status, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.outcome import Accepted

T = TypeVar("T")

# No provider has as many channels; a provider that keeps inventing ids must not fill the memory.
MAX_LEGS = 32
_NEVER = datetime.max.replace(tzinfo=UTC)
# What is reported of a leg that has not been tried yet.
_WAITING = frozenset({Status.SCHEDULED, Status.ACCEPTED})


def status_of_accepted(accepted: Accepted) -> MessageStatus:
    """Return the status of an accepted message without any report yet: its legs, if known.

    Args:
        accepted: Its outcome.
    """
    legs = tuple(
        LegStatus(channel=each.channel, provider_id=each.provider_id) for each in accepted.legs
    )
    return MessageStatus(id=accepted.id, legs=legs)


def merge_event(status: MessageStatus, event: StatusEvent) -> MessageStatus:
    """Merge a report into a message's status.

    Args:
        status: The message's status so far.
        event: A report about this message.

    Returns:
        The status with the report's leg, without `raw`: that is the answer to a single look-up.
    """
    return MessageStatus(id=status.id, legs=merge_legs((*status.legs, event.leg)))


def merge_statuses(first: MessageStatus, second: MessageStatus) -> MessageStatus:
    """Merge two statuses of one message.

    Returns:
        The status with the legs of both, without `raw`, as from `merge_event`.

    Raises:
        ValueError: They are of different messages.
    """
    if first.id != second.id:
        raise ValueError("the two statuses are of different messages")
    return MessageStatus(id=first.id, legs=merge_legs((*first.legs, *second.legs)))


def merge_legs(legs: Iterable[LegStatus]) -> tuple[LegStatus, ...]:
    """Merge the views of each leg, and order the legs by the times at which they were tried.

    A leg is identified by the provider's id of it, or by its channel if it has no id: a report may
    name a channel that a look-up does not. A leg starts when the one before it failed, so the order
    of their times is that of sending. Legs that only wait come after these, because an early
    look-up finds that all of them wait, and legs without evidence last. At most 32 legs are kept.

    `NOT_FOUND` is kept only while there is no other evidence: a look-up may come before the
    provider can find a message that it has accepted, and a leg that can still run would hide that
    the others have ended.
    """
    given = list(legs)
    if len(given) == 1:  # the first report of a message
        return (_bounded(_without_not_found(given[0]) or given[0]),)
    # `NOT_FOUND` is dropped before legs are merged: afterwards, the result depends on the order.
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
        merged[key] for key in sorted(kept, key=lambda key: (*_first_times(merged[key]), key))
    )


def _without_not_found(leg: LegStatus) -> LegStatus | None:
    """Return a leg without its `NOT_FOUND` evidence; `None` if it has no other."""
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


def _first_times(leg: LegStatus) -> tuple[datetime, datetime]:
    """Return since when a leg has been tried, and since when anything is known of it."""
    entries = leg.timeline.entries
    tried = [at for evidence, at in entries.items() if evidence.status not in _WAITING]
    return min(tried, default=_NEVER), leg.timeline.earliest or _NEVER


def _bounded(leg: LegStatus) -> LegStatus:
    """Return a leg as merging would leave it: bounded, and with a `detail` only if it failed."""
    is_whole = len(leg.timeline.entries) <= MAX_EVIDENCE
    return leg if is_whole and (not leg.detail or leg.status.failed) else _merge_leg(leg, leg)


def _merge_leg(first: LegStatus, second: LegStatus) -> LegStatus:
    """Merge two views of a leg: all evidence, and the more informative value of other fields."""
    timeline = first.timeline.merge(second.timeline)
    # Only a failed leg has a `detail`. Computing the status costs more than the test before it.
    has_detail = bool(first.detail or second.detail) and timeline.status.failed
    return LegStatus.make(
        channel=_greatest(first.channel, second.channel),
        timeline=timeline,
        provider_id=_greatest(first.provider_id, second.provider_id),
        usage=_merge_usage(first.usage, second.usage),
        detail=_merge_details(first, second) if has_detail else "",
    )


def _merge_details(first: LegStatus, second: LegStatus) -> str:
    """Return the longest `detail` of a view that failed."""
    details = [each.detail for each in (first, second) if each.status.failed]
    return max(details, key=lambda text: (len(text), text), default="")


def _merge_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    """Merge costs: an early report has parts without a price, or neither."""
    if first is None or second is None or first == second:
        return first or second
    # Price and currency come from one report: the other report may have another currency.
    priced = max(first, second, key=_price_order)
    return Usage(
        parts=_greatest(first.parts, second.parts), price=priced.price, currency=priced.currency
    )


def _price_order(usage: Usage) -> tuple[bool, bool, str, Decimal]:
    """Sort prices: a known price first, then a known currency; the rest makes the order total."""
    price, currency = usage.price, usage.currency
    return price is not None, currency is not None, currency or "", price or Decimal(0)


def _greatest(first: T | None, second: T | None) -> T | None:
    """Return the greater of two values, either of which may be `None`."""
    if first is None or first == second:
        return second
    if second is None:
        return first
    both: list[Any] = [first, second]  # values of one field, which can be compared
    greatest: T = max(both)
    return greatest
