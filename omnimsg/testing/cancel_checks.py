"""Checks of `cancel`: it is not repeated blindly, and a refusal is not reported as success."""

from __future__ import annotations

import attrs

from omnimsg.adapter import Effect, Operation, Response
from omnimsg.testing import fuzz
from omnimsg.testing.assertions import assert_no_violations
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.inconclusive_statuses import INCONCLUSIVE_STATUSES
from omnimsg.testing.operation_harness import OperationHarness

_STATUSES = sorted({*fuzz.HTTP_STATUSES, *INCONCLUSIVE_STATUSES})


class CancelChecks(OperationHarness):
    """A user who is wrongly told that a message was cancelled takes no other action."""

    def test_cancel_is_not_repeatable(self) -> None:
        """A cancellation has `Effect.ONCE`: after a lost answer, "not found" proves nothing."""
        self.require_operation(Operation.CANCEL)
        adapter = self.build_adapter()
        flow = self.operation_flow(Operation.CANCEL, adapter)
        effects = [
            each.effect
            for each in drive(flow(), self.operation_responder(Operation.CANCEL)).requests
        ]

        violations = [
            f"has Effect.{each.name}" for each in effects if each not in (Effect.ONCE, Effect.READ)
        ]
        if Effect.ONCE not in effects:
            violations.append("no request has Effect.ONCE")
        assert_no_violations(violations)

    def test_cancel_says_yes_to_no_refusal(self) -> None:
        """No error status, and no refusal by one of the provider's codes, returns `True`."""
        self.require_operation(Operation.CANCEL)
        adapter = self.build_adapter()
        flow = self.operation_flow(Operation.CANCEL, adapter)
        respond = self.operation_responder(Operation.CANCEL)
        driven = drive(flow(), respond)
        index = max(
            (i for i, each in enumerate(driven.requests) if each.effect is Effect.ONCE), default=0
        )
        violations: list[str] = []
        for name, refusal in self._refusals(driven.responses[index]):
            run = self.run_guarded(flow, self.broken_responder(index, refusal, respond), adapter)
            violations += [f"{name}: {each}" for each in run.violations]
            if run.valid_value is True:
                violations.append(f"{name}: counts as cancelled")
        assert_no_violations(violations)

    def _refusals(self, yes: Response) -> list[tuple[str, Response]]:
        """Return answers that are refusals, each with a name.

        Args:
            yes: The provider's answer to a successful cancellation.
        """
        refusals = [
            (f"the answer to a cancellation with HTTP {status}", attrs.evolve(yes, status=status))
            for status in _STATUSES
            if not 200 <= status < 300
        ]
        message = self.batch(1)[0]
        for row in self.code_rows(self.send_levels):
            run = self.send([message], self.responder([self.refuse(message, row.code, row.level)]))
            if run.driven is None:
                continue
            refusal = run.driven.responses[-1]
            name = f"code {row.code} ({row.level})"
            refusals.append((f"{name} with HTTP {refusal.status}", refusal))
            if row.level not in self.status_levels:
                refusals.append(
                    (f"{name} with HTTP {yes.status}", attrs.evolve(refusal, status=yes.status))
                )
        return refusals
