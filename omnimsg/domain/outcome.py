"""The outcome of sending a message: accepted, rejected, not sent or ambiguous.

`Accepted` means that the provider took the message, not that it was delivered: `Client.status`
tells that. `Rejected` and `NotSent` are safe to act on. `Ambiguous` is not: the answer was lost or
unreadable after the request left, and no provider here documents a way to repeat a request without
repeating the text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId, join_batch_id
from omnimsg.domain.quick import quick
from omnimsg.domain.reason import Retry
from omnimsg.domain.redaction import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.reason import Fault, Reason


class Scope(StrEnum):
    """What a `NotSent` is about: one message, or everything sent through the account."""

    MESSAGE = "message"
    ACCOUNT = "account"


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Usage:
    """The cost of a message, as far as the provider reports it.

    Attributes:
        parts: Billed parts (SMS segments).
        price: For the whole message.
        currency: ISO 4217; `None` where the provider names none, as Messente does not.
    """

    make: ClassVar[Callable[..., Usage]]

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
        earlier: The outcomes before this one, in order: at accounts of its route that did not take
            the message, and of fallback legs that were not accepted.
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
    earlier: tuple[Outcome, ...] = ()

    @property
    def id(self) -> MessageId:
        """The id to store: `Client.status(str(id))` finds the message from any process.

        `None` only if the adapter breaks its contract and names neither message nor batch.
        """
        if self.provider_id:
            return MessageId.of(self.account, self.provider_id)
        if self.batch_id:
            return MessageId.of(self.account, join_batch_id(self.batch_id, self.reference))
        return cast("MessageId", None)


@attrs.frozen(kw_only=True)
class Failed:
    """The base class of `Rejected`, `NotSent` and `Ambiguous`.

    Attributes:
        reference: The message's reference.
        account: The account whose outcome it is.
        failure: Why it failed.
        position: Index of the message in the input of `send_many`, from 0.
        earlier: The message's outcomes before this one, in order: at other accounts of its route,
            and of other fallback legs.
    """

    kind: ClassVar[str]

    reference: str = attrs.field(repr=masked)
    account: str
    failure: Failure
    position: int | None = attrs.field(default=None, eq=False)
    earlier: tuple[Outcome, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Refuse a retry that contradicts the outcome."""
        check_retry(self.kind, self.failure.retry)

    @property
    def reason(self) -> Reason:
        """The unified reason."""
        return self.failure.reason

    @property
    def fault(self) -> Fault:
        """Who caused it."""
        return self.failure.fault

    @property
    def retry(self) -> Retry:
        """Whether another attempt can help, and whether it is safe."""
        return self.failure.retry

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before another attempt, where the provider said so."""
        return self.failure.retry_after


@attrs.frozen(kw_only=True)
class Rejected(Failed):
    """The provider definitely refused this message; no phone received it.

    Raises:
        ValueError: The failure's retry is `SAFE`: sending the same again would be refused again.
    """

    kind: ClassVar[str] = "rejected"


@attrs.frozen(kw_only=True)
class NotSent(Failed):
    """Proven: this message was not processed.

    Attributes:
        scope: `ACCOUNT` where every other message through the account would fail likewise (a wrong
            key, a wrong address, no funds).
    """

    kind: ClassVar[str] = "not_sent"

    scope: Scope = Scope.MESSAGE


@attrs.frozen(kw_only=True)
class Ambiguous(Failed):
    """The message may have been processed. It is never sent again unless the caller says so.

    Raises:
        ValueError: The failure's retry is not `UNSAFE`: sending it again may text somebody twice.
    """

    kind: ClassVar[str] = "ambiguous"


def check_retry(kind: str, retry: Retry) -> None:
    """Refuse a retry that contradicts what an outcome proves.

    Args:
        kind: The kind of outcome, `rejected` or `ambiguous`; others go with every retry.
        retry: The retry of its failure.

    Raises:
        ValueError: They contradict each other.
    """
    if kind == "ambiguous" and retry is not Retry.UNSAFE:
        raise ValueError(
            f"an ambiguous message has the retry {retry.value!r}, but sending it again is never"
            " safe: only 'unsafe' goes with it"
        )
    if kind == "rejected" and retry is Retry.SAFE:
        raise ValueError(
            "a rejected message has the retry 'safe', but sending the same again is refused again:"
            " use 'never' or 'after_fix', or the verdict 'not_sent'"
        )


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
    if type(outcomes) is AllAccepted:
        # `deque` exhausts the `map` in C: a Python loop costs as much as the calls in it.
        deque(map(_store_in_accepted, outcomes, positions), maxlen=0)
        return
    for outcome, position in zip(outcomes, positions, strict=True):
        object.__setattr__(outcome, "position", position)


# The slot's own setter, at half the cost of `object.__setattr__`.
_store_in_accepted: Callable[[Outcome, int], None] = vars(Accepted)["position"].__set__
