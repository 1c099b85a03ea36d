"""Checks of sends with several requests, such as a token request before or a look-up after.

An outcome is judged by the strongest effect of all requests that were sent for its message, not by
the last request of the flow. These checks test how the adapter interprets answers. A missing answer
is handled by the engine, by the effects that the requests declare.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.adapter import Effect, Response
from omnimsg.domain.outcome import Failed, NotSent, Rejected
from omnimsg.domain.reason import Retry
from omnimsg.testing import fuzz
from omnimsg.testing.assertions import assert_no_violations
from omnimsg.testing.flow_driver import drive, sending_index
from omnimsg.testing.harness import Harness
from omnimsg.testing.inconclusive_statuses import INCONCLUSIVE_STATUSES
from omnimsg.testing.leak_detection import request_texts
from omnimsg.testing.proof_checks import is_documented

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.adapter import Request
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.flow_driver import Driven
    from omnimsg.testing.harness import GuardedRun

_STATUSES = tuple(sorted({*fuzz.HTTP_STATUSES, *INCONCLUSIVE_STATUSES}))
_BODIES = {"an empty body": b"", "a page of HTML": fuzz.HTML, "an empty object": b"{}"}


class FlowChecks(Harness):
    """Before the request that sends, a message is unsent; after it, no message is called unsent."""

    def test_no_request_before_the_message_has_effect_sends(self) -> None:
        """A request before the first one that contains a recipient does not have `Effect.SENDS`.

        Such a request, for a token for example, cannot text anybody. With `Effect.SENDS`, a lost
        answer to it would make its messages ambiguous.
        """
        batch = self.batch(self.batch_size)
        requests = self._drive(batch).requests
        held = [any(_holds(request, each) for each in batch) for request in requests]
        first = held.index(True) if True in held else 0

        assert_no_violations(
            [
                f"request {index + 1} holds no message and has Effect.SENDS"
                for index, request in enumerate(requests[:first])
                if request.effect is Effect.SENDS
            ]
        )

    def test_an_answer_before_the_send_is_no_verdict_on_a_message(self) -> None:
        """Before the request that sends, an outcome is `NotSent` or `None`.

        A refused or unreadable answer to a token request is no verdict on a message.
        """
        batch = self.batch(self.batch_size)
        index = sending_index(self._drive(batch).requests)
        if index == 0:
            raise SkipTest("the first request of the flow is the one that sends")

        violations: list[str] = []
        for each in range(index):
            for name, run in self._altered_sends(batch, each):
                violations += [f"{name}: {violation}" for violation in run.violations]
                if run.driven is None or _has_sent(run.driven.requests):
                    continue  # the flow accepted the answer, and has sent
                violations += [
                    f"{name}, message {number}: is {outcome.kind}, though nothing was sent"
                    for number, outcome in enumerate(run.valid_value or ())
                    if outcome is not None and not isinstance(outcome, NotSent)
                ]
        assert_no_violations(violations)

    def test_no_answer_after_the_send_makes_a_message_unsent(self) -> None:
        """After the request that sends, no later answer gives `NotSent` or `SAFE`.

        A later answer gives `Rejected` only for a documented code.
        """
        batch = self.batch(self.batch_size)
        requests = self._drive(batch).requests
        index = sending_index(requests)
        if index == len(requests) - 1:
            raise SkipTest("the last request of the flow is the one that sends")

        table = self.build_adapter().table
        violations: list[str] = []
        for each in range(index + 1, len(requests)):
            for name, run in self._altered_sends(batch, each):
                violations += [f"{name}: {violation}" for violation in run.violations]
                violations += [
                    f"{name}, message {number}: is {outcome.kind} with retry"
                    f" {outcome.retry.name}, though it may have been sent"
                    for number, outcome in enumerate(run.valid_value or ())
                    if isinstance(outcome, Failed)
                    and (
                        isinstance(outcome, NotSent)
                        or outcome.retry is Retry.SAFE
                        or (isinstance(outcome, Rejected) and not is_documented(outcome, table))
                    )
                ]
        assert_no_violations(violations)

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
        driven = self._drive(batch)
        for status in _STATUSES:
            for body_name, body in {
                **_BODIES,
                "its own body": driven.responses[index].body,
            }.items():
                name = f"answer {index + 1}, {body_name} with HTTP {status}"
                yield name, self._send(batch, index, Response(status, body))
        for row in self.code_rows(self.send_levels):
            refused = self.refuse_all(batch, row.code, row.level)
            name = f"answer {index + 1}, code {row.code} ({row.level})"
            yield name, self._send(batch, index, self.answer(driven.requests[index], refused))

    def _send(
        self, batch: Sequence[Message], index: int, replacement: Response
    ) -> GuardedRun[Sequence[Outcome | None]]:
        """Send to a provider that accepts all messages, with one answer replaced."""
        indices = count()

        def respond(request: Request) -> Response:
            if next(indices) == index:
                return replacement
            return self.answer(request, self.accept_all(batch))

        return self.send(batch, respond)


def _has_sent(requests: Sequence[Request]) -> bool:
    return any(each.effect is Effect.SENDS for each in requests)


def _holds(request: Request, message: Message) -> bool:
    """Return whether a request contains the recipient of a message."""
    to = message.to if isinstance(message.to, str) else message.to.id or message.to.value or ""
    wanted = to.lstrip("+")
    return any(wanted in text for text in request_texts(request).values())
