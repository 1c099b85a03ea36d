"""Everything but sending: drive a flow to its value, or to an `OperationError` that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from omnimsg.adapter import Context, Effect, Request
from omnimsg.domain.errors import OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine import classify
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.dispatcher import utc_now
from omnimsg.engine.retry import RetryPolicy, retry_operation
from omnimsg.engine.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omnimsg.adapter import Adapter, Answered, Flow, Operation
    from omnimsg.engine.files import Sink
    from omnimsg.engine.transport import Transport

T = TypeVar("T")


class Operator:
    """Runs the operations of one account."""

    def __init__(
        self,
        adapter: Adapter[Any],
        transport: Transport,
        *,
        policy: RetryPolicy | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._adapter = adapter
        self._transport = transport
        self._policy = policy or RetryPolicy()
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
        """
        until = Deadline.after(deadline)

        async def ask() -> T | Failure:
            return await self._once(start, until, sink)

        if sink is None:
            result = await retry_operation(
                ask, policy=self._policy, deadline=until, account=self._account
            )
        else:
            result = await ask()
        if isinstance(result, Failure):
            raise OperationError(operation.value, self._account, result)
        return result

    async def _once(
        self, start: Callable[[Context], Flow[Answered[T]]], deadline: Deadline, sink: Sink | None
    ) -> T | Failure:
        if deadline.remaining() <= 0:
            return Failure(
                reason=Reason.DEADLINE_EXCEEDED, retry=Retry.NEVER, detail="the deadline passed"
            )
        now = self._clock()
        flow = start(Context(account=self._account, now=now, waited=deadline.waited()))
        effect = Effect.READ
        try:
            request: Request = next(flow)
            while True:
                effect = request.effect
                response = await self._transport.exchange(
                    request, within=deadline.remaining(), sink=sink
                )
                try:
                    request = flow.send(response)
                except StopIteration as stop:
                    value: Answered[T] = stop.value
                    break
        except TransportFault as fault:
            flow.close()
            return classify.operation_by_fault(fault, effect)
        except Exception as error:  # noqa: BLE001 - an adapter's slip is an error of the operation
            return Failure(
                reason=Reason.UNKNOWN,
                retry=Retry.NEVER,
                fault=Fault.CALLER,
                detail=f"the adapter of {self._adapter.provider} raised {type(error).__name__}",
            )
        if value is None:
            value = classify.operation_by_status(response, effect)
        if isinstance(value, Failure):
            return classify.with_retry_after(value, response, now)
        return value
