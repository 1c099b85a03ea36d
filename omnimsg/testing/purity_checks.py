"""Checks that flows are pure: they neither read nor change any outside state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.testing import purity_guard
from omnimsg.testing.assertions import assert_no_violations, fail
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.harness import Harness

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Request


class PurityChecks(Harness):
    """A request depends on its messages, the context and the account, and on nothing else."""

    def test_requests_are_deterministic(self) -> None:
        """The same messages in the same context give the same bytes, in every adapter object."""
        batch = self.batch(self.batch_size)
        first, second = self.build_adapter(), self.build_adapter()

        expected, repeated, from_second = (
            drive(each.send(batch, self.context(each)), self.accepting_responder(batch)).requests
            for each in (first, first, second)
        )

        violations: list[str] = []
        if repeated != expected:
            violations.append("the second time, the adapter gives another request")
        if from_second != expected:
            violations.append("a second adapter of the same account gives another request")
        assert_no_violations(violations)

    def test_flows_read_no_outside_state(self) -> None:
        """A flow uses no clock, randomness, environment variable, file or socket."""
        batch = self.batch(self.batch_size)
        adapter = self.build_adapter()
        driven = drive(adapter.send(batch, self.context(adapter)), self.accepting_responder(batch))
        flow = adapter.send(batch, self.context(adapter))

        with purity_guard.record_impure_calls() as calls:
            try:
                next(flow)
                for response in driven.responses:
                    flow.send(response)
            except StopIteration:
                pass
            for each in batch:
                adapter.check(each)
                adapter.group(each)

        assert_no_violations([f"calls {name}" for name in calls])

    def test_interleaved_flows_are_independent(self) -> None:
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

        violations: list[str] = []
        for index, expected in enumerate(alone):
            if values[index] != expected.value:
                violations.append(f"flow {index} gives another outcome beside another flow")
            if tuple(requests[index]) != expected.requests:
                violations.append(f"flow {index} gives other requests beside another flow")
        assert_no_violations(violations)

    def test_flows_do_not_change_the_adapter(self) -> None:
        """`send` and `check` change no attribute of the adapter or of its class."""
        batch = self.batch(self.batch_size)
        adapter = self.build_adapter()
        before = _snapshot(adapter)

        drive(adapter.send(batch, self.context(adapter)), self.responder(self.mixed_answers(batch)))
        for each in batch:
            adapter.check(each)

        if _snapshot(adapter) != before:
            fail("the adapter has changed")


def _snapshot(adapter: Adapter[Any]) -> object:
    class_attributes = {
        name: value
        for each in type(adapter).__mro__
        for name, value in vars(each).items()
        if not name.startswith("__") and name != "_abc_impl" and not callable(value)
    }
    return purity_guard.snapshot(vars(adapter)), purity_guard.snapshot(class_attributes)
