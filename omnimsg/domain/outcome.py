"""What became of a send call, one of four things for every message.

`Accepted` is the provider's yes, not a delivery: ask `Client.status` for that. `Rejected` and
`NotSent` are safe to act on. `Ambiguous` is not: the answer was lost or unreadable after the
request left, and no provider here documents a way to repeat a request without repeating the text.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.draft import Draft
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.redaction import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.reason import Fault, Reason, Retry


class Scope(StrEnum):
    """How far a `NotSent` reaches: this message, or everything sent through the account."""

    MESSAGE = "message"
    ACCOUNT = "account"


@attrs.frozen(kw_only=True)
class Usage:
    """What a message cost, as far as the provider says.

    Attributes:
        parts: Billed parts (SMS segments).
        price: For the whole message.
        currency: ISO 4217; `None` where the provider names none, as Messente does not.
    """

    parts: int | None = None
    price: Decimal | None = None
    currency: str | None = None


class _LegDraft(Draft):
    """What becomes a `LegId`."""

    __slots__ = ("channel", "provider_id", "sender")


@attrs.frozen(kw_only=True, slots=False)
class LegId(_LegDraft):
    """The provider's id of one leg, where it hands out one per channel (Messente)."""

    __slots__ = ()
    if not TYPE_CHECKING:
        __init__ = object.__init__  # `__new__` has done it

    channel: Channel | None
    provider_id: str
    sender: str | None = attrs.field(default=None, repr=masked)

    def __new__(
        cls, *, channel: Channel | None, provider_id: str, sender: str | None = None
    ) -> Self:
        """Fill in a draft."""
        return leg_id(channel, provider_id, sender, cls)  # type: ignore[return-value]  # one of those


class _Draft(Draft):
    """What becomes an `Accepted`: adapters and the engine build one for nearly every message."""

    __slots__ = (
        "account",
        "batch_id",
        "legs",
        "position",
        "provider_id",
        "raw",
        "reference",
        "usage",
    )


@attrs.frozen(kw_only=True, slots=False)
class Accepted(_Draft):
    """The provider took the message.

    Attributes:
        reference: The message's reference.
        account: The account it went through.
        provider_id: The provider's id in the form its adapter understands, or `None` where the
            provider names none at this point (Bird's batch).
        batch_id: The provider's id of the batch, where messages have none of their own yet: give it
            to `HistoryQuery.batch_id` to find them, and tell them apart by `reference`.
        legs: One entry per channel where the provider hands out such ids.
        usage: Parts and price, where they are known this early.
        raw: The provider's own words.
        position: Where the message stood in the input of `send_many`, from 0.
    """

    __slots__ = ()
    if not TYPE_CHECKING:
        __init__ = object.__init__  # `__new__` has done it

    kind: ClassVar[str] = "accepted"

    reference: str = attrs.field(repr=masked)
    account: str
    provider_id: str | None = attrs.field(repr=masked)
    batch_id: str | None = None
    legs: tuple[LegId, ...] = ()
    usage: Usage | None = None
    raw: Any = attrs.field(default=None, repr=False)
    position: int | None = attrs.field(default=None, eq=False)

    def __new__(  # noqa: PLR0913 - an outcome has so many fields
        cls,
        *,
        reference: str,
        account: str,
        provider_id: str | None,
        batch_id: str | None = None,
        legs: tuple[LegId, ...] = (),
        usage: Usage | None = None,
        raw: Any = None,  # noqa: ANN401 - the provider's own words
        position: int | None = None,
    ) -> Self:
        """Fill in a draft."""
        draft: Any = _Draft()
        draft.reference = reference
        draft.account = account
        draft.provider_id = provider_id
        draft.batch_id = batch_id
        draft.legs = legs
        draft.usage = usage
        draft.raw = raw
        draft.position = position
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it has become one

    @property
    def id(self) -> MessageId | None:
        """The id to keep: `str(id)` given to `Client.status` in any process finds the message."""
        if not self.provider_id:
            return None
        return MessageId.of(self.account, self.provider_id)


@attrs.frozen(kw_only=True)
class Failed:
    """What the three outcomes that are not `Accepted` have in common."""

    kind: ClassVar[str]

    reference: str = attrs.field(repr=masked)
    account: str
    failure: Failure
    position: int | None = attrs.field(default=None, eq=False)

    @property
    def reason(self) -> Reason:
        """The unified reason."""
        return self.failure.reason

    @property
    def fault(self) -> Fault:
        """Whose doing it is."""
        return self.failure.fault

    @property
    def retry(self) -> Retry:
        """Whether trying again helps, and whether it is safe."""
        return self.failure.retry

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before another attempt, where the provider said so."""
        return self.failure.retry_after


@attrs.frozen(kw_only=True)
class Rejected(Failed):
    """The provider definitely refused this message; no phone received it."""

    kind: ClassVar[str] = "rejected"


@attrs.frozen(kw_only=True)
class NotSent(Failed):
    """Proven: this message was not processed.

    Attributes:
        scope: `ACCOUNT` where every other message through the account would meet the same fate
            (a wrong key, a wrong address, no funds).
    """

    kind: ClassVar[str] = "not_sent"

    scope: Scope = Scope.MESSAGE


@attrs.frozen(kw_only=True)
class Ambiguous(Failed):
    """The message may have been processed. It is never sent again unless the caller says so."""

    kind: ClassVar[str] = "ambiguous"


Outcome: TypeAlias = Accepted | Rejected | NotSent | Ambiguous


def leg_id(
    channel: Channel | None, provider_id: str, sender: str | None, kind: type[LegId] = LegId
) -> LegId:
    """Build what `LegId` builds of these, at less than half the cost."""
    draft: Any = _LegDraft()
    draft.channel = channel
    draft.provider_id = provider_id
    draft.sender = sender
    draft.__class__ = kind
    return draft  # type: ignore[no-any-return]  # it has become one


def accepted(
    reference: str, account: str, provider_id: str, raw: object, legs: tuple[LegId, ...] = ()
) -> Accepted:
    """Build what `Accepted` builds of these, at less than half the cost.

    Adapters do that for nearly every message.
    """
    draft: Any = _Draft()
    draft.reference = reference
    draft.account = account
    draft.provider_id = provider_id
    draft.raw = raw
    draft.batch_id = draft.usage = draft.position = None
    draft.legs = legs
    draft.__class__ = Accepted
    return draft  # type: ignore[no-any-return]  # it has become one


class AllAccepted(list[Outcome]):
    """Outcomes all of which are `Accepted`, as nearly always: whoever meets them need not look.

    It is not changed once it is built: the engine believes what it says of its outcomes.

    Attributes:
        references: Theirs, in order, where they were built together.
        account: The account that all of them then went through.
    """

    references: list[str] | None = None
    account: str | None = None


def all_accepted(
    references: list[str],
    account: str,
    provider_ids: Sequence[str | None],
    raws: Sequence[object],
) -> AllAccepted:
    """Build what `accepted` builds, for all messages of a request together.

    Raises:
        ValueError: These are not equally many.
    """
    taken = AllAccepted()
    taken.references, taken.account = references, account
    # What `accepted` does, written out: its call is 3 % of what a message in a batch costs.
    for reference, provider_id, raw in zip(references, provider_ids, raws, strict=True):
        draft: Any = _Draft()
        draft.reference = reference
        draft.account = account
        draft.provider_id = provider_id
        draft.raw = raw
        draft.batch_id = draft.usage = draft.position = None
        draft.legs = ()
        draft.__class__ = Accepted
        taken.append(draft)
    return taken


def place(outcomes: Sequence[Outcome], positions: Sequence[int]) -> None:
    """Note where in the input the messages of outcomes stood.

    The engine's last touch to an outcome before anybody else holds it: building a second frozen
    object for one number would double the cost of an accepted message.
    """
    if outcomes.__class__ is AllAccepted:
        for outcome, position in zip(outcomes, positions, strict=True):
            _note_accepted(outcome, position)
        return
    for outcome, position in zip(outcomes, positions, strict=True):
        _note(outcome, "position", position)


_note = object.__setattr__
_note_accepted: Any = _Draft.__dict__["position"].__set__
