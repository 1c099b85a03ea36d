"""Every error code at its level, and every status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.adapter import Context, Response, Verdict
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Content, Interactive, Location, Media, MediaItem, Reply, Template
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Ambiguous, NotSent, Outcome, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Status
from omnimsg_clickatell.codes import CODES
from omnimsg_clickatell.statuses import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import CodeRow
    from omnimsg_clickatell import ClickatellAdapter

TO = "+27820000001"

REJECTED, NOT_SENT, ACCOUNT, AMBIGUOUS = (
    Verdict.REJECTED,
    Verdict.NOT_SENT,
    Verdict.ACCOUNT,
    Verdict.AMBIGUOUS,
)

EXPECTED = {
    (1, "global"): (Reason.UNAUTHORIZED, ACCOUNT),
    (2, "global"): (Reason.ACCOUNT_INACTIVE, ACCOUNT),
    (3, "global"): (Reason.ACCOUNT_INACTIVE, ACCOUNT),
    (7, "global"): (Reason.FORBIDDEN, ACCOUNT),
    (18, "message"): (Reason.PROVIDER_ERROR, NOT_SENT),
    (18, "global"): (Reason.PROVIDER_ERROR, AMBIGUOUS),
    (19, "message"): (Reason.PROVIDER_UNAVAILABLE, NOT_SENT),
    (19, "global"): (Reason.PROVIDER_UNAVAILABLE, AMBIGUOUS),
    (20, "message"): (Reason.INSUFFICIENT_FUNDS, ACCOUNT),
    (20, "global"): (Reason.INSUFFICIENT_FUNDS, ACCOUNT),
    (21, "global"): (Reason.INVALID_MESSAGE, NOT_SENT),
    (22, "global"): (Reason.MISCONFIGURED, NOT_SENT),
    (23, "message"): (Reason.INVALID_CONTENT, REJECTED),
    (24, "message"): (Reason.CONTENT_TOO_LARGE, REJECTED),
    (25, "message"): (Reason.INVALID_RECIPIENT, REJECTED),
    (26, "message"): (Reason.OPTED_OUT, REJECTED),
    (27, "message"): (Reason.RECIPIENT_NOT_ON_CHANNEL, REJECTED),
    (28, "message"): (Reason.FORBIDDEN, REJECTED),
    (30, "message"): (Reason.MEDIA_INVALID, REJECTED),
    (31, "message"): (Reason.MEDIA_TOO_LARGE, REJECTED),
    (32, "message"): (Reason.MEDIA_TOO_LARGE, NOT_SENT),
    (33, "message"): (Reason.MEDIA_NOT_FOUND, REJECTED),
    (38, "message"): (Reason.CHANNEL_NOT_ENABLED, ACCOUNT),
    (39, "message"): (Reason.CHANNEL_NOT_ENABLED, ACCOUNT),
    (40, "message"): (Reason.UNSUPPORTED_ENCODING, REJECTED),
    (41, "global"): (Reason.MISCONFIGURED, ACCOUNT),
    (42, "global"): (Reason.MISCONFIGURED, ACCOUNT),
    (43, "message"): (Reason.RATE_LIMITED, NOT_SENT),
    (43, "global"): (Reason.RATE_LIMITED, NOT_SENT),
    (44, "message"): (Reason.SENDER_NOT_ALLOWED, REJECTED),
    (45, "message"): (Reason.SENDER_NOT_ALLOWED, REJECTED),
    (46, "message"): (Reason.ACCOUNT_INACTIVE, ACCOUNT),
    (100, "message"): (Reason.CONTENT_TOO_LARGE, REJECTED),
    (101, "message"): (Reason.UNROUTABLE, REJECTED),
    (110, "message"): (Reason.MISCONFIGURED, REJECTED),
    (111, "message"): (Reason.MISCONFIGURED, REJECTED),
}

CLASSES: dict[Verdict, type[Rejected | NotSent | Ambiguous]] = {
    REJECTED: Rejected,
    NOT_SENT: NotSent,
    ACCOUNT: NotSent,
    AMBIGUOUS: Ambiguous,
}


def test_table() -> None:
    """The table holds exactly the documented codes, each with its source."""
    found = {(int(row.code), row.level): (row.reason, row.verdict) for row in CODES}

    assert EXPECTED == found
    assert all(row.source.startswith(("https://", "One API")) and row.description for row in CODES)


@pytest.mark.parametrize("row", list(CODES), ids=lambda row: f"{row.code}-{row.level}")
@pytest.mark.parametrize("status", [202, 207, 400, 401, 402, 404, 500, 503])
def test_code_in_an_answer(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    answer: Callable[..., Response],
    row: CodeRow,
    status: int,
) -> None:
    """A code means what its row says wherever it stands, whatever the HTTP status beside it."""
    error = {"code": int(row.code), "description": "Some words"}
    entry = {"accepted": False, "to": "27820000001", "clientMessageId": "r", "error": error}
    body = {"messages": [entry], "error": None} if row.level == "message" else {"error": error}

    _, [outcome] = drive(
        adapter.send([Message(TO, "Hi", reference="r")], context), answer(body, status)
    )

    assert outcome.__class__ is CLASSES[row.verdict]
    assert (row.reason, row.retry, row.fault, row.code, status, "Some words") == (
        outcome.reason,
        outcome.retry,
        outcome.fault,
        outcome.failure.code,
        outcome.failure.http_status,
        outcome.failure.detail,
    )
    if isinstance(outcome, NotSent):
        assert (outcome.scope is Scope.ACCOUNT) == (row.verdict is ACCOUNT)


@pytest.mark.parametrize("code", [28, 44, 45, 110, 111])
def test_refusals_that_can_be_mended(code: int) -> None:
    """What an operator can mend says so, and never looks like the recipient's fault."""
    row = CODES.get(code, "message")

    assert row is not None
    assert row.retry is Retry.AFTER_FIX
    assert row.fault in {Fault.ACCOUNT, Fault.SENDER}


def test_trusting_the_please_retry(
    build: Callable[..., ClickatellAdapter], context: Context, drive: Any, answer: Any
) -> None:
    """An account may take a bare 19 for what it says, and then it is safe to send again."""
    adapter = build(codes={("19", "global"): {"verdict": Verdict.NOT_SENT}})
    body = {"error": {"code": 19, "description": "Internal error, please retry"}}

    _, [outcome] = drive(adapter.send([Message(TO, "Hi")], context), answer(body, 503))

    assert isinstance(outcome, NotSent)
    assert outcome.retry is Retry.SAFE


@pytest.fixture(scope="session")
def refuse(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Any
) -> Callable[..., Outcome | None]:
    """Send some content and have it refused with a code and a sentence."""

    def run(content: Content | str, code: int, sentence: str) -> Outcome | None:
        message = Message(TO, content, reference="r", channel=Channel.WHATSAPP)
        error = {"code": code, "description": sentence}
        body = {"messages": [{"accepted": False, "clientMessageId": "r", "error": error}]}
        _, [outcome] = drive(adapter.send([message], context), answer(body, 400))
        return outcome  # type: ignore[no-any-return]  # the driver takes any flow

    return run


MEDIA = Media((MediaItem(MediaKind.IMAGE, Stored(account="cape", id="f")),))

BLAMED: list[tuple[int, str, Content | str, str | None]] = [
    (23, "content", "Hi", "content.text"),
    (23, "(content)", "Hi", "content.text"),
    (23, "to", "Hi", "to"),
    (23, "messages[0].to", "Hi", "to"),
    (23, "from", "Hi", "sender"),
    (23, "clientMessageId", "Hi", "reference"),
    (23, "scheduledDeliveryTime", "Hi", "send_at"),
    (23, "validityPeriod", "Hi", "ttl"),
    (23, "encryptionKey", "Hi", "encryption.key"),
    (23, "userDataHeader", "Hi", "content.udh"),
    (23, "media", "Hi", None),
    (23, "surprise", "Hi", None),
    (23, "media", MEDIA, "content"),
    (23, "media.fileId", MEDIA, "content.items[0].source.id"),
    (23, "contentType", MEDIA, "content.items[0].content_type"),
    (23, "media.surprise", MEDIA, "content"),
    (23, "location.latitude", Location(1, 2), "content.latitude"),
    (23, "template.body.parameters", Template("t"), "content.body"),
    (23, "template.templateButtons[1].url", Template("t"), "content.buttons"),
    (23, "templateName", Template("t"), "content.name"),
    (23, "button.items[0].title", Interactive("b", (Reply("a"),)), "content.actions"),
    (25, "", "Hi", "to"),
    (30, "", MEDIA, "content.items[0].content_type"),
    (33, "", MEDIA, "content.items[0].source.id"),
    (44, "", "Hi", "sender"),
    (100, "", "Hi", "content.text"),
    (110, "", "Hi", None),
]


@pytest.mark.parametrize(("code", "name", "content", "path"), BLAMED)
def test_blame(
    refuse: Callable[..., Outcome | None],
    code: int,
    name: str,
    content: Content | str,
    path: str | None,
) -> None:
    """The parameter that an error names is given as the path of our own field."""
    sentence = f"Invalid or missing parameter: {name}" if name else "Some words"

    outcome = refuse(content, code, sentence)

    assert isinstance(outcome, Rejected)
    assert path == outcome.failure.path


def test_unknown_code(refuse: Callable[..., Outcome | None]) -> None:
    """A refusal with a code of tomorrow is a refusal all the same, and the code is kept."""
    outcome = refuse("Hi", 777, "New")

    assert isinstance(outcome, Rejected)
    assert (Reason.UNKNOWN, "777", "New") == (
        outcome.reason,
        outcome.failure.code,
        outcome.failure.detail,
    )


NAMES = {
    "UNKNOWN": Status.UNKNOWN,
    "QUEUED": Status.ACCEPTED,
    "SCHEDULED": Status.SCHEDULED,
    "SENT_TO_SUPPLIER": Status.SENT,
    "DEVICE_ACK": Status.DELIVERED,
    "READ": Status.READ,
    "EXPIRED": Status.EXPIRED,
    "STOPPED_BY_USER": Status.CANCELLED,
    "STOPPED_BY_ADMIN": Status.CANCELLED,
    "DELIVERY_FAILURE": Status.FAILED,
    "EMULATED": Status.FAILED,
    "RECIPIENT_DOES_NOT_EXIST": Status.FAILED,
    "ANONYMOUS_USER_ID_ERROR": Status.FAILED,
    "ROUTING_ERROR": Status.FAILED,
    "WHATSAPP_EXPERIMENTAL_NUMBER": Status.FAILED,
    "WHATSAPP_TEMPLATE_RECEIVER_NO_BUTTON_SUPPORT": Status.FAILED,
    "WHATSAPP_MESSAGE_UNDELIVERABLE": Status.FAILED,
    "WHATSAPP_CHOSE_NOT_TO_DELIVER": Status.FAILED,
    **dict.fromkeys(
        (
            "PAYMENT_COMPLETED",
            "PAYMENT_DECLINED",
            "PAYMENT_FAILED",
            "PAYMENT_INVALID_MERCHANT_SESSION",
            "PAYMENT_INVALID_WEBHOOK_ENDPOINTS",
        ),
        Status.UNKNOWN,
    ),
    **dict.fromkeys(
        (
            "INSUFFICIENT_ACCOUNT_BALANCE",
            "VOLUME_LIMIT",
            "VOLUME_LIMIT_DAILY",
            "VOLUME_LIMIT_MONTHLY",
            "STOP_MARKETING_MESSAGES",
            "EXCESSIVE_MESSAGES_TO_RECIPIENT",
            "ENCRYPTION_ACCESS_DENIED",
            "ENCRYPTION_CONTENT_ERROR",
            "ENCRYPTION_VALIDATION_ERROR",
            "ANONYMOUS_USER_ID_INVALID",
            "MEDIA_NOT_FOUND",
            "MEDIA_SIZE_ERROR",
            "MEDIA_CHECKSUM_FAILURE",
            "MEDIA_REJECTED_BY_SUPPLIER",
            "MEDIA_METADATA_ERROR",
            "MEDIA_ACCESS_ERROR",
            "MEDIA_TYPE_NOT_SUPPORTED",
            "WHATSAPP_ACCOUNT_PAYMENT_ISSUE",
            "WHATSAPP_RE_ENGAGEMENT_REQUIRED",
            "WHATSAPP_SPAM_RATE_LIMIT_REACHED",
            "WHATSAPP_SERVER_RATE_LIMIT",
            "WHATSAPP_TEMPLATE_TEXT_TOO_LONG",
            "WHATSAPP_TEMPLATE_FORMAT_MISMATCH",
            "WHATSAPP_TEMPLATE_FORMATTING_POLICY_VIOLATED",
            "WHATSAPP_TEMPLATE_MEDIA_FORMAT_UNSUPPORTED",
            "WHATSAPP_PARAMETER_MISSING",
            "WHATSAPP_PARAMETER_INVALID",
            "WHATSAPP_PARAMETER_NOT_REQUIRED",
            "WHATSAPP_TEMPLATE_INVALID_URL",
            "WHATSAPP_TEMPLATE_INVALID_PHONE_NUMBER",
            "WHATSAPP_TEMPLATE_DOES_NOT_EXIST",
            "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH",
            "WHATSAPP_TEMPLATE_PAUSED",
            "WHATSAPP_TEMPLATE_DISABLED",
            "WHATSAPP_COMPLIANCE_INFO_MISSING",
            "WHATSAPP_PRODUCT_CATALOG_NOT_FOUND",
            "WHATSAPP_PRODUCT_NOT_FOUND_IN_CATALOG",
            "WHATSAPP_PRODUCT_COMPLIANCE_ERROR",
            "WHATSAPP_HSM_NOT_AVAILABLE",
            "WHATSAPP_HSM_PARAM_COUNT_MISMATCH",
            "WHATSAPP_HSM_IS_MISSING",
            "WHATSAPP_HSM_DOWNLOAD_FAILED",
            "WHATSAPP_HSM_PACK_IS_MISSING",
        ),
        Status.REJECTED,
    ),
}

NUMBERS = {
    *range(1, 7),
    *range(20, 30),
    60,
    61,
    *range(80, 86),
    100,
    *range(130, 135),
    139,
    140,
    141,
}


def test_status_names() -> None:
    """All 61 names of today and the five of 2019 have a place in the lifecycle."""
    found = {row.name: row.status for row in STATUSES}

    assert NAMES == found
    assert len(found) == 61 + 5


def test_status_numbers() -> None:
    """Only confirmed numbers are in the table."""
    assert NUMBERS == {row.number for row in STATUSES if row.number is not None}


@pytest.mark.parametrize("row", list(STATUSES), ids=lambda row: row.name)
def test_status_reasons(row: Any) -> None:
    """Every failure says why, and nothing that went well does."""
    needs = row.status.failed or row.status is Status.UNKNOWN

    assert needs == (row.reason is not None)
    assert row.description
    assert row.source


def test_payment_is_another_axis() -> None:
    """A payment never moves a message: any evidence of delivery outranks it."""
    evidence = STATUSES.evidence("PAYMENT_COMPLETED")

    assert (Status.UNKNOWN, Reason.PAYMENT, None) == (
        evidence.status,
        evidence.reason,
        evidence.fault,
    )
