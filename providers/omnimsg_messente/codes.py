"""Messente's error codes, delivery error numbers and statuses.

Two levels: `error` is the code of an entry of `errors` in an answer, `err` the number in a
delivery report.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, CodeTable, StatusRow, StatusTable, Verdict
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status

_REFERENCE = "Messente Omnichannel API reference"
_REPORTS = "Messente delivery report page"

ERROR = "error"
ERR = "err"

# Numbers of `err` that are no errors: nothing is wrong, and the status is `SEEN`.
NO_ERRORS = frozenset({"0", "10"})

# An id that is not known, or belongs to somebody else, on status and cancel.
NOT_FOUND = "101"

CODES = CodeTable(
    (
        CodeRow(
            NOT_FOUND,
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            words="there is nothing at this address; check base_url",
            source=_REFERENCE,
        ),
        CodeRow(
            "102",
            ERROR,
            Reason.FORBIDDEN,
            Verdict.ACCOUNT,
            words="the account may not do this; check its rights and its list of allowed IPs",
            source=_REFERENCE,
        ),
        CodeRow(
            "103",
            ERROR,
            Reason.UNAUTHORIZED,
            Verdict.ACCOUNT,
            words="the API username or password is wrong",
            source=_REFERENCE,
        ),
        CodeRow(
            "104",
            ERROR,
            Reason.PROVIDER_ERROR,
            Verdict.AMBIGUOUS,
            words="Messente failed; it may have taken the message",
            source=_REFERENCE,
        ),
        CodeRow(
            "105",
            ERROR,
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            words="a field holds what Messente does not take",
            source=_REFERENCE,
        ),
        CodeRow(
            "106",
            ERROR,
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            words="a required field is missing",
            source=_REFERENCE,
        ),
        CodeRow(
            "107",
            ERROR,
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            words="this address does not take this method; check base_url",
            source=_REFERENCE,
        ),
        CodeRow(
            "1",
            ERR,
            Reason.RECIPIENT_UNREACHABLE,
            Verdict.REJECTED,
            words="delivery failed",
            source=_REFERENCE,
        ),
        CodeRow(
            "2",
            ERR,
            Reason.EXPIRED,
            Verdict.REJECTED,
            words="its time ran out before it could be delivered",
            source=_REFERENCE,
        ),
        CodeRow(
            "3",
            ERR,
            Reason.INVALID_RECIPIENT,
            Verdict.REJECTED,
            words="no such number",
            source=_REFERENCE,
        ),
        CodeRow(
            "4",
            ERR,
            Reason.INSUFFICIENT_FUNDS,
            Verdict.ACCOUNT,
            words="the account could not be charged",
            source=_REFERENCE,
        ),
        CodeRow(
            "5",
            ERR,
            Reason.INVALID_RECIPIENT,
            Verdict.REJECTED,
            words="the number is malformed, or its country or operator is unknown",
            source=_REFERENCE,
        ),
        CodeRow(
            "6",
            ERR,
            Reason.RECIPIENT_LIMIT,
            Verdict.REJECTED,
            words="too many identical messages to one number",
            source=_REFERENCE,
        ),
        CodeRow(
            "7",
            ERR,
            Reason.SENDER_NOT_ALLOWED,
            Verdict.REJECTED,
            words="this sender name is not allowed",
            source=_REFERENCE,
        ),
        CodeRow(
            "8",
            ERR,
            Reason.OPERATOR_BLOCKED,
            Verdict.REJECTED,
            words="the operator is on the blacklist",
            source=_REFERENCE,
        ),
        CodeRow(
            "9",
            ERR,
            Reason.UNROUTABLE,
            Verdict.REJECTED,
            words="there is no route to this number",
            source=_REFERENCE,
        ),
        CodeRow(
            "999",
            ERR,
            Reason.PROVIDER_UNAVAILABLE,
            Verdict.AMBIGUOUS,
            words="a general error that passes",
            source=_REFERENCE,
        ),
    )
)

STATUSES = StatusTable(
    (
        # `null` on the wire: nothing has been done with this leg yet.
        StatusRow("", Status.ACCEPTED, words="still being processed", source=_REFERENCE),
        StatusRow("ACK", Status.SENT, words="the operator took it over", source=_REPORTS),
        StatusRow("ACCEPTD", Status.SENT, words="in the operator's queue", source=_REPORTS),
        StatusRow(
            "DELIVRD",
            Status.DELIVERED,
            words="on the handset; in some markets only in the operator's network",
            source=_REPORTS,
        ),
        StatusRow("SEEN", Status.READ, words="read; comes with err 10", source=_REFERENCE),
        StatusRow(
            "UNDELIV",
            Status.FAILED,
            reason=Reason.RECIPIENT_UNREACHABLE,
            words="cannot be delivered to the handset",
            source=_REPORTS,
        ),
        StatusRow(
            "FAILED",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            words="delivery failed",
            source=_REPORTS,
        ),
        StatusRow(
            "EXPIRED",
            Status.EXPIRED,
            reason=Reason.EXPIRED,
            words="its ttl or validity ran out",
            source=_REPORTS,
        ),
        StatusRow(
            "REJECTD",
            Status.REJECTED,
            reason=Reason.OPERATOR_BLOCKED,
            words="the operator refused it",
            source=_REPORTS,
        ),
        StatusRow(
            "NACK",
            Status.REJECTED,
            reason=Reason.UNKNOWN,
            words="the request to deliver it was refused",
            source=_REPORTS,
        ),
        StatusRow(
            "DELETED",
            Status.CANCELLED,
            reason=Reason.CANCELLED,
            words="taken out of the queue",
            source=_REFERENCE,
        ),
        StatusRow(
            "UNKNOWN",
            Status.UNKNOWN,
            reason=Reason.UNKNOWN,
            words="the operator said something that nobody understands",
            source=_REPORTS,
        ),
    )
)
