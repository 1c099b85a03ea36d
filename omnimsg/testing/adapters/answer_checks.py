"""Checks that no broken answer becomes an error or a wrong outcome."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Response
from omnimsg.domain.outcome import Accepted, Rejected
from omnimsg.json_codec import dumps
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.flow_driver import changing, sending_index
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.http_statuses import COMMON_STATUSES
from omnimsg.testing.adapters.outcome_violations import outcome_mismatches, swapped_ids
from omnimsg.testing.adapters.proof_checks import is_documented
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.flow_driver import Alter
    from omnimsg.testing.adapters.harness import GuardedRun
    from omnimsg.testing.adapters.scripted_answers import Said


class AnswerChecks(Harness):
    """Every answer is parsed without an error; only a valid one gives a verdict."""

    @check
    def test_send_draws_no_verdict_from_a_truncated_answer(self) -> Iterator[str]:
        """A body truncated at any byte raises nothing and, if it was JSON, gives no outcome."""
        for batch, said, answer_name in self._valid_answers():
            whole = self._sending_response(batch, said)
            is_json = whole.json() is not None
            for cut, body in fuzz.truncations(whole.body):
                name = f"{answer_name}, {cut}"
                run = self._send_altered(batch, said, changing(body=body))
                yield from (f"{name}, {each}" for each in run.violations)
                outcomes = run.valid_value or ()
                if is_json and any(outcomes):
                    yield f"{name}: gave {_kinds(outcomes)}"

    @check
    def test_send_draws_no_verdict_from_a_senseless_answer(self) -> Iterator[str]:
        """HTML, empty bodies, bare values and deep nesting accept and reject no message.

        With an error status, an answer may still prove that the request was not processed.
        """
        batch = self.batch(self.batch_size)
        said = self.mixed_answers(batch)
        table = self.build_adapter().table
        for (body_name, body), status in product(fuzz.SENSELESS_BODIES.items(), COMMON_STATUSES):
            name = f"{body_name} with HTTP {status}"
            run = self._send_altered(batch, said, changing(body=body, status=status))
            yield from (f"{name}, {each}" for each in run.violations)
            for index, outcome in enumerate(run.valid_value or ()):
                if outcome is not None and (
                    status < 300
                    or isinstance(outcome, Accepted)
                    or (isinstance(outcome, Rejected) and not is_documented(outcome, table))
                ):
                    yield f"{name}, message {index}: is {outcome.kind}"

    @check
    def test_send_survives_wrong_types_anywhere(self) -> Iterator[str]:
        """A wrong type or missing member anywhere in an answer raises nothing and swaps no id."""
        for batch, said, answer_name in self._valid_answers():
            whole = self._sending_response(batch, said)
            ids = [self.provider_id(index) for index in range(len(batch))]
            for mutation, document in fuzz.mutations(whole.json()):
                run = self._send_altered(batch, said, changing(body=dumps(document)))
                for each in (*run.violations, *swapped_ids(run.valid_value or (), ids)):
                    yield f"{answer_name}, {mutation}, {each}"

    @check
    def test_send_ignores_unknown_members(self) -> Iterator[str]:
        """Undocumented members in every object of an answer change no outcome."""
        table = self.build_adapter().table
        for batch, said, answer_name in self._valid_answers():
            run = self._send_altered(batch, said, _with_unknown_members)
            yield from (f"{answer_name}, {each}" for each in run.violations)
            for index, (outcome, each) in enumerate(zip(run.valid_value or (), said, strict=False)):
                for mismatch in outcome_mismatches(outcome, each, table, self):
                    yield f"{answer_name}, message {index}: {mismatch}"

    @check
    def test_send_survives_odd_headers(self) -> Iterator[str]:
        """An answer's headers may be missing, in another case, or senseless."""
        batch = self.batch(1)
        said = self.accept_all(batch)
        odd = {"Content-Type": "text/html", "RETRY-AFTER": "soon", "Location": "http://[", "": ""}
        for headers, status in product(({}, odd), COMMON_STATUSES):
            run = self._send_altered(batch, said, changing(headers=headers, status=status))
            for each in run.violations:
                yield f"HTTP {status} with {len(headers)} headers, {each}"

    def _valid_answers(self) -> Iterator[tuple[list[Message], list[Said], str]]:
        """Yield messages, their answers and a name: all accepted, some refused, all refused."""
        batch = self.batch(min(2, self.batch_size))
        yield batch, self.accept_all(batch), "all accepted"
        if self.mixed and len(batch) > 1 and self.code_rows(self.message_levels):
            yield batch, self.mixed_answers(batch), "some refused"
        for row in self.code_rows(self.message_levels)[:1]:
            yield batch[:1], self.refuse_all(batch[:1], row.code, row.level), "one refused"
        for row in self.code_rows(self.request_levels)[:1]:
            yield batch, self.refuse_all(batch, row.code, row.level), "the request refused"

    def _sending_response(self, batch: Sequence[Message], said: Sequence[Said]) -> Response:
        """Return the answer to the request that sends the messages."""
        run = self.send(batch, self.responder(said))
        if run.driven is None:
            return Response(200)
        return run.driven.responses[sending_index(run.driven.requests)]

    def _send_altered(
        self, batch: Sequence[Message], said: Sequence[Said], alter: Alter
    ) -> GuardedRun[Sequence[Outcome | None]]:
        """Send, with the answer to the request that sends, and all later answers, altered."""
        return self.send(batch, self.altering_responder(said, alter))


def _with_unknown_members(response: Response) -> Response:
    document = fuzz.with_unknown_members(response.json())
    return attrs.evolve(response, body=dumps(document))


def _kinds(outcomes: Sequence[Outcome | None]) -> str:
    return ", ".join("None" if each is None else each.kind for each in outcomes)
