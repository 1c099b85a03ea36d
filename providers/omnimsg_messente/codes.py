"""Messente's error codes, delivery error numbers and statuses.

Levels: `error` for the code of an entry of `errors` in an answer, `err` for the error number in a
delivery report or a status look-up.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, CodeTable, StatusRow, StatusTable, TermRow, Verdict
from omnimsg.domain.reason import Fault, Reason
from omnimsg.domain.status import Status

_REFERENCE = "Messente Omnichannel API reference"
_REPORTS = "Messente delivery report page"

ERROR = "error"
ERR = "err"

TERMS = (
    TermRow("err", "0", Status.SENT.value, description="no error", source=_REFERENCE),
    TermRow(
        "err", "10", Status.READ.value, description="read; stands beside `SEEN`", source=_REFERENCE
    ),
)
"""The values of `err` that mean success; the status says which."""

NO_ERRORS = frozenset(row.name for row in TERMS)

# In an answer to status and cancel: the id is unknown, or belongs to another account.
NOT_FOUND = "101"


def _row(
    code: str,
    level: str,
    reason: Reason,
    verdict: Verdict,
    description: str,
    *,
    fault: Fault | None = None,
) -> CodeRow:
    return CodeRow(
        code,
        level,
        reason,
        verdict,
        description=description,
        source=_REFERENCE,
        fault=fault or reason.fault,
    )


CODES = CodeTable(
    (
        _row(
            NOT_FOUND,
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            "there is nothing at this URL; check base_url",
        ),
        _row(
            "102",
            ERROR,
            Reason.FORBIDDEN,
            Verdict.ACCOUNT,
            "not allowed for this account; check its rights and list of allowed IPs",
        ),
        _row(
            "103",
            ERROR,
            Reason.UNAUTHORIZED,
            Verdict.ACCOUNT,
            "the API username or password is wrong",
        ),
        _row(
            "104",
            ERROR,
            Reason.PROVIDER_ERROR,
            Verdict.AMBIGUOUS,
            "an internal error of Messente; it may have accepted the message",
        ),
        _row("105", ERROR, Reason.INVALID_MESSAGE, Verdict.REJECTED, "a field is invalid"),
        _row("106", ERROR, Reason.INVALID_MESSAGE, Verdict.REJECTED, "a required field is missing"),
        _row(
            "107",
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            "this URL does not allow this method; check base_url",
        ),
        _row(
            "1",
            ERR,
            Reason.UNKNOWN,
            Verdict.REJECTED,
            "delivery failed; the status beside it says more",
        ),
        _row("2", ERR, Reason.EXPIRED, Verdict.REJECTED, "the ttl ended before delivery"),
        _row("3", ERR, Reason.INVALID_RECIPIENT, Verdict.REJECTED, "the number does not exist"),
        _row(
            "4", ERR, Reason.INSUFFICIENT_FUNDS, Verdict.ACCOUNT, "the account could not be charged"
        ),
        _row(
            "5",
            ERR,
            Reason.INVALID_RECIPIENT,
            Verdict.REJECTED,
            "the number is malformed, or its country or operator is unknown",
        ),
        _row(
            "6",
            ERR,
            Reason.RECIPIENT_LIMIT,
            Verdict.NOT_SENT,
            "too many identical messages to one number; it passes after 60 minutes",
        ),
        _row(
            "7", ERR, Reason.SENDER_NOT_ALLOWED, Verdict.REJECTED, "this sender name is not allowed"
        ),
        _row(
            "8",
            ERR,
            Reason.OPERATOR_BLOCKED,
            Verdict.REJECTED,
            "the recipient's operator is on a blacklist; not the number's own opt-out",
            fault=Fault.NOBODY,
        ),
        _row("9", ERR, Reason.UNROUTABLE, Verdict.REJECTED, "there is no route to this number"),
        _row(
            "999", ERR, Reason.PROVIDER_UNAVAILABLE, Verdict.AMBIGUOUS, "a general, temporary error"
        ),
    )
)

STATUSES = StatusTable(
    (
        # `null` in the JSON: the leg has not been processed yet.
        StatusRow("", Status.ACCEPTED, description="still being processed", source=_REFERENCE),
        StatusRow("ACK", Status.SENT, description="accepted by the operator", source=_REPORTS),
        StatusRow("ACCEPTD", Status.SENT, description="in the operator's queue", source=_REPORTS),
        StatusRow(
            "DELIVRD",
            Status.DELIVERED,
            description="delivered to the handset; in some markets only to the operator's network",
            source=_REPORTS,
        ),
        StatusRow("SEEN", Status.READ, description="read; sent with err 10", source=_REFERENCE),
        StatusRow(
            "UNDELIV",
            Status.FAILED,
            reason=Reason.RECIPIENT_UNREACHABLE,
            description="cannot be delivered to the handset",
            source=_REPORTS,
        ),
        StatusRow(
            "FAILED",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            description="delivery failed",
            source=_REPORTS,
        ),
        StatusRow(
            "EXPIRED",
            Status.EXPIRED,
            reason=Reason.EXPIRED,
            description="the ttl or validity ended before delivery",
            source=_REPORTS,
        ),
        StatusRow(
            "REJECTD",
            Status.REJECTED,
            reason=Reason.OPERATOR_BLOCKED,
            description="rejected by the operator: for its content, its sender or the number",
            source=_REPORTS,
            fault=Fault.NOBODY,
        ),
        StatusRow(
            "NACK",
            Status.REJECTED,
            reason=Reason.UNKNOWN,
            description="the delivery request was refused",
            source=_REPORTS,
        ),
        StatusRow(
            "DELETED",
            Status.CANCELLED,
            reason=Reason.CANCELLED,
            description="removed from the queue",
            source=_REFERENCE,
        ),
        StatusRow(
            "UNKNOWN",
            Status.UNKNOWN,
            reason=Reason.UNKNOWN,
            description="the operator's status is not recognised",
            source=_REPORTS,
        ),
    )
)
