"""One run of one flow: hand its requests to the wire and its answers back, until it returns."""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from omnimsg.adapter import Effect, Request, Response
from omnimsg.transport import WriteMark

if TYPE_CHECKING:
    from omnimsg.adapter import Flow
    from omnimsg.engine.deadline import Deadline
    from omnimsg.transport import Sink, Transport

T = TypeVar("T")

log: logging.Logger = logging.getLogger("omnimsg.engine")

# The longest honest flow has two requests. One that never ends would text somebody for ever.
MOST_REQUESTS = 10
_ROUNDS = range(MOST_REQUESTS)


class BrokenFlow(Exception):  # noqa: N818 - never leaves the engine
    """A flow did what the adapter's contract forbids; the text is ours and safe to show."""


class AskedNothing(BrokenFlow):
    """A flow returned before its first request.

    Attributes:
        value: What it returned; an operation may refuse like this, nothing else may.
    """

    def __init__(self, value: object) -> None:
        super().__init__("asked for nothing")
        self.value = value


class FlowRun(WriteMark, Generic[T]):
    """One run of a flow; also the mark that its request under way leaves.

    Attributes:
        left: Whether any byte of a request that changes something may have left. It stays true:
            what breaks later does not call back what an earlier request did.
        effect: What the last request may do in the world.
        response: The last answer; `None` while there is none.
    """

    written: bool = False
    left: bool = False
    effect: Effect = Effect.READ
    response: Response | None = None
    _flow: Flow[T] | None = None

    def begin(self, flow: Flow[T]) -> Request:
        """Start a flow and return its first request; nothing leaves yet.

        Raises:
            AskedNothing: It returned instead.
            BrokenFlow: It asked for something that is no request.
            Exception: Whatever the adapter raised.
        """
        self._flow = flow
        try:
            request = next(flow)
        except StopIteration as end:
            raise AskedNothing(end.value) from None
        return request if request.__class__ is Request else _request(request)

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
            BrokenFlow: It asked for something that is no request, or did not stop asking.
            Exception: Whatever the adapter raised.
        """
        flow = self._flow
        assert flow is not None  # noqa: S101 - it was begun
        try:
            for _ in _ROUNDS:
                self.effect = effect = request.effect
                self.written = False
                try:
                    response = await transport.exchange(
                        request, within=deadline.ends - deadline.clock(), mark=self, sink=sink
                    )
                    self.written = True
                finally:
                    if self.written and effect is not Effect.READ:
                        self.left = True
                self.response = response
                request = _request(flow.send(response))
            _broken(f"asked for more than {MOST_REQUESTS} requests")
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # what the flow returns
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up a flow that has not ended; it may not object."""
        try:
            if self._flow is not None:
                self._flow.close()
        except Exception as error:  # noqa: BLE001 - it is being thrown away
            blame("a flow that was closed", error)


def blame(culprit: str, error: BaseException) -> str:
    """Log who broke a contract, and return it for the outcome's detail."""
    detail = f"{culprit} {described(error)}"
    log.error("%s; please report it", detail)
    return detail


def described(error: BaseException) -> str:
    """Say what an exception is and where it was raised; its text may quote a message."""
    if isinstance(error, BrokenFlow):
        return str(error)
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        place = f" at {PurePath(frame.f_code.co_filename).name}:{line}"
    return f"raised {type(error).__name__}{place}"


def _request(given: object) -> Request:
    return (
        given
        if isinstance(given, Request)
        else _broken(f"yielded {type(given).__name__}, not a Request")
    )


def _broken(what: str) -> NoReturn:
    raise BrokenFlow(what)
