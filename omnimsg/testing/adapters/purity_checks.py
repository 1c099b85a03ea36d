"""Checks that flows are pure: they neither read nor change any outside state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from omnimsg.testing.adapters import purity_guard
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.operation_harness import OperationHarness
from omnimsg.testing.adapters.samples import NOW
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from omnimsg.adapter import Adapter, Flow, Request, Response


class PurityChecks(OperationHarness):
    """A request depends on its messages, the context and the account, and on nothing else."""

    @check
    def test_requests_are_deterministic(self) -> Iterator[str]:
        """The same messages in the same context give the same bytes, in every adapter object."""
        batch = self.batch(self.batch_size)
        first, second = self.build_adapter(), self.build_adapter()
        expected, repeated, from_second = (
            drive(each.send(batch, self.context(each)), self.accepting_responder(batch)).requests
            for each in (first, first, second)
        )
        if repeated != expected:
            yield "the second time, the adapter gives another request"
        if from_second != expected:
            yield "a second adapter of the same account gives another request"

    @check
    def test_flows_read_no_outside_state(self) -> Iterator[str]:
        """Nothing uses a clock, randomness, an environment variable, a file or a socket.

        Tested with `send`, `check`, `group`, the other operations, `verify` and `parse`.
        """
        for name, use in self._uses(self.build_adapter()):
            yield from (f"{name}: calls {each}" for each in purity_guard.impure_calls(use))

    @check
    def test_interleaved_flows_are_independent(self) -> Iterator[str]:
        """Two flows of one adapter, advanced in turn, give the same results as when run alone."""
        batch = self.batch(2)
        adapter = self.build_adapter()
        alone = [
            drive(adapter.send([each], self.context(adapter)), self.accepting_responder([each]))
            for each in batch
        ]
        flows = [adapter.send([each], self.context(adapter)) for each in batch]
        inputs: list[list[Any]] = [[None, *each.responses] for each in alone]
        values: list[Any] = [None, None]
        requests: list[list[Request]] = [[], []]
        while any(inputs):
            for index, flow in enumerate(flows):
                if inputs[index]:
                    try:
                        requests[index].append(flow.send(inputs[index].pop(0)))
                    except StopIteration as end:
                        values[index] = end.value
                        inputs[index].clear()
        for index, expected in enumerate(alone):
            if values[index] != expected.value:
                yield f"flow {index} gives another outcome beside another flow"
            if tuple(requests[index]) != expected.requests:
                yield f"flow {index} gives other requests beside another flow"

    @check
    def test_flows_do_not_change_the_adapter(self) -> Iterator[str]:
        """No method changes an attribute of the adapter or of its class."""
        adapter = self.build_adapter()
        before = _snapshot(adapter)
        for name, use in self._uses(adapter):
            use()
            after = _snapshot(adapter)
            if after != before:
                yield f"{name}: the adapter has changed"
            before = after

    def _uses(self, adapter: Adapter[Any]) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield what the engine does with an adapter, without the answers of the author's spec."""
        batch = self.batch(self.batch_size)
        context = self.context(adapter)
        other = self.build_adapter()
        for said in (self.accept_all(batch), self.mixed_answers(batch)):
            driven = drive(other.send(batch, context), self.responder(said))
            yield "send", partial(_replay, partial(adapter.send, batch, context), driven.responses)
        yield "check", lambda: [adapter.check(each) for each in batch]
        yield "group", lambda: [adapter.group(each) for each in batch]
        for operation in sorted(self.adapter_class.operations()):
            respond = self.operation_responder(operation)
            responses = drive(self.operation_flow(operation, other)(), respond).responses
            flow = self.operation_flow(operation, adapter)
            yield operation.value, partial(_replay, flow, responses)
        if adapter.receives():
            for name, callback in self.callbacks(NOW).items():
                yield f"verify of {name}", partial(adapter.verify, callback, context)
                yield f"parse of {name}", partial(adapter.parse, callback, context)


def _replay(flow: Callable[[], Flow[Any]], responses: Iterable[Response]) -> None:
    """Run a flow to its end with answers that are known already."""
    running = flow()
    try:
        next(running)
        for response in responses:
            running.send(response)
    except StopIteration:
        pass


def _snapshot(adapter: Adapter[Any]) -> object:
    class_attributes = {
        name: value
        for each in type(adapter).__mro__
        for name, value in vars(each).items()
        if not name.startswith("__") and name != "_abc_impl" and not callable(value)
    }
    return purity_guard.snapshot(vars(adapter)), purity_guard.snapshot(class_attributes)
