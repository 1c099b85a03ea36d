"""Checks that an outcome claims no more than the answer proves."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from omnimsg.domain.outcome import Accepted, Ambiguous, Failed, NotSent, Rejected
from omnimsg.domain.reason import Retry
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.flow_driver import changing
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.http_statuses import ALL_STATUSES, INCONCLUSIVE_STATUSES
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omnimsg.adapter import CodeTable
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.flow_driver import Alter
    from omnimsg.testing.adapters.scripted_answers import Said

# A word and a number, because providers use either as codes; no provider has these.
UNKNOWN_CODES = ("omnimsg-unknown", "987654")

ALLOWED_RETRIES: Mapping[type[Failed], frozenset[Retry]] = {
    Rejected: frozenset({Retry.NEVER, Retry.AFTER_FIX}),
    NotSent: frozenset({Retry.SAFE, Retry.AFTER_FIX, Retry.NEVER}),
    Ambiguous: frozenset({Retry.UNSAFE}),
}
"""What each outcome allows: the engine resends messages that are `SAFE`."""


class ProofChecks(Harness):
    """A message that may have been sent is never called unsent, rejected, or safe to resend."""

    @check
    def test_send_draws_no_verdict_from_an_inconclusive_status(self) -> Iterator[str]:
        """A status that proves nothing makes no message Rejected or NotSent.

        Tested with every senseless body; `INCONCLUSIVE_STATUSES` has the sources.
        """
        batch = self.batch(self.batch_size)
        accepted = self.accept_all(batch)
        for status, source in INCONCLUSIVE_STATUSES.items():
            for body_name, body in fuzz.SENSELESS_BODIES.items():
                name = f"{body_name} with HTTP {status}"
                alter = changing(status=status, body=body)
                yield from self._unproven_claims(name, batch, accepted, alter, source)

    @check
    def test_unknown_codes_prove_nothing_with_an_inconclusive_status(self) -> Iterator[str]:
        """An unknown code with an inconclusive status makes no message Rejected or NotSent.

        With a status that the provider documents as a code (`status_levels`), it may.
        """
        batch = self.batch(self.batch_size)
        documented = {row.code for row in self.code_rows(self.status_levels)}
        for level, code in product(self.body_levels(), UNKNOWN_CODES):
            said = self.refuse_all(batch, code, level)
            for status, source in INCONCLUSIVE_STATUSES.items():
                if str(status) not in documented:
                    name = f"unknown code {code} ({level}) with HTTP {status}"
                    alter = changing(status=status)
                    yield from self._unproven_claims(name, batch, said, alter, source)

    @check
    def test_outcomes_and_retries_agree(self) -> Iterator[str]:
        """For every answer: Ambiguous is UNSAFE, Rejected is never SAFE, NotSent never UNSAFE."""
        batch = self.batch(self.batch_size)
        for name, said, alter in self._answers(batch):
            run = self.send(batch, self.altering_responder(said, alter))
            yield from (f"{name}: {each}" for each in run.violations)
            for index, outcome in enumerate(run.valid_value or ()):
                if (
                    isinstance(outcome, Failed)
                    and outcome.retry not in ALLOWED_RETRIES[type(outcome)]
                ):
                    retry = outcome.retry.name
                    yield f"{name}, message {index}: is {outcome.kind} with retry {retry}"

    def _answers(self, batch: Sequence[Message]) -> Iterator[tuple[str, Sequence[Said], Alter]]:
        """Yield answers of every kind: a name, the scripted answers, and the alteration."""
        for row in self.code_rows(self.send_levels):
            said = self.refuse_all(batch, row.code, row.level)
            yield f"code {row.code} ({row.level})", said, changing()
        for status in ALL_STATUSES:
            for level in self.body_levels():
                said = self.refuse_all(batch, UNKNOWN_CODES[0], level)
                yield f"an unknown code ({level}) with HTTP {status}", said, changing(status=status)
            for body in (b"", fuzz.HTML, b"{}"):
                alter = changing(status=status, body=body)
                yield f"HTTP {status} {body[:20]!r}", self.accept_all(batch), alter

    def _unproven_claims(
        self, name: str, batch: Sequence[Message], said: Sequence[Said], alter: Alter, source: str
    ) -> Iterator[str]:
        """Send, and find outcomes that claim more than an inconclusive answer proves."""
        adapter = self.build_adapter()
        run = self.send(batch, self.altering_responder(said, alter), adapter=adapter)
        yield from (f"{name}: {each}" for each in run.violations)
        for index, outcome in enumerate(run.valid_value or ()):
            if isinstance(outcome, (NotSent, Rejected)) and not is_documented(
                outcome, adapter.table
            ):
                yield f"{name}, message {index}: is {outcome.kind}, which is not proven ({source})"


def is_documented(outcome: Outcome, table: CodeTable) -> bool:
    """Return whether an outcome is a failure with a code of the table."""
    if isinstance(outcome, Accepted):
        return False
    return outcome.failure.code in {row.code for row in table}
