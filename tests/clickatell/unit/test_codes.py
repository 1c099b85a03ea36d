"""Error codes at their levels, the fields they name, and statuses.

The meaning of every code and status is in `http/test_errors.py` and `http/test_status.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from clickatell.cases import TO

from omnimsg.adapter import Context, Response, Verdict
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Binary,
    ContactCard,
    Contacts,
    Content,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    MediaParameter,
    OpenUrl,
    Reply,
    RequestLocation,
    Template,
)
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Ambiguous, Failed, NotSent, Outcome, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Status
from omnimsg_clickatell.codes import CODES
from omnimsg_clickatell.statuses import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import CodeRow
    from omnimsg_clickatell import ClickatellAdapter

CLASSES: dict[Verdict, type[Rejected | NotSent | Ambiguous]] = {
    Verdict.REJECTED: Rejected,
    Verdict.NOT_SENT: NotSent,
    Verdict.ACCOUNT: NotSent,
    Verdict.AMBIGUOUS: Ambiguous,
}


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
    """A code has the meaning of its row, whatever the HTTP status."""
    error = {"code": int(row.code), "description": "Some text"}
    entry = {"accepted": False, "to": "27820000001", "clientMessageId": "r", "error": error}
    body = {"messages": [entry], "error": None} if row.level == "message" else {"error": error}

    _, [outcome] = drive(
        adapter.send([Message(TO, "Hi", reference="r")], context), answer(body, status)
    )

    assert outcome.__class__ is CLASSES[row.verdict]
    assert (row.reason, row.retry, row.fault, row.code, status, "Some text") == (
        outcome.reason,
        outcome.retry,
        outcome.fault,
        outcome.failure.code,
        outcome.failure.http_status,
        outcome.failure.detail,
    )
    if isinstance(outcome, NotSent):
        assert (outcome.scope is Scope.ACCOUNT) == (row.verdict is Verdict.ACCOUNT)


@pytest.mark.parametrize("code", [28, 44, 45, 110, 111])
def test_refusals_that_an_operator_can_fix(code: int) -> None:
    """Codes that an operator can fix have `AFTER_FIX`, and the account or sender as their fault."""
    row = CODES.get(code, "message")

    assert row is not None
    assert row.retry is Retry.AFTER_FIX
    assert row.fault in {Fault.ACCOUNT, Fault.SENDER}


def test_an_account_may_trust_code_19(
    build: Callable[..., ClickatellAdapter], context: Context, drive: Any, answer: Any
) -> None:
    """An account may configure code 19 as not sent, which makes it safe to retry."""
    adapter = build(codes={("19", "global"): {"verdict": Verdict.NOT_SENT}})
    body = {"error": {"code": 19, "description": "Internal error, please retry"}}

    _, [outcome] = drive(adapter.send([Message(TO, "Hi")], context), answer(body, 503))

    assert isinstance(outcome, NotSent)
    assert outcome.retry is Retry.SAFE


@pytest.fixture(scope="session")
def refuse(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Any
) -> Callable[..., Outcome | None]:
    """Return a function that sends content that is refused with a code and a text."""

    def run(content: Content | str, code: int, sentence: str) -> Outcome | None:
        message = Message(TO, content, reference="r", channel=Channel.WHATSAPP)
        error = {"code": code, "description": sentence}
        body = {"messages": [{"accepted": False, "clientMessageId": "r", "error": error}]}
        _, [outcome] = drive(adapter.send([message], context), answer(body, 400))
        return outcome  # type: ignore[no-any-return]  # the driver takes any flow

    return run


PICTURE = MediaItem(MediaKind.IMAGE, Stored(account="cape", id="f"))
MEDIA = Media((PICTURE,))
TEMPLATE = Template("t")
CARDS = Contacts((ContactCard(name={"formatted_name": "Bo"}, birthday="1991-02-01"),))
LIST = ListPicker("b", "Menu", sections=(ListSection((ListItem("Soup", "soup"),)),))
BUTTONS = Interactive("b", (Reply("a"),))
LINK = Interactive("b", (OpenUrl("a", "https://example.test"),))
HEADED: list[Content] = [
    Template("t", header=MediaParameter(PICTURE)),
    Interactive("b", (Reply("a"),), header=PICTURE),
    Interactive("b", (OpenUrl("a", "https://example.test"),), header=PICTURE),
]

FIELDS: list[tuple[int, str, Content | str, str | None]] = [
    (23, "content", "Hi", "content.text"),
    (23, "(content)", "Hi", "content.text"),
    (23, "to", "Hi", "to"),
    (23, "messages[0].to", "Hi", "to"),
    (23, "messages[0]", "Hi", None),
    (23, "from", "Hi", "sender"),
    (23, "channel", "Hi", "channel"),
    (23, "clientMessageId", "Hi", "reference"),
    (23, "scheduledDeliveryTime", "Hi", "send_at"),
    (23, "validityPeriod", "Hi", "ttl"),
    (23, "encryptionKey", "Hi", "encryption.key"),
    (23, "encryptionKeyArn", "Hi", "encryption.key_arn"),
    (23, "encryptionCipher", "Hi", "encryption.cipher"),
    (23, "userDataHeader", "Hi", "content.udh"),
    (23, "previewFirstUrl", "Hi", "content.preview_url"),
    (23, "media", "Hi", None),
    (23, "surprise", "Hi", None),
    (23, "binary", Binary(b"a"), "content"),
    (23, "content", Binary(b"a"), "content.data"),
    (23, "media", MEDIA, "content"),
    (23, "media.fileId", MEDIA, "content.items[0].source.id"),
    (23, "contentType", MEDIA, "content.items[0].content_type"),
    (23, "content", MEDIA, "content.items[0].source"),
    (23, "media.caption", MEDIA, "content.caption"),
    (23, "media.fileName", MEDIA, "content.items[0].file_name"),
    (23, "media.sha256Hash", MEDIA, "content.items[0].sha256"),
    (23, "media.surprise", MEDIA, "content"),
    (23, "contacts[0].name", CARDS, "content"),
    *(
        (23, f"location.{name}", Location(1, 2), f"content.{name}")
        for name in ("latitude", "longitude", "name", "address")
    ),
    (23, "template.body.parameters", TEMPLATE, "content.body"),
    (23, "parameters", TEMPLATE, "content.body"),
    (23, "template.templateButtons[1].url", TEMPLATE, "content.buttons"),
    (23, "template.language", TEMPLATE, "content.language"),
    (23, "templateName", TEMPLATE, "content.name"),
    (23, "listPicker.title", LIST, "content.header"),
    (23, "listPicker.subtitle", LIST, "content.body"),
    (23, "listPicker.footer", LIST, "content.footer"),
    (23, "listPicker.button", LIST, "content.button"),
    (23, "listPicker.sections[0].items[0].title", LIST, "content.sections"),
    (23, "button.items[0].title", BUTTONS, "content.actions"),
    (23, "title", BUTTONS, "content.actions"),
    (23, "postbackData", BUTTONS, "content.actions"),
    (23, "button.body", BUTTONS, "content.body"),
    (23, "button.footer", BUTTONS, "content.footer"),
    (23, "actionUrl.url", LINK, "content.actions[0].url"),
    (23, "locationRequest.body", Interactive("b", (RequestLocation(),)), "content.body"),
    (23, "template.header.media.fileId", HEADED[0], "content.header"),
    (23, "button.header.media.type", HEADED[1], "content.header"),
    (23, "actionUrl.header.media.fileId", HEADED[2], "content.header"),
    # What a code is about if its text names no parameter.
    *((code, "", "Hi", "content.text") for code in (24, 31, 40, 100)),
    *((code, "", "Hi", "to") for code in (25, 26, 27, 28)),
    *((code, "", "Hi", "channel") for code in (38, 39)),
    *((code, "", "Hi", "sender") for code in (44, 45, 101)),
    (30, "", MEDIA, "content.items[0].content_type"),
    (33, "", MEDIA, "content.items[0].source.id"),
    *((code, "", headed, "content.header") for code in (30, 33) for headed in HEADED),
    (110, "", "Hi", None),
]


@pytest.mark.parametrize(("code", "name", "content", "path"), FIELDS)
def test_field_of_an_error(
    refuse: Callable[..., Outcome | None],
    code: int,
    name: str,
    content: Content | str,
    path: str | None,
) -> None:
    """The parameter named in an error becomes the path of the message's field."""
    sentence = f"Invalid or missing parameter: {name}" if name else "Some text"

    outcome = refuse(content, code, sentence)

    assert isinstance(outcome, Failed)
    assert path == outcome.failure.path


def test_unknown_code(refuse: Callable[..., Outcome | None]) -> None:
    """An entry refused with an unknown code rejects its message, and the code is kept."""
    outcome = refuse("Hi", 777, "New")

    assert isinstance(outcome, Rejected)
    assert (Reason.UNKNOWN, "777", "New") == (
        outcome.reason,
        outcome.failure.code,
        outcome.failure.detail,
    )


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


@pytest.mark.parametrize(
    "name",
    ["NOT_AVAILABLE", "PARAM_COUNT_MISMATCH", "IS_MISSING", "DOWNLOAD_FAILED", "PACK_IS_MISSING"],
)
def test_status_names_of_the_older_table(name: str) -> None:
    """Status names that only the vendor's older table has reject a message for its template."""
    evidence = STATUSES.evidence(f"WHATSAPP_HSM_{name}")

    assert (Status.REJECTED, Fault.CONTENT) == (evidence.status, evidence.fault)


def test_status_numbers() -> None:
    """A status has a number only where the vendor's table shows it."""
    assert NUMBERS == {row.number for row in STATUSES if row.number is not None}


@pytest.mark.parametrize("row", list(STATUSES), ids=lambda row: row.name)
def test_status_reasons(row: Any) -> None:
    """Every failed or unknown status has a reason, and no other status has one."""
    needs = row.status.failed or row.status is Status.UNKNOWN

    assert needs == (row.reason is not None)
    assert row.description
    assert row.source


def test_a_payment_is_no_delivery_status() -> None:
    """A payment does not change a message's status: it is `UNKNOWN` without a fault."""
    evidence = STATUSES.evidence("PAYMENT_COMPLETED")

    assert (Status.UNKNOWN, Reason.PAYMENT, None) == (
        evidence.status,
        evidence.reason,
        evidence.fault,
    )
