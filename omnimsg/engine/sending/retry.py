"""Retries: decide which messages are tried again, and wait, never past a deadline.

tenacity decides when and how often. It is entered after a first failure only, because entering it
costs more than the whole codec of a message; the failures of the first attempt are replayed to it
as attempt one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio
import tenacity

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.observers import RetryEvent
from omnimsg.engine.policy import OnAmbiguous, Policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.observers import Observers

T = TypeVar("T")


def is_in_doubt(outcome: Outcome) -> bool:
    """Return whether a message may have been sent and its caller still waits."""
    return (
        isinstance(outcome, Ambiguous)
        and outcome.retry is Retry.UNSAFE
        and outcome.reason is not Reason.CANCELLED
    )


class Retrier:
    """The retries of one account.

    Args:
        account: The account's name.
        policy: How often and how soon, and whether ambiguous messages are sent again.
        observers: Told of every retry before the wait for it.
    """

    def __init__(self, account: str, policy: Policy, observers: Observers) -> None:
        self._account = account
        self._policy = policy.retry
        self._max_pause = policy.limits.max_pause
        self._resends_ambiguous = policy.on_ambiguous is OnAmbiguous.RESEND
        self._retry_scheduled = observers.retry_scheduled

    def due(self, outcomes: Iterable[Outcome], deadline: Deadline) -> dict[int, Failure]:
        """Return the failures of the messages to try again, by index."""
        if self._policy.attempts == 1:
            return {}
        remaining = deadline.remaining()
        return {
            index: each.failure
            for index, each in enumerate(outcomes)
            if not isinstance(each, Accepted)
            and self._may_repeat(each)
            and self._pause_of(each.failure) < remaining
        }

    async def batch(
        self,
        outcomes: list[Outcome],
        send_again: Callable[[Sequence[int]], Awaitable[None]],
        deadline: Deadline,
    ) -> None:
        """Retry the messages of a batch that may be retried, and leave all others alone.

        Args:
            outcomes: The outcomes of the first attempt; in the end the last outcome of each.
            send_again: Sends the messages at these indexes again and stores their new outcomes.
            deadline: The deadline of the batch; no wait goes beyond it.
        """
        due = self.due(outcomes, deadline)

        async def attempt() -> list[Failure]:
            nonlocal due
            await send_again(list(due))
            due = self.due(outcomes, deadline)
            return list(due.values())

        if due:
            await self._run(
                list(due.values()), attempt, deadline, lambda: [outcomes[index] for index in due]
            )

    async def operation(
        self, ask: Callable[[], Awaitable[T | Failure]], deadline: Deadline
    ) -> T | Failure:
        """Run an operation, and repeat it while its failure says that this is safe."""
        result = await ask()

        def due() -> list[Failure]:
            if (
                isinstance(result, Failure)
                and result.retry is Retry.SAFE
                and self._pause_of(result) < deadline.remaining()
            ):
                return [result]
            return []

        async def attempt() -> list[Failure]:
            nonlocal result
            result = await ask()
            return due()

        if first := due():
            await self._run(first, attempt, deadline, list)
        return result

    def _pause_of(self, failure: Failure) -> float:
        """Return the seconds of pause that the provider asked for, up to the policy's maximum."""
        return min(failure.retry_after or 0.0, self._max_pause)

    def _may_repeat(self, outcome: Rejected | NotSent | Ambiguous) -> bool:
        if outcome.reason is Reason.CANCELLED:
            return False  # nobody waits for another attempt
        if isinstance(outcome, NotSent):
            return outcome.retry is Retry.SAFE
        return self._resends_ambiguous and is_in_doubt(outcome)

    async def _run(
        self,
        first: list[Failure],
        attempt: Callable[[], Awaitable[list[Failure]]],
        deadline: Deadline,
        waiting: Callable[[], list[Outcome]],
    ) -> None:
        """Attempt until nothing is left to try, or the attempts or the time are used up.

        Args:
            first: The failures of the first attempt that may be tried again.
            attempt: Makes one more attempt, and returns its failures that may be tried again.
            deadline: No wait goes beyond it.
            waiting: Returns the outcomes of messages that will be tried again, for the observers.
        """
        policy = self._policy
        is_replayed = False

        async def replay_then_attempt() -> list[Failure]:
            nonlocal is_replayed
            if is_replayed:
                return await attempt()
            is_replayed = True
            return first

        def failures(state: tenacity.RetryCallState) -> list[Failure]:
            assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
            found: list[Failure] = state.outcome.result()
            return found

        jitter = tenacity.wait_random_exponential(multiplier=policy.base, max=policy.longest)

        def wait(state: tenacity.RetryCallState) -> float:
            return max([jitter(state), *map(self._pause_of, failures(state))])

        def stop(state: tenacity.RetryCallState) -> bool:
            return (
                state.attempt_number >= policy.attempts
                or state.upcoming_sleep >= deadline.remaining()
            )

        def before_sleep(state: tenacity.RetryCallState) -> None:
            if self._retry_scheduled is None:
                return
            outcomes = waiting()
            self._retry_scheduled(
                RetryEvent(
                    account=self._account,
                    attempt=state.attempt_number + 1,
                    attempts=policy.attempts,
                    wait=state.upcoming_sleep,
                    failure=failures(state)[0],
                    references=tuple(each.reference for each in outcomes),
                    doubtful=tuple(
                        each.reference for each in outcomes if isinstance(each, Ambiguous)
                    ),
                )
            )

        await tenacity.AsyncRetrying(
            sleep=anyio.sleep,
            stop=stop,
            wait=wait,
            retry=tenacity.retry_if_result(bool),
            before_sleep=before_sleep,
            retry_error_callback=failures,
        )(replay_then_attempt)
