"""Checks that the code and status tables are complete, and that the adapter follows them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.adapter import Verdict
from omnimsg.domain.outcome import Accepted, Failed
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Status
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.outcome_violations import OUTCOME_CLASSES, outcome_mismatches
from omnimsg.testing.adapters.proof_checks import ALLOWED_RETRIES, UNKNOWN_CODES
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omnimsg.adapter import CodeRow, StatusRow
    from omnimsg.domain.message import Message

_ALLOWED_RETRIES: Mapping[Verdict, frozenset[Retry]] = {
    **{verdict: ALLOWED_RETRIES[kind] for verdict, kind in OUTCOME_CLASSES.items()},
    # Every message of the account waits until somebody has fixed it.
    Verdict.ACCOUNT: frozenset({Retry.AFTER_FIX}),
}


class TableChecks(Harness):
    """The tables hold what the provider documents, and they decide the outcome."""

    @check
    def test_code_rows_are_complete(self) -> Iterator[str]:
        """Every code has a description, a source, a known level, and a retry its verdict allows."""
        known_levels = self.send_levels | self.report_levels | self.other_levels
        for row in self.adapter_class.codes:
            name = f"code {row.code!r} ({row.level})"
            yield from _empty_fields(name, row, "code", "level", "description", "source")
            if row.retry not in _ALLOWED_RETRIES[row.verdict]:
                yield f"{name}: {row.verdict.name} cannot be retry {row.retry.name}"
            if row.level not in known_levels:
                yield (
                    f"{name}: {self.class_name} lists the level in none of message_levels,"
                    " request_levels, report_levels and other_levels"
                )

    @check
    def test_status_rows_are_complete(self) -> Iterator[str]:
        """Every status has a description, a source and a unique number.

        A failed status has a reason; `UNKNOWN` may have one; no other status has one.
        """
        names_by_number: dict[int, str] = {}
        for row in self.adapter_class.statuses:
            name = f"status {row.name!r}"
            yield from _empty_fields(name, row, "description", "source")
            if row.status.failed and row.reason is None:
                yield f"{name}: {row.status.name} needs a reason"
            may_have_reason = row.status.failed or row.status is Status.UNKNOWN
            if row.reason is not None and not may_have_reason:
                yield f"{name}: {row.status.name} is no failure and has a reason"
            if row.number is not None:
                first = names_by_number.setdefault(row.number, row.name)
                if first != row.name:
                    yield f"{name}: has the number of {first!r}"

    @check
    def test_message_refusals_follow_their_rows(self) -> Iterator[str]:
        """Each code of a message level gives its row's verdict, reason, retry and fault."""
        rows = self.code_rows(self.message_levels)
        if not rows:
            raise SkipTest("the provider has no codes for one message")
        yield from self._mismatches(rows, self.batch(1))

    @check
    def test_request_refusals_follow_their_rows(self) -> Iterator[str]:
        """Each code of a request level gives its row's meaning to every message of the request."""
        rows = self.code_rows(self.request_levels)
        if not rows:
            raise SkipTest("the provider has no codes for a whole request")
        yield from self._mismatches(rows, self.batch(self.batch_size))

    @check
    def test_unknown_codes_neither_raise_nor_accept(self) -> Iterator[str]:
        """A code without a row raises nothing and accepts nothing; a failure keeps the code."""
        batch = self.batch(self.batch_size)
        for level, code in product(self.body_levels(), UNKNOWN_CODES):
            name = f"unknown code {code} ({level})"
            run = self.send(batch, self.responder(self.refuse_all(batch, code, level)))
            yield from (f"{name}: {each}" for each in run.violations)
            for index, outcome in enumerate(run.valid_value or ()):
                if isinstance(outcome, Accepted):
                    yield f"{name}, message {index}: was refused; the outcome is Accepted"
                elif outcome is not None:
                    for field in ("code", "unknown_code"):
                        found = getattr(outcome.failure, field)
                        if found != code:
                            yield f"{name}, message {index}: `{field}` became {found!r}"

    @check
    def test_code_overrides_are_applied(self) -> Iterator[str]:
        """Rows that the user's configuration changes or adds decide the outcome."""
        rows = [row for row in self.adapter_class.codes if row.level in self.send_levels]
        if not rows:
            raise SkipTest("the provider has no codes")
        batch = self.batch(1)
        changed = {(row.code, row.level) for row in rows}
        added = {
            (UNKNOWN_CODES[1], row.level) for row in rows if row.level not in self.status_levels
        }
        for code, level in sorted(changed | added):
            codes = {(code, level): {"reason": Reason.PAYMENT, "verdict": Verdict.ACCOUNT}}
            adapter = self.build_adapter(codes=codes)
            table = self.adapter_class.codes.override(codes)
            said = self.refuse(batch[0], code, level)
            run = self.send(batch, self.responder([said]), adapter=adapter)
            yield from (f"code {code} ({level}): {each}" for each in run.violations)
            if run.valid_value is not None:
                yield from outcome_mismatches(run.valid_value[0], said, table, self)

    @check
    def test_refusals_have_a_detail(self) -> Iterator[str]:
        """A failure's detail is the provider's sentence, or at least the row's description."""
        rows = self.code_rows(self.send_levels)
        if not rows:
            raise SkipTest("the provider has no codes")
        batch = self.batch(1)
        for row in rows:
            run = self.send(batch, self.responder(self.refuse_all(batch, row.code, row.level)))
            outcome = run.valid_value[0] if run.valid_value else None
            if isinstance(outcome, Failed) and not outcome.failure.detail:
                yield f"code {row.code} ({row.level}): the failure has no detail"

    def _mismatches(self, rows: list[CodeRow], batch: list[Message]) -> Iterator[str]:
        for row in rows:
            yield from self.send_violations(batch, self.refuse_all(batch, row.code, row.level))


def _empty_fields(name: str, row: CodeRow | StatusRow, *fields: str) -> Iterator[str]:
    for field in fields:
        if not str(getattr(row, field)).strip():
            yield f"{name}: `{field}` is empty"
