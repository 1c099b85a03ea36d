"""Checks of sends with several requests, such as a token request before or a look-up after.

An outcome is judged by the strongest effect of all requests that were sent for its message, not by
the last request of the flow. These checks test how the adapter interprets answers. A missing answer
is handled by the engine, by the effects that the requests declare.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.adapter import Effect, Response
from omnimsg.domain.outcome import Failed, NotSent, Rejected
from omnimsg.domain.reason import Retry
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.flow_driver import drive, sending_index
from omnimsg.testing.adapters.http_statuses import ALL_STATUSES
from omnimsg.testing.adapters.operation_harness import OperationHarness
from omnimsg.testing.adapters.proof_checks import is_documented
from omnimsg.testing.adapters.request_contents import request_texts
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.adapter import Request
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.flow_driver import Driven
    from omnimsg.testing.adapters.harness import GuardedRun

_BODIES = {"an empty body": b"", "a page of HTML": fuzz.HTML, "an empty object": b"{}"}


class FlowChecks(OperationHarness):
    """Before the request that sends, a message is unsent; after it, no message is called unsent."""

    @check
    def test_no_request_before_the_message_has_effect_sends(self) -> Iterator[str]:
        """A request before the first one that contains a recipient does not have `Effect.SENDS`.

        Such a request, for a token for example, cannot text anybody. With `Effect.SENDS`, a lost
        answer to it would make its messages ambiguous.
        """
        batch = self.batch(self.batch_size)
        requests = self._drive(batch).requests
        held = [any(_holds(request, each) for each in batch) for request in requests]
        first = held.index(True) if True in held else 0
        for index, request in enumerate(requests[:first]):
            if request.effect is Effect.SENDS:
                yield f"request {index + 1} holds no message and has Effect.SENDS"

    @check
    def test_an_answer_before_the_send_is_no_verdict_on_a_message(self) -> Iterator[str]:
        """Before the request that sends, an outcome is `NotSent` or `None`.

        A refused or unreadable answer to a token request is no verdict on a message.
        """
        batch = self.batch(self.batch_size)
        index = sending_index(self._drive(batch).requests)
        if index == 0:
            raise SkipTest("the first request of the flow is the one that sends")
        for before in range(index):
            for name, run in self._altered_sends(batch, before):
                yield from (f"{name}: {each}" for each in run.violations)
                if any(each.effect is Effect.SENDS for each in run.requests):
                    continue  # the flow accepted the answer, and has sent
                for number, outcome in enumerate(run.valid_value or ()):
                    if outcome is not None and not isinstance(outcome, NotSent):
                        yield (
                            f"{name}, message {number}: is {outcome.kind}, though nothing was sent"
                        )

    @check
    def test_no_answer_after_the_send_makes_a_message_unsent(self) -> Iterator[str]:
        """After the request that sends, no later answer gives `NotSent` or `SAFE`.

        A later answer gives `Rejected` only for a documented code.
        """
        batch = self.batch(self.batch_size)
        requests = self._drive(batch).requests
        index = sending_index(requests)
        if index == len(requests) - 1:
            raise SkipTest("the last request of the flow is the one that sends")
        table = self.build_adapter().table
        for after in range(index + 1, len(requests)):
            for name, run in self._altered_sends(batch, after):
                yield from (f"{name}: {each}" for each in run.violations)
                for number, outcome in enumerate(run.valid_value or ()):
                    if isinstance(outcome, Failed) and (
                        isinstance(outcome, NotSent)
                        or outcome.retry is Retry.SAFE
                        or (isinstance(outcome, Rejected) and not is_documented(outcome, table))
                    ):
                        yield (
                            f"{name}, message {number}: is {outcome.kind} with retry"
                            f" {outcome.retry.name}, though it may have been sent"
                        )

    def _drive(self, batch: Sequence[Message]) -> Driven[Sequence[Outcome | None]]:
        adapter = self.build_adapter()
        return drive(adapter.send(batch, self.context(adapter)), self.accepting_responder(batch))

    def _altered_sends(
        self, batch: Sequence[Message], index: int
    ) -> Iterator[tuple[str, GuardedRun[Sequence[Outcome | None]]]]:
        """Send repeatedly, with the answer at one index replaced by a wrong one.

        Yields:
            The description of the wrong answer, and the run.
        """
        driven, respond = self._drive(batch), self.accepting_responder(batch)
        bodies = {**_BODIES, "its own body": driven.responses[index].body}
        wrong = {
            f"{name} with HTTP {status}": Response(status, body)
            for status, (name, body) in product(ALL_STATUSES, bodies.items())
        }
        for row in self.code_rows(self.send_levels):
            refused = self.refuse_all(batch, row.code, row.level)
            answer = self.answer(driven.requests[index], refused)
            wrong[f"code {row.code} ({row.level})"] = answer
        for name, answer in wrong.items():
            run = self.send(batch, self.broken_responder(index, answer, respond))
            yield f"answer {index + 1}, {name}", run


def _holds(request: Request, message: Message) -> bool:
    """Return whether a request contains the recipient of a message."""
    to = message.to if isinstance(message.to, str) else message.to.id or message.to.value or ""
    wanted = to.lstrip("+")
    return any(wanted in text for text in request_texts(request).values())
