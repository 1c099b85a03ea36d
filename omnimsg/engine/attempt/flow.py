"""Drive one flow: pass its requests to the transport and the answers back, until it returns."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from omnimsg.adapter import Effect, Request, Response
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.reason import Reason
from omnimsg.engine.cancellation import is_own_cancellation
from omnimsg.transport import TransportFault, WriteMark

if TYPE_CHECKING:
    from omnimsg.adapter import Flow
    from omnimsg.engine.deadline import Deadline
    from omnimsg.transport import Sink, Transport

T = TypeVar("T")

log: logging.Logger = logging.getLogger("omnimsg.engine")

# The longest flow of an adapter has two requests. One that never ends could text somebody for ever.
MAX_REQUESTS = 10
_ROUNDS = range(MAX_REQUESTS)
# The engine would take it for the end of the event loop, in which nobody waits for an outcome.
_RAISED_EXIT = "raised GeneratorExit"


class BrokenFlow(Exception):  # noqa: N818 - never leaves the engine
    """A flow did what the adapter's contract forbids; the text is ours and safe to show."""


class NoRequest(BrokenFlow):
    """A flow returned before its first request.

    Attributes:
        value: What it returned. An operation may refuse like this; nothing else may.
    """

    def __init__(self, value: object) -> None:
        super().__init__("asked for nothing")
        self.value = value


class FlowRun(WriteMark, Generic[T]):
    """One run of a flow; also the write mark of its current request.

    Attributes:
        left: Whether any byte of a request that changes something may have left. It stays true:
            a later failure does not undo an earlier request.
        sent: Whether any byte of a request that sends messages may have left; it stays true too.
        sent_before: Whether any such byte may have left before the last request.
        effect: The effect of the last request.
        response: The last answer; `None` before the first.
    """

    written: bool = False
    left: bool = False
    sent: bool = False
    sent_before: bool = False
    effect: Effect = Effect.READ
    response: Response | None = None
    _flow: Flow[T] | None = None

    def begin(self, flow: Flow[T]) -> Request:
        """Start a flow and return its first request; nothing leaves yet.

        Raises:
            NoRequest: The flow returned instead.
            BrokenFlow: It yielded something that is no request.
            Exception: Whatever the adapter raised.
        """
        self._flow = flow
        try:
            request = next(flow)
        except StopIteration as end:
            raise NoRequest(end.value) from None
        except GeneratorExit:
            raise BrokenFlow(_RAISED_EXIT) from None
        return request if request.__class__ is Request else _require_request(request)

    async def finish(
        self,
        request: Request,
        transport: Transport,
        deadline: Deadline,
        sink: Sink | None = None,
    ) -> T:
        """Run the flow from its first request to its value.

        Raises:
            TransportFault: A request got no answer.
            BrokenFlow: It yielded something that is no request, or too many of them.
            Exception: Whatever the adapter raised.
        """
        flow = self._flow
        assert flow is not None  # noqa: S101 - `begin` was called
        try:
            for _ in _ROUNDS:
                self.effect = effect = request.effect
                self.written = False
                self.sent_before = self.sent
                try:
                    response = await transport.exchange(
                        request, within=deadline.ends - deadline.now(), mark=self, sink=sink
                    )
                    self.written = True
                except asyncio.CancelledError as error:
                    if is_own_cancellation(error):
                        raise
                    reason = Reason.CONNECTION_LOST if self.written else Reason.CONNECTION_FAILED
                    raise TransportFault(reason, f"the transport {describe_error(error)}") from None
                finally:
                    if self.written and effect is not Effect.READ:
                        self.left = True
                        self.sent = self.sent or effect is Effect.SENDS
                self.response = response
                try:
                    request = _require_request(flow.send(response))
                except GeneratorExit:
                    raise BrokenFlow(_RAISED_EXIT) from None
            _broken(f"asked for more than {MAX_REQUESTS} requests")
        except StopIteration as stop:
            value: T = stop.value
            return value
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close a flow that has not ended; what it raises is logged."""
        try:
            if self._flow is not None:
                self._flow.close()
        except Exception as error:  # noqa: BLE001 - the flow is being discarded
            report_broken_contract("closing a flow", error)


def report_broken_contract(culprit: str, error: BaseException) -> str:
    """Log who broke a contract, and return the sentence for the outcome's detail."""
    detail = f"{culprit} {describe_error(error)}"
    log.error("%s; please report it", detail, extra=log_fields(error=type(error).__name__))
    return detail


def report_failed_component(component: str, error: BaseException) -> str:
    """Log that a component of the application failed, and return the sentence for the detail."""
    detail = f"{component} {describe_error(error)}"
    log.error(
        "%s; that is an error of the application",
        detail,
        extra=log_fields(error=type(error).__name__),
    )
    return detail


def describe_error(error: BaseException) -> str:
    """Name an exception and where it was raised, without its text, which may quote a message."""
    if isinstance(error, BrokenFlow):
        return str(error)
    location = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        location = f" at {PurePath(frame.f_code.co_filename).name}:{line}"
    return f"raised {type(error).__name__}{location}"


def _require_request(given: object) -> Request:
    if isinstance(given, Request):
        return given
    return _broken(f"yielded {type(given).__name__}, not a Request")


def _broken(what: str) -> NoReturn:
    raise BrokenFlow(what)
