"""What becomes of a message with a known reference that is not the same one, or not over yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Ambiguous, NotSent
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from omnimsg.domain.outcome import Outcome

# A message is the same one whatever its caller notes beside it, and however urgent it is by now.
_NOT_COMPARED = ("metadata", "priority", "ttl", "is_plain_text")
_COMPARED = tuple(each.name for each in attrs.fields(Message) if each.name not in _NOT_COMPARED)


def differing(one: Message, other: Message) -> list[str]:
    """Return the names of the fields by which two messages are not the same one."""
    if one is other:
        return []
    return [name for name in _COMPARED if getattr(one, name) != getattr(other, name)]


def refused(message: Message, account: str, names: Sequence[str], seconds: float) -> NotSent:
    """Return the outcome of another message with a reference that is known.

    Args:
        message: The message.
        account: The account that the outcome names.
        names: The fields by which it differs from the one that is known.
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
    """Return the outcome of a message that was handed over before, and whose outcome is not known.

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
    """Return what a future has brought, if it has."""
    if not future.done() or future.cancelled():
        return None
    outcome: Outcome | None = future.result()
    return outcome


def done_with(outcome: Outcome, other: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Return a future with an outcome, of the same event loop as another one."""
    future: asyncio.Future[Any] = other.get_loop().create_future()
    future.set_result(outcome)
    return future
