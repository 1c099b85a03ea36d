"""The engine of one account: sends messages and runs the provider's other operations."""

from __future__ import annotations

from asyncio import get_running_loop
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Operation, Request
from omnimsg.domain.errors import ConfigError, OperationError
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.account_operations import AccountOperations
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.attempt.runner import BatchRun
from omnimsg.engine.clock import SystemClock
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.health_and_preview import Health, Preview
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter, slots_of
from omnimsg.engine.observers import Observers
from omnimsg.engine.parts_by_loop import PartsByLoop
from omnimsg.engine.policy import OnAmbiguous, Policy, Prices
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.stream import StreamTarget, send_stream
from omnimsg.engine.shared_parts import SharedParts
from omnimsg.engine.spending import Spending

if TYPE_CHECKING:
    import asyncio
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Iterable,
    )
    from datetime import datetime

    from omnimsg.adapter import Adapter, Answered, Flow, Response
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.consent_queue import ConsentQueue
    from omnimsg.engine.budgets import Budgets
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.sending.batch import FailsOver
    from omnimsg.engine.sending.stream_interfaces import StreamLegs
    from omnimsg.engine.settlement import Settlement
    from omnimsg.transport import Transport


# Set by a call that wants to know which accounts its message is handed to, with the future of the
# outcome there.
account_listener: ContextVar[Callable[[asyncio.Future[Outcome], str], None] | None] = ContextVar(
    "account_listener", default=None
)


def notify_account_listener(future: asyncio.Future[Outcome], account: str) -> None:
    """Tell `account_listener`, if it is set, that a message was handed to an account."""
    listener = account_listener.get()
    if listener is not None:
        listener(future, account)


class AccountEngine(AccountOperations):
    """The engine of one account.

    Queue, scheduler, tasks and connections belong to one event loop: they are built anew for each
    loop and in a forked process. Limits and circuits are kept. Every `deadline` is in seconds, for
    the whole call.

    Args:
        adapter: Translates the provider's API for the account.
        open_transport: Builds the transport of one event loop, closed with the loop or the account.
        policy: The account's limits, retries and other settings.
        journal: Records every attempt.
        observers: Receive the account's events.
        clock: The clock of the account and all its parts.
        consents: The list of people who must not be texted.
        settlement: Tells when a report names a doubtful message.
        report_url: The URL that receives the account's reports.
        budgets: The budgets that messages count against.

    Attributes:
        name: The account's name.
        adapter: The account's adapter.
        prices: What its messages cost, for estimates and budgets.
        utc_now: Returns the time of day.

    Raises:
        ConfigError: The policy needs an operation that the provider does not have.
    """

    def __init__(  # noqa: PLR0913 - what a client gives all its accounts, by name
        self,
        adapter: Adapter[Any],
        open_transport: Callable[[], Transport],
        *,
        policy: Policy | None = None,
        journal: Journal | None = None,
        observers: Observers | None = None,
        clock: Clock | None = None,
        consents: ConsentQueue | None = None,
        settlement: Settlement | None = None,
        report_url: str | None = None,
        budgets: Budgets | None = None,
    ) -> None:
        policy = policy or Policy()
        if policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND:
            _require_find(adapter)
        observers = observers or Observers()
        clock = clock or SystemClock()
        now = clock.monotonic
        self.name: str = adapter.account.name
        self.adapter: Adapter[Any] = adapter
        self.prices: Prices = policy.prices
        self._on_ambiguous = policy.on_ambiguous
        self._now = now
        self.utc_now: Callable[[], datetime] = clock.utc_now
        self._checks = MessageChecks(adapter)
        answer_times = AnswerTimes()
        self._breakers = CircuitBreakers(
            self.name,
            policy.breaker,
            self._checks.channel,
            answer_times,
            now=now,
            observers=observers,
        )
        self._spending = None
        if budgets is not None:
            channel_of = self._checks.channel
            self._spending = Spending(budgets, self.name, policy.prices, channel_of)
        shared = SharedParts(
            adapter=adapter,
            policy=policy,
            journal=journal,
            observers=observers,
            clock=clock,
            limiter=RateLimiter(policy.limits, adapter.capabilities, now=now),
            breakers=self._breakers,
            answer_times=answer_times,
            checks=self._checks,
            consents=consents,
            settlement=settlement,
            report_url=report_url,
            spending=self._spending,
        )
        self._slots = slots_of(policy.limits, adapter.capabilities)
        self._loops = PartsByLoop(shared, open_transport)

    def hand_over(
        self, message: Message, deadline: float, fails_over: FailsOver | None = None
    ) -> asyncio.Future[Outcome]:
        """Hand over one message, and return the future of its outcome.

        Cancelling the future takes the message back, unless it has left.

        Args:
            message: The message.
            deadline: Seconds until the caller gives up.
            fails_over: Returns whether an outcome goes to the caller at once, without retries,
                because another account may send the message.
        """
        parts = self._loops.current
        if parts.loop is not get_running_loop():
            try:
                parts = self._loops.here("send")
            except OperationError as error:
                return self._not_sent(message, error.failure)
        return parts.admission.submit(message, deadline, fails_over)

    def submit(
        self, message: Message, deadline: float, fails_over: FailsOver | None = None
    ) -> asyncio.Future[Outcome]:
        """Hand over one message, and tell the running call that this account has it."""
        future = self.hand_over(message, deadline, fails_over)
        notify_account_listener(future, self.name)
        return future

    async def fail_over(
        self, message: Message, outcome: Outcome, since: float, deadline: float
    ) -> Outcome:
        """Return the outcome: there is no account to fail over to; see `Router.fail_over`."""
        del message, since, deadline
        return outcome

    def stream_target(self) -> StreamTarget:
        """Return where streams go in the running event loop.

        Raises:
            OperationError: There is work under way in a loop that runs in another thread.
        """
        return self._loops.here("send_many").stream_target

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that this account cannot send; `None` where it can."""
        return self._checks.refusal(message)

    def carries_legs(self, message: Message) -> bool:
        """Return whether the provider itself runs the fallback legs of a message."""
        return self._checks.carries_legs(message)

    def carried(self, message: Message) -> Message | None:
        """Return a message whose legs the provider runs; `None` if omnimsg runs them."""
        return message if self.carries_legs(message) else None

    def prepare(self, message: Message) -> Message:
        """Return the message: there is no route that adds to it; see `Router.prepare`."""
        return message

    def resends(self, _: Message) -> bool:
        """Return whether a message that may have been sent may be sent once more."""
        return self._on_ambiguous is OnAmbiguous.RESEND

    @property
    def is_well(self) -> bool:
        """Whether no circuit has failures; else `held_back` tells which messages may leave."""
        return not self._breakers.circuits

    def held_back(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that may not leave now; `None` where it may.

        An open circuit holds a message back, or a pause that the provider asked for. The call
        changes no state: while a probe is due, every message may leave until one has left.
        """
        limiter = self._loops.current.limiter
        if limiter.is_timed and (pause := limiter.pause_left()) > 0:
            failure = local_failures.rate_limited(pause).failure
            return NotSent(reference=message.reference, account=self.name, failure=failure)
        if not self._breakers.circuits:
            return None
        (outcome,) = self._breakers.held_back([message])
        return outcome

    def channel(self, message: Message) -> Channel | None:
        """Return the channel that a message travels on here; `None` where it is not known."""
        return self._checks.channel(message)

    @property
    def capacity(self) -> tuple[int, int]:
        """The most messages of one request, and the requests that may be under way at once."""
        return self.adapter.capabilities.max_messages, self._slots

    def stream(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        deadline: float,
        *,
        legs: StreamLegs | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; see `send_stream`."""
        return send_stream(self.stream_target, messages, deadline=deadline, legs=legs)

    async def knock(self, deadline: float) -> Response:
        """Request `/` of the provider's address, without credentials, and return the answer.

        Any answer shows that host name, network, proxy and certificates are right.

        Raises:
            OperationError: No answer came.
        """
        return await self._loops.here("check").operations.run(
            Operation.STATUS, lambda _: _knock(), deadline=deadline
        )

    def preview(self, message: Message) -> Preview:
        """Return what would become of a message now; nothing is sent, counted or recorded.

        Raises:
            TypeError: It is no message.
        """
        refusal = self._checks.refusal(message)
        if refusal is None and self._spending is not None:
            refusal = self._spending.refusal(message)
        if refusal is None:
            (refusal,) = self._breakers.held_back([message])
        request = None
        if refusal is None:
            run = self._loops.current.runner.begin([message], Deadline.after(1.0, self._now))
            if isinstance(run, BatchRun):
                request = run.request
                run.close()
            elif isinstance(run, list) and isinstance(run[0], NotSent):
                refusal = run[0]
        return Preview(
            channel=self._checks.channel(message),
            refusal=refusal,
            request=request,
            wait=self._loops.current.limiter.wait(),
        )

    def take_back(self, reference: str) -> None:
        """End a queued message whose caller was cancelled, without waiting for its turn."""
        self._loops.current.take_back(reference)

    def health(self) -> Health:
        """Return how the account is doing."""
        parts = self._loops.current
        held = parts.holding.messages
        return Health(
            open_circuits=self._breakers.open_circuits(),
            waiting=parts.messages - held,
            held=held,
            under_way=parts.limiter.under_way,
            pace=parts.limiter.pace,
        )

    async def aclose(self, deadline: Deadline) -> None:
        """Send queued messages until the deadline; then end the rest and close the account."""
        await self._loops.aclose(deadline)

    def _not_sent(self, message: Message, failure: Failure) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = get_running_loop().create_future()
        refusal = self._checks.refusal(message)
        future.set_result(
            refusal or NotSent(reference=message.reference, account=self.name, failure=failure)
        )
        return future


def _knock() -> Flow[Answered[Response]]:
    response = yield Request("GET", "/")
    return response


def _require_find(adapter: Adapter[Any]) -> None:
    if Operation.FIND not in adapter.operations():
        raise ConfigError(
            f"accounts.{adapter.account.name}.on_ambiguous: {adapter.provider} cannot be asked"
            " for a message by its reference; use hold or resend"
        )
