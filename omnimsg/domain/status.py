"""The status of an accepted message, merged from all reports about it.

Reports arrive late, twice and out of order. So no report overwrites another: a leg keeps each
distinct report as *evidence*, with the earliest time it was given, and the status is computed from
all of it. Merging two timelines is a key-wise minimum, hence commutative, associative and
idempotent: any order and any repetition of reports gives the same status.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar

import attrs

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.ordered_enum import Ordered
from omnimsg.domain.outcome import Usage
from omnimsg.domain.quick import quick
from omnimsg.domain.reason import Fault, Reason
from omnimsg.domain.redaction import masked

# Providers have a few dozen statuses; a timeline with more must not grow without bound.
MAX_EVIDENCE = 64


class Status(Ordered):
    """The unified lifecycle of a message, in order of rank, by which statuses compare.

    `UNKNOWN` means only "no evidence". A higher rank wins over a lower one, whatever the order of
    the reports: a phone that received a text has received it, even if a carrier once reported that
    it could not.
    """

    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"
    ACCEPTED = "accepted"
    SENT = "sent"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"

    @property
    def rank(self) -> int:
        """The index in the order of ranks, from 0."""
        return _RANKS[self]

    @property
    def reached(self) -> bool:
        """Whether the message reached a handset."""
        return self in _REACHED

    @property
    def failed(self) -> bool:
        """Whether the leg ended without reaching a handset."""
        return self in _FAILED

    @property
    def final(self) -> bool:
        """Whether waiting for further reports can stop; `DELIVERED` may still become `READ`."""
        return self.failed or self.reached


_RANKS = {status: rank for rank, status in enumerate(Status)}
_REACHED = frozenset({Status.DELIVERED, Status.READ})
_FAILED = frozenset({Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.FAILED})


# `cache_hash`, because a provider's tables share a few dozen instances among all messages.
@attrs.frozen(cache_hash=True, weakref_slot=False)
class Evidence:
    """One distinct report of a provider about a leg.

    Attributes:
        status: The status in the unified lifecycle.
        provider_status: The provider's name of the status; empty if it gave none yet.
        code: The provider's failure code as text.
        reason: Why the leg failed or its status is unknown; otherwise `None`.
        fault: Who caused it, if there is a reason.
    """

    status: Status
    provider_status: str
    code: str | None = attrs.field(default=None, kw_only=True)
    reason: Reason | None = attrs.field(default=None, kw_only=True)
    fault: Fault | None = attrs.field(default=None, kw_only=True)

    @property
    def is_not_found(self) -> bool:
        """Whether the provider reported that it does not know the message."""
        return self.status is Status.UNKNOWN and self.reason is Reason.NOT_FOUND

    @property
    def order(self) -> tuple[int, str, bool, str, bool, str, bool, str]:
        """A sort key that orders evidence by rank, then by its other fields: a total order."""
        code, reason, fault = self.code, self.reason, self.fault
        # `None` and empty text are different evidence, so they must sort differently.
        return (
            _RANKS[self.status],
            self.provider_status,
            *(code is not None, code or ""),
            *(reason is not None, reason or ""),
            *(fault is not None, fault or ""),
        )


_order: Callable[[Evidence], Any] = attrgetter("order")


@quick
@attrs.frozen(weakref_slot=False)
class Timeline:
    """All evidence of one leg, with the earliest time that each was reported.

    It keeps at most 64 entries, those of the highest rank: enough for every documented status of a
    provider, and a bound if a provider keeps inventing new ones.

    Attributes:
        entries: The evidence, with the time of each.
    """

    make: ClassVar[Callable[..., Timeline]]

    entries: FrozenDict[Evidence, datetime] = attrs.field(factory=FrozenDict)

    @classmethod
    def of(cls, evidence: Evidence, at: datetime) -> Timeline:
        """Build a timeline with one entry.

        Raises:
            InvalidValue: The time has no UTC offset.
        """
        if at.tzinfo is not UTC and at.utcoffset() is None:
            raise validate.refuse(evidence, "at", "must be a datetime with a UTC offset")
        return cls.make(FrozenDict({evidence: at}))

    def merge(self, other: Timeline) -> Timeline:
        """Merge two timelines; the order of merging does not matter."""
        union = dict(self.entries)
        for evidence, at in other.entries.items():
            if at < union.setdefault(evidence, at):
                union[evidence] = at
        if len(union) > MAX_EVIDENCE:
            kept = sorted(union, key=_order)[-MAX_EVIDENCE:]
            union = {evidence: union[evidence] for evidence in kept}
        return Timeline.make(FrozenDict(union))

    @property
    def latest(self) -> Evidence | None:
        """The evidence of the highest rank, which decides the status."""
        if len(self.entries) == 1:
            return next(iter(self.entries))
        return max(self.entries, key=_order, default=None)

    @property
    def earliest(self) -> datetime | None:
        """The earliest time of all evidence; `None` if there is none."""
        times = self.entries.values()
        return next(iter(times)) if len(times) == 1 else min(times, default=None)

    @property
    def status(self) -> Status:
        """The highest status that was ever reported."""
        latest = self.latest
        return Status.UNKNOWN if latest is None else latest.status

    @property
    def not_found(self) -> bool:
        """Whether there is evidence, and all of it is that the message was not found."""
        return bool(self.entries) and all(each.is_not_found for each in self.entries)

    @property
    def contradicted(self) -> bool:
        """Whether the leg was reported both as failed and as delivered to a handset."""
        statuses = {evidence.status for evidence in self.entries}
        failed = any(status.failed for status in statuses)
        return failed and any(status.reached for status in statuses)


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class LegStatus:
    """The status of one leg: one channel, through one account.

    Attributes:
        channel: The channel; `None` if the provider does not name it.
        timeline: The evidence from which the status is computed.
        provider_id: The provider's id of the leg, if it has one of its own. Never an id that two
            legs of a message share: merging treats legs with the same id as one leg.
        usage: Parts and price, if known.
        detail: The provider's description of a leg's failure, for a person; empty if it gives none.
            It may quote the recipient; the repr masks numbers and addresses in it.
    """

    make: ClassVar[Callable[..., LegStatus]]

    channel: Channel | None = None
    timeline: Timeline = attrs.field(factory=Timeline)
    provider_id: str | None = None
    usage: Usage | None = None
    detail: str = attrs.field(default="", repr=masked)

    @property
    def status(self) -> Status:
        """The leg's status."""
        return self.timeline.status

    @property
    def reason(self) -> Reason | None:
        """Why the leg failed or its status is unknown."""
        latest = self.timeline.latest
        return None if latest is None else latest.reason


_NO_LEG = LegStatus()


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class MessageStatus:
    """The status of a message: all its legs, and the one that decides.

    Attributes:
        id: The message's id.
        legs: The legs, in sending order; for an id that the provider does not know, one leg with
            the reason `NOT_FOUND`.
        raw: The provider's answer.
    """

    id: MessageId
    legs: tuple[LegStatus, ...]
    raw: Any = attrs.field(default=None, repr=False)

    @classmethod
    def not_found(
        cls,
        id: MessageId,  # noqa: A002 - the field's name
        at: datetime,
        *,
        channel: Channel | None = None,
        provider_status: str = "",
        raw: Any = None,  # noqa: ANN401 - the provider's answer
    ) -> MessageStatus:
        """Build the status for an id that the provider does not know: `UNKNOWN`, `NOT_FOUND`."""
        reason = Reason.NOT_FOUND
        evidence = Evidence(Status.UNKNOWN, provider_status, reason=reason, fault=reason.fault)
        leg = LegStatus(channel=channel, timeline=Timeline.of(evidence, at))
        return cls(id=id, legs=(leg,), raw=raw)

    @property
    def deciding(self) -> LegStatus | None:
        """The leg that decides the message's status; `None` if there are no legs.

        The highest leg that reached a handset; else the highest that has not ended; else the last
        leg, because a leg only starts after the one before it has failed. A leg whose only evidence
        is that the message was not found decides only if all legs are so: the look-up may have come
        too early, or long after the end.
        """
        if len(self.legs) == 1:
            return self.legs[0]
        legs = [leg for leg in self.legs if not leg.timeline.not_found] or self.legs
        reached = [leg for leg in legs if leg.status.reached]
        running = [leg for leg in legs if not leg.status.final]
        best = max(reached or running, key=lambda leg: leg.status.rank, default=None)
        return best or (legs[-1] if legs else None)

    @property
    def status(self) -> Status:
        """The message's status."""
        return (self.deciding or _NO_LEG).status

    @property
    def reason(self) -> Reason | None:
        """Why the message failed, or `NOT_FOUND` if the provider does not know the id."""
        return (self.deciding or _NO_LEG).reason

    @property
    def detail(self) -> str:
        """The provider's description of a failure, for a person; empty if it gives none."""
        return (self.deciding or _NO_LEG).detail

    @property
    def usage(self) -> Usage | None:
        """The cost of the message so far: the sum over its legs, failed ones included.

        `None` if no leg has a usage. Prices in several currencies are not added up.
        """
        known = [leg.usage for leg in self.legs if leg.usage is not None]
        if not known:
            return None
        parts = [each.parts for each in known if each.parts is not None]
        priced = [each for each in known if each.price is not None]
        currencies = {each.currency for each in priced}
        prices = [each.price for each in priced if each.price is not None]
        one_currency = len(currencies) == 1
        return Usage(
            parts=sum(parts) if parts else None,
            price=sum(prices, Decimal(0)) if one_currency else None,
            currency=currencies.pop() if one_currency else None,
        )

    @property
    def contradicted(self) -> bool:
        """Whether a leg was reported both as failed and as delivered to a handset."""
        return any(leg.timeline.contradicted for leg in self.legs)
