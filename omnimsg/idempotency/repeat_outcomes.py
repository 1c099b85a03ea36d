"""Outcomes for a known reference: of a different message, or while the first outcome is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    from omnimsg.domain.outcome import Outcome
    from omnimsg.idempotency.hand_over import HandOver

# A repeated message may differ in these fields: a retry computes them anew.
_NOT_COMPARED = ("metadata", "priority", "ttl", "is_plain_text")
_COMPARED = tuple(each.name for each in attrs.fields(Message) if each.name not in _NOT_COMPARED)


def differing(one: Message, other: Message) -> list[str]:
    """Return the names of the compared fields in which two messages differ."""
    if one is other:
        return []
    return [name for name in _COMPARED if getattr(one, name) != getattr(other, name)]


def refused(message: Message, account: str, names: Sequence[str], seconds: float) -> NotSent:
    """Return the outcome of a different message with a known reference.

    Args:
        message: The message.
        account: The account that the outcome names.
        names: The fields in which it differs from the first message with the reference.
        seconds: How long ago that one was handed over.
    """
    return NotSent(
        reference=message.reference,
        account=account,
        failure=Failure(
            reason=Reason.INVALID_MESSAGE,
            retry=Retry.NEVER,
            path="reference",
            detail=(
                f"another message was handed over with it {seconds:.0f} s ago:"
                f" {', '.join(names)} {'differ' if len(names) > 1 else 'differs'};"
                " give each message a reference of its own"
            ),
        ),
    )


def in_doubt(message: Message, account: str, where: str) -> Ambiguous:
    """Return the outcome of a message that was handed over before, with unknown outcome.

    Args:
        message: The message.
        account: The account that the outcome names.
        where: Where it was handed over, or why its outcome is not known; for the error.
    """
    return Ambiguous(
        reference=message.reference,
        account=account,
        failure=Failure(
            reason=Reason.TIMEOUT,
            retry=Retry.UNSAFE,
            fault=Fault.CALLER,
            detail=f"it was handed over before, with the same reference, {where}",
        ),
    )


def result_of(future: asyncio.Future[Any]) -> Outcome | None:
    """Return the result of a future; `None` if it is not done, or was cancelled."""
    if not future.done() or future.cancelled():
        return None
    outcome: Outcome | None = future.result()
    return outcome


def remembered_outcome(future: asyncio.Future[Any]) -> Accepted | Ambiguous | None:
    """Return the outcome of a message that may be on a phone; `None` if there is none of these."""
    outcome = result_of(future)
    return outcome if isinstance(outcome, (Accepted, Ambiguous)) else None


def known_outcome(hand_overs: Iterable[HandOver], message: Message) -> Accepted | Ambiguous | None:
    """Return the outcome of a message that may be on a phone; `None` while one is still to come."""
    outcomes = [
        remembered_outcome(future)
        for earlier, future, _ in hand_overs
        if earlier.reference == message.reference and not differing(earlier, message)
    ]
    return outcomes[0] if outcomes and None not in outcomes else None


def done_with(outcome: Outcome, other: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Return a finished future with an outcome, in the event loop of another future."""
    future: asyncio.Future[Any] = other.get_loop().create_future()
    future.set_result(outcome)
    return future
