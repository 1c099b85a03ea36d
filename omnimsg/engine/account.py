"""One account at work: everything that is sent and asked through it."""

from __future__ import annotations

from asyncio import get_running_loop
from contextlib import aclosing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Operation
from omnimsg.domain.errors import ConfigError, OperationError
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.account_reports import Health, Preview
from omnimsg.engine.attempt.runner import BatchRun
from omnimsg.engine.clock import SystemClock
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter, slots_of
from omnimsg.engine.loop_parts import Shared
from omnimsg.engine.observers import Observers
from omnimsg.engine.parts_by_loop import PartsByLoop
from omnimsg.engine.policy import OnAmbiguous, Policy
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.transport import TransportOptions

if TYPE_CHECKING:
    import asyncio
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Callable,
        Iterable,
        Mapping,
        Sequence,
    )
    from pathlib import Path

    from omnimsg.adapter import Absent, Adapter
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import Balance, HistoryQuery, Interaction, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.policy import RetryPolicy
    from omnimsg.engine.settlement import Settlement
    from omnimsg.engine.suppression import Suppression
    from omnimsg.transport import Transport, TransportFactory


class AccountEngine:
    """One account at work.

    What belongs to an event loop is built anew for each loop in which the account is used, and in a
    forked process; limits and circuits are kept. Every `deadline` is in seconds, for the whole
    call.

    Args:
        adapter: Translates the provider's API for the account.
        open_transport: Builds what carries its requests, for one event loop; closed with it, or
            with the account.
        policy: What the account's owner decides.
        journal: Records every attempt.
        observers: Told what happens.
        clock: The clock that everything of the account reads.
        suppression: Knows who must not be texted.
        settlement: Tells of doubtful messages that a report names.
        report_url: Where reports of the account are received.

    Attributes:
        name: The account's name.
        adapter: The account's adapter.

    Raises:
        ConfigError: The policy asks for what the provider cannot do.
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
        suppression: Suppression | None = None,
        settlement: Settlement | None = None,
        report_url: str | None = None,
    ) -> None:
        policy = policy or Policy()
        if policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND:
            _require_find(adapter)
        observers = observers or Observers()
        clock = clock or SystemClock()
        now = clock.monotonic
        self.name: str = adapter.account.name
        self.adapter: Adapter[Any] = adapter
        self._now = now
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
        shared = Shared(
            adapter=adapter,
            policy=policy,
            journal=journal,
            observers=observers,
            clock=clock,
            limiter=RateLimiter(policy.limits, adapter.capabilities, now=now),
            breakers=self._breakers,
            answer_times=answer_times,
            checks=self._checks,
            suppression=suppression,
            settlement=settlement,
            report_url=report_url,
        )
        self._loops = PartsByLoop(shared, open_transport)

    @cached_property
    def operations(self) -> frozenset[Operation]:
        """What the adapter can do besides sending."""
        return self.adapter.operations()

    def submit(self, message: Message, deadline: float) -> asyncio.Future[Outcome]:
        """Hand over one message, and return the future of its outcome.

        Cancelling the future takes the message back, unless it has left.
        """
        parts = self._loops.current
        if parts.loop is not get_running_loop():
            try:
                parts = self._loops.here("send")
            except OperationError as error:
                return self._not_sent(message, error.failure)
        return parts.admission.submit(message, deadline)

    def stream(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        deadline: float,
        *,
        ahead: int | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; see `Streams.send`."""
        return self._loops.current.streams.send(messages, deadline=deadline, ahead=ahead)

    async def status(self, provider_id: str, deadline: float) -> MessageStatus:
        """Ask where a message is."""
        return await self._loops.here(Operation.STATUS).operations.status(provider_id, deadline)

    async def cancel(self, provider_id: str, deadline: float) -> bool:
        """Stop a scheduled message; `False` when it is too late, or there is no such message."""
        return await self._loops.here(Operation.CANCEL).operations.run(
            Operation.CANCEL,
            lambda context: self.adapter.cancel(provider_id, context),
            deadline=deadline,
        )

    async def upload(self, upload: Upload, deadline: float) -> Stored:
        """Hand a file to the provider."""
        return await self._loops.here(Operation.UPLOAD).files.upload(upload, deadline)

    async def download(
        self, stored: Stored, deadline: float, max_bytes: int | None = None
    ) -> bytes:
        """Fetch a stored file into memory."""
        return await self._loops.here(Operation.DOWNLOAD).files.download(
            stored, deadline, max_bytes
        )

    async def download_to(
        self, stored: Stored, path: Path, deadline: float, max_bytes: int | None = None
    ) -> None:
        """Fetch a stored file to a path, where it appears only when it is whole."""
        await self._loops.here(Operation.DOWNLOAD).files.download_to(
            stored, path, deadline, max_bytes
        )

    async def media_info(self, stored: Stored, deadline: float) -> MediaInfo:
        """Ask what the provider says of a stored file."""
        return await self._loops.here(Operation.MEDIA_INFO).operations.run(
            Operation.MEDIA_INFO,
            lambda context: self.adapter.media_info(stored, context),
            deadline=deadline,
            recipients=(stored.restricted_to,),
        )

    async def balance(self, deadline: float) -> Balance:
        """Ask what is left on the account."""
        return await self._loops.here(Operation.BALANCE).operations.run(
            Operation.BALANCE, self.adapter.balance, deadline=deadline
        )

    async def history(self, query: HistoryQuery, deadline: float) -> AsyncIterator[PastMessage]:
        """Go through past messages; `deadline` is for each page."""
        pages = self._loops.here(Operation.HISTORY).operations.history(query, deadline)
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def interactions(self, provider_id: str, deadline: float) -> AsyncIterator[Interaction]:
        """Go through what people did with a message; `deadline` is for each page."""
        pages = self._loops.here(Operation.INTERACTIONS).operations.pages(
            Operation.INTERACTIONS,
            lambda page, context: self.adapter.interactions(provider_id, page, context),
            deadline=deadline,
        )
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""
        most = self.adapter.capabilities.max_messages
        outcomes: list[Outcome] = []
        for start in range(0, len(provider_ids), most):
            part = provider_ids[start : start + most]
            operations = self._loops.here(Operation.MARK_READ).operations
            outcomes += await operations.mark_read(part, deadline)
        return outcomes

    async def find(self, message: Message, deadline: Deadline) -> Accepted | Absent | None:
        """Ask for a message that may have been sent; `None` where nobody can tell.

        The deadline is the one with which it was handed over: it says since when to look.
        """
        return await self._loops.here(Operation.FIND).operations.find(message, deadline)

    def preview(self, message: Message) -> Preview:
        """Return what would become of a message now; nothing is sent, counted or recorded.

        Raises:
            TypeError: It is no message.
        """
        refusal = self._checks.refusal(message)
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

    def health(self) -> Health:
        """Return how the account is doing."""
        parts = self._loops.current
        held = 0 if parts.holding is None else parts.holding.messages
        return Health(
            open_circuits=self._breakers.open_circuits(),
            waiting=parts.messages - held,
            held=held,
            under_way=parts.limiter.under_way,
            pace=parts.limiter.pace,
        )

    async def aclose(self, deadline: Deadline) -> None:
        """Send what waits, until the deadline; then end it and close the connections for good."""
        await self._loops.aclose(deadline)

    def _not_sent(self, message: Message, failure: Failure) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = get_running_loop().create_future()
        refusal = self._checks.refusal(message)
        future.set_result(
            refusal or NotSent(reference=message.reference, account=self.name, failure=failure)
        )
        return future


def build_accounts(
    adapters: Iterable[Adapter[Any]],
    policies: Mapping[str, Policy],
    *,
    transport: TransportFactory,
    retry: RetryPolicy | None,
    report_url: Callable[[str], str | None],
    **shared: Any,  # noqa: ANN401 - as AccountEngine has them
) -> dict[str, AccountEngine]:
    """Build the accounts of a client, by their names.

    Args:
        adapters: One for each account.
        policies: By account name, where an account has one.
        transport: Builds their transports.
        retry: In the place of their policies' own.
        report_url: Returns where reports of an account are received, by its name.
        shared: What `AccountEngine` takes, the same for every account.

    Raises:
        ConfigError: Two accounts have the same name.
    """
    accounts: dict[str, AccountEngine] = {}
    for adapter in adapters:
        name = adapter.account.name
        if name in accounts:
            raise ConfigError(f"two accounts are called {name!r}")
        policy = policies.get(name) or Policy()
        if retry is not None:
            policy = attrs.evolve(policy, retry=retry)
        options = transport_options(adapter, policy)
        accounts[name] = AccountEngine(
            adapter,
            partial(transport, options),
            policy=policy,
            report_url=report_url(name) if adapter.receives() else None,
            **shared,
        )
    return accounts


def transport_options(adapter: Adapter[Any], policy: Policy) -> TransportOptions:
    """Return what the transport of an account is built from."""
    return TransportOptions(
        base_url=adapter.account.base_url,
        hosts=adapter.hosts,
        authorization=adapter.authorization(),
        connections=slots_of(policy.limits, adapter.capabilities),
        network=policy.network,
    )


def _require_find(adapter: Adapter[Any]) -> None:
    if Operation.FIND not in adapter.operations():
        raise ConfigError(
            f"accounts.{adapter.account.name}.on_ambiguous: {adapter.provider} cannot be asked"
            " for a message by its reference; use hold or resend"
        )
