"""The tracked state of one message, and the names (ids, token) that identify it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from itertools import filterfalse
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.adapter.context import report_token
from omnimsg.domain.message_id import BATCH, MessageId, join_batch_id, split_batch_id
from omnimsg.domain.opt_out import changes_in_legs
from omnimsg.domain.quick import quick
from omnimsg.domain.redaction import masked
from omnimsg.domain.status import LegStatus, MessageStatus, Status
from omnimsg.domain.status_merge import merge_legs, status_of_accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omnimsg.domain.events import InteractionEvent, StatusEvent
    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import ConsentChange
    from omnimsg.domain.outcome import Accepted, Ambiguous


# More ids than any message has. The bound protects the memory from a provider that invents ids.
_MAX_IDS = 8


class Handover(StrEnum):
    """The state of the hand-over of a message to its provider."""

    UNKNOWN = "unknown"
    """Only reports have arrived: the answer is still in flight, or another process has sent it."""
    ACCEPTED = "accepted"
    IN_DOUBT = "in_doubt"
    """It may have been sent; a report or a look-up may still prove it."""
    UNRESOLVED = "unresolved"
    """It may have been sent, and no proof arrived in time."""

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been sent, or not."""
        return self in _DOUBTFUL


_DOUBTFUL = frozenset({Handover.IN_DOUBT, Handover.UNRESOLVED})
_CERTAINTY = (Handover.UNKNOWN, Handover.UNRESOLVED, Handover.IN_DOUBT, Handover.ACCEPTED)


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Names:
    """The names that identify a message in a report, an outcome or a query.

    A provider's id identifies one message. A token stands for a reference, which the caller chooses
    and may give to several messages.

    Attributes:
        account: The account's name.
        ids: Ids of the message; one may be made of a batch's id and a reference (Bird).
        token: The token of its reference, as `report_token` makes it.
        is_answer: Whether the names come from the answer to a send. Their token then finds no
            message that is accepted or in doubt: that is another send with the same reference.
        doubt_key: The key of a doubtful send, which the token finds all the same.
    """

    make: ClassVar[Callable[..., Names]]

    account: str
    ids: tuple[MessageId, ...] = attrs.field(default=(), repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    is_answer: bool = False
    doubt_key: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def of_event(cls, event: StatusEvent) -> Names:
        """Return the names in a report."""
        account, message_id, reference = event.account, event.message_id, event.reference
        ids = () if message_id is None else (message_id,)
        if event.batch_id is not None and reference is not None:
            ids = (*ids, MessageId.of(account, join_batch_id(event.batch_id, reference)))
        token = event.token or token_of(account, reference)
        return cls.make(account=account, ids=ids, token=token)

    @classmethod
    def of_interaction(cls, event: InteractionEvent) -> Names:
        """Return the names of the message that an interaction is about."""
        token = token_of(event.account, event.reference)
        return cls(account=event.account, ids=(event.interaction.message_id,), token=token)

    @classmethod
    def of_id(cls, message_id: MessageId) -> Names:
        """Return the names that an id contains. The id of a batch only comes from an answer."""
        found = split_batch_id(message_id.provider_id)
        token = None if found is None else token_of(message_id.account, found[1])
        return cls(
            account=message_id.account, ids=(message_id,), token=token, is_answer=token is not None
        )

    def may_mean(self, other: Tracked, found: Sequence[Tracked]) -> bool:
        """Return whether the names may identify a message that has their token.

        Args:
            other: The message that has the token.
            found: The messages that the ids find. If the names may identify `other` too, all of
                these are one message.
        """
        if self.doubt_key is not None and self.doubt_key == other.doubt_key:
            return True
        if is_settled(other):
            return False  # its own id finds it
        is_sent = self.is_answer or any(each.handover is not Handover.UNKNOWN for each in found)
        if is_sent and other.handover is not Handover.UNKNOWN:
            return False  # two sends with the same reference
        ids = {*self.ids, *(each_id for each in found for each_id in each.ids)}
        # A message has at most one id of its own, and one of its batch.
        return _agree(filter(_is_own, ids), filter(_is_own, other.ids)) and _agree(
            filterfalse(_is_own, ids), filterfalse(_is_own, other.ids)
        )


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Tracked:
    """The tracked state of one message. It never changes: a later report gives another value.

    Attributes:
        account: The account's name.
        since: When its first outcome or report arrived.
        ids: Its ids; the first is the one that the application got.
        reference: Its reference; `None` if only a token was reported.
        token: The token of its reference.
        to: The recipient; `None` if another process has sent it and no report names it.
        handover: The state of the hand-over.
        legs: The statuses of its legs, merged from outcome, look-ups and reports.
        told: The status that the application was told last.
        followed_by: Ids of the fallback legs that omnimsg has sent after it.
        reached_twice: Whether two legs of the message were delivered, this one or those after it.
        doubt_key: Identifies a send that was in doubt, which has no id: it is tracked once, also if
            the store is given it again.
    """

    make: ClassVar[Callable[..., Tracked]]

    account: str
    since: datetime
    ids: tuple[MessageId, ...] = attrs.field(default=(), repr=False)
    reference: str | None = attrs.field(default=None, repr=masked)
    token: str | None = attrs.field(default=None, repr=False)
    to: str | None = attrs.field(default=None, repr=masked)
    handover: Handover = Handover.UNKNOWN
    legs: tuple[LegStatus, ...] = ()
    told: Status = Status.UNKNOWN
    followed_by: tuple[MessageId, ...] = attrs.field(default=(), repr=False)
    reached_twice: bool = False
    doubt_key: str | None = attrs.field(default=None, repr=False)

    @property
    def names(self) -> Names:
        """All names that identify it."""
        return Names(account=self.account, ids=self.ids, token=self.token, doubt_key=self.doubt_key)

    @property
    def id(self) -> MessageId | None:
        """Its first id; `None` as long as none is known."""
        return self.ids[0] if self.ids else None

    @property
    def status(self) -> MessageStatus | None:
        """Its merged status; `None` as long as no id is known."""
        return None if self.id is None else MessageStatus(id=self.id, legs=self.legs)

    @property
    def own_id(self) -> MessageId | None:
        """The message's own id, not its batch's; `None` as long as it is not known."""
        for each in self.ids:
            if _is_own(each):
                return each
        return None

    @property
    def is_open(self) -> bool:
        """Whether its own id or its hand-over is not known yet, or it was in doubt."""
        return self.doubt_key is not None or not is_settled(self)

    @property
    def consent_changes(self) -> Sequence[ConsentChange]:
        """The changes of the recipient's consent that its reports tell of."""
        return changes_in_legs(
            self.legs, account=self.account, address=self.to, reference=self.reference
        )

    def reported(self, event: StatusEvent, names: Names | None = None) -> Tracked:
        """Return the state with a report added, which proves that a doubtful message was sent.

        Args:
            event: The report.
            names: The names in the report, if the caller has them already.
        """
        names = names or Names.of_event(event)
        return _proved(
            # `attrs.evolve` takes several times as long, and this runs for each report.
            Tracked.make(
                account=self.account,
                since=self.since,
                ids=_joined(self.ids, names.ids),
                reference=self.reference or event.reference,
                token=self.token or names.token,
                to=self.to or event.recipient,
                handover=self.handover,
                legs=merge_legs((*self.legs, event.leg)),
                told=self.told,
                followed_by=self.followed_by,
                reached_twice=self.reached_twice,
                doubt_key=self.doubt_key,
            )
        )

    def answered(self, new: Tracked) -> Tracked:
        """Return the state with its send's outcome added; earlier reports may end its doubt."""
        # The id of the outcome comes first: it is the one that the application keeps. So does the
        # recipient: a report may write it in another way.
        merged = self.merged(new)
        ids = _joined(new.ids, self.ids)
        return _proved(attrs.evolve(merged, ids=ids, to=new.to or merged.to))

    def joined_with(self, known: Tracked | None) -> Tracked:
        """Return this state, which an outcome gives, joined with what is known of the message."""
        return self if known is None else known.answered(self)

    def looked_up(self, status: MessageStatus) -> Tracked:
        """Return the state with the answer of a look-up added."""
        named = split_batch_id(status.id.provider_id)
        return attrs.evolve(
            self,
            ids=_joined(self.ids, (status.id,)),
            reference=self.reference or (named[1] if named else None),
            token=self.token or Names.of_id(status.id).token,
            legs=merge_legs((*self.legs, *status.legs)),
        )

    def merged(self, other: Tracked) -> Tracked:
        """Merge the state with another one that turned out to be of the same message.

        A doubt stays a doubt even if a report in the other state proves the send. The caller who
        adds the proof then sees that the doubt ended.
        """
        first, second = sorted((self, other), key=lambda each: (each.since, each.ids))
        return attrs.evolve(
            first,
            ids=_joined(first.ids, second.ids),
            reference=first.reference or second.reference,
            token=first.token or second.token,
            to=first.to or second.to,
            handover=max(first.handover, second.handover, key=_CERTAINTY.index),
            legs=merge_legs((*first.legs, *second.legs)),
            told=max(first.told, second.told),
            followed_by=_joined(first.followed_by, second.followed_by),
            reached_twice=first.reached_twice or second.reached_twice,
            doubt_key=first.doubt_key or second.doubt_key,
        )

    def followed(self, by: tuple[MessageId, ...], *, reached_twice: bool) -> Tracked:
        """Return the state with the fallback legs after it added."""
        return attrs.evolve(
            self,
            followed_by=_joined(self.followed_by, by),
            reached_twice=self.reached_twice or reached_twice,
        )

    @classmethod
    def of_accepted(cls, accepted: Accepted, to: str | None, at: datetime) -> Tracked:
        """Build the state of a message from its acceptance."""
        return cls.make(
            account=accepted.account,
            since=at,
            ids=(accepted.id,),
            reference=accepted.reference,
            token=report_token(accepted.account, accepted.reference),
            to=to,
            handover=Handover.ACCEPTED,
            legs=status_of_accepted(accepted).legs,
        )

    @classmethod
    def of_doubt(
        cls, outcome: Ambiguous, message: Message, at: datetime, *, key: str | None = None
    ) -> Tracked:
        """Build the state of a message from an `Ambiguous` outcome.

        Args:
            outcome: The outcome.
            message: The message.
            at: When it was known.
            key: Identifies the send, as an attempt's token does, so that it may be stored again.
        """
        return cls(
            account=outcome.account,
            since=at,
            reference=outcome.reference,
            token=report_token(outcome.account, outcome.reference),
            to=address_of(message),
            handover=Handover.IN_DOUBT,
            doubt_key=key,
        )


def token_of(account: str, reference: str | None) -> str | None:
    """Return the token of a reference; `None` without a reference."""
    return None if reference is None else report_token(account, reference)


def address_of(message: Message) -> str | None:
    """Return the recipient of a message as text; `None` if only the provider knows it."""
    return message.to if isinstance(message.to, str) else message.to.value


def is_settled(tracked: Tracked) -> bool:
    """Return whether the own id and the hand-over of a message are known."""
    return tracked.handover is Handover.ACCEPTED and tracked.own_id is not None


def _proved(tracked: Tracked) -> Tracked:
    """End the doubt of a message that has an id of its own: the provider has accepted it."""
    if not tracked.handover.is_doubtful or tracked.own_id is None:
        return tracked
    return attrs.evolve(tracked, handover=Handover.ACCEPTED)


def _joined(first: tuple[MessageId, ...], second: tuple[MessageId, ...]) -> tuple[MessageId, ...]:
    """Join ids without duplicates, up to the bound."""
    if first == second:
        return first
    return tuple(dict.fromkeys((*first, *second)))[:_MAX_IDS]


def _is_own(message_id: MessageId) -> bool:
    return BATCH not in message_id or split_batch_id(message_id.provider_id) is None


def _agree(first: Iterable[MessageId], second: Iterable[MessageId]) -> bool:
    """Return whether ids may be of one message: they share one, or one side has none."""
    some, others = set(first), set(second)
    return not some or not others or not some.isdisjoint(others)
