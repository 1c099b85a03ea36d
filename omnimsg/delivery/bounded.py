"""Bound the texts of reports and look-ups that the store of messages keeps.

Whoever can sign a callback, or knows a path secret, may put a megabyte into each of its texts. The
application's handlers get the event as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.domain.events import StatusEvent

Name = TypeVar("Name", bound=str)

MAX_LENGTH = 1_000
"""The most characters of each text. No id, reference, address or status is as long."""


def bounded_event(event: StatusEvent) -> StatusEvent:
    """Return a report with texts of at most 1,000 characters.

    A longer description or status is cut. A longer name (an id, a reference, an address) is left
    out, because what is left of it would be another name.
    """
    names = (event.message_id, event.batch_id, event.reference, event.token, event.recipient)
    leg = _bounded_leg(event.leg)
    if leg is event.leg and _are_short(names):
        return event
    return attrs.evolve(
        event,
        leg=leg,
        message_id=_short_or_none(event.message_id),
        batch_id=_short_or_none(event.batch_id),
        reference=_short_or_none(event.reference),
        token=_short_or_none(event.token),
        recipient=_short_or_none(event.recipient),
    )


def bounded_status(status: MessageStatus) -> MessageStatus:
    """Return the answer of a look-up with legs whose texts have at most 1,000 characters."""
    return MessageStatus(id=status.id, legs=tuple(map(_bounded_leg, status.legs)))


def _bounded_leg(leg: LegStatus) -> LegStatus:
    usage, entries = leg.usage, leg.timeline.entries
    texts = [leg.provider_id, leg.detail, None if usage is None else usage.currency]
    for each in entries:
        texts += each.provider_status, each.code
    if _are_short(texts):
        return leg
    timeline = Timeline()
    for evidence, at in entries.items():
        timeline = timeline.merge(Timeline.of(_cut(evidence), at))
    return attrs.evolve(
        leg,
        timeline=timeline,
        provider_id=_short_or_none(leg.provider_id),
        usage=None if usage is None or not _are_short([usage.currency]) else usage,
        detail=leg.detail[:MAX_LENGTH],
    )


def _cut(evidence: Evidence) -> Evidence:
    status, code = evidence.provider_status[:MAX_LENGTH], evidence.code
    return attrs.evolve(
        evidence, provider_status=status, code=None if code is None else code[:MAX_LENGTH]
    )


def _are_short(texts: Iterable[str | None]) -> bool:
    for text in texts:  # noqa: SIM110 - each report needs it, and `all` takes twice as long
        if text and len(text) > MAX_LENGTH:
            return False
    return True


def _short_or_none(name: Name | None) -> Name | None:
    return name if name is None or len(name) <= MAX_LENGTH else None
