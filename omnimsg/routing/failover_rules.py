"""Decide by its outcome whether a message may go to another account, channel or attempt.

No other module decides this. A message moves only if it is proven that no provider has it, and if
the refusal is about the account or its provider. A refusal that protects a person holds for every
account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Outcome

# For any other fault, another account would refuse the message too, or should.
_MOVABLE_FAULTS = frozenset({Fault.SENDER, Fault.ACCOUNT, Fault.PROVIDER, Fault.NETWORK})

# The caller does not wait any more, or the time is over.
_FINAL_REASONS = frozenset({Reason.CANCELLED, Reason.DEADLINE_EXCEEDED, Reason.EXPIRED})


def may_move(outcome: Outcome) -> bool:
    """Return whether another account may send the message, because this one provably has not.

    An `Ambiguous` outcome is never proof; see `is_doubt`.
    """
    if isinstance(outcome, NotSent):
        return _concerns_the_account(outcome.failure)
    if isinstance(outcome, Rejected):
        return outcome.fault in _MOVABLE_FAULTS and _concerns_the_account(outcome.failure)
    return False


def may_fall_back(outcome: Outcome) -> bool:
    """Return whether another channel may be tried, because no provider has the message.

    Another channel may accept a recipient or a content that this one has refused. A mistake of the
    caller would only be hidden by another channel.
    """
    if not isinstance(outcome, (NotSent, Rejected)):
        return False
    if outcome.reason is Reason.DEADLINE_EXCEEDED and outcome.failure.path == "ttl":
        return True  # the ttl of a leg was over before it left, and not its caller's deadline
    return outcome.fault is not Fault.CALLER and _concerns_the_account(outcome.failure)


def may_follow(reason: Reason | None) -> bool:
    """Return whether another channel may be tried after a leg was not delivered for a reason."""
    return reason is None or not (
        reason.is_opt_out or reason.is_marketing_opt_out or reason is Reason.CANCELLED
    )


def is_doubt(outcome: Outcome) -> bool:
    """Return whether a message may have been sent, and its caller still waits."""
    return isinstance(outcome, Ambiguous) and outcome.reason is not Reason.CANCELLED


def may_come_back(outcome: Outcome | None) -> TypeGuard[NotSent]:
    """Return whether the same account may take the message a little later."""
    return isinstance(outcome, NotSent) and outcome.retry is Retry.SAFE and may_move(outcome)


def _concerns_the_account(failure: Failure) -> bool:
    reason = failure.reason
    if reason in _FINAL_REASONS or reason.is_opt_out or reason.is_marketing_opt_out:
        return False
    if failure.unknown_code is not None and reason is Reason.UNKNOWN:
        return False  # nobody knows what it means: it may be an opt-out
    # An HTTP status without the provider's code may come from a proxy, a firewall or a wrong host.
    return failure.code is not None or failure.http_status is None
