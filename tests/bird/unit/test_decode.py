"""Reading answers: verdicts, ids and statuses, also from arbitrary answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.flows import answer, drive

from omnimsg.adapter import Account, Context, Effect, Response, Verdict
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Interactive, Reply, Template
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, Failed, NotSent, Rejected, Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import MessageStatus, Status
from omnimsg_bird import BirdAdapter, BirdSettings

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = Context(account="nest", now=NOW)
ADAPTER = BirdAdapter(
    Account(
        name="nest",
        settings=BirdSettings(
            access_key=Secret("token"), workspace_id="w-1", channels={"sms": "c-sms"}
        ),
        base_url=BirdAdapter.base_url,
    )
)
MESSAGE = Message("+37255500001", "Hi", channel=Channel.SMS, reference="r-1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "code",
                    "message",
                    "details",
                    "status",
                    "failure",
                    "source",
                    "name",
                    "lastStatusAt",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
ANSWERS = st.builds(
    Response,
    st.sampled_from([200, 202, 204, 302, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503]),
    JSON.map(orjson.dumps) | st.binary(max_size=40),
)


def send(response: Response) -> Any:
    """Send the message and return its outcome."""
    _, (outcome,) = drive(ADAPTER.send([MESSAGE], CONTEXT), response)
    return outcome


def look_up(document: dict[str, Any]) -> MessageStatus:
    """Look up a message that gets this answer."""
    (request,), status = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(200, document))
    assert ("GET", "/workspaces/w-1/channels/c-sms/messages/m-1", Effect.READ) == (
        request.method,
        request.url,
        request.effect,
    )
    assert isinstance(status, MessageStatus)
    assert ("nest:c-sms/m-1", document) == (status.id, status.raw)
    return status


@pytest.mark.parametrize("status", [200, 202, 299])
def test_an_accepted_messages_id_holds_its_channels(status: int) -> None:
    """A message's id contains its channel's id, because a look-up needs both."""
    body = {"id": "m-1", "channelId": "c-sms", "status": "accepted"}

    assert send(answer(status, body)) == Accepted(
        reference="r-1", account="nest", provider_id="c-sms/m-1", raw=body
    )


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 7}, [], None, {"code": "x"}])
def test_an_acceptance_without_an_id_is_no_verdict(body: object) -> None:
    """A 202 without an id gives no outcome."""
    assert send(answer(202, body)) is None


@pytest.mark.parametrize(
    ("status", "kind", "scope", "reason", "retry"),
    [
        (400, Rejected, None, Reason.INVALID_MESSAGE, Retry.NEVER),
        (401, NotSent, Scope.ACCOUNT, Reason.UNAUTHORIZED, Retry.AFTER_FIX),
        (403, NotSent, Scope.ACCOUNT, Reason.FORBIDDEN, Retry.AFTER_FIX),
        (404, NotSent, Scope.ACCOUNT, Reason.MISCONFIGURED, Retry.AFTER_FIX),
        (409, NotSent, Scope.MESSAGE, Reason.UNKNOWN, Retry.SAFE),
        (413, Rejected, None, Reason.CONTENT_TOO_LARGE, Retry.NEVER),
        (422, Rejected, None, Reason.INVALID_MESSAGE, Retry.NEVER),
        (429, NotSent, Scope.MESSAGE, Reason.RATE_LIMITED, Retry.SAFE),
    ],
)
def test_every_error_status_has_a_verdict(
    status: int, kind: type[Failed], scope: Scope | None, reason: Reason, retry: Retry
) -> None:
    """An error is read by its HTTP status; the provider's code and text are kept."""
    outcome = send(answer(status, {"code": "SomeCode", "message": "Because"}))

    assert type(outcome) is kind
    assert scope == getattr(outcome, "scope", None)
    assert (reason, retry, "SomeCode", "Because", status) == (
        outcome.failure.reason,
        outcome.failure.retry,
        outcome.failure.code,
        outcome.failure.detail,
        outcome.failure.http_status,
    )


@pytest.mark.parametrize("status", [300, 400, 404, 409, 422, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"id": "m-1", "reference": "r-1"},
        {"id": "m-1", "channelId": "c-sms"},
        {"id": "m-1", "reference": "r-1", "code": "Conflict", "message": "It exists"},
    ],
)
def test_a_message_in_a_refusal_is_a_doubt(status: int, body: dict[str, Any]) -> None:
    """A refusal with a message's id beside a reference or channel is ambiguous."""
    outcome = send(answer(status, body))

    assert isinstance(outcome, Ambiguous)
    assert ("r-1", "nest", Retry.UNSAFE, status, body) == (
        outcome.reference,
        outcome.account,
        outcome.failure.retry,
        outcome.failure.http_status,
        outcome.failure.raw,
    )


@pytest.mark.parametrize("quoted", [{"id": "e-1"}, {"reference": "r-1"}, {"channelId": "c-sms"}])
def test_an_error_may_quote_a_member_of_a_message(quoted: dict[str, str]) -> None:
    """An id alone is the error's own, and without an id there is no message: the refusal counts."""
    outcome = send(answer(409, {**quoted, "code": "SomeCode", "message": "Because"}))

    assert (NotSent, Retry.SAFE) == (type(outcome), outcome.failure.retry)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({".body": ["is wrong", "is long"], ".tags": ["x"]}, "Malformed: .body: is wrong"),
        ({".body": "is wrong"}, "Malformed: .body: is wrong"),
        ({".body": []}, "Malformed: .body"),
        ({".body": [7]}, "Malformed: .body"),
        ({".body": [{"message": "is wrong"}]}, "Malformed: .body: is wrong"),
        ({".body": {"message": "is wrong"}}, "Malformed: .body: is wrong"),
        ({}, "Malformed"),
        (["x", "y"], "Malformed: x; y"),
        ([{"message": "x"}], "Malformed: x"),
        ("x", "Malformed: x"),
        (7, "Malformed"),
        (None, "Malformed"),
    ],
)
def test_a_refusal_keeps_what_bird_says(details: object, expected: str) -> None:
    """A refusal has Bird's code and text, and the first problem of the first member it names."""
    body = {"code": "Odd", "message": "Malformed", "details": details}

    failure = send(answer(422, body)).failure

    assert ("Odd", "Odd", expected, body) == (
        failure.code,
        failure.unknown_code,
        failure.detail,
        failure.raw,
    )


@pytest.mark.parametrize("status", [302, 402, 500, 503])
def test_an_error_that_is_not_documented_is_no_verdict(status: int) -> None:
    """An error without a row gives `None`, and the HTTP status decides."""
    assert send(answer(status, {"code": "SomeCode", "message": "Because"})) is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b'{"code": 1}',
        b'{"code": "Bad"}',
        b'{"error": "x"}',
        b'["code"]',
        b'{"message": "Bad Request"}',
        b'{"code": 400, "message": "Bad Request"}',
    ],
)
@pytest.mark.parametrize("status", [404, 422])
def test_an_error_that_is_not_birds_is_no_verdict(status: int, body: bytes) -> None:
    """An error body that is not Bird's gives no outcome."""
    assert send(Response(status, body)) is None


@pytest.mark.parametrize(
    ("key", "path", "reason"),
    [
        (".receiver.contacts[0].identifierValue", "to", Reason.INVALID_RECIPIENT),
        (".receiver.contacts[0]", "to", Reason.INVALID_MESSAGE),
        (".receiver.contacts[1].identifierValue", "content", Reason.INVALID_CONTENT),
        (".body.type", "content", Reason.INVALID_CONTENT),
        (".body.text.text", "content.text", Reason.INVALID_CONTENT),
        (".body.text.metadata.subject", "content.subject", Reason.INVALID_CONTENT),
        (".body.html.html", "content.html", Reason.INVALID_CONTENT),
        (".body.image.text", "content.caption", Reason.INVALID_CONTENT),
        (".body.image.images[2].mediaUrl", "content.items[2].source", Reason.MEDIA_INVALID),
        (".body.file.files[1].contentType", "content.items[1].content_type", Reason.MEDIA_INVALID),
        (".body.gif.mediaUrl", "content.items[0].source", Reason.MEDIA_INVALID),
        (".template", "content", Reason.TEMPLATE_INVALID),
        (".template.projectId", "content.name", Reason.TEMPLATE_INVALID),
        (".template.version", "content.version", Reason.TEMPLATE_INVALID),
        (".template.locale", "content.language", Reason.TEMPLATE_INVALID),
        (".template.parameters[1].value", "content.body", Reason.TEMPLATE_INVALID),
        (".sender.connector", "sender", Reason.INVALID_SENDER),
        (".reference", "reference", Reason.INVALID_MESSAGE),
        (".tags[2]", "tags[2]", Reason.INVALID_MESSAGE),
        (".tags", "tags", Reason.INVALID_MESSAGE),
        (".scheduledFor", "send_at", Reason.INVALID_MESSAGE),
        (".validity", "ttl", Reason.INVALID_MESSAGE),
        (".notification.url", "callback_url", Reason.INVALID_MESSAGE),
        (".novelty", None, Reason.INVALID_MESSAGE),
        ("", None, Reason.INVALID_MESSAGE),
    ],
)
def test_a_detail_names_a_field_of_our_message(key: str, path: str | None, reason: Reason) -> None:
    """The provider's path becomes the path and reason of our field."""
    body = {"code": "InvalidPayload", "message": "Malformed", "details": {key: ["is wrong"]}}

    outcome = send(answer(422, body))

    assert isinstance(outcome, Rejected)
    assert (path, reason, reason.fault, "InvalidPayload") == (
        outcome.failure.path,
        outcome.reason,
        outcome.fault,
        outcome.failure.code,
    )
    assert outcome.failure.detail.endswith("is wrong")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (".body.text.text", "content.body"),
        (".body.image.text", "content.body"),
        (".body.image.images[0].mediaUrl", "content.header.source"),
        (".body.file.files[0].contentType", "content.header.content_type"),
        (".body.gif.mediaUrl", "content.header.source"),
        (".body.text.actions[0].reply.text", "content"),
        (".tags", "tags"),
    ],
)
def test_a_detail_names_a_field_of_text_with_buttons(key: str, path: str) -> None:
    """Text with buttons has other fields than a text or media, and a failure names its own."""
    message = Message(
        "+37255500001", Interactive("Come?", [Reply("Yes")]), channel="sms", reference="r-1"
    )
    body = {"code": "InvalidPayload", "message": "Malformed", "details": {key: ["is wrong"]}}

    _, (outcome,) = drive(ADAPTER.send([message], CONTEXT), answer(422, body))

    assert isinstance(outcome, Rejected)
    assert path == outcome.failure.path


@given(response=ANSWERS)
def test_any_answer_to_a_send(response: Response) -> None:
    """For any answer an acceptance has an id, and an outcome is that of the message."""
    outcome = send(response)

    assert outcome is None or outcome.reference == "r-1"
    if isinstance(outcome, Accepted):
        assert outcome.provider_id not in (None, "", "c-sms/")
        assert 200 <= response.status < 300


@given(response=ANSWERS)
def test_any_answer_about_an_id(response: Response) -> None:
    """For any answer a look-up returns a status, a failure or `None`."""
    _, status = drive(ADAPTER.status("c-sms/m-1", CONTEXT), response)

    assert status is None or isinstance(status, (MessageStatus, Failure))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("accepted", Status.ACCEPTED),
        ("processing", Status.ACCEPTED),
        ("scheduled", Status.SCHEDULED),
        ("sent", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("delivery_failed", Status.FAILED),
        ("sending_failed", Status.FAILED),
        ("rejected", Status.REJECTED),
        ("skipped", Status.REJECTED),
        ("deleted", Status.CANCELLED),
        ("read", Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_every_status_has_a_unified_status(name: object, status: Status) -> None:
    """Each of the provider's statuses has a unified status; `read` is not one of them."""
    found = look_up({"status": name, "lastStatusAt": "2030-05-01T09:00:05Z"})

    (leg,) = found.legs
    assert (status, Channel.SMS, "c-sms/m-1") == (found.status, leg.channel, leg.provider_id)
    assert [datetime(2030, 5, 1, 9, 0, 5, tzinfo=UTC)] == list(leg.timeline.entries.values())


def test_a_status_without_a_time_is_of_now() -> None:
    """A status with a missing or unreadable time gets the current time."""
    found = look_up({"status": "sent", "lastStatusAt": "soon"})

    assert [NOW] == list(found.legs[0].timeline.entries.values())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"failure": {"description": "Unknown subscriber"}, "reason": "x"}, "Unknown subscriber"),
        (
            {"failure": {"description": " "}, "reason": "details: gone", "details": "y"},
            "details: gone",
        ),
        ({"failure": None, "details": "unknown_subscriber"}, "unknown_subscriber"),
        ({"failure": {"description": 7}, "reason": None}, ""),
    ],
)
def test_what_bird_says_of_a_failure_is_kept(document: dict[str, Any], expected: str) -> None:
    """A failed status keeps Bird's description, else the platform's text; other statuses do not."""
    failed = look_up({"status": "delivery_failed", **document})
    delivered = look_up({"status": "delivered", **document})

    assert (expected, "") == (failed.detail, delivered.detail)


SMS = "sms-messagebird"

# Meta's codes by what they mean, as in its table of error codes.
WHATSAPP = {
    Reason.RATE_LIMITED: (130429,),
    Reason.RECIPIENT_UNREACHABLE: (130472, 131026, 131049),
    Reason.PAYMENT: (131042,),
    Reason.WINDOW_CLOSED: (131047,),
    Reason.MARKETING_OPTED_OUT: (131050,),
    Reason.UNSUPPORTED_CONTENT: (131051,),
    Reason.MEDIA_INVALID: (131053,),
    Reason.RECIPIENT_LIMIT: (131056,),
    Reason.TEMPLATE_INVALID: (132000, 132007, 132012),
    Reason.TEMPLATE_UNAVAILABLE: (132001, 132015, 132016),
    Reason.CONTENT_TOO_LARGE: (132005,),
}


@pytest.mark.parametrize(
    ("code", "source", "reason", "fault"),
    [
        (11001, None, Reason.MISCONFIGURED, Fault.ACCOUNT),
        (11002, None, Reason.INVALID_MESSAGE, Fault.CALLER),
        (11999, None, Reason.INVALID_MESSAGE, Fault.CALLER),
        (12001, None, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        (12002, None, Reason.UNSUPPORTED_CONTENT, Fault.CONTENT),
        (12003, None, Reason.SENDER_NOT_ALLOWED, Fault.SENDER),
        (12004, None, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        (12005, None, Reason.UNROUTABLE, Fault.PROVIDER),
        (12006, None, Reason.INVALID_CONTENT, Fault.CONTENT),
        (12999, None, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        (14123, None, Reason.UNKNOWN, Fault.ACCOUNT),
        (15001, {"name": SMS, "code": "34"}, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        (15005, {"name": SMS, "code": "1"}, Reason.INVALID_RECIPIENT, Fault.RECIPIENT),
        (15999, None, Reason.UNKNOWN, Fault.PROVIDER),
        (15999, {"name": SMS, "code": "0"}, Reason.UNKNOWN, Fault.PROVIDER),
        (15999, {"name": SMS, "code": "34"}, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        *(
            (15999, {"name": SMS, "code": str(code)}, Reason.INVALID_RECIPIENT, Fault.RECIPIENT)
            for code in (1, 5)
        ),
        *(
            (15999, {"name": SMS, "code": str(code)}, Reason.UNROUTABLE, Fault.PROVIDER)
            for code in (2, 3)
        ),
        *(
            (code, {"name": SMS, "code": own}, Reason.RECIPIENT_UNREACHABLE, Fault.RECIPIENT)
            for code in (15999, 15001, 15005, 12001)
            for own in ("8", "9", "10", "11", "12", "26", "27", "31", 27)
        ),
        (15999, {"name": "whatsapp", "code": "1"}, Reason.UNKNOWN, Fault.PROVIDER),
        *(
            (code, {"name": name}, Reason.PROVIDER_ERROR, Fault.PROVIDER)
            for code in (None, 12001, 12999, 99999)
            for name in ("accounting", "contact", "touchpoint")
        ),
        (14123, {"name": "accounting"}, Reason.UNKNOWN, Fault.ACCOUNT),
        (15999, {"name": "contact"}, Reason.UNKNOWN, Fault.PROVIDER),
        (15005, {"name": SMS, "code": "0"}, Reason.INVALID_RECIPIENT, Fault.RECIPIENT),
        (
            None,
            {"name": "whatsapp", "code": "131026"},
            Reason.RECIPIENT_UNREACHABLE,
            Fault.RECIPIENT,
        ),
        *(
            (15999, {"name": "whatsapp", "code": str(code)}, reason, reason.fault)
            for reason, codes in WHATSAPP.items()
            for code in codes
        ),
        (None, {"name": "whatsapp", "code": "999999"}, Reason.UNKNOWN, Fault.PROVIDER),
        (None, {"name": "email-messagebird"}, Reason.UNKNOWN, Fault.PROVIDER),
        (11002, {"name": "contact"}, Reason.INVALID_MESSAGE, Fault.CALLER),
        (None, {"name": "pre-processing"}, Reason.UNKNOWN, Fault.NOBODY),
        (12999, {"name": "pre-processing"}, Reason.PROVIDER_ERROR, Fault.PROVIDER),
        (99999, None, Reason.UNKNOWN, Fault.PROVIDER),
        # Only a code of five digits has a family.
        (12, None, Reason.UNKNOWN, Fault.PROVIDER),
        ("15005", None, Reason.INVALID_RECIPIENT, Fault.RECIPIENT),
        (True, 7, Reason.UNKNOWN, Fault.PROVIDER),
    ],
)
def test_the_reason_of_a_failure(
    code: object, source: object, reason: Reason, fault: Fault
) -> None:
    """The reason is that of the source's own code, else of the code, its family, or the source."""
    failure = {"code": code, "source": source}

    found = look_up({"status": "delivery_failed", "failure": failure})

    latest = found.legs[0].timeline.latest
    assert latest is not None
    assert (Status.FAILED, reason, fault) == (latest.status, latest.reason, latest.fault)


@pytest.mark.parametrize(
    ("words", "is_expired"),
    [
        ({"details": "Expired"}, True),
        ({"reason": "details: Expired; reason: expired; code: 9"}, True),
        ({"reason": "details: no delivery report; reason: expired; code: 0"}, True),
        ({"reason": "details: no delivery report; reason: EXPIRED"}, True),
        ({"details": "validity_period_expired"}, True),
        ({"details": "DLR not received"}, False),
        ({"details": "the template has expired"}, False),
        ({"reason": "details: rejected; reason: template_expired; code: 0"}, False),
        ({"details": ["Expired"]}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("code", [None, 15001, 15999])
def test_an_sms_is_expired_only_if_the_text_says_so(
    words: dict[str, object], is_expired: bool, code: int | None
) -> None:
    """An SMS is expired only if the text says so, and then the fault is nobody's."""
    failure = {"code": code, "source": {"name": SMS, "code": "0"}}

    found = look_up({"status": "delivery_failed", "failure": failure, **words})

    expected = (Status.EXPIRED, Reason.EXPIRED) if is_expired else (Status.FAILED, found.reason)
    assert expected == (found.status, found.reason)
    assert is_expired == (found.legs[0].timeline.latest.fault is Fault.NOBODY)  # type: ignore[union-attr]


def test_a_sources_own_code_comes_before_the_text() -> None:
    """A failure with a more precise code of its source is not expired, whatever the text says."""
    failure = {"code": 15999, "source": {"name": SMS, "code": "27"}}

    found = look_up({"status": "delivery_failed", "failure": failure, "details": "Expired"})

    assert (Status.FAILED, Reason.RECIPIENT_UNREACHABLE) == (found.status, found.reason)


@pytest.mark.parametrize(
    ("code", "expected"),
    [(15005, "15005"), ("15005", "15005"), (None, None), (True, None), (1.5, None), ([1], None)],
)
def test_the_code_of_a_failure(code: object, expected: str | None) -> None:
    """A failure's code is a number or a text; a value of another type is none."""
    found = look_up({"status": "delivery_failed", "failure": {"code": code}})

    latest = found.legs[0].timeline.latest
    assert latest is not None
    assert expected == latest.code


@pytest.mark.parametrize("reference", ["r-1", None, "", "r-2", 5, ["r-1"]])
def test_an_answer_that_names_another_message_is_no_verdict(reference: object) -> None:
    """An acceptance with another message's reference gives no outcome."""
    outcome = send(answer(202, {"id": "m-1", "reference": reference}))

    assert isinstance(outcome, Accepted) == (reference in ("r-1", None, ""))
    assert outcome is None or isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("members", "is_it"),
    [
        ({"receiver": {"contacts": [{"identifierValue": "37255500001"}]}}, True),
        ({"receiver": {"contacts": [{"identifierValue": "+37255500002"}]}}, False),
        ({"receiver": {"contacts": [{"id": "c-7"}]}}, True),
        ({"receiver": None, "channelId": None}, True),
        ({"channelId": "c-sms"}, True),
        ({"channelId": "c-other"}, False),
    ],
)
def test_an_answer_without_a_reference_names_its_message_otherwise(
    members: dict[str, Any], is_it: bool
) -> None:
    """Without a reference, another receiver or channel shows that it is another answer."""
    outcome = send(answer(202, {"id": "m-1"} | members))

    assert is_it == isinstance(outcome, Accepted)
    assert isinstance(send(answer(202, {"id": "m-1", "reference": "r-1"} | members)), Accepted)


@pytest.mark.parametrize(
    "contact", [ProviderContact(id="c-7"), ProviderContact(key="customer", value="7")]
)
def test_an_answer_to_a_contact_may_name_any_address(contact: ProviderContact) -> None:
    """A contact may be named by another of its identifiers than the one that it was given by."""
    message = attrs.evolve(MESSAGE, to=contact)
    receiver = {"contacts": [{"id": "c-7", "identifierValue": "+37255500002"}]}

    _, (outcome,) = drive(
        ADAPTER.send([message], CONTEXT), answer(202, {"id": "m-1", "receiver": receiver})
    )

    assert isinstance(outcome, Accepted)


ERRORS_BESIDE_AN_ID: list[dict[str, Any]] = [
    {"code": "InvalidPayload", "message": "No"},
    {"error": {"message": "No"}},
    {"errors": [{"code": 9}]},
]
NO_ERRORS_BESIDE_AN_ID: list[dict[str, Any]] = [
    {"code": 0, "message": ""},
    {"code": "", "message": "No"},
    {"error": None, "errors": []},
]


@pytest.mark.parametrize("members", ERRORS_BESIDE_AN_ID)
def test_an_id_beside_an_error_is_no_acceptance(members: dict[str, Any]) -> None:
    """An id beside an error may be that of the error, so the answer has no verdict."""
    assert send(answer(202, {"id": "trace-1"} | members)) is None


@pytest.mark.parametrize("members", NO_ERRORS_BESIDE_AN_ID)
def test_an_empty_error_is_none(members: dict[str, Any]) -> None:
    """An error member that holds nothing does not contradict an id."""
    assert isinstance(send(answer(202, {"id": "m-1"} | members)), Accepted)


@pytest.mark.parametrize(
    ("id_", "is_it"), [("m-1", True), (None, True), ("", True), ("m-2", False)]
)
def test_a_status_of_another_message_is_none(id_: str | None, is_it: bool) -> None:
    """A status with another message's id is `None`."""
    body = {"id": id_, "status": "delivered"}
    _, found = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(200, body))

    assert is_it == (found is not None)


@pytest.mark.parametrize(
    ("words", "kind", "reason", "path", "retry"),
    [
        ("contact c-7 does not exist", Rejected, Reason.INVALID_RECIPIENT, "to", Retry.NEVER),
        ("This channel has no such contact", Rejected, Reason.INVALID_RECIPIENT, "to", Retry.NEVER),
        ("No such channel", NotSent, Reason.MISCONFIGURED, None, Retry.AFTER_FIX),
        ("No such workspace", NotSent, Reason.MISCONFIGURED, None, Retry.AFTER_FIX),
        ("Not found", NotSent, Reason.NOT_FOUND, "to", Retry.AFTER_FIX),
    ],
)
def test_a_404_for_a_contacts_id(
    words: str,
    kind: type[Rejected | NotSent],
    reason: Reason,
    path: str | None,
    retry: Retry,
) -> None:
    """A 404 blames the contact if the text names it, and the account if it names the channel."""
    message = Message(ProviderContact(id="c-7"), "Hello", channel="sms", reference="r-1")
    body = {"code": "NotFound", "message": words}
    _, (outcome,) = drive(ADAPTER.send([message], CONTEXT), answer(404, body))

    assert isinstance(outcome, kind)
    assert (reason, path, retry) == (outcome.reason, outcome.failure.path, outcome.retry)
    assert ("r-1", "nest", reason.fault) == (outcome.reference, outcome.account, outcome.fault)
    if isinstance(outcome, NotSent):
        assert (outcome.scope is Scope.ACCOUNT) == (reason is Reason.MISCONFIGURED)


@pytest.mark.parametrize(
    "to", ["+37255500001", ProviderContact(key="phonenumber", value="+37255500001")]
)
@pytest.mark.parametrize("words", ["Contact not found", "Not found"])
def test_a_404_without_a_contacts_id_blames_the_account(
    to: str | ProviderContact, words: str
) -> None:
    """Bird makes a contact of any address, so it is not the contact that is missing."""
    message = Message(to, "Hello", channel="sms", reference="r-1")
    _, (outcome,) = drive(
        ADAPTER.send([message], CONTEXT), answer(404, {"code": "NotFound", "message": words})
    )

    assert isinstance(outcome, NotSent)
    assert (Scope.ACCOUNT, Reason.MISCONFIGURED) == (outcome.scope, outcome.reason)
    assert ("r-1", "nest") == (outcome.reference, outcome.account)


@pytest.mark.parametrize(
    ("words", "kind", "reason", "retry"),
    [
        ("project not found", Rejected, Reason.TEMPLATE_UNAVAILABLE, Retry.NEVER),
        ("Template version 7 not found", Rejected, Reason.TEMPLATE_UNAVAILABLE, Retry.NEVER),
        ("channel not found", NotSent, Reason.MISCONFIGURED, Retry.AFTER_FIX),
        ("Not found", NotSent, Reason.MISCONFIGURED, Retry.AFTER_FIX),
    ],
)
def test_a_404_for_a_template(
    words: str, kind: type[Rejected | NotSent], reason: Reason, retry: Retry
) -> None:
    """A 404 that names the template blames it; any other one blames the account."""
    message = Message("+37255500001", Template("t", "en"), channel="sms", reference="r-1")
    body = {"code": "NotFound", "message": words}
    _, (outcome,) = drive(ADAPTER.send([message], CONTEXT), answer(404, body))

    assert isinstance(outcome, kind)
    assert (reason, retry) == (outcome.reason, outcome.retry)
    assert (outcome.failure.path == "content") == (kind is Rejected)


def test_a_404_for_a_text_that_names_a_template_blames_the_account() -> None:
    """A message without a template cannot lack one."""
    outcome = send(answer(404, {"code": "NotFound", "message": "template not found"}))

    assert (Scope.ACCOUNT, Reason.MISCONFIGURED) == (outcome.scope, outcome.reason)


@pytest.mark.parametrize(
    ("units", "parts"), [(2, 2), (0, 0), ("2", None), (True, None), (1.5, None), (None, None)]
)
def test_the_parts_of_a_message(units: object, parts: int | None) -> None:
    """Chargeable units are the parts of a message; anything but a whole number is none."""
    (leg,) = look_up({"status": "sent", "chargeableUnits": units}).legs

    assert parts == (leg.usage and leg.usage.parts)


def test_a_failure_beside_a_good_status_is_no_reason() -> None:
    """A failure beside a good status gives no reason."""
    assert look_up({"status": "delivered", "failure": {"code": 15005}}).reason is None


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_look_up_without_a_message_is_no_status(status: int) -> None:
    """Only a 200 with a status is a Message; an error may have a member of that name."""
    body = {} if status == 200 else {"status": "delivered"}
    _, found = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(status, body))

    assert found is None


@pytest.mark.parametrize(("channel_id", "channel"), [("c-sms", Channel.SMS), ("c-old", None)])
def test_an_unknown_id_is_no_failure(channel_id: str, channel: Channel | None) -> None:
    """The provider's own 404 is an unknown id; a bare 404 may come from a wrong URL."""
    body = {"code": "NotFound", "message": "No such message"}
    _, known = drive(ADAPTER.status(f"{channel_id}/m-1", CONTEXT), answer(404, body))
    _, bare = drive(ADAPTER.status(f"{channel_id}/m-1", CONTEXT), Response(404, b"<html>"))

    assert isinstance(known, MessageStatus)
    assert (Status.UNKNOWN, Reason.NOT_FOUND) == (known.status, known.reason)
    assert (channel, body) == (known.legs[0].channel, known.raw)
    assert bare is None


def test_a_look_up_in_an_unknown_workspace_is_a_failure() -> None:
    """A 404 that names the workspace blames the account, and says nothing about the message."""
    body = {"code": "NotFound", "message": "Workspace not found"}
    _, found = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(404, body))

    assert isinstance(found, Failure)
    assert (Reason.MISCONFIGURED, Retry.AFTER_FIX) == (found.reason, found.retry)


def test_a_failed_look_up_has_the_retry_of_its_code() -> None:
    """A failed look-up has the retry advice of its code's row."""
    body = {"code": "SomeCode", "message": "Because"}
    _, conflict = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(409, body))
    _, wrong = drive(ADAPTER.status("c-sms/m-1", CONTEXT), answer(401, body))

    assert isinstance(conflict, Failure)
    assert isinstance(wrong, Failure)
    assert (Retry.SAFE, Retry.AFTER_FIX) == (conflict.retry, wrong.retry)


@pytest.mark.parametrize("id_", ["m-1", "/m-1", "c-sms/", ""])
@pytest.mark.parametrize("name", ["status", "interactions"])
def test_an_id_without_both_parts_cannot_be_asked_for(id_: str, name: str) -> None:
    """An id without both parts is refused without a request."""
    flow = (
        ADAPTER.status(id_, CONTEXT)
        if name == "status"
        else ADAPTER.interactions(id_, None, CONTEXT)
    )

    with pytest.raises(StopIteration) as stopped:
        next(flow)

    failure = stopped.value.value
    assert (Reason.NOT_FOUND, "id", Retry.NEVER) == (failure.reason, failure.path, failure.retry)


def test_a_configured_code_text_decides() -> None:
    """A configured `code` text decides before the HTTP status."""
    adapter = BirdAdapter(
        Account(
            name="nest",
            settings=ADAPTER.account.settings,
            base_url=BirdAdapter.base_url,
            codes={
                ("Suppressed", "422"): {"reason": Reason.SUPPRESSED, "verdict": Verdict.REJECTED}
            },
        )
    )
    body = {"code": "Suppressed", "message": "Because", "details": {".body": ["x"]}}

    _, outcomes = drive(adapter.send([MESSAGE], CONTEXT), answer(422, body))

    assert isinstance(outcomes[0], Rejected)
    assert (Reason.SUPPRESSED, "Suppressed", None) == (
        outcomes[0].reason,
        outcomes[0].failure.code,
        outcomes[0].failure.unknown_code,
    )
