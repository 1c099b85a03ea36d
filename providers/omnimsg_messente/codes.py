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

CODES = CodeTable(
    (
        CodeRow(
            NOT_FOUND,
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            description="there is nothing at this URL; check base_url",
            source=_REFERENCE,
        ),
        CodeRow(
            "102",
            ERROR,
            Reason.FORBIDDEN,
            Verdict.ACCOUNT,
            description="not allowed for this account; check its rights and list of allowed IPs",
            source=_REFERENCE,
        ),
        CodeRow(
            "103",
            ERROR,
            Reason.UNAUTHORIZED,
            Verdict.ACCOUNT,
            description="the API username or password is wrong",
            source=_REFERENCE,
        ),
        CodeRow(
            "104",
            ERROR,
            Reason.PROVIDER_ERROR,
            Verdict.AMBIGUOUS,
            description="an internal error of Messente; it may have accepted the message",
            source=_REFERENCE,
        ),
        CodeRow(
            "105",
            ERROR,
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            description="a field is invalid",
            source=_REFERENCE,
        ),
        CodeRow(
            "106",
            ERROR,
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            description="a required field is missing",
            source=_REFERENCE,
        ),
        CodeRow(
            "107",
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            description="this URL does not allow this method; check base_url",
            source=_REFERENCE,
        ),
        CodeRow(
            "1",
            ERR,
            Reason.UNKNOWN,
            Verdict.REJECTED,
            description="delivery failed; the status beside it says more",
            source=_REFERENCE,
        ),
        CodeRow(
            "2",
            ERR,
            Reason.EXPIRED,
            Verdict.REJECTED,
            description="the ttl ended before delivery",
            source=_REFERENCE,
        ),
        CodeRow(
            "3",
            ERR,
            Reason.INVALID_RECIPIENT,
            Verdict.REJECTED,
            description="the number does not exist",
            source=_REFERENCE,
        ),
        CodeRow(
            "4",
            ERR,
            Reason.INSUFFICIENT_FUNDS,
            Verdict.ACCOUNT,
            description="the account could not be charged",
            source=_REFERENCE,
        ),
        CodeRow(
            "5",
            ERR,
            Reason.INVALID_RECIPIENT,
            Verdict.REJECTED,
            description="the number is malformed, or its country or operator is unknown",
            source=_REFERENCE,
        ),
        CodeRow(
            "6",
            ERR,
            Reason.RECIPIENT_LIMIT,
            Verdict.NOT_SENT,
            description="too many identical messages to one number; it passes after 60 minutes",
            source=_REFERENCE,
        ),
        CodeRow(
            "7",
            ERR,
            Reason.SENDER_NOT_ALLOWED,
            Verdict.REJECTED,
            description="this sender name is not allowed",
            source=_REFERENCE,
        ),
        CodeRow(
            "8",
            ERR,
            Reason.OPERATOR_BLOCKED,
            Verdict.REJECTED,
            description="the recipient's operator is on a blacklist; not the number's own opt-out",
            source=_REFERENCE,
            fault=Fault.NOBODY,
        ),
        CodeRow(
            "9",
            ERR,
            Reason.UNROUTABLE,
            Verdict.REJECTED,
            description="there is no route to this number",
            source=_REFERENCE,
        ),
        CodeRow(
            "999",
            ERR,
            Reason.PROVIDER_UNAVAILABLE,
            Verdict.AMBIGUOUS,
            description="a general, temporary error",
            source=_REFERENCE,
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
