"""Shared tools of the checks of operations: their arguments, flows and answers."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs

from omnimsg.adapter import Operation, Response
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.outcome import Accepted
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.samples import NOW, SINCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Adapter, Request
    from omnimsg.domain.message import Message
    from omnimsg.testing.adapters.flow_driver import Driven, Responder


class OperationHarness(Harness):
    """Calls the operations besides `send` and answers their requests."""

    def require_operation(self, operation: Operation) -> None:
        """Skip the check if the adapter lacks an operation."""
        if operation not in self.adapter_class.operations():
            raise SkipTest(f"the adapter has no {operation.value}")

    def lost_message(self) -> Message:
        """Return a message whose answer was lost, the same each time."""
        return attrs.evolve(self.batch(1)[0], reference="the-lost-one")

    def known_id(self) -> str:
        """Return the id of an accepted message, as the adapter gave it."""
        batch = self.batch(1)
        run = self.send(batch, self.accepting_responder(batch))
        outcome = run.driven.value[0] if run.driven else None
        provider_id = outcome.provider_id if isinstance(outcome, Accepted) else None
        return provider_id or self.provider_id(0)

    def arguments(self, operation: Operation, page: str | None = None) -> tuple[Any, ...]:
        """Return the arguments of an operation's method, without the context."""
        match operation:
            case Operation.UPLOAD:
                return self.upload()
            case Operation.DOWNLOAD | Operation.MEDIA_INFO:
                return (self.stored(),)
            case Operation.BALANCE:
                return ()
            case Operation.HISTORY:
                return (HistoryQuery(), page)
            case Operation.INTERACTIONS:
                return (self.known_id(), page)
            case Operation.MARK_READ:
                return ([self.provider_id(0)],)
            case Operation.STATUS | Operation.CANCEL:
                return (self.known_id(),)
            case Operation.FIND:
                return (self.lost_message(), SINCE)

    def operation_flow(
        self, operation: Operation, adapter: Adapter[Any], page: str | None = None
    ) -> Callable[[], Any]:
        """Return a function that starts the flow of an operation."""
        method = getattr(adapter, operation.value)
        arguments = self.arguments(operation, page)
        return lambda: method(*arguments, self.context(adapter))

    def operation_responder(self, operation: Operation) -> Responder:
        """Return a responder that answers an operation successfully."""
        if operation is Operation.STATUS:
            row = next(iter(self.adapter_class.statuses))
            return lambda request: self.answer_status(request, row)
        if operation is Operation.FIND:
            return self.find_responder(self.lost_message())
        return lambda request: self.answer_operation(operation, request)

    def find_responder(self, listed: Message | None) -> Responder:
        """Return a responder that lists this message, or none, in the look-up of the lost one."""
        return lambda request: self.answer_find(request, listed, NOW)

    def broken_responder(self, index: int, broken: Response, respond: Responder) -> Responder:
        """Return a responder with one broken answer, at this index, and valid ones otherwise."""
        indices, otherwise = count(), forgiving(respond)
        return lambda request: broken if next(indices) == index else otherwise(request)

    def driven_operations(self) -> Iterator[tuple[Operation, Adapter[Any], Driven[Any]]]:
        """Drive each operation of the adapter with its successful answer."""
        operations = sorted(self.adapter_class.operations())
        if not operations:
            raise SkipTest("the adapter only sends")
        adapter = self.build_adapter()
        for operation in operations:
            flow = self.operation_flow(operation, adapter)
            yield operation, adapter, drive(flow(), self.operation_responder(operation))


def forgiving(respond: Responder) -> Responder:
    """Return a responder with 404 for an unforeseen request, to which a broken answer may lead."""

    def respond_or_refuse(request: Request) -> Response:
        try:
            return respond(request)
        except Exception:  # noqa: BLE001 - the adapter's author has not foreseen the request
            return Response(404)

    return respond_or_refuse


def describe(value: object) -> str:
    """Describe a value that a flow returned: its type, and the sentence of a failure."""
    name = type(value).__name__
    return f"{name} ({value.sentence()})" if isinstance(value, Failure) else name
