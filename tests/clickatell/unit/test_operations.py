"""The operations other than sending: their requests and the reading of their answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest

from omnimsg.adapter import Answer, Context, Effect, Operation, Request, Response, Source
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import InvalidValue, Unsupported
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Balance, HistoryQuery
from omnimsg.domain.media import Encryption, MediaInfo, Stored, Upload
from omnimsg.domain.outcome import Accepted, NotSent, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import MessageStatus, Status
from omnimsg.domain.status_merge import merge_statuses
from omnimsg.json_codec import LIBRARY
from omnimsg_clickatell import ClickatellAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2030, 5, 1, 9, tzinfo=UTC)
DIGEST = "ab" * 32
STORED = Stored(account="cape", id="5f2c/1.pdf", sha256=DIGEST)
SOURCE = Source(data=b"menu", size=4, sha256=DIGEST)
UPLOAD = Upload(b"menu", "application/pdf", file_name="menu.pdf")


def test_operations() -> None:
    """The adapter has exactly the operations of the One API."""
    expected = {
        Operation.BALANCE,
        Operation.DOWNLOAD,
        Operation.MARK_READ,
        Operation.MEDIA_INFO,
        Operation.STATUS,
        Operation.UPLOAD,
    }

    assert expected == ClickatellAdapter.operations()


def test_history_is_no_operation(adapter: ClickatellAdapter, context: Context) -> None:
    """An operation that the One API does not have is an error that names it."""
    with pytest.raises(Unsupported, match="history"):
        adapter.history(HistoryQuery(), None, context)


# Status


@pytest.fixture(scope="session")
def status_of(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Callable[..., Response]
) -> Callable[..., Any]:
    """Return a function that looks up a message and reads the answer."""

    def run(document: Any, status: int = 200) -> Any:
        _, value = drive(adapter.status("0f3b", context), answer(document, status))
        return value

    return run


def test_status_request(adapter: ClickatellAdapter, context: Context, drive: Any) -> None:
    """A look-up is a GET with the quoted id in its path."""
    [request], _ = drive(adapter.status("a/b?c", context), Response(200, b"{}"))

    assert Request("GET", "/v1/message/a%2Fb%3Fc", authenticated=True) == request


@pytest.mark.parametrize("id_", [".", ".."])
def test_an_id_that_leads_to_another_path_is_refused(
    adapter: ClickatellAdapter, context: Context, id_: str
) -> None:
    """A look-up of the message or the file `.` or `..` is refused without a request."""
    with pytest.raises(InvalidValue):
        next(adapter.status(id_, context))
    with pytest.raises(InvalidValue):
        next(adapter.media_info(Stored(account="cape", id=id_), context))


def test_status(status_of: Any) -> None:
    """Each channel in the answer is a leg, with its time in milliseconds."""
    document = {
        "whatsapp ": {"status": "DELIVERY_FAILURE", "timestamp": 1893456000123},
        "sms": {"status": "DEVICE_ACK", "timestamp": 1893456001000},
        "integrationId": "x",
    }

    found = status_of(document)

    assert isinstance(found, MessageStatus)
    assert [
        (Channel.WHATSAPP, Status.FAILED, None),
        (Channel.SMS, Status.DELIVERED, None),
    ] == [(leg.channel, leg.status, leg.provider_id) for leg in found.legs]
    assert found.legs == merge_statuses(found, found).legs
    assert ("cape:0f3b", Status.DELIVERED, document) == (found.id, found.status, found.raw)
    assert [datetime(2030, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)] == list(
        found.legs[0].timeline.entries.values()
    )


@pytest.mark.parametrize("entry", [{"status": "NEW_ONE"}, {"status": 5}, {}])
def test_unknown_status(status_of: Any, entry: dict[str, Any]) -> None:
    """An unknown status is kept; without a time it gets the time of the look-up."""
    found = status_of({"sms": entry})

    [(evidence, at)] = found.legs[0].timeline.entries.items()
    name = entry.get("status")
    assert (Status.UNKNOWN, name if isinstance(name, str) else "", Reason.UNKNOWN, NOW) == (
        evidence.status,
        evidence.provider_status,
        evidence.reason,
        at,
    )


@pytest.mark.parametrize(
    ("document", "word", "at"),
    [
        ({}, "", NOW),
        (
            {"status": "UNKNOWN", "timestamp": 1893456000000},
            "UNKNOWN",
            datetime(2030, 1, 1, tzinfo=UTC),
        ),
        ({"messageStatus": {"status": "UNKNOWN"}}, "", NOW),
        ({"sms": None}, "", NOW),
    ],
)
def test_unknown_id(status_of: Any, document: dict[str, Any], word: str, at: datetime) -> None:
    """An unknown id is not a failure but a status without a channel."""
    found = status_of(document)

    [leg] = found.legs
    [(evidence, when)] = leg.timeline.entries.items()
    assert (None, Status.UNKNOWN, Reason.NOT_FOUND, word, at) == (
        leg.channel,
        found.status,
        found.reason,
        evidence.provider_status,
        when,
    )


def test_known_id_of_another_account(status_of: Any) -> None:
    """The status named UNKNOWN means that this account has no such message."""
    found = status_of({"sms": {"status": "UNKNOWN", "timestamp": 1893456000000}})

    assert (Status.UNKNOWN, Reason.NOT_FOUND) == (found.status, found.reason)


REFUSALS: list[tuple[int, Any, Reason, Retry]] = [
    (404, b"", Reason.MISCONFIGURED, Retry.AFTER_FIX),
    (401, {"error": {"code": 1, "description": "no"}}, Reason.UNAUTHORIZED, Retry.AFTER_FIX),
    (401, {"error": {"code": 7}}, Reason.FORBIDDEN, Retry.AFTER_FIX),
    (400, {"error": {"code": 43}}, Reason.RATE_LIMITED, Retry.SAFE),
    (503, {"error": {"code": 19}}, Reason.PROVIDER_UNAVAILABLE, Retry.UNSAFE),
    (500, {"error": {"code": "18"}}, Reason.PROVIDER_ERROR, Retry.UNSAFE),
]


@pytest.mark.parametrize(("status", "document", "reason", "retry"), REFUSALS)
def test_refused_look_up(
    status_of: Any, status: int, document: Any, reason: Reason, retry: Retry
) -> None:
    """A refusal is read by its code; a bare 404 is a fault of the account."""
    failure = status_of(document, status)

    assert isinstance(failure, Failure)
    assert (reason, retry, status) == (failure.reason, failure.retry, failure.http_status)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500, 503])
def test_unreadable_look_up(status_of: Any, status: int) -> None:
    """An unreadable answer gives `None`, for the engine to handle."""
    assert status_of(b"<html>", status) is None


# Read notices


def test_mark_read(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Callable[..., Response]
) -> None:
    """Each read notice is sent with its index, which matches its entry in any order."""
    body = {
        "event": {
            "messageStatusUpdate": [
                {"accepted": False, "clientEventId": "2", "error": {"code": 43}},
                {"apiEventId": "e1", "accepted": True, "messageId": "m2", "error": None},
                {"apiEventId": "e0", "accepted": True, "messageId": "m1", "clientEventId": "0"},
            ]
        },
        "error": None,
    }

    [request], outcomes = drive(adapter.mark_read(["m1", "m2", "m1"], context), answer(body, 207))

    assert ("POST", "/v1/notification", Effect.REPEATABLE, True) == (
        request.method,
        request.url,
        request.effect,
        request.authenticated,
    )
    assert {
        "event": {
            "messageStatusUpdate": [
                {
                    "channel": "whatsapp",
                    "messageId": provider_id,
                    "statusCode": 1001,
                    "clientEventId": position,
                }
                for provider_id, position in (("m1", "0"), ("m2", "1"), ("m1", "2"))
            ]
        }
    } == orjson.loads(request.body)
    first, second, third = outcomes
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert isinstance(third, NotSent)
    assert [("m1", "e0"), ("m2", "e1")] == [
        (each.reference, each.provider_id) for each in (first, second)
    ]
    assert ("m1", Reason.RATE_LIMITED) == (third.reference, third.reason)


@pytest.mark.parametrize("code", [23, 33])
def test_mark_read_refused(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Any, code: int
) -> None:
    """The failure of a refused read notice has no path."""
    error = {"code": code, "description": "Invalid or missing parameter: messageId"}
    body = {"event": {"messageStatusUpdate": [{"accepted": False, "error": error}]}}

    _, [outcome] = drive(adapter.mark_read(["m1"], context), answer(body, 400))

    assert isinstance(outcome, Rejected)
    assert outcome.failure.path is None


def test_mark_read_refused_as_a_whole(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Any
) -> None:
    """An error of the whole request applies to every notice."""
    body = {"error": {"code": 1, "description": "no"}}

    _, outcomes = drive(adapter.mark_read(["m1", "m2"], context), answer(body, 401))

    assert [("m1", Reason.UNAUTHORIZED), ("m2", Reason.UNAUTHORIZED)] == [
        (outcome.reference, outcome.reason) for outcome in outcomes
    ]


# Media

QUERIES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"broadcastAllowed": "true", "sha256FileHash": DIGEST}),
    ({"restricted_to": "+27820000001"}, {"to": "27820000001", "sha256FileHash": DIGEST}),
    (
        {"encryption": Encryption(key=Secret("a2V5"), key_arn="arn:k", cipher="AES/GCM")},
        {
            "broadcastAllowed": "true",
            "encryptionKey": "a2V5",
            "kmsArn": "arn:k",
            "encryptionCipher": "AES/GCM",
        },
    ),
    (
        {"encryption": Encryption(key=Secret("a2V5"))},
        {"broadcastAllowed": "true", "encryptionKey": "a2V5"},
    ),
]


@pytest.mark.parametrize(("fields", "query"), QUERIES)
def test_upload(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    answer: Any,
    fields: dict[str, Any],
    query: dict[str, str],
) -> None:
    """A file is sent unchanged, with its details in the query, and is stored for 30 days."""
    upload = attrs.evolve(UPLOAD, **fields)
    body = {"fileId": "5f2c1d60-1.pdf", "accepted": True}

    [request], stored = drive(adapter.upload(upload, SOURCE, context), answer(body, 201))

    assert ("POST", "/v1/media", SOURCE, "application/pdf", Effect.REPEATABLE) == (
        request.method,
        request.url,
        request.body,
        request.content_type,
        request.effect,
    )
    assert {"fileName": "menu.pdf"} | query == dict(request.query)
    assert (frozenset({201}), True) == (request.success, request.authenticated)
    assert (
        Stored(
            account="cape",
            id="5f2c1d60-1.pdf",
            sha256=DIGEST,
            expires=NOW + timedelta(days=30),
            restricted_to=upload.restricted_to,
            client_encrypted=upload.encryption is not None,
        )
        == stored
    )


UPLOAD_ANSWERS: list[tuple[int, Any, Reason | None]] = [
    (400, {"error": {"code": 30, "description": "no"}, "accepted": False}, Reason.MEDIA_INVALID),
    (400, {"error": {"code": 31}, "accepted": False}, Reason.MEDIA_TOO_LARGE),
    (201, {"fileId": "5f2c.unsupported", "accepted": True}, Reason.MEDIA_INVALID),
    (404, b"", Reason.MISCONFIGURED),
    (201, {"fileId": "", "accepted": True}, None),
    (201, {"fileId": "x" * 1025, "accepted": True}, None),
    (201, {"fileId": 5, "accepted": True}, None),
    (201, {"fileId": "x", "accepted": False}, None),
    (201, {"fileId": "x"}, None),
    (201, {"accepted": True}, None),
    (201, b"", None),
]


@pytest.mark.parametrize(("status", "document", "reason"), UPLOAD_ANSWERS)
def test_upload_refused(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    status: int,
    document: Any,
    reason: Reason | None,
) -> None:
    """A file not stored or not usable is a failure; an unreadable answer gives `None`."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)

    _, failure = drive(adapter.upload(UPLOAD, SOURCE, context), Response(status, body))

    assert reason == (failure and failure.reason)


def test_upload_too_large(adapter: ClickatellAdapter, context: Context, drive: Any) -> None:
    """A file over the limit is refused without a request; one of exactly the limit is not."""
    largest, larger = (attrs.evolve(SOURCE, size=30 * 2**20 + more) for more in (0, 1))

    requests, failure = drive(adapter.upload(UPLOAD, larger, context))

    assert isinstance(next(adapter.upload(UPLOAD, largest, context)), Request)
    assert ([], Reason.MEDIA_TOO_LARGE, "data") == (requests, failure.reason, failure.path)
    assert failure.detail == mask_text(failure.detail)


def test_upload_of_nothing(adapter: ClickatellAdapter, context: Context, drive: Any) -> None:
    """An empty file, which Clickatell calls malformed data, is refused without a request."""
    requests, failure = drive(adapter.upload(UPLOAD, attrs.evolve(SOURCE, size=0), context))

    assert ([], Reason.MEDIA_INVALID, "data") == (requests, failure.reason, failure.path)


def test_upload_for_one_channel(adapter: ClickatellAdapter, context: Context, drive: Any) -> None:
    """A restriction to a channel, which Clickatell does not support, is refused."""
    upload = attrs.evolve(UPLOAD, channel="whatsapp")

    requests, failure = drive(adapter.upload(upload, SOURCE, context))

    assert ([], Reason.UNSUPPORTED, "channel") == (requests, failure.reason, failure.path)


@pytest.mark.parametrize("key", ["a2V", ""])
def test_upload_with_a_key_that_is_no_base64(
    adapter: ClickatellAdapter, context: Context, drive: Any, key: str
) -> None:
    """A data key that is empty or not base64 is refused without a request."""
    upload = attrs.evolve(UPLOAD, encryption=Encryption(key=Secret(key)))

    requests, failure = drive(adapter.upload(upload, SOURCE, context))

    assert ([], Reason.ENCRYPTION, "encryption.key") == (requests, failure.reason, failure.path)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"expirationTime": 1893456000, "broadcastAllowed": True},
            MediaInfo(expires=datetime(2030, 1, 1, tzinfo=UTC), broadcast_allowed=True),
        ),
        ({}, MediaInfo(expires=None, broadcast_allowed=None)),
        (
            {"expirationTime": "soon", "broadcastAllowed": 1},
            MediaInfo(expires=None, broadcast_allowed=None),
        ),
    ],
)
def test_media_info(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    answer: Any,
    document: dict[str, Any],
    expected: MediaInfo,
) -> None:
    """`media_info` reads a file's expiry in seconds; invalid values are `None`."""
    [request], info = drive(adapter.media_info(STORED, context), answer(document, 200))

    assert Request("GET", "/v1/media/5f2c%2F1.pdf", authenticated=True) == request
    assert attrs.evolve(expected, raw=document) == info


@pytest.mark.parametrize(
    ("stored", "url", "query"),
    [
        (STORED, "/v1/media", (("fileId", "5f2c/1.pdf"), ("sha256Hash", DIGEST))),
        (
            attrs.evolve(STORED, client_encrypted=True),
            "/v1/media",
            (("fileId", "5f2c/1.pdf"), ("sha256Hash", DIGEST), ("source", "client")),
        ),
        (
            Stored(account="cape", url="https://platform.clickatell.com/v1/media?fileId=f"),
            "https://platform.clickatell.com/v1/media?fileId=f",
            (),
        ),
    ],
)
def test_download(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    stored: Stored,
    url: str,
    query: tuple[tuple[str, str], ...],
) -> None:
    """A file is found by id and digest, or by the URL of a callback."""
    [request], done = drive(adapter.download(stored, context), Response(200))

    expected = Request(
        "GET",
        url,
        query=query,
        headers={"Accept": "*/*"},
        authenticated=True,
        answer=Answer.SINK,
    )
    assert expected == request
    assert done is True


def test_download_of_a_file_that_is_gone(
    adapter: ClickatellAdapter, context: Context, drive: Any
) -> None:
    """A 404 for a file means that the file was not found."""
    for flow in (adapter.download(STORED, context), adapter.media_info(STORED, context)):
        _, failure = drive(flow, Response(404))

        assert (Reason.MEDIA_NOT_FOUND, 404) == (failure.reason, failure.http_status)


@pytest.mark.parametrize("body", [b"<html>404</html>", b"404 page not found", b'"Not Found"'])
def test_a_404_of_another_server_says_nothing_about_a_file(
    adapter: ClickatellAdapter, context: Context, drive: Any, body: bytes
) -> None:
    """A 404 in a form that is not Clickatell's is a wrong address, for the engine to handle."""
    for flow in (adapter.download(STORED, context), adapter.media_info(STORED, context)):
        assert drive(flow, Response(404, body))[1] is None


def test_files_without_id_or_digest(
    adapter: ClickatellAdapter, context: Context, drive: Any
) -> None:
    """A file without an id, or without a digest for a download, is refused without a request."""
    linked = Stored(account="cape", url="https://example.test/f")
    flows = {
        "id": adapter.media_info(linked, context),
        "sha256": adapter.download(attrs.evolve(STORED, sha256=None), context),
    }

    for path, flow in flows.items():
        requests, failure = drive(flow)

        assert ([], path) == (requests, failure.path)


# Balance


@pytest.mark.parametrize(
    ("body", "amount", "currency"),
    [
        (b'{"balance": 0.1, "currency": "ZAR"}', Decimal("0.1"), "ZAR"),
        (b'{"balance": 12345678901234567.89}', Decimal("12345678901234567.89"), None),
        (b'{"balance": 100, "currency": ""}', Decimal(100), None),
        (b'{"balance": -2.50}', Decimal("-2.50"), None),
        (b'{"balance": "1"}', None, None),
        (b'{"balance": true}', None, None),
        (b"{}", None, None),
    ],
)
def test_balance(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    body: bytes,
    amount: Decimal | None,
    currency: str | None,
) -> None:
    """The balance is exact to the last digit; both members may be missing."""
    [request], balance = drive(adapter.balance(context), Response(200, body))

    assert Request("GET", "/v1/balance", authenticated=True) == request
    assert Balance(amount=amount, currency=currency, raw=json.loads(body)) == balance
    assert str(amount) == str(balance.amount)


@pytest.mark.parametrize(
    "body",
    [
        b'{"balance": 0.1, "name": "caf\xe9"}',
        b'{"balance": 0.1, "name": "a\nb"}',
        b'\xef\xbb\xbf{"balance": 0.1}\0',
        b'{"balance": 0.1, "limit": NaN}',
    ],
)
def test_one_character_does_not_hide_the_balance(
    adapter: ClickatellAdapter, context: Context, drive: Any, body: bytes
) -> None:
    """The balance is read where the rest of the document is."""
    _, balance = drive(adapter.balance(context), Response(200, body))

    assert Decimal("0.1") == balance.amount


def test_a_balance_beyond_all_money(
    adapter: ClickatellAdapter, context: Context, drive: Any
) -> None:
    """A balance with an absurd exponent is `None`, because its digits would fill the memory."""
    _, balance = drive(adapter.balance(context), Response(200, b'{"balance": 1e999999999}'))

    assert balance.amount is None


@pytest.mark.skipif(LIBRARY != "orjson", reason="both parsers are that of the standard library")
def test_balance_in_an_absurd_document(
    adapter: ClickatellAdapter, context: Context, drive: Any
) -> None:
    """If only one of the two parsers can read the document, the amount alone is lost."""
    body = b'{"balance": 1, "x": ' + b"[" * 1010 + b"]" * 1010 + b"}"

    _, balance = drive(adapter.balance(context), Response(200, body))

    assert balance.amount in {None, Decimal(1)}


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        ({"code": 1, "description": "No key"}, Reason.UNAUTHORIZED, "1"),
        ({"code": 999, "description": "No such luck"}, Reason.UNKNOWN, "999"),
        ("No such luck", Reason.UNKNOWN, None),
    ],
)
@pytest.mark.parametrize("name", ["status", "balance"])
def test_an_error_in_an_answer_that_says_200(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    answer: Any,
    *,
    name: str,
    error: Any,
    reason: Reason,
    code: str | None,
) -> None:
    """An error in a 200 is a failure with its code and text, not a status or a balance."""
    flow = adapter.status("0f3b", context) if name == "status" else adapter.balance(context)
    _, failure = drive(flow, answer({"error": error}, 200))

    assert isinstance(failure, Failure)
    assert (reason, code) == (failure.reason, failure.code)
    assert ("No such luck" in failure.detail) == (reason is Reason.UNKNOWN)


@pytest.mark.parametrize("error", [None, {}, {"code": None}])
def test_no_error_in_an_answer_that_says_200(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Any, error: Any
) -> None:
    """An empty error member in a 200 for an unknown id is no failure."""
    document = {"status": "UNKNOWN", "error": error}
    _, status = drive(adapter.status("0f3b", context), answer(document, 200))

    assert isinstance(status, MessageStatus)
    assert Reason.NOT_FOUND is status.reason
