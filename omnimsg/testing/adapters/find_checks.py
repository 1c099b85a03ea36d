"""Checks of `find`, the look-up by reference; a message that it calls absent is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Absent, Operation
from omnimsg.domain.outcome import Accepted
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.operation_harness import OperationHarness, describe
from omnimsg.testing.adapters.samples import LATER, SINCE
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omnimsg.domain.message import Message


class FindChecks(OperationHarness):
    """A listed message is found; only a complete list without the message makes it absent."""

    @check
    def test_find_accepts_a_listed_message(self) -> Iterator[str]:
        """A message that the provider lists is `Accepted` and has an id."""
        self.require_operation(Operation.FIND)
        found = self._find(self.lost_message())
        if not isinstance(found, Accepted):
            yield f"a message that is listed gave {describe(found)}"
        elif found.provider_id is None:
            yield "a message that is listed has no id"

    @check
    def test_find_reports_an_unlisted_message_as_absent(self) -> Iterator[str]:
        """A list that was read to its end without the message makes it `Absent`."""
        self.require_operation(Operation.FIND)
        found = self._find(None)
        if not isinstance(found, Absent):
            yield f"a message that is not listed gave {describe(found)}"

    @check
    def test_find_accepts_no_other_message(self) -> Iterator[str]:
        """A message with another reference or recipient, or from before `since`, is not found."""
        self.require_operation(Operation.FIND)
        message = self.lost_message()
        for name, found in {
            "another reference": self._find(attrs.evolve(message, reference="another")),
            "another recipient": self._find(attrs.evolve(message, to=self.messages(2)[1].to)),
            "an earlier call": self._find(message, since=LATER),
        }.items():
            if isinstance(found, Accepted):
                yield f"{name} was found"

    @check
    def test_find_reports_no_absence_from_an_unreadable_list(self) -> Iterator[str]:
        """A broken or senseless answer never makes a message absent."""
        self.require_operation(Operation.FIND)
        adapter = self.build_adapter()
        flow, respond = self.operation_flow(Operation.FIND, adapter), self.find_responder(None)
        for index, response in enumerate(drive(flow(), respond).responses):
            for response_name, unreadable in fuzz.unreadable_responses(response):
                name = f"answer {index + 1}, {response_name}"
                responder = self.broken_responder(index, unreadable, respond)
                run = self.run_guarded(flow, responder, adapter)
                yield from (f"{name}: {each}" for each in run.violations)
                if run.driven is not None and isinstance(run.driven.value, Absent):
                    yield f"{name}: the message is reported as absent"

    def _find(self, listed: Message | None, since: datetime = SINCE) -> Any:  # noqa: ANN401
        """Look for the lost message at a provider that lists `listed`."""
        adapter = self.build_adapter()
        flow = adapter.find(self.lost_message(), since, self.context(adapter))
        return drive(flow, self.find_responder(listed)).value
