"""What became of a send call, one of four things for every message.

`Accepted` is the provider's yes, not a delivery: ask `Client.status` for that. `Rejected` and
`NotSent` are safe to act on. `Ambiguous` is not: the answer was lost or unreadable after the
request left, and no provider here documents a way to repeat a request without repeating the text.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from urllib.parse import quote, unquote

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.quick import quick
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


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class LegId:
    """The provider's id of one leg, where it hands out one per channel (Messente).

    Attributes:
        channel: The leg's channel; `None` where the provider names one that omnimsg does not know.
        provider_id: The provider's id of the leg.
        sender: The sender that the provider used.
    """

    make: ClassVar[Callable[..., LegId]]

    channel: Channel | None
    provider_id: str
    sender: str | None = attrs.field(default=None, repr=masked)


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Accepted:
    """The provider took the message.

    Attributes:
        reference: The message's reference.
        account: The account it went through.
        provider_id: The provider's id in the form its adapter understands, or `None` where the
            provider names none at this point (Bird's batch).
        batch_id: The provider's id of the batch, where messages have none of their own yet. `id`
            then names the message by its batch and its reference.
        legs: One entry per channel where the provider hands out such ids.
        usage: Parts and price, where they are known this early.
        raw: The provider's answer, unchanged.
        position: Index of the message in the input of `send_many`, from 0.
    """

    kind: ClassVar[str] = "accepted"
    make: ClassVar[Callable[..., Accepted]]

    reference: str = attrs.field(repr=masked)
    account: str
    provider_id: str | None = attrs.field(repr=masked)
    batch_id: str | None = None
    legs: tuple[LegId, ...] = ()
    usage: Usage | None = None
    raw: Any = attrs.field(default=None, repr=False)
    position: int | None = attrs.field(default=None, eq=False)

    @property
    def id(self) -> MessageId:
        """The id to keep: `str(id)` given to `Client.status` in any process finds the message.

        `None` only of an adapter that breaks its contract and names neither message nor batch.
        """
        if self.provider_id:
            return MessageId.of(self.account, self.provider_id)
        if self.batch_id:
            reference = quote(self.reference, safe="")
            return MessageId.of(self.account, f"{_BATCH}{self.batch_id}/{reference}")
        return None  # type: ignore[return-value]  # see above


# How an id without a provider's id of the message begins.
_BATCH = "batch/"


def parse_batch_id(provider_id: str) -> tuple[str, str] | None:
    """Return the batch's id and the reference that an id names; `None` of any other id."""
    if not provider_id.startswith(_BATCH):
        return None
    batch_id, _, reference = provider_id.removeprefix(_BATCH).rpartition("/")
    return (batch_id, unquote(reference)) if batch_id and reference else None


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


class AllAccepted(list[Outcome]):
    """Outcomes that are all `Accepted`: the engine need not look at each one again.

    It must not be changed.
    """


def set_positions(outcomes: Sequence[Outcome], positions: Sequence[int]) -> None:
    """Store the position of each outcome's message in the input of `send_many`.

    The engine calls this before anybody else holds the outcomes, so nobody sees a frozen object
    change. A second object for each would double the cost of an accepted message.
    """
    store = _store_in_accepted if type(outcomes) is AllAccepted else _store
    for outcome, position in zip(outcomes, positions, strict=True):
        store(outcome, position)


def _store(outcome: Outcome, position: int) -> None:
    object.__setattr__(outcome, "position", position)


# Writes the slot itself, at half the cost.
_store_in_accepted: Callable[[Outcome, int], None] = vars(Accepted)["position"].__set__
