"""Everything but sending: drive a flow to its value, or to an `OperationError` that says why."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.adapter import Absent, Context, Operation
from omnimsg.domain.errors import InvalidValue, OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Retry
from omnimsg.engine.attempt import classify
from omnimsg.engine.attempt.flow import AskedNothing, BrokenFlow, FlowRun, blame
from omnimsg.engine.attempt.runner import utc_now
from omnimsg.engine.deadline import Deadline
from omnimsg.transport.aiohttp_transport import TransportFault
from omnimsg.transport.files import SinkFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from omnimsg.adapter import Adapter, Answered, Flow
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.runner import AttemptRunner
    from omnimsg.engine.sending.retry import Retrier
    from omnimsg.transport.aiohttp_transport import Transport
    from omnimsg.transport.files import Sink

T = TypeVar("T")

# Seconds by which the provider's clock may be behind ours. What it made longer than that before the
# call is an earlier message with the same reference.
_SKEW = 300.0

# Seconds of one look-up: a provider that is silent must not use up the message's deadline.
_PATIENCE = 30.0


class OperationRunner:
    """Runs the operations of one account.

    Args:
        adapter: The account's.
        transport: Its wire.
        dispatcher: Reads verdicts for read receipts, as it does for messages.
        retrier: Its retries.
        turn: Holds a place among its requests under way.
        clock: The time, with its offset.
    """

    def __init__(
        self,
        adapter: Adapter[Any],
        transport: Transport,
        dispatcher: AttemptRunner,
        retrier: Retrier,
        *,
        turn: Callable[[Deadline], AbstractAsyncContextManager[None]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._adapter = adapter
        self._transport = transport
        self._dispatcher = dispatcher
        self._retrier = retrier
        self._turn = turn
        self._clock = clock
        self._account = adapter.account.name

    async def run(
        self,
        operation: Operation,
        start: Callable[[Context], Flow[Answered[T]]],
        *,
        deadline: float,
        sink: Sink | None = None,
    ) -> T:
        """Run an operation to its value.

        A failure is tried again where its request changes nothing, or where nothing had left. With
        a sink there is one attempt: what was written cannot be taken back.

        Args:
            operation: For the error.
            start: Begins the adapter's flow.
            deadline: Seconds of patience for the whole operation.
            sink: Where a downloaded file goes.

        Raises:
            OperationError: It failed; `failure` says why.
            InvalidValue: The adapter can make no path of an id.
            OSError: The sink cannot be written.
        """
        until = Deadline.after(deadline)

        async def ask() -> T | Failure:
            try:
                async with self._turn(until):
                    return await self._once(start, until, sink)
            except TimeoutError:
                return classify.too_late("the deadline passed before it was its turn")[1]

        if sink is None:
            result = await self._retrier.operation(ask, until)
        else:
            result = await ask()
        if isinstance(result, Failure):
            raise OperationError(operation.value, self._account, result)
        return result

    async def find(self, message: Message, deadline: Deadline) -> Accepted | Absent | None:
        """Ask for a message that may have been sent; `None` where nobody can tell.

        Args:
            message: What to look for.
            deadline: Its own. It began when the message was handed over: the provider cannot have
                taken it before.
        """
        since = self._clock() - timedelta(seconds=deadline.waited() + _SKEW)
        try:
            found = await self.run(
                Operation.FIND,
                lambda context: self._adapter.find(message, since, context),
                deadline=min(deadline.remaining(), _PATIENCE),
            )
        except (OperationError, InvalidValue):
            return None
        match found:
            case Absent():
                return found
            case Accepted(reference=message.reference, account=self._account):
                return found
        blame(f"the adapter of {self._adapter.provider}", BrokenFlow("found another message"))
        return None

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""

        async def mark(ids: Sequence[str]) -> list[Outcome]:
            async with AsyncExitStack() as stack:
                with suppress(TimeoutError):  # then the dispatcher finds that it is too late
                    await stack.enter_async_context(self._turn(deadline))
                return await self._dispatcher.mark_read(ids, deadline)

        async def again(places: Sequence[int]) -> None:
            fresh = await mark([provider_ids[place] for place in places])
            for place, outcome in zip(places, fresh, strict=True):
                outcomes[place] = outcome

        outcomes = await mark(provider_ids)
        await self._retrier.batch(outcomes, again, deadline)
        return outcomes

    async def _once(
        self, start: Callable[[Context], Flow[Answered[T]]], deadline: Deadline, sink: Sink | None
    ) -> T | Failure:
        if deadline.remaining() <= 0:
            return classify.too_late("the deadline passed")[1]
        context = Context(account=self._account, now=self._clock(), waited=deadline.waited())
        run: FlowRun[Answered[T]] = FlowRun()
        try:
            value = await run.finish(run.begin(start(context)), self._transport, deadline, sink)
        except TransportFault as fault:
            return classify.by_fault(fault, run.effect, left=run.left)[1]
        except SinkFault as fault:
            raise fault.error from None
        except Exception as error:
            # An adapter's slip is an error of the operation; so is its refusal without a request.
            if isinstance(error, InvalidValue) and run.response is None:
                raise  # the caller's id, of which no path can be made
            if isinstance(error, AskedNothing) and isinstance(error.value, Failure):
                return error.value
            detail = blame(f"the adapter of {self._adapter.provider}", error)
            return classify.internal(detail, left=run.left)[1]
        assert run.response is not None  # noqa: S101 - a flow ends after an answer
        if value is None:
            value = classify.by_status(run.response, run.effect)[1]
        if not isinstance(value, Failure):
            return value
        if value.retry is Retry.UNSAFE and run.effect.is_repeatable:
            # The code's row is written for sending; this may be asked again all the same.
            value = attrs.evolve(value, retry=Retry.SAFE)
        return classify.with_retry_after(value, run.response, self._clock())
