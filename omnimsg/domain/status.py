"""Where an accepted message is in its life, and how reports of it are folded together.

Reports arrive late, twice and out of order. So nothing overwrites: a leg keeps *evidence*, each
distinct thing a provider said and the earliest time it was said, and its status is read off that.
Merging two timelines is a key-wise minimum, hence commutative, associative and idempotent: any
order and any repetition of reports gives the same status.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Fault, Reason

# Providers have a few dozen statuses; what lies beyond is noise that must not grow without end.
MOST_EVIDENCE = 64


class Status(StrEnum):
    """The unified lifecycle, written in order of rank.

    `UNKNOWN` means only "no evidence". A later rank wins over an earlier one whatever the order of
    the reports: a phone that received a text has received it, even where a carrier once said it
    could not.
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
        """The place in the order, from 0."""
        return _RANKS[self]

    @property
    def reached(self) -> bool:
        """Whether a handset has it."""
        return self in (Status.DELIVERED, Status.READ)

    @property
    def failed(self) -> bool:
        """Whether this leg ended without reaching a handset."""
        return Status.CANCELLED.rank <= self.rank <= Status.FAILED.rank

    @property
    def final(self) -> bool:
        """Whether nothing more needs to be waited for; `DELIVERED` may still become `READ`."""
        return self.failed or self.reached


_RANKS = {status: rank for rank, status in enumerate(Status)}


@attrs.frozen
class Evidence:
    """One distinct thing that a provider said about a leg.

    Attributes:
        status: What it means in the unified lifecycle.
        provider_status: The provider's own word; empty where it said nothing yet.
        code: The provider's failure code as text.
        reason: Why, where it is a failure or an unknown.
        fault: Whose doing it is, where there is a reason.
    """

    status: Status
    provider_status: str
    code: str | None = attrs.field(default=None, kw_only=True)
    reason: Reason | None = attrs.field(default=None, kw_only=True)
    fault: Fault | None = attrs.field(default=None, kw_only=True)

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """A total order, highest rank last, that depends on nothing but the evidence."""
        rest = (self.code, self.reason, self.fault)
        # Nothing and empty text are two pieces of evidence, so they need two places in the order.
        code, reason, fault = ("" if each is None else f"={each}" for each in rest)
        return self.status.rank, self.provider_status, code, reason, fault


@attrs.frozen
class Timeline:
    """All the evidence of one leg, with the earliest time each was given.

    At most 64 pieces are kept, those of the highest rank: enough for every documented status of a
    provider, and bounded where one invents new words for ever.
    """

    entries: FrozenDict[Evidence, datetime] = attrs.field(factory=FrozenDict)

    @classmethod
    def of(cls, evidence: Evidence, at: datetime) -> Timeline:
        """Start a timeline with one piece of evidence."""
        if at.utcoffset() is None:
            raise validate.refuse(evidence, "at", "must be a datetime with a UTC offset")
        return cls(FrozenDict({evidence: at}))

    def merge(self, other: Timeline) -> Timeline:
        """Put two timelines together; the order of merging never matters."""
        union = dict(self.entries)
        for evidence, at in other.entries.items():
            union[evidence] = min(at, union.get(evidence, at))
        kept = sorted(union, key=lambda each: each.order)[-MOST_EVIDENCE:]
        return Timeline(FrozenDict({evidence: union[evidence] for evidence in kept}))

    @property
    def latest(self) -> Evidence | None:
        """The evidence of the highest rank, which decides."""
        return max(self.entries, key=lambda each: each.order, default=None)

    @property
    def status(self) -> Status:
        """The highest status that was ever said."""
        return Status.UNKNOWN if self.latest is None else self.latest.status

    @property
    def contradicted(self) -> bool:
        """Whether the leg was said to have failed *and* to have reached a handset."""
        said = {evidence.status for evidence in self.entries}
        return any(status.failed for status in said) and any(status.reached for status in said)


@attrs.frozen(kw_only=True)
class LegStatus:
    """Where one leg is: one channel, through one account."""

    channel: Channel | None = None
    timeline: Timeline = attrs.field(factory=Timeline)
    provider_id: str | None = None
    usage: Usage | None = None

    @property
    def status(self) -> Status:
        """The leg's status."""
        return self.timeline.status

    @property
    def reason(self) -> Reason | None:
        """Why it failed or is unknown."""
        return None if self.timeline.latest is None else self.timeline.latest.reason


@attrs.frozen(kw_only=True)
class MessageStatus:
    """Where a message is: all its legs, and the one that speaks for it.

    Attributes:
        id: The message's id.
        legs: In sending order; for an id that the provider does not know, one that says so.
        raw: The provider's own words.
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
        raw: Any = None,  # noqa: ANN401 - whatever the provider said
    ) -> MessageStatus:
        """Build the status of an id that the provider does not know: `UNKNOWN`, `NOT_FOUND`."""
        reason = Reason.NOT_FOUND
        evidence = Evidence(Status.UNKNOWN, provider_status, reason=reason, fault=reason.fault)
        leg = LegStatus(channel=channel, timeline=Timeline.of(evidence, at))
        return cls(id=id, legs=(leg,), raw=raw)

    @property
    def deciding(self) -> LegStatus | None:
        """The leg that speaks for the message.

        The best leg that reached a handset; else, of those that can still run, the furthest; else
        the last to fail, because a leg only starts when the one before it failed.
        """
        reached = [leg for leg in self.legs if leg.status.reached]
        running = [leg for leg in self.legs if not leg.status.final]
        best = max(reached or running, key=lambda leg: leg.status.rank, default=None)
        return best or (self.legs[-1] if self.legs else None)

    @property
    def status(self) -> Status:
        """The message's status."""
        return Status.UNKNOWN if self.deciding is None else self.deciding.status

    @property
    def reason(self) -> Reason | None:
        """Why it failed, or `NOT_FOUND` where the provider does not know the id."""
        return None if self.deciding is None else self.deciding.reason

    @property
    def usage(self) -> Usage | None:
        """What the message cost so far: the sum over its legs, for each leg that was tried counts.

        `None` where no leg has a price or parts. Prices in several currencies have no sum.
        """
        known = [leg.usage for leg in self.legs if leg.usage is not None]
        if not known:
            return None
        parts = [each.parts for each in known if each.parts is not None]
        priced = [each for each in known if each.price is not None]
        currencies = {each.currency for each in priced}
        prices = [each.price for each in priced if each.price is not None]
        summed = len(currencies) == 1
        return Usage(
            parts=sum(parts) if parts else None,
            price=sum(prices, Decimal(0)) if summed else None,
            currency=currencies.pop() if summed else None,
        )

    @property
    def contradicted(self) -> bool:
        """Whether some leg was said both to have failed and to have reached a handset."""
        return any(leg.timeline.contradicted for leg in self.legs)
