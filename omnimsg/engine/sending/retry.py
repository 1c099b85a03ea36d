"""Trying again: what is proven not to have been processed, and only before the deadline.

tenacity decides when and how often. It is entered after a first failure only, because entering it
costs more than the whole codec of a message; the first attempt's failures are replayed to it, so
that they count as attempt one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio
import attrs
import tenacity

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.policy import OnAmbiguous, Policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.reconcile import Reconciler

log: logging.Logger = logging.getLogger("omnimsg.engine")

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class RetryEvent:
    """Something is about to be tried again.

    Attributes:
        account: The account's name.
        attempt: The number of the attempt to come; the first retry is attempt 2.
        attempts: How many there will be at most.
        wait: Seconds until then.
        failure: Why, for the first of the messages.
        references: The messages, by their references; none where it is no sending.
        doubtful: Those of them that may have been sent before, and may now reach somebody twice.
            Only ever where `on_ambiguous` says so.
        is_look_up: Whether the provider is asked for them again, by their references, and nothing
            is sent. The attempt to come follows only where they are not found.
    """

    account: str
    attempt: int
    attempts: int
    wait: float
    failure: Failure
    references: tuple[str, ...] = attrs.field(default=(), repr=False)
    doubtful: tuple[str, ...] = attrs.field(default=(), repr=False)
    is_look_up: bool = False


RetryHook: TypeAlias = "Callable[[RetryEvent], None]"


def log_retry(event: RetryEvent) -> None:
    """Log a retry: the hook that is used unless another is given."""
    if event.is_look_up:
        log.info(
            "looking again for %d messages through account %r in %.2f s: they may have been sent",
            len(event.references),
            event.account,
            event.wait,
        )
        return
    log.info(
        "trying %d again through account %r in %.2f s, attempt %d of %d: %s, code %r, HTTP %s",
        len(event.references) or 1,
        event.account,
        event.wait,
        event.attempt,
        event.attempts,
        event.failure.reason.value,
        event.failure.code,
        event.failure.http_status,
    )
    if event.doubtful:
        log.warning(
            "%d messages that may have been sent through account %r are sent again",
            len(event.doubtful),
            event.account,
        )


def tell(hook: RetryHook, event: RetryEvent) -> None:
    """Tell a hook; what it raises is logged, for it must not cost a message its retry."""
    try:
        hook(event)
    except Exception as error:  # noqa: BLE001 - it is the user's
        # Its text may quote what it was told.
        log.error("the retry hook raised %s", type(error).__name__)  # noqa: TRY400


def is_in_doubt(outcome: Outcome) -> bool:
    """Whether a message may have been sent and somebody still wants to know."""
    return (
        isinstance(outcome, Ambiguous)
        and outcome.retry is Retry.UNSAFE
        and outcome.reason is not Reason.CANCELLED
    )


class Retrier:
    """The retries of one account.

    Args:
        account: Its name.
        policy: How often and how soon, and what to do with what is ambiguous.
        hook: Told of every retry before the wait for it; what it raises is logged.
        seeker: Looks for what may have been sent, where that is asked for.
    """

    def __init__(
        self,
        account: str,
        policy: Policy,
        hook: RetryHook = log_retry,
        seeker: Reconciler | None = None,
    ) -> None:
        self._account = account
        self._policy = policy.retry
        self._on_ambiguous = policy.on_ambiguous
        self._hook = hook
        self.seeker: Reconciler | None = seeker

    def due(self, outcomes: Iterable[Outcome], deadline: Deadline) -> dict[int, Failure]:
        """Find what to try again: the failures, by their place among the outcomes."""
        if self._policy.attempts == 1:
            return {}
        remaining = deadline.remaining()
        return {
            place: each.failure
            for place, each in enumerate(outcomes)
            if not isinstance(each, Accepted)
            and self._may_repeat(each)
            and (each.failure.retry_after or 0.0) < remaining
        }

    async def batch(
        self,
        outcomes: list[Outcome],
        again: Callable[[Sequence[int]], Awaitable[None]],
        deadline: Deadline,
    ) -> None:
        """Try the members of a batch again for which that may be done, and leave all others alone.

        Args:
            outcomes: What the first attempt gave; holds the last outcome of each in the end.
            again: Tries the members at these places again and puts their new outcomes there.
            deadline: When the caller's patience ends; no wait goes beyond it.
        """
        due = self.due(outcomes, deadline)

        async def attempt() -> list[Failure]:
            nonlocal due
            await again(list(due))
            due = self.due(outcomes, deadline)
            return list(due.values())

        if due:
            await self._retrying(
                list(due.values()), attempt, deadline, lambda: [outcomes[place] for place in due]
            )

    async def operation(
        self, ask: Callable[[], Awaitable[T | Failure]], deadline: Deadline
    ) -> T | Failure:
        """Ask again while the failure says that asking again is safe."""
        result = await ask()

        def due() -> list[Failure]:
            if (
                isinstance(result, Failure)
                and result.retry is Retry.SAFE
                and (result.retry_after or 0.0) < deadline.remaining()
            ):
                return [result]
            return []

        async def attempt() -> list[Failure]:
            nonlocal result
            result = await ask()
            return due()

        if first := due():
            await self._retrying(first, attempt, deadline, list)
        return result

    def _may_repeat(self, outcome: Outcome) -> bool:
        if isinstance(outcome, Accepted) or outcome.reason is Reason.CANCELLED:
            # Nobody waits for another attempt of what was cancelled.
            return False
        return outcome.retry is Retry.SAFE or (
            self._on_ambiguous is OnAmbiguous.RESEND and is_in_doubt(outcome)
        )

    async def _retrying(
        self,
        first: list[Failure],
        attempt: Callable[[], Awaitable[list[Failure]]],
        deadline: Deadline,
        outcomes: Callable[[], list[Outcome]],
    ) -> None:
        """Attempt until nothing is left to try, the attempts are used up, or time is.

        Args:
            first: The failures of the first attempt that may be tried again.
            attempt: Makes one more, and returns those failures of it that may be tried again.
            deadline: No wait goes beyond it.
            outcomes: Returns what is about to be tried again, for the hook.
        """
        policy = self._policy
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
                state.attempt_number >= policy.attempts
                or state.upcoming_sleep >= deadline.remaining()
            )

        def before_sleep(state: tenacity.RetryCallState) -> None:
            waiting = outcomes()
            tell(
                self._hook,
                RetryEvent(
                    account=self._account,
                    attempt=state.attempt_number + 1,
                    attempts=policy.attempts,
                    wait=state.upcoming_sleep,
                    failure=failures(state)[0],
                    references=tuple(each.reference for each in waiting),
                    doubtful=tuple(
                        each.reference for each in waiting if isinstance(each, Ambiguous)
                    ),
                ),
            )

        await tenacity.AsyncRetrying(
            sleep=anyio.sleep,
            stop=stop,
            wait=wait,
            retry=tenacity.retry_if_result(bool),
            before_sleep=before_sleep,
            retry_error_callback=failures,
        )(counted)
