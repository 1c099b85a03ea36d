"""Checks of `find`, the look-up by reference; a message that it calls absent is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Absent, Operation
from omnimsg.domain.outcome import Accepted
from omnimsg.testing import fuzz
from omnimsg.testing.assertions import assert_no_violations, fail
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.operation_harness import OperationHarness, describe
from omnimsg.testing.samples import LATER, SINCE

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.domain.message import Message


class FindChecks(OperationHarness):
    """A listed message is found; only a complete list without the message makes it absent."""

    def test_find_accepts_a_listed_message(self) -> None:
        """A message that the provider lists is `Accepted` and has an id."""
        self.require_operation(Operation.FIND)

        found = self._find(self.lost_message())

        if not isinstance(found, Accepted):
            fail(f"a message that is listed gave {describe(found)}")
        if found.provider_id is None:
            fail("a message that is listed has no id")

    def test_find_reports_an_unlisted_message_as_absent(self) -> None:
        """A list that was read to its end without the message makes it `Absent`."""
        self.require_operation(Operation.FIND)

        found = self._find(None)

        if not isinstance(found, Absent):
            fail(f"a message that is not listed gave {describe(found)}")

    def test_find_accepts_no_other_message(self) -> None:
        """A message with another reference or recipient, or from before `since`, is not found."""
        self.require_operation(Operation.FIND)
        message = self.lost_message()
        found = {
            "another reference": self._find(attrs.evolve(message, reference="another")),
            "another recipient": self._find(attrs.evolve(message, to=self.messages(2)[1].to)),
            "an earlier call": self._find(message, since=LATER),
        }

        assert_no_violations(
            [f"{name} was found" for name, value in found.items() if isinstance(value, Accepted)]
        )

    def test_find_reports_no_absence_from_an_unreadable_list(self) -> None:
        """A broken or senseless answer never makes a message absent."""
        self.require_operation(Operation.FIND)
        adapter, message = self.build_adapter(), self.lost_message()
        respond = self.find_responder(None)
        driven = drive(adapter.find(message, SINCE, self.context(adapter)), respond)
        violations: list[str] = []
        for index, response in enumerate(driven.responses):
            for response_name, unreadable in fuzz.unreadable_responses(response):
                name = f"answer {index + 1}, {response_name}"
                run = self.run_guarded(
                    lambda: adapter.find(message, SINCE, self.context(adapter)),
                    self.broken_responder(index, unreadable, respond),
                    adapter,
                )
                violations += [f"{name}: {each}" for each in run.violations]
                if run.driven is not None and isinstance(run.driven.value, Absent):
                    violations.append(f"{name}: the message is reported as absent")
        assert_no_violations(violations)

    def _find(self, listed: Message | None, since: datetime = SINCE) -> Any:  # noqa: ANN401
        """Look for the lost message at a provider that lists `listed`."""
        adapter = self.build_adapter()
        flow = adapter.find(self.lost_message(), since, self.context(adapter))
        return drive(flow, self.find_responder(listed)).value
