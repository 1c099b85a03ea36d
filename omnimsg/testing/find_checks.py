"""Checks of the look-up by reference, on whose no a message is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Absent, Operation, Response
from omnimsg.domain.outcome import Accepted
from omnimsg.testing import fuzz
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.harness import hold
from omnimsg.testing.operation_checks import OperationChecks, kind_of
from omnimsg.testing.samples import LATER, NOW, SINCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omnimsg.domain.message import Message


class FindChecks(OperationChecks):
    """A message is found where the provider has it, and called absent only where it has not."""

    def test_find_finds_what_the_provider_has(self) -> None:
        """A message that is listed is accepted, and has an id."""
        self.need(Operation.FIND)

        found = self._found(self.sought())

        if not isinstance(found, Accepted):
            hold([f"a message that is listed gave {kind_of(found)}"])
        elif found.provider_id is None:
            hold(["a message that is listed has no id"])

    def test_find_misses_what_the_provider_has_not(self) -> None:
        """A list that was read to its end without the message makes it absent."""
        self.need(Operation.FIND)

        found = self._found(None)

        if not isinstance(found, Absent):
            hold([f"a message that is not listed gave {kind_of(found)}"])

    def test_find_takes_no_other_message_for_it(self) -> None:
        """Another reference, another recipient or an earlier time is never the message."""
        self.need(Operation.FIND)
        message = self.sought()
        others = {
            "another reference": self._found(attrs.evolve(message, reference="another")),
            "another recipient": self._found(attrs.evolve(message, to=self.messages(2)[1].to)),
            "an earlier call": self._found(message, since=LATER),
        }

        hold([f"{name} was found" for name, each in others.items() if isinstance(each, Accepted)])

    def test_find_says_no_only_to_a_list_that_can_be_read(self) -> None:
        """No answer that is broken or senseless makes a message absent."""
        self.need(Operation.FIND)
        adapter, message = self.build(), self.sought()
        broken: list[str] = []
        respond = lambda request: self.answer_find(request, None, NOW)  # noqa: E731
        answered = drive(adapter.find(message, SINCE, self.context(adapter)), respond)
        for step, response in enumerate(answered.responses):
            for where, unreadable in _unreadable(response):
                run = self.run(
                    lambda: adapter.find(message, SINCE, self.context(adapter)),
                    self.at(step, unreadable, respond),
                    adapter,
                )
                broken += [f"answer {step + 1}, {where}: {each}" for each in run.broken]
                if run.driven is not None and isinstance(run.driven.value, Absent):
                    broken.append(f"answer {step + 1}, {where}: the message is called absent")
        hold(broken)

    def _found(self, listed: Message | None, since: datetime = SINCE) -> Any:  # noqa: ANN401
        """Look for the lost message at a provider that has this one."""
        adapter = self.build()
        flow = adapter.find(self.sought(), since, self.context(adapter))
        return drive(flow, lambda request: self.answer_find(request, listed, NOW)).value


def _unreadable(response: Response) -> Iterator[tuple[str, Response]]:
    for where, body in (*fuzz.cuts(response.body), *fuzz.BODIES.items()):
        yield where, attrs.evolve(response, body=body)
    for status in fuzz.STATUSES:
        if status != response.status:
            yield f"HTTP {status}", attrs.evolve(response, status=status)
