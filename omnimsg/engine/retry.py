"""Trying again: only what is proven not to have been processed, and only before the deadline.

tenacity decides when and how often. It is entered after a first failure only, because entering it
costs more than the whole codec of a message; the first attempt's failures are replayed to it, so
that they count as attempt one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeGuard, TypeVar

import anyio
import attrs
import tenacity

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.reason import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.engine.deadline import Deadline

log: logging.Logger = logging.getLogger("omnimsg.engine")

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how soon to try again.

    Attributes:
        attempts: In all, the first among them.
        base: Seconds; the n-th wait is drawn at random from 0 to `base * 2 ** (n - 1)`.
        longest: The most seconds of such a wait. A provider's `Retry-After` is obeyed in full.
    """

    attempts: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    base: float = attrs.field(default=0.5, validator=attrs.validators.ge(0))
    longest: float = attrs.field(default=30.0, validator=attrs.validators.ge(0))


async def retry_batch(
    outcomes: list[Outcome],
    again: Callable[[Sequence[int]], Awaitable[Sequence[Outcome]]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> list[Outcome]:
    """Try the members of a batch again for which that is safe, and leave all others alone.

    Args:
        outcomes: What the first attempt gave, in the messages' order.
        again: Sends the messages at these positions again and returns their new outcomes.
        policy: How often and how soon.
        deadline: When the caller's patience ends; no wait goes beyond it.
        account: For the log.

    Returns:
        The last outcome of every message, in the same order.
    """
    due = _due(outcomes, deadline)
    if not due:
        return outcomes
    merged = list(outcomes)

    async def attempt() -> list[Failure]:
        nonlocal due
        for place, fresh in zip(due, await again(list(due)), strict=True):
            merged[place] = fresh
        due = _due(merged, deadline)
        return list(due.values())

    await _retrying(list(due.values()), attempt, policy=policy, deadline=deadline, account=account)
    return merged


async def retry_operation(
    ask: Callable[[], Awaitable[T | Failure]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> T | Failure:
    """Ask again while the failure says that asking again is safe."""
    result = await ask()
    if not _is_due(result, deadline):
        return result

    async def attempt() -> list[Failure]:
        nonlocal result
        result = await ask()
        return [result] if _is_due(result, deadline) else []

    await _retrying([result], attempt, policy=policy, deadline=deadline, account=account)
    return result


def _is_due(result: object, deadline: Deadline) -> TypeGuard[Failure]:
    """Whether another attempt is safe, and may be made before the deadline."""
    return (
        isinstance(result, Failure)
        and result.retry is Retry.SAFE
        and (result.retry_after or 0.0) < deadline.remaining()
    )


def _due(outcomes: Sequence[Outcome], deadline: Deadline) -> dict[int, Failure]:
    """Find what to try again: the failures, by position."""
    return {
        place: each.failure
        for place, each in enumerate(outcomes)
        if not isinstance(each, Accepted) and _is_due(each.failure, deadline)
    }


async def _retrying(
    first: list[Failure],
    attempt: Callable[[], Awaitable[list[Failure]]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> None:
    """Attempt until nothing is left to try, the attempts are used up, or time is.

    Args:
        first: The failures of the first attempt that may be tried again.
        attempt: Makes one more, and returns those failures of it that may be tried again.
        policy: How often and how soon.
        deadline: No wait goes beyond it.
        account: For the log.
    """
    replayed = False

    async def counted() -> list[Failure]:
        nonlocal replayed
        if replayed:
            return await attempt()
        replayed = True
        return first

    def failures(state: tenacity.RetryCallState) -> list[Failure]:
        assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
        return state.outcome.result()  # type: ignore[no-any-return]  # what `counted` returned

    jitter = tenacity.wait_random_exponential(multiplier=policy.base, max=policy.longest)

    def wait(state: tenacity.RetryCallState) -> float:
        return max([jitter(state), *(each.retry_after or 0.0 for each in failures(state))])

    def stop(state: tenacity.RetryCallState) -> bool:
        return (
            state.attempt_number >= policy.attempts or state.upcoming_sleep >= deadline.remaining()
        )

    def before_sleep(state: tenacity.RetryCallState) -> None:
        waiting = failures(state)
        log.info(
            "trying %d again through account %r in %.2f s, attempt %d of %d: %s, code %r, HTTP %s",
            len(waiting),
            account,
            state.upcoming_sleep,
            state.attempt_number + 1,
            policy.attempts,
            waiting[0].reason.value,
            waiting[0].code,
            waiting[0].http_status,
        )

    await tenacity.AsyncRetrying(
        sleep=anyio.sleep,
        stop=stop,
        wait=wait,
        retry=tenacity.retry_if_result(bool),
        before_sleep=before_sleep,
        retry_error_callback=failures,
    )(counted)
