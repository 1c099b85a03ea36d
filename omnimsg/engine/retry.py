"""Trying again: only what is proven not to have been processed, and only before the deadline.

tenacity decides when and how often. It is entered after a first failure only, because entering it
costs more than the whole codec of a message; the first attempt's outcomes are replayed to it, so
that they count as attempt one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import anyio
import attrs
import tenacity

from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.reason import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.domain.failure import Failure
    from omnimsg.engine.deadline import Deadline

log = logging.getLogger("omnimsg.engine")

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


def retryable(outcome: Outcome) -> bool:
    """Whether an outcome may be tried again without any risk of a second text."""
    return not isinstance(outcome, Accepted) and outcome.retry is Retry.SAFE


async def retry_batch(
    outcomes: list[Outcome],
    again: Callable[[Sequence[int]], Awaitable[Sequence[Outcome]]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> list[Outcome]:
    """Try the retryable members of a batch again, and leave all others alone.

    Args:
        outcomes: What the first attempt gave, in the messages' order.
        again: Sends the messages at these positions again and returns their new outcomes.
        policy: How often and how soon.
        deadline: When the caller's patience ends; no wait goes beyond it.
        account: For the log.

    Returns:
        The last outcome of every message, in the same order.
    """
    if not any(map(retryable, outcomes)):
        return outcomes
    merged = list(outcomes)

    async def attempt(number: int) -> list[Outcome]:
        if number > 1:
            positions = [place for place, each in enumerate(merged) if retryable(each)]
            for place, fresh in zip(positions, await again(positions), strict=True):
                merged[place] = fresh
        return merged

    def failures(_: list[Outcome]) -> list[Failure]:
        return [
            each.failure for each in merged if not isinstance(each, Accepted) and retryable(each)
        ]

    return await _retrying(attempt, failures, policy=policy, deadline=deadline, account=account)


async def retry_operation(
    ask: Callable[[], Awaitable[T | Failure]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> T | Failure:
    """Ask again while the failure says that asking again is safe."""
    first = await ask()
    if not _is_retryable_failure(first):
        return first

    async def attempt(number: int) -> T | Failure:
        return first if number == 1 else await ask()

    return await _retrying(
        attempt,
        lambda given: [given] if _is_retryable_failure(given) else [],  # type: ignore[list-item]
        policy=policy,
        deadline=deadline,
        account=account,
    )


def _is_retryable_failure(result: object) -> bool:
    return getattr(result, "retry", None) is Retry.SAFE


async def _retrying(
    attempt: Callable[[int], Awaitable[T]],
    failures: Callable[[T], list[Failure]],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    account: str,
) -> T:
    def result(state: tenacity.RetryCallState) -> T:
        assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
        return state.outcome.result()  # type: ignore[no-any-return]  # what `attempt` returned

    jitter = tenacity.wait_random_exponential(multiplier=policy.base, max=policy.longest)

    def wait(state: tenacity.RetryCallState) -> float:
        asked = [each.retry_after or 0.0 for each in failures(result(state))]
        return max([jitter(state), *asked])

    def stop(state: tenacity.RetryCallState) -> bool:
        return (
            state.attempt_number >= policy.attempts or state.upcoming_sleep >= deadline.remaining()
        )

    def before_sleep(state: tenacity.RetryCallState) -> None:
        waiting = failures(result(state))
        log.info(
            "trying %d again through account %r in %.2f s, attempt %d of %d: %s",
            len(waiting),
            account,
            state.upcoming_sleep,
            state.attempt_number + 1,
            policy.attempts,
            waiting[0].sentence(),
        )

    retrying = tenacity.AsyncRetrying(
        sleep=anyio.sleep,
        stop=stop,
        wait=wait,
        retry=tenacity.retry_if_result(lambda given: bool(failures(given))),
        before_sleep=before_sleep,
        retry_error_callback=result,
    )
    number = 0

    async def counted() -> T:
        nonlocal number
        number += 1
        return await attempt(number)

    return await retrying(counted)
