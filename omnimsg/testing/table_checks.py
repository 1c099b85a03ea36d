"""Checks that the code and status tables are complete, and that the adapter follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.adapter import CodeRow, StatusRow, Verdict
from omnimsg.domain.outcome import Accepted, Failed
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Status
from omnimsg.testing.assertions import assert_no_violations, outcome_mismatches
from omnimsg.testing.harness import Harness
from omnimsg.testing.proof_checks import UNKNOWN_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALLOWED_RETRIES: Mapping[Verdict, frozenset[Retry]] = {
    Verdict.REJECTED: frozenset({Retry.NEVER, Retry.AFTER_FIX}),
    Verdict.NOT_SENT: frozenset({Retry.SAFE, Retry.AFTER_FIX, Retry.NEVER}),
    Verdict.ACCOUNT: frozenset({Retry.AFTER_FIX}),
    Verdict.AMBIGUOUS: frozenset({Retry.UNSAFE}),
}


class TableChecks(Harness):
    """The tables hold what the provider documents, and they decide the outcome."""

    def test_code_rows_are_complete(self) -> None:
        """Every code has a description, a source, a known level, and a retry its verdict allows."""
        known_levels = self.send_levels | self.report_levels | self.other_levels
        violations: list[str] = []
        for row in self.adapter_class.codes:
            name = f"code {row.code!r} ({row.level})"
            violations += [f"{name}: `{each}` is empty" for each in _empty_fields(row)]
            if row.retry not in _ALLOWED_RETRIES[row.verdict]:
                violations.append(f"{name}: {row.verdict.name} cannot be retry {row.retry.name}")
            if row.level not in known_levels:
                violations.append(
                    f"{name}: {self.class_name} lists the level in none of message_levels,"
                    " request_levels, report_levels and other_levels"
                )
        assert_no_violations(violations)

    def test_status_rows_are_complete(self) -> None:
        """Every status has a description, a source and a unique number.

        A failed status has a reason; `UNKNOWN` may have one; no other status has one.
        """
        violations: list[str] = []
        names_by_number: dict[int, str] = {}
        for row in self.adapter_class.statuses:
            name = f"status {row.name!r}"
            violations += [f"{name}: `{each}` is empty" for each in _empty_fields(row)]
            if row.status.failed and row.reason is None:
                violations.append(f"{name}: {row.status.name} needs a reason")
            if (
                row.reason is not None
                and not row.status.failed
                and row.status is not Status.UNKNOWN
            ):
                violations.append(f"{name}: {row.status.name} is no failure and has a reason")
            if row.number is not None:
                first = names_by_number.setdefault(row.number, row.name)
                if first != row.name:
                    violations.append(f"{name}: has the number of {first!r}")
        assert_no_violations(violations)

    def test_message_refusals_follow_their_rows(self) -> None:
        """Each code of a message level gives its row's verdict, reason, retry and fault."""
        rows = self.code_rows(self.message_levels)
        if not rows:
            raise SkipTest("the provider has no codes for one message")

        self._assert_rows_followed(rows, 1)

    def test_request_refusals_follow_their_rows(self) -> None:
        """Each code of a request level gives its row's meaning to every message of the request."""
        rows = self.code_rows(self.request_levels)
        if not rows:
            raise SkipTest("the provider has no codes for a whole request")

        self._assert_rows_followed(rows, self.batch_size)

    def test_unknown_codes_neither_raise_nor_accept(self) -> None:
        """A code without a row raises nothing and accepts nothing; a failure keeps the code."""
        batch = self.batch(self.batch_size)
        violations: list[str] = []
        for level in self.body_levels():
            for code in UNKNOWN_CODES:
                name = f"unknown code {code} ({level})"
                run = self.send(batch, self.responder(self.refuse_all(batch, code, level)))
                violations += [f"{name}: {each}" for each in run.violations]
                for index, outcome in enumerate(run.valid_value or ()):
                    if isinstance(outcome, Accepted):
                        violations.append(
                            f"{name}, message {index}: was refused; the outcome is Accepted"
                        )
                    elif outcome is not None:
                        failure = outcome.failure
                        violations += [
                            f"{name}, message {index}: `{field}` became {found!r}"
                            for field, found in (
                                ("code", failure.code),
                                ("unknown_code", failure.unknown_code),
                            )
                            if found != code
                        ]
        assert_no_violations(violations)

    def test_code_overrides_are_applied(self) -> None:
        """Rows that the user's configuration changes or adds decide the outcome."""
        rows = [row for row in self.adapter_class.codes if row.level in self.send_levels]
        if not rows:
            raise SkipTest("the provider has no codes")
        batch = self.batch(1)
        violations: list[str] = []
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
            violations += [f"code {code} ({level}): {each}" for each in run.violations]
            if run.valid_value is not None:
                violations += outcome_mismatches(run.valid_value[0], said, table, self)
        assert_no_violations(violations)

    def test_refusals_have_a_detail(self) -> None:
        """A failure's detail is the provider's sentence, or at least the row's description."""
        rows = self.code_rows(self.send_levels)
        if not rows:
            raise SkipTest("the provider has no codes")
        batch = self.batch(1)
        violations: list[str] = []
        for row in rows:
            run = self.send(batch, self.responder(self.refuse_all(batch, row.code, row.level)))
            outcome = run.valid_value[0] if run.valid_value else None
            if isinstance(outcome, Failed) and not outcome.failure.detail:
                violations.append(f"code {row.code} ({row.level}): the failure has no detail")
        assert_no_violations(violations)

    def _assert_rows_followed(self, rows: list[CodeRow], count: int) -> None:
        batch = self.batch(count)
        violations: list[str] = []
        for row in rows:
            violations += self.send_violations(batch, self.refuse_all(batch, row.code, row.level))
        assert_no_violations(violations)


def _empty_fields(row: CodeRow | StatusRow) -> list[str]:
    names = (
        ("code", "level", "description", "source")
        if isinstance(row, CodeRow)
        else ("description", "source")
    )
    return [name for name in names if not str(getattr(row, name)).strip()]
