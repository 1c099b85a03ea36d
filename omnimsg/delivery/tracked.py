"""What is known of one message that was handed over or reported, and by which names it is found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter.context import report_token
from omnimsg.domain.message_id import MessageId, join_batch_id, split_batch_id
from omnimsg.domain.redaction import masked
from omnimsg.domain.status import LegStatus, MessageStatus, Status
from omnimsg.domain.status_merge import merge_legs, status_of_accepted

if TYPE_CHECKING:
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Ambiguous


class Handover(StrEnum):
    """What is known of the hand-over of a message to its provider."""

    UNKNOWN = "unknown"
    """Only reports of it came: its answer is still under way, or another process has sent it."""
    ACCEPTED = "accepted"
    IN_DOUBT = "in_doubt"
    """It may have been sent; a report or a look-up may still tell."""
    UNRESOLVED = "unresolved"
    """It may have been sent, and nothing told in time."""

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been sent, or not."""
        return self in (Handover.IN_DOUBT, Handover.UNRESOLVED)


@attrs.frozen(kw_only=True)
class Names:
    """What a message may be called by, in a report, an outcome or a question.

    A provider's id names one message. A token stands for a reference, which is the caller's and may
    name several.

    Attributes:
        account: The account's name.
        ids: Ids of the message; an id of a batch and a reference among them (Bird).
        token: The token of its reference, as `report_token` makes it.
        is_answer: Whether it is the answer to a send. That settles no doubt: it is another send
            with the same reference.
    """

    account: str
    ids: tuple[MessageId, ...] = attrs.field(default=(), repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    is_answer: bool = False

    @classmethod
    def of_event(cls, event: StatusEvent) -> Names:
        """Return the names in a report."""
        ids = [] if event.message_id is None else [event.message_id]
        if event.batch_id is not None and event.reference is not None:
            batch_id = join_batch_id(event.batch_id, event.reference)
            ids.append(MessageId.of(event.account, batch_id))
        token = event.token or token_of(event.account, event.reference)
        return cls(account=event.account, ids=tuple(ids), token=token)

    @classmethod
    def of_id(cls, message_id: MessageId) -> Names:
        """Return the names that an id has in itself."""
        found = split_batch_id(message_id.provider_id)
        token = None if found is None else token_of(message_id.account, found[1])
        return cls(account=message_id.account, ids=(message_id,), token=token)

    @property
    def has_own_id(self) -> bool:
        """Whether an id is the message's own, and not one of its batch."""
        return any(split_batch_id(each.provider_id) is None for each in self.ids)


@attrs.frozen(kw_only=True)
class Tracked:
    """All that is known of one message. A later report gives another value.

    Attributes:
        account: The account's name.
        since: When it was first heard of.
        ids: Its ids, the one that the application got first.
        reference: Its reference; `None` where only a token was reported.
        token: The token of its reference.
        to: The recipient; `None` where another process has sent it.
        handover: What is known of the hand-over.
        legs: What look-ups and reports said, merged.
        told: The status that the application was told last.
    """

    account: str
    since: datetime
    ids: tuple[MessageId, ...] = attrs.field(default=(), repr=False)
    reference: str | None = attrs.field(default=None, repr=masked)
    token: str | None = attrs.field(default=None, repr=False)
    to: str | None = attrs.field(default=None, repr=masked)
    handover: Handover = Handover.UNKNOWN
    legs: tuple[LegStatus, ...] = ()
    told: Status = Status.UNKNOWN

    @property
    def names(self) -> Names:
        """All names it is found by."""
        return Names(account=self.account, ids=self.ids, token=self.token)

    @property
    def id(self) -> MessageId | None:
        """Its id; `None` as long as nobody named one."""
        return self.ids[0] if self.ids else None

    @property
    def status(self) -> MessageStatus | None:
        """All that is known of its status; `None` as long as it has no id."""
        return None if self.id is None else MessageStatus(id=self.id, legs=self.legs)

    @property
    def own_id(self) -> MessageId | None:
        """The message's own id, not one of its batch; `None` as long as nobody named it."""
        return next((each for each in self.ids if split_batch_id(each.provider_id) is None), None)

    def same_place(self, other: Tracked) -> bool:
        """Return whether it has the names and the hand-over of another value."""
        return (self.ids, self.token, self.handover) == (other.ids, other.token, other.handover)

    def reported(self, event: StatusEvent) -> Tracked:
        """Return it with a report. A report of a doubtful message proves that it was sent."""
        names = Names.of_event(event)
        proved = names.has_own_id and self.handover.is_doubtful
        return attrs.evolve(
            self,
            ids=_joined(self.ids, names.ids),
            reference=self.reference or event.reference,
            token=self.token or names.token,
            handover=Handover.ACCEPTED if proved else self.handover,
            legs=merge_legs((*self.legs, event.leg)),
        )

    def looked_up(self, status: MessageStatus) -> Tracked:
        """Return it with the answer of a look-up."""
        return attrs.evolve(
            self, ids=_joined(self.ids, (status.id,)), legs=merge_legs((*self.legs, *status.legs))
        )

    def merged(self, other: Tracked) -> Tracked:
        """Merge it with what was known under other names of the same message."""
        first, second = sorted((self, other), key=lambda each: each.since)
        handovers = {each.handover for each in (self, other)} - {Handover.UNKNOWN}
        is_proved = self.names.has_own_id or other.names.has_own_id
        if Handover.ACCEPTED in handovers or (handovers and is_proved):
            handovers = {Handover.ACCEPTED}
        return attrs.evolve(
            first,
            ids=_joined(first.ids, second.ids),
            reference=first.reference or second.reference,
            token=first.token or second.token,
            to=first.to or second.to,
            handover=max(handovers, default=Handover.UNKNOWN),
            legs=merge_legs((*first.legs, *second.legs)),
            told=max(first.told, second.told, key=lambda status: status.rank),
        )

    @classmethod
    def of_accepted(cls, accepted: Accepted, to: str | None, at: datetime) -> Tracked:
        """Build what the answer to a send tells."""
        return cls(
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
    def of_doubt(cls, outcome: Ambiguous, message: Message, at: datetime) -> Tracked:
        """Build what a send without a clear answer tells."""
        return cls(
            account=outcome.account,
            since=at,
            reference=outcome.reference,
            token=report_token(outcome.account, outcome.reference),
            to=address_of(message),
            handover=Handover.IN_DOUBT,
        )


def token_of(account: str, reference: str | None) -> str | None:
    """Return the token of a reference, where there is one."""
    return None if reference is None else report_token(account, reference)


def address_of(message: Message) -> str | None:
    """Return the recipient of a message as text; `None` where only the provider can tell."""
    return message.to if isinstance(message.to, str) else message.to.value


def _joined(first: tuple[MessageId, ...], second: tuple[MessageId, ...]) -> tuple[MessageId, ...]:
    """Join ids without repetition. A message has few: its own, and one of its batch."""
    return tuple(dict.fromkeys((*first, *second)))
