"""Bird's errors and failure codes.

Levels of codes:

* `http`: the HTTP status of an answer in Bird's error form;
* a number such as `422`: the known `code` texts of that HTTP status;
* `failure`: `failure.code` of a message that was accepted;
* `source`: the source of such a failure, if neither its code nor the code's family has a row;
* the name of a source (`sms-messagebird`, `whatsapp`): the codes of that source;
* `words`: the meaning of a failure's text, for meanings that have no code;
* `storage`: the error codes of the file storage.

A row such as `15xxx` stands for a family of codes whose members Bird does not publish.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, CodeTable, Verdict
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg_bird import whatsapp_codes

_MESSAGING = "Bird Channels API, Messaging"
_COMMON = "Bird API access, Common API usage"
_RATE = "Bird Channels API, Rate limit"
_FAILURES = "Bird Channels API, Message failure codes"
_SOURCES = "Bird Channels API, Message failure sources"
_MAP = "SMS platform extended error codes; 3GPP TS 29.002, 17.6.6"
_S3 = "Amazon S3 API reference, Error responses"
_SMS = "Bird Channels API, SMS platform extended error codes"

HTTP = "http"
FAILURE = "failure"
SOURCE = "source"
STORAGE = "storage"
WORDS = "words"
EXPIRED = "Expired"


def _answer(code: str, reason: Reason, verdict: Verdict, description: str, source: str) -> CodeRow:
    return CodeRow(code, HTTP, reason, verdict, description=description, source=source)


def _failure(
    code: str,
    reason: Reason,
    description: str,
    *,
    fault: Fault | None = None,
    retry: Retry = Retry.NEVER,
) -> CodeRow:
    return CodeRow(
        code,
        FAILURE,
        reason,
        Verdict.REJECTED,
        description=description,
        source=_FAILURES,
        fault=fault or reason.fault,
        retry=retry,
    )


def _source(name: str, reason: Reason, description: str) -> CodeRow:
    return CodeRow(name, SOURCE, reason, Verdict.REJECTED, description=description, source=_SOURCES)


def _storage(code: str, reason: Reason, verdict: Verdict, description: str) -> CodeRow:
    return CodeRow(code, STORAGE, reason, verdict, description=description, source=_S3)


def _sms(reason: Reason, description: str, *codes: int, source: str = _SMS) -> tuple[CodeRow, ...]:
    return tuple(
        CodeRow(
            str(code),
            "sms-messagebird",
            reason,
            Verdict.REJECTED,
            description=description,
            source=source,
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
            "400", Reason.INVALID_MESSAGE, Verdict.REJECTED, "the request is malformed", _MESSAGING
        ),
        _answer("401", Reason.UNAUTHORIZED, Verdict.ACCOUNT, "the access key is wrong", _COMMON),
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
            Verdict.NOT_SENT,
            "not created, because of conflicting conditions; Bird does not say which",
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
            "more than 500 POST or 50 GET requests per second in the workspace; not processed",
            _RATE,
        ),
        _failure(
            "11001",
            Reason.MISCONFIGURED,
            "the channel is not configured for this kind of message",
            retry=Retry.AFTER_FIX,
        ),
        _failure(
            "11002",
            Reason.INVALID_MESSAGE,
            "the message contains something that the channel does not support",
        ),
        _failure(
            "11xxx",
            Reason.INVALID_MESSAGE,
            "configuration, receiver, content or sender is invalid; the code does not say which",
        ),
        _failure("12001", Reason.PROVIDER_ERROR, "a service that Bird depends on failed"),
        _failure(
            "12002", Reason.UNSUPPORTED_CONTENT, "the channel does not support this kind of message"
        ),
        _failure(
            "12003",
            Reason.SENDER_NOT_ALLOWED,
            "this sender may not write to this destination",
            retry=Retry.AFTER_FIX,
        ),
        _failure("12004", Reason.PROVIDER_ERROR, "Bird does not know the product"),
        _failure("12005", Reason.UNROUTABLE, "Bird has no route"),
        _failure("12006", Reason.INVALID_CONTENT, "the platform does not accept this message"),
        _failure(
            "12xxx", Reason.PROVIDER_ERROR, "a service of Bird failed; not caused by the customer"
        ),
        _failure(
            "14xxx",
            Reason.UNKNOWN,
            "caused by the customer's account",
            fault=Fault.ACCOUNT,
            retry=Retry.AFTER_FIX,
        ),
        _failure(
            "15001",
            Reason.PROVIDER_ERROR,
            "a network error on the way to the handset, unless the source's own code says more",
        ),
        _failure("15005", Reason.INVALID_RECIPIENT, "the subscriber is unknown"),
        _failure("15xxx", Reason.UNKNOWN, "the platform failed to deliver it"),
        *_sms(Reason.UNKNOWN, "a failure without a further reason", 0),
        *_sms(Reason.INVALID_RECIPIENT, "unknown subscriber", 1, 5),
        *_sms(
            Reason.UNROUTABLE,
            "an element of the network is unknown; the number may be right",
            2,
            3,
            source=_MAP,
        ),
        *_sms(
            Reason.RECIPIENT_UNREACHABLE,
            "the subscription or the phone cannot receive SMS; the number exists",
            9,
            10,
            11,
            12,
            source=_MAP,
        ),
        *_sms(Reason.RECIPIENT_UNREACHABLE, "the subscriber is unavailable", 8, 26, 27, 31),
        *_sms(Reason.PROVIDER_ERROR, "network error", 34),
        *whatsapp_codes.ROWS,
        CodeRow(
            EXPIRED,
            WORDS,
            Reason.EXPIRED,
            Verdict.REJECTED,
            description="`details` or `reason`: the validity ended before delivery",
            source=_SMS,
        ),
        _source("accounting", Reason.PROVIDER_ERROR, "Bird's billing service failed"),
        _source("contact", Reason.PROVIDER_ERROR, "Bird's service of contacts failed"),
        _source("touchpoint", Reason.PROVIDER_ERROR, "Bird's service of templates failed"),
        # This source finds mistakes of any kind: content, opt-out, funds.
        CodeRow(
            "pre-processing",
            SOURCE,
            Reason.UNKNOWN,
            Verdict.REJECTED,
            description="refused before it was handed to the platform; only a code says why",
            source=_SOURCES,
            fault=Fault.NOBODY,
        ),
        _source(
            "whatsapp", Reason.UNKNOWN, "refused or failed by WhatsApp, with a code of WhatsApp's"
        ),
        _source("sms-messagebird", Reason.UNKNOWN, "refused or failed by the SMS platform"),
        _source("email-messagebird", Reason.UNKNOWN, "refused or failed by the e-mail platform"),
        _source("email-sparkpost", Reason.UNKNOWN, "refused or failed by the e-mail platform"),
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
