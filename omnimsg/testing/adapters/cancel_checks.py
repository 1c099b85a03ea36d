"""Checks of `cancel`: it is not repeated blindly, and a refusal is not reported as success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Operation, Response
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.http_statuses import ALL_STATUSES
from omnimsg.testing.adapters.operation_harness import OperationHarness
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator


class CancelChecks(OperationHarness):
    """A user who is wrongly told that a message was cancelled takes no other action."""

    @check
    def test_cancel_is_not_repeatable(self) -> Iterator[str]:
        """A cancellation has `Effect.ONCE`: after a lost answer, "not found" proves nothing."""
        self.require_operation(Operation.CANCEL)
        flow = self.operation_flow(Operation.CANCEL, self.build_adapter())
        driven = drive(flow(), self.operation_responder(Operation.CANCEL))
        effects = [each.effect for each in driven.requests]
        for effect in effects:
            if effect not in (Effect.ONCE, Effect.READ):
                yield f"has Effect.{effect.name}"
        if Effect.ONCE not in effects:
            yield "no request has Effect.ONCE"

    @check
    def test_cancel_says_yes_to_no_refusal(self) -> Iterator[str]:
        """No error status, and no refusal by one of the provider's codes, returns `True`."""
        self.require_operation(Operation.CANCEL)
        adapter = self.build_adapter()
        flow = self.operation_flow(Operation.CANCEL, adapter)
        respond = self.operation_responder(Operation.CANCEL)
        driven = drive(flow(), respond)
        index = max(
            (i for i, each in enumerate(driven.requests) if each.effect is Effect.ONCE), default=0
        )
        for name, refusal in self._refusals(driven.responses[index]):
            run = self.run_guarded(flow, self.broken_responder(index, refusal, respond), adapter)
            yield from (f"{name}: {each}" for each in run.violations)
            if run.valid_value is True:
                yield f"{name}: counts as cancelled"

    def _refusals(self, yes: Response) -> Iterator[tuple[str, Response]]:
        """Yield answers that are refusals, each with a name.

        Args:
            yes: The provider's answer to a successful cancellation.
        """
        for status in ALL_STATUSES:
            if not 200 <= status < 300:
                name = f"the answer to a cancellation with HTTP {status}"
                yield name, attrs.evolve(yes, status=status)
        message = self.batch(1)[0]
        for row in self.code_rows(self.send_levels):
            run = self.send([message], self.responder([self.refuse(message, row.code, row.level)]))
            if run.driven is None:
                continue
            refusal = run.driven.responses[-1]
            name = f"code {row.code} ({row.level})"
            yield f"{name} with HTTP {refusal.status}", refusal
            if row.level not in self.status_levels:
                yield f"{name} with HTTP {yes.status}", attrs.evolve(refusal, status=yes.status)
