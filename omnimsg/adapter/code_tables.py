"""Tables that map a provider's codes and statuses to the unified model.

The meaning of a code depends on its level, the part of the answer that contains it: Clickatell's 18
refuses one message beside `accepted: false`, but proves nothing as the whole answer. So a row is
keyed by code *and* level. The tables in `docs/` are generated from the rows that the adapter reads.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Ambiguous, NotSent, Rejected, Scope, check_retry
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Evidence, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omnimsg.adapter.http import Response


class Verdict(StrEnum):
    """What a code proves about the messages it applies to.

    Attributes:
        REJECTED: The provider refused this message.
        NOT_SENT: Not processed; another attempt may succeed.
        ACCOUNT: Not processed; the account's other messages fail too, until the account is fixed.
        AMBIGUOUS: It may have been processed.
    """

    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    ACCOUNT = "account"
    AMBIGUOUS = "ambiguous"

    @property
    def retry(self) -> Retry:
        """The retry that follows from the verdict, unless the row has its own."""
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
    """The meaning of one code of a provider at one level.

    Attributes:
        code: The code as text. One that ends in `x` stands for a family: `12xxx`.
        level: The part of the answer that contains it, in the provider's terms: `message`,
            `global`, ...
        reason: The unified reason.
        verdict: What the code proves about the message.
        description: The meaning, in our words.
        source: The provider's document that describes it.
        retry: Whether to send again; by default that of the verdict.
        fault: Who caused it; by default that of the reason.

    Raises:
        ValueError: The retry contradicts the verdict: ambiguous messages are only `UNSAFE`,
            rejected ones never `SAFE`.
    """

    code: str
    level: str
    reason: Reason
    verdict: Verdict
    description: str = attrs.field(kw_only=True)
    source: str = attrs.field(kw_only=True)
    retry: Retry = attrs.field(default=attrs.Factory(_retry_of, takes_self=True), kw_only=True)
    fault: Fault = attrs.field(default=attrs.Factory(_fault_of, takes_self=True), kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a retry that contradicts the verdict."""
        try:
            check_retry(self.verdict.value, self.retry)
        except ValueError as error:
            raise ValueError(f"code {self.code} at level {self.level!r}: {error}") from None

    def failure(
        self,
        *,
        detail: str = "",
        path: str | None = None,
        response: Response | None = None,
        raw: Any = None,  # noqa: ANN401 - the provider's answer
    ) -> Failure:
        """Build the failure for this code.

        Args:
            detail: The provider's error text; if empty, the row's description is used.
            path: The message's field that caused the failure.
            response: The answer that contained the code.
            raw: The provider's answer, or the part of it about the message.
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
        """Build the outcome of a message with this code."""
        return outcome_of(self.verdict, reference, account, failure)


def outcome_of(
    verdict: Verdict, reference: str, account: str, failure: Failure
) -> Rejected | NotSent | Ambiguous:
    """Build the outcome of a message with this verdict."""
    if verdict is Verdict.REJECTED:
        return Rejected(reference=reference, account=account, failure=failure)
    if verdict is Verdict.AMBIGUOUS:
        return Ambiguous(reference=reference, account=account, failure=failure)
    scope = Scope.ACCOUNT if verdict is Verdict.ACCOUNT else Scope.MESSAGE
    return NotSent(reference=reference, account=account, failure=failure, scope=scope)


@attrs.frozen
class StatusRow:
    """The meaning of one status of a provider.

    Attributes:
        name: The provider's name of the status.
        status: The status in the unified lifecycle.
        description: The meaning, in our words.
        source: The provider's document that describes it.
        reason: The reason, if the status is a failure.
        number: The provider's number of the status, if it has one.
        fault: Who caused the failure; by default that of the reason.
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
    # Shared by all messages: most statuses come without a code.
    _evidence: Evidence = attrs.field(
        default=attrs.Factory(
            lambda row: Evidence(row.status, row.name, reason=row.reason, fault=row.fault),
            takes_self=True,
        ),
        init=False,
        eq=False,
        repr=False,
    )

    def evidence(self, code: str | None = None) -> Evidence:
        """Build the evidence for this status."""
        return self._evidence if code is None else attrs.evolve(self._evidence, code=code)


@attrs.frozen
class TermRow:
    """The meaning of a provider's term that is neither an error code nor a status.

    Attributes:
        table: The kind of term: `interaction`, ...
        name: The provider's name or number of the term.
        meaning: The value of the unified model that the term maps to.
        description: The meaning, in our words.
        source: The provider's document that describes it.
    """

    table: str
    name: str
    meaning: str
    description: str = attrs.field(kw_only=True)
    source: str = attrs.field(kw_only=True)


class CodeTable:
    """A provider's codes, looked up by code and level.

    Raises:
        ValueError: Two rows have the same code and level.
    """

    def __init__(self, rows: Iterable[CodeRow]) -> None:
        self._rows: dict[tuple[str, str], CodeRow] = {}
        for row in rows:
            if self._rows.setdefault((row.code, row.level), row) is not row:
                raise ValueError(f"code {row.code} has two rows at level {row.level!r}")
        self._codes = frozenset(code for code, _ in self._rows)
        # The length of each family's codes, and the beginning that they share.
        self._families = tuple(
            (len(code), stem)
            for code in self._codes
            for stem in [code.rstrip("x")]
            if 0 < len(stem) < len(code)
        )

    def __iter__(self) -> Iterator[CodeRow]:
        """Iterate over the rows in the order they were given."""
        return iter(self._rows.values())

    def get(self, code: object, level: str) -> CodeRow | None:
        """Return the row of a code; `None` if the code is unknown at this level."""
        return self._rows.get((str(code), level))

    def knows(self, code: str) -> bool:
        """Return whether any level has a row for a code, or for its family."""
        # At a cost that does not grow with the code: a provider may put anything in its place.
        return code in self._codes or any(
            len(code) == length and code.startswith(stem) for length, stem in self._families
        )

    def override(self, changes: Mapping[tuple[str, str], Mapping[str, Any]]) -> CodeTable:
        """Return a copy with the user's changed and added rows; the table itself if there are none.

        A changed `verdict` resets `retry` to that of the verdict, and a changed `reason` resets
        `fault`, unless the change sets them too.

        Args:
            changes: By code and level: the fields of `CodeRow` to change. A new row needs `reason`
                and `verdict`.
        """
        if not changes:
            return self
        rows = dict(self._rows)
        for key, changed in changes.items():
            old = rows.get(key)
            fields: dict[str, Any] = {
                "description": "set in the configuration",
                "source": "configuration",
            }
            if old is not None:
                kept = ("reason", "verdict", "description", "source")
                fields = {name: getattr(old, name) for name in kept}
                fields |= {} if "verdict" in changed else {"retry": old.retry}
                fields |= {} if "reason" in changed else {"fault": old.fault}
            code, level = key
            rows[key] = CodeRow(code, level, **(fields | dict(changed)))
        return CodeTable(rows.values())


class StatusTable:
    """A provider's statuses, looked up by name, or by number if there is no name.

    Raises:
        ValueError: Two rows have the same name or number.
    """

    def __init__(self, rows: Iterable[StatusRow]) -> None:
        self._rows: dict[str, StatusRow] = {}
        self._numbers: dict[int, StatusRow] = {}
        for row in rows:
            if self._rows.setdefault(row.name, row) is not row:
                raise ValueError(f"status {row.name!r} has two rows")
            if row.number is not None and self._numbers.setdefault(row.number, row) is not row:
                raise ValueError(f"status number {row.number} has two rows")
        self._number_texts = frozenset(map(str, self._numbers))

    def __iter__(self) -> Iterator[StatusRow]:
        """Iterate over the rows in the order they were given."""
        return iter(self._rows.values())

    def knows(self, given: str) -> bool:
        """Return whether there is a row for a status, by its name or number as text."""
        return given in self._rows or given in self._number_texts

    def evidence(
        self, name: object = None, *, number: int | None = None, code: str | None = None
    ) -> Evidence:
        """Build the evidence for a provider's status.

        If both are given the name decides, because not every name has a confirmed number. An
        unknown status becomes `UNKNOWN`, and `provider_status` keeps its name or number.

        Args:
            name: The provider's name of the status; anything but text counts as absent.
            number: The provider's number of the status.
            code: The provider's failure code.
        """
        if isinstance(name, str):
            row = self._rows.get(name)
        else:
            row = None if number is None else self._numbers.get(number)
        if row is not None:
            return row.evidence(code)
        given = name if isinstance(name, str) else "" if number is None else str(number)
        return Evidence(
            Status.UNKNOWN, given, code=code, reason=Reason.UNKNOWN, fault=Fault.PROVIDER
        )
