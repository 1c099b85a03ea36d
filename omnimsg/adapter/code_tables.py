"""A provider's codes, errors and statuses, one table each, with what they mean to us.

A code means nothing by itself: Clickatell's 18 refuses one message when it stands beside
`accepted: false` and says nothing certain as the whole answer. So a row is keyed by code *and*
level, and `docs/` is generated from the same rows that the adapter reads.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Evidence, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omnimsg.adapter.http import Response


class Verdict(StrEnum):
    """What a code proves about the messages it concerns.

    Attributes:
        REJECTED: The provider refused this very message.
        NOT_SENT: Not processed; another attempt may succeed.
        ACCOUNT: Not processed, and nothing else through the account will be until it is mended.
        AMBIGUOUS: It may have been processed.
    """

    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    ACCOUNT = "account"
    AMBIGUOUS = "ambiguous"

    @property
    def retry(self) -> Retry:
        """What may be done next, unless the row knows better."""
        return _RETRIES[self]


_RETRIES = {
    Verdict.REJECTED: Retry.NEVER,
    Verdict.NOT_SENT: Retry.SAFE,
    Verdict.ACCOUNT: Retry.AFTER_FIX,
    Verdict.AMBIGUOUS: Retry.UNSAFE,
}


def _retry_of(row: CodeRow) -> Retry:
    return row.verdict.retry


def _fault_of(row: CodeRow) -> Fault:
    return row.reason.fault


@attrs.frozen
class CodeRow:
    """What one code of a provider means at one level.

    Attributes:
        code: The code as text.
        level: Where it stands in the answer, in the provider's terms: `message`, `global`, ...
        reason: The unified reason.
        verdict: What it proves.
        description: The meaning, in our words.
        source: Where the provider documents it.
        retry: What may be done next; follows from the verdict unless given.
        fault: Whose doing it is; follows from the reason unless given.
    """

    code: str
    level: str
    reason: Reason
    verdict: Verdict
    description: str = attrs.field(kw_only=True)
    source: str = attrs.field(kw_only=True)
    retry: Retry = attrs.field(default=attrs.Factory(_retry_of, takes_self=True), kw_only=True)
    fault: Fault = attrs.field(default=attrs.Factory(_fault_of, takes_self=True), kw_only=True)

    def failure(
        self,
        *,
        detail: str = "",
        path: str | None = None,
        response: Response | None = None,
        raw: Any = None,  # noqa: ANN401 - the provider's own words
    ) -> Failure:
        """Build the failure that this code is.

        Args:
            detail: The provider's sentence; the row's own words stand in for none.
            path: The field of the message that is to blame.
            response: The answer it stood in.
            raw: The provider's own words.
        """
        return Failure(
            reason=self.reason,
            retry=self.retry,
            fault=self.fault,
            detail=detail or self.description,
            path=path,
            code=self.code,
            http_status=None if response is None else response.status,
            raw=raw,
        )

    def outcome(
        self, reference: str, account: str, failure: Failure
    ) -> Rejected | NotSent | Ambiguous:
        """Build the outcome that this code gives one message."""
        return outcome_of(self.verdict, reference, account, failure)


def outcome_of(
    verdict: Verdict, reference: str, account: str, failure: Failure
) -> Rejected | NotSent | Ambiguous:
    """Build the outcome that a verdict gives one message."""
    if verdict is Verdict.REJECTED:
        return Rejected(reference=reference, account=account, failure=failure)
    if verdict is Verdict.AMBIGUOUS:
        return Ambiguous(reference=reference, account=account, failure=failure)
    scope = Scope.ACCOUNT if verdict is Verdict.ACCOUNT else Scope.MESSAGE
    return NotSent(reference=reference, account=account, failure=failure, scope=scope)


@attrs.frozen
class StatusRow:
    """What one status of a provider means.

    Attributes:
        name: The provider's word.
        status: Its place in the unified lifecycle.
        description: The meaning, in our words.
        source: Where the provider documents it.
        reason: Why, where it is a failure.
        number: The provider's number for it, where it has one.
        fault: Whose doing it is; follows from the reason unless given.
    """

    name: str
    status: Status
    description: str = attrs.field(kw_only=True)
    source: str = attrs.field(kw_only=True)
    reason: Reason | None = attrs.field(default=None, kw_only=True)
    number: int | None = attrs.field(default=None, kw_only=True)
    fault: Fault | None = attrs.field(
        default=attrs.Factory(
            lambda row: None if row.reason is None else row.reason.fault, takes_self=True
        ),
        kw_only=True,
    )

    def evidence(self, code: str | None = None) -> Evidence:
        """Build the evidence that this status is."""
        return Evidence(self.status, self.name, code=code, reason=self.reason, fault=self.fault)


class CodeTable:
    """A provider's codes, looked up by code and level.

    Raises:
        ValueError: Two rows have the same code and level; one of them would never be read.
    """

    def __init__(self, rows: Iterable[CodeRow]) -> None:
        self._rows: dict[tuple[str, str], CodeRow] = {}
        for row in rows:
            if self._rows.setdefault((row.code, row.level), row) is not row:
                raise ValueError(f"code {row.code} has two rows at level {row.level!r}")

    def __iter__(self) -> Iterator[CodeRow]:
        """Go through the rows in the order they were written."""
        return iter(self._rows.values())

    def get(self, code: object, level: str) -> CodeRow | None:
        """Find a row; `None` for a code that is not known at this level."""
        return self._rows.get((str(code), level))

    def override(self, changes: Mapping[tuple[str, str], Mapping[str, Any]]) -> CodeTable:
        """Return a table in which the user's rows replace or follow the provider's.

        Args:
            changes: By code and level: the members of `CodeRow` to change. A new row needs
                `reason` and `verdict`.

        A changed `reason` or `verdict` brings its own `fault` and `retry` unless they are given
        too.
        """
        rows = dict(self._rows)
        for key, members in changes.items():
            old = rows.get(key)
            base: dict[str, Any] = {
                "description": "set in the configuration",
                "source": "configuration",
            }
            if old is not None:
                base = {
                    name: getattr(old, name)
                    for name in ("reason", "verdict", "description", "source")
                }
                base |= {} if "verdict" in members else {"retry": old.retry}
                base |= {} if "reason" in members else {"fault": old.fault}
            code, level = key
            rows[key] = CodeRow(code, level, **(base | dict(members)))
        return CodeTable(rows.values())


class StatusTable:
    """A provider's statuses, looked up by name, or by number where only that is given.

    Raises:
        ValueError: Two rows have the same name or number; one of them would never be read.
    """

    def __init__(self, rows: Iterable[StatusRow]) -> None:
        self._rows: dict[str, StatusRow] = {}
        self._numbers: dict[int, StatusRow] = {}
        for row in rows:
            if self._rows.setdefault(row.name, row) is not row:
                raise ValueError(f"status {row.name!r} has two rows")
            if row.number is not None and self._numbers.setdefault(row.number, row) is not row:
                raise ValueError(f"status number {row.number} has two rows")

    def __iter__(self) -> Iterator[StatusRow]:
        """Go through the rows in the order they were written."""
        return iter(self._rows.values())

    def evidence(
        self, name: object = None, *, number: int | None = None, code: str | None = None
    ) -> Evidence:
        """Read a provider's status; one that is not known stays `UNKNOWN`, with its name kept.

        The name decides where both are given: not every name has a confirmed number.
        """
        if isinstance(name, str):
            row = self._rows.get(name)
        else:
            row = None if number is None else self._numbers.get(number)
        if row is not None:
            return row.evidence(code)
        said = name if isinstance(name, str) else "" if number is None else str(number)
        return Evidence(
            Status.UNKNOWN, said, code=code, reason=Reason.UNKNOWN, fault=Fault.PROVIDER
        )
