"""Checks of `status`: known and unknown provider statuses, and unknown ids."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.adapter import Operation, Response, StatusRow
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus, Status
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.operation_harness import OperationHarness, describe
from omnimsg.testing.assertions import check, differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import Request
    from omnimsg.domain.status import Evidence
    from omnimsg.testing.adapters.flow_driver import Responder

UNKNOWN_ROW = StatusRow(
    "OMNIMSG_UNKNOWN", Status.UNKNOWN, description="unknown", source="no provider"
)
"""A status that no provider has, so that no table has a row for it."""

# Errors of the account, of limits, and of servers, whatever the id.
_NOT_ABOUT_THE_ID = (401, 403, 407, 408, 429, 500, 502, 503, 504)


class StatusChecks(OperationHarness):
    """A status look-up follows the status table and keeps the provider's own status."""

    @check
    def test_status_reads_every_documented_status(self) -> Iterator[str]:
        """Each row's name gives the row's status, reason and fault, and the name is kept."""
        self.require_operation(Operation.STATUS)
        for row in self.adapter_class.statuses:
            name = f"status {row.name!r}"
            status, found = self._look_up(row)
            yield from (f"{name}: {each}" for each in found)
            if status is None:
                continue
            latest = _latest(status)
            yield from differences(
                name,
                ("the status", status.status.name, row.status.name),
                ("the reason", status.reason, row.reason),
                ("the fault", latest and latest.fault, row.fault),
                ("the provider's status", latest and latest.provider_status, row.name),
            )

    @check
    def test_status_takes_the_reason_from_the_code(self) -> Iterator[str]:
        """The row of a code beside a failed status gives the reason and the fault."""
        self.require_operation(Operation.STATUS)
        codes = self.code_rows(self.report_levels)
        failed = [each for each in self.adapter_class.statuses if each.status.failed]
        if not codes or not failed:
            raise SkipTest("the provider gives no code beside a status")
        row = next((each for each in failed if each.reason is Reason.UNKNOWN), failed[0])
        for code in codes:
            name = f"status {row.name!r} with code {code.code!r} ({code.level})"
            status, found = self._look_up_by(partial(self.answer_failed_status, row=row, code=code))
            yield from (f"{name}: {each}" for each in found)
            if status is None:
                continue
            latest = _latest(status)
            yield from differences(
                name,
                ("the reason", latest and latest.reason, code.reason),
                ("the fault", latest and latest.fault, code.fault),
            )

    @check
    def test_status_keeps_an_unknown_provider_status(self) -> Iterator[str]:
        """A status without a row is UNKNOWN, and the provider's own status is kept."""
        self.require_operation(Operation.STATUS)
        status, violations = self._look_up(UNKNOWN_ROW)
        yield from violations
        if status is not None:
            latest = _latest(status)
            if status.status is not Status.UNKNOWN:
                yield f"the status is {status.status.name}"
            if latest is None or latest.provider_status != UNKNOWN_ROW.name:
                yield "the provider's status is lost"

    @check
    def test_status_of_an_unknown_id_is_not_found(self) -> Iterator[str]:
        """An id that the provider does not know is UNKNOWN with NOT_FOUND, not a failure."""
        self.require_operation(Operation.STATUS)
        status, violations = self._look_up(None)
        yield from violations
        if status is not None:
            if status.status is not Status.UNKNOWN:
                yield f"the status is {status.status.name}"
            if status.reason is not Reason.NOT_FOUND:
                yield f"the reason is {status.reason}"

    @check
    def test_status_is_not_found_only_by_the_word_of_the_provider(self) -> Iterator[str]:
        """An error that is not about the id is no NOT_FOUND: refused credentials, a failed server.

        A message that the provider is said not to know counts as lost.
        """
        self.require_operation(Operation.STATUS)
        for http_status, body in product(_NOT_ABOUT_THE_ID, (b"", fuzz.HTML, b"{}")):
            answer = Response(http_status, body)
            status, _ = self._look_up_by(partial(_always, answer))
            if status is not None and status.reason is Reason.NOT_FOUND:
                yield f"HTTP {http_status} {body[:20]!r}: is NOT_FOUND"

    def _look_up(self, row: StatusRow | None) -> tuple[MessageStatus | None, list[str]]:
        """Look a message up at a provider that reports this row."""
        return self._look_up_by(lambda request: self.answer_status(request, row))

    def _look_up_by(self, respond: Responder) -> tuple[MessageStatus | None, list[str]]:
        """Look a message up.

        Returns:
            The status if there is one, and the violations.
        """
        adapter, provider_id = self.build_adapter(), self.known_id()
        run = self.run_guarded(
            lambda: adapter.status(provider_id, self.context(adapter)), respond, adapter
        )
        if run.driven is None or run.violations:
            return None, list(run.violations)
        status = run.driven.value
        if not isinstance(status, MessageStatus):
            return None, [f"gave {describe(status)}, not MessageStatus"]
        if status.id != MessageId.of(adapter.account.name, provider_id):
            return status, [f"the requested id came back as {status.id}"]
        return status, []


def _latest(status: MessageStatus) -> Evidence | None:
    return status.legs[0].timeline.latest if status.legs else None


def _always(answer: Response, _: Request) -> Response:
    """Answer any request with this answer."""
    return answer
