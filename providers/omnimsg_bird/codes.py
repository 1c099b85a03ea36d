"""Bird's errors, failure codes and statuses.

Levels of codes:

* `http`: the HTTP status of an answer in Bird's error form;
* a number such as `422`: the known `code` texts of that HTTP status;
* `failure`: `failure.code` of a message that was accepted;
* `source`: the source of such a failure, for failures without a more precise code;
* the name of a source (`sms-messagebird`): the codes of that source;
* `storage`: the error codes of the file storage.

A row such as `15xxx` stands for a family of codes whose members Bird does not publish.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, CodeTable, StatusRow, StatusTable, Verdict
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.reason import Fault, Reason
from omnimsg.domain.status import Status

_MESSAGING = "Bird Channels API, Messaging"
_COMMON = "Bird API access, Common API usage"
_RATE = "Bird Channels API, Rate limit"
_BATCH = "Bird Channels API, Send batch messages"
_EMAIL = "Bird Programmable Email, Message status"
_FAILURES = "Bird Channels API, Message failure codes"
_SOURCES = "Bird Channels API, Message failure sources"
_S3 = "Amazon S3 API reference, Error responses"
_SMS = "Bird Channels API, SMS platform extended error codes"

HTTP = "http"
FAILURE = "failure"
SOURCE = "source"
STORAGE = "storage"


def _answer(code: str, reason: Reason, verdict: Verdict, description: str, source: str) -> CodeRow:
    return CodeRow(code, HTTP, reason, verdict, description=description, source=source)


def _failure(code: str, reason: Reason, description: str, fault: Fault | None = None) -> CodeRow:
    fault = fault or reason.fault
    return CodeRow(
        code,
        FAILURE,
        reason,
        Verdict.REJECTED,
        description=description,
        source=_FAILURES,
        fault=fault,
    )


def _source(name: str, reason: Reason, description: str) -> CodeRow:
    return CodeRow(name, SOURCE, reason, Verdict.REJECTED, description=description, source=_SOURCES)


def _storage(code: str, reason: Reason, verdict: Verdict, description: str) -> CodeRow:
    return CodeRow(code, STORAGE, reason, verdict, description=description, source=_S3)


def _sms(reason: Reason, description: str, *codes: int) -> tuple[CodeRow, ...]:
    return tuple(
        CodeRow(
            str(code),
            "sms-messagebird",
            reason,
            Verdict.REJECTED,
            description=description,
            source=_SMS,
        )
        for code in codes
    )


CODES = CodeTable(
    (
        CodeRow(
            "InvalidPayload",
            "422",
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            description="a field of the request is malformed",
            source=_MESSAGING,
        ),
        _answer(
            "400",
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            "the request is malformed",
            _MESSAGING,
        ),
        _answer(
            "401",
            Reason.UNAUTHORIZED,
            Verdict.ACCOUNT,
            "the access key is wrong",
            _COMMON,
        ),
        _answer(
            "403",
            Reason.FORBIDDEN,
            Verdict.ACCOUNT,
            "the access key's role may not do this",
            _COMMON,
        ),
        _answer(
            "404",
            Reason.MISCONFIGURED,
            Verdict.ACCOUNT,
            "no such workspace or channel; check `workspace_id` and `channels`",
            _MESSAGING,
        ),
        _answer(
            "409",
            Reason.UNKNOWN,
            Verdict.AMBIGUOUS,
            "a conflict, possibly with an earlier copy of the request; Bird does not say with what",
            _MESSAGING,
        ),
        _answer(
            "413",
            Reason.CONTENT_TOO_LARGE,
            Verdict.REJECTED,
            "the request is larger than 200 KB",
            _MESSAGING,
        ),
        _answer(
            "422",
            Reason.INVALID_MESSAGE,
            Verdict.REJECTED,
            "the request did not pass validation",
            _MESSAGING,
        ),
        _answer(
            "429",
            Reason.RATE_LIMITED,
            Verdict.NOT_SENT,
            "more than 500 requests per second; not processed",
            _RATE,
        ),
        _failure(
            "11001", Reason.MISCONFIGURED, "the channel is not configured for this kind of message"
        ),
        _failure(
            "11002",
            Reason.INVALID_MESSAGE,
            "the message contains something that the channel does not support",
        ),
        _failure(
            "11xxx", Reason.INVALID_MESSAGE, "configuration, receiver, content or sender is invalid"
        ),
        _failure("12001", Reason.PROVIDER_ERROR, "a service that Bird depends on failed"),
        _failure(
            "12002", Reason.UNSUPPORTED_CONTENT, "the channel does not support this kind of message"
        ),
        _failure("12003", Reason.UNROUTABLE, "the destination is not supported"),
        _failure("12004", Reason.PROVIDER_ERROR, "Bird does not know the product"),
        _failure("12005", Reason.UNROUTABLE, "Bird has no route"),
        _failure("12006", Reason.INVALID_CONTENT, "the platform does not accept this message"),
        _failure("12xxx", Reason.PROVIDER_ERROR, "a service of Bird failed"),
        _failure("14xxx", Reason.UNKNOWN, "caused by the customer's account", Fault.ACCOUNT),
        _failure("15001", Reason.PROVIDER_ERROR, "a network error on the way to the handset"),
        _failure("15005", Reason.INVALID_RECIPIENT, "the subscriber is unknown"),
        _failure("15xxx", Reason.UNKNOWN, "the platform failed to deliver it"),
        *_sms(Reason.UNKNOWN, "a failure without a further reason", 0),
        *_sms(Reason.INVALID_RECIPIENT, "unknown subscriber", 1, 2, 3, 5, 9, 10, 11, 12),
        *_sms(Reason.RECIPIENT_UNREACHABLE, "the subscriber is unavailable", 8, 26, 27, 31),
        *_sms(Reason.PROVIDER_ERROR, "network error", 34),
        _source("accounting", Reason.PAYMENT, "the account's billing does not allow it"),
        _source(
            "contact", Reason.SUPPRESSED, "blocked by the contact's settings, such as an opt-out"
        ),
        _source("touchpoint", Reason.TEMPLATE_UNAVAILABLE, "the template is not available"),
        _storage(
            "EntityTooLarge", Reason.MEDIA_TOO_LARGE, Verdict.REJECTED, "the file is too large"
        ),
        _storage("NoSuchKey", Reason.MEDIA_NOT_FOUND, Verdict.REJECTED, "there is no such file"),
        _storage(
            "AccessDenied",
            Reason.PROVIDER_ERROR,
            Verdict.NOT_SENT,
            "the permission is invalid or has expired; ask for a new one",
        ),
        _storage(
            "4xx",
            Reason.PROVIDER_ERROR,
            Verdict.NOT_SENT,
            "the storage refused the request; ask for a new permission",
        ),
    )
)

STATUSES = StatusTable(
    (
        StatusRow("accepted", Status.ACCEPTED, description="accepted by the API", source=_EMAIL),
        StatusRow("processing", Status.ACCEPTED, description="being processed", source=_MESSAGING),
        StatusRow(
            "scheduled",
            Status.SCHEDULED,
            description="waiting for its scheduled time",
            source=_MESSAGING,
        ),
        StatusRow(
            "sent",
            Status.SENT,
            description="handed to the platform; may be the final status",
            source=_EMAIL,
        ),
        StatusRow("delivered", Status.DELIVERED, description="delivered", source=_EMAIL),
        StatusRow(
            "delivery_failed",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            description="sent but not delivered",
            source=_EMAIL,
        ),
        StatusRow(
            "sending_failed",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            description="could not be handed to the platform",
            source=_EMAIL,
        ),
        StatusRow(
            "rejected",
            Status.REJECTED,
            reason=Reason.UNKNOWN,
            description="refused after it was accepted",
            source=_BATCH,
        ),
        StatusRow(
            "skipped",
            Status.REJECTED,
            reason=Reason.STOPPED_BY_PROVIDER,
            description="Bird chose not to send it",
            source=_MESSAGING,
        ),
        StatusRow(
            "deleted",
            Status.CANCELLED,
            reason=Reason.CANCELLED,
            description="deleted",
            source=_MESSAGING,
        ),
    )
)

INTERACTIONS = {
    "clicked": InteractionKind.CLICKED,
    "conversion": InteractionKind.CONVERTED,
    "delete-request": InteractionKind.DELETED,
    # Documented without a meaning.
    "invalid": InteractionKind.UNKNOWN,
    "opened": InteractionKind.OPENED,
    "reaction": InteractionKind.REACTED,
    "read": InteractionKind.READ,
    "reported-as-spam": InteractionKind.REPORTED_SPAM,
    "subscribe-consent": InteractionKind.SUBSCRIBED,
    "subscribe-request": InteractionKind.SUBSCRIBED,
    "unsubscribe-request": InteractionKind.UNSUBSCRIBED,
}
"""The kind of each of Bird's interaction types (MessageInteraction of the Messaging page)."""


def interaction_kind(name: str) -> InteractionKind:
    """Return the kind of an interaction type; an unknown type is `UNKNOWN`."""
    return INTERACTIONS.get(name, InteractionKind.UNKNOWN)
