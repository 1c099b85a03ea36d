"""Reading the answers to batches, interactions and lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.flows import answer, drive

from omnimsg.adapter import Multipart, Response, Source
from omnimsg.domain.channel import Channel
from omnimsg.domain.history import Direction, HistoryQuery, InteractionKind, Page, PastMessage
from omnimsg.domain.media import Stored, Upload
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, NotSent, Rejected, Scope
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline
from omnimsg_bird import BirdAdapter
from omnimsg_bird.statuses import INTERACTIONS

if TYPE_CHECKING:
    from omnimsg.adapter import Context, Flow
    from omnimsg_bird import BirdSettings

MESSAGES = [
    Message(f"+3725550000{n}", "Hi", channel=Channel.SMS, reference=f"r-{n}") for n in range(3)
]


@pytest.fixture
def batching(adapter: BirdAdapter, settings: BirdSettings) -> BirdAdapter:
    """An account with batches enabled."""
    return BirdAdapter(attrs.evolve(adapter.account, settings=attrs.evolve(settings, batch=True)))


def read(flow: Flow[Any], status: int, document: object) -> Any:
    """Answer a flow's only request and return the value of the flow."""
    return drive(flow, answer(status, document))[1]


def test_only_an_account_that_opted_in_sends_batches(
    adapter: BirdAdapter, batching: BirdAdapter
) -> None:
    """The `batch` setting changes the capabilities of that account's adapter only."""
    limits = [each.capabilities.max_messages for each in (adapter, batching)]

    assert ([1, 100], 1) == (limits, BirdAdapter.capabilities.max_messages)


@pytest.mark.parametrize(("status", "name"), [(200, "id"), (202, "batchId"), (299, "batchID")])
def test_a_batch_is_accepted_by_its_id(
    batching: BirdAdapter, context: Context, status: int, name: str
) -> None:
    """Each message gets the batch's id, under any documented name, and no id of its own."""
    found = read(batching.send(MESSAGES, context), status, {name: "b-1"})

    assert [
        Accepted(
            reference=each.reference,
            account="nest",
            provider_id=None,
            batch_id="b-1",
            raw={name: "b-1"},
        )
        for each in MESSAGES
    ] == found


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (202, {}),
        (202, {"id": 7}),
        (202, {"id": ""}),
        (202, []),
        (202, None),
        (202, {"id": "trace-1", "code": "InvalidPayload", "message": "No"}),
        (202, {"id": "trace-1", "errors": [{"code": 9}]}),
        (300, {"id": "b-1"}),
    ],
)
def test_a_batch_without_an_id_is_no_verdict(
    batching: BirdAdapter, context: Context, status: int, document: object
) -> None:
    """Without a batch id, with an error, and without a success, no message is accepted."""
    assert [None] * 3 == read(batching.send(MESSAGES, context), status, document)


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_batch_blames_the_entries_it_names(
    batching: BirdAdapter, context: Context, status: int
) -> None:
    """A message that the refusal names is rejected; the others are not sent and safe to retry."""
    details = {".messageRequests[1].body.text.text": ["is wrong"]}
    document = {"code": "InvalidPayload", "message": "Malformed", "details": details}

    first, second, third = read(batching.send(MESSAGES, context), status, document)

    assert isinstance(second, Rejected)
    assert ("r-1", "content.text", Reason.INVALID_CONTENT) == (
        second.reference,
        second.failure.path,
        second.reason,
    )
    for each in (first, third):
        assert isinstance(each, NotSent)
        assert (Scope.MESSAGE, Retry.SAFE) == (each.scope, each.retry)
        assert (status, document) == (each.failure.http_status, each.failure.raw)


def test_a_refused_batch_may_name_any_of_its_entries(
    batching: BirdAdapter, context: Context
) -> None:
    """An entry is found by its whole index, also one of several digits."""
    messages = [attrs.evolve(MESSAGES[0], reference=f"r-{index}") for index in range(100)]
    details = {f".messageRequests[{index}].reference": ["is wrong"] for index in (7, 12, 99)}
    document = {"code": "InvalidPayload", "message": "Malformed", "details": details}

    found = read(batching.send(messages, context), 422, document)

    rejected = [index for index, each in enumerate(found) if isinstance(each, Rejected)]
    assert [7, 12, 99] == rejected


def test_a_refused_batch_may_name_more_than_its_entries(
    batching: BirdAdapter, context: Context
) -> None:
    """A whole entry is named without a path, and what is no entry of the list names none."""
    details = {
        ".messageRequests": ["is odd"],
        ".meta.messageRequests[0]": ["is odd"],
        ".messageRequests[1]": ["is wrong"],
    }
    document = {"code": "InvalidPayload", "message": "Malformed", "details": details}

    first, second, third = read(batching.send(MESSAGES, context), 422, document)

    assert [NotSent, Rejected, NotSent] == [type(each) for each in (first, second, third)]
    assert (None, "Malformed: is wrong") == (second.failure.path, second.failure.detail)


def test_only_an_invalid_batch_blames_its_entries(batching: BirdAdapter, context: Context) -> None:
    """A refusal with another status is about the whole request, whatever it names."""
    details = {".messageRequests[1].body.text.text": ["is wrong"]}
    document = {"code": "Odd", "message": "Because", "details": details}

    found = read(batching.send(MESSAGES, context), 401, document)

    assert [Scope.ACCOUNT] * 3 == [each.scope for each in found]


@pytest.mark.parametrize("document", [[], None, {"details": {}}])
def test_a_refused_batch_in_another_form_is_no_verdict(
    batching: BirdAdapter, context: Context, document: object
) -> None:
    """A refusal that is not Bird's gives no message an outcome."""
    assert [None] * 3 == read(batching.send(MESSAGES, context), 422, document)


def test_a_refused_batch_that_names_nothing_is_refused_whole(
    batching: BirdAdapter, context: Context
) -> None:
    """If the refusal names no entry, all messages are rejected."""
    document = {"code": "InvalidPayload", "message": "Malformed"}

    found = read(batching.send(MESSAGES, context), 422, document)

    assert [Rejected] * 3 == [type(each) for each in found]


def test_a_refused_batch_that_names_an_entry_it_has_not(
    batching: BirdAdapter, context: Context
) -> None:
    """If the refusal names an entry that the batch does not have, all messages are rejected."""
    details = {".messageRequests[3].body.text.text": ["is wrong"]}
    document = {"code": "InvalidPayload", "message": "Malformed", "details": details}

    found = read(batching.send(MESSAGES, context), 422, document)

    assert [Rejected] * 3 == [type(each) for each in found]


OF_A_BATCH = {"reference": "r-1", "status": "delivered", "channelId": "c-sms", "id": "m-1"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (OF_A_BATCH, (Status.DELIVERED, None)),
        (OF_A_BATCH | {"id": None}, None),
        (OF_A_BATCH | {"channelId": 7}, None),
        (OF_A_BATCH | {"reference": "r-2"}, (Status.UNKNOWN, Reason.NOT_FOUND)),
    ],
)
def test_the_status_of_a_message_of_a_batch(
    batching: BirdAdapter, context: Context, entry: object, expected: object
) -> None:
    """An unreadable entry of a batch's list gives no status; no entry means not found."""
    found = read(batching.status("batch/b-1/r-1", context), 200, {"results": [entry]})

    assert expected == (found and (found.status, found.reason))


OTHER = OF_A_BATCH | {"reference": "r-2", "id": "m-2"}


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([(OTHER, "p-2"), (OTHER, "p-3"), (OF_A_BATCH, None)], (Status.DELIVERED, None)),
        ([(OTHER, "p-2"), (OTHER, "p-3"), (OTHER, "")], (Status.UNKNOWN, Reason.NOT_FOUND)),
        # The rest of the list was not read.
        ([(OTHER, "p-2"), (OTHER, "p-2")], None),
        ([(OTHER, 7)], None),
        ([(OTHER, f"p-{number}") for number in range(5)], None),
    ],
    ids=["found", "absent", "a repeated page", "a strange token", "too long"],
)
def test_a_message_of_a_batch_is_looked_for_on_every_page(
    batching: BirdAdapter, context: Context, pages: list[tuple[Any, object]], expected: object
) -> None:
    """Pages may be short: a message is absent only if the last page was read."""
    answers = [answer(200, {"results": [each], "nextPageToken": token}) for each, token in pages]

    flow: Flow[Any] = batching.status("batch/b-1/r-1", context)
    requests, found = drive(flow, *answers)

    assert len(pages) == len(requests)
    assert expected == (found and (found.status, found.reason))


@pytest.mark.parametrize(
    ("given", "expected"), [("p-2", "p-2"), (None, None), ("", None), (7, None), ([], None)]
)
def test_a_page_of_the_history_names_the_next_one(
    adapter: BirdAdapter, context: Context, given: object, expected: str | None
) -> None:
    """A page whose token is no text, or an empty one, is the last page."""
    document = {"results": [], "nextPageToken": given}

    assert Page((), expected) == read(adapter.history(HistoryQuery(), None, context), 200, document)


@pytest.mark.parametrize("entry", [None, OF_A_BATCH | {"channelId": None}])
def test_interactions_with_a_message_of_a_batch_that_is_not_listed(
    batching: BirdAdapter, context: Context, entry: object
) -> None:
    """If the batch does not list the message, the failure says that instead of blaming the id."""
    found = read(batching.interactions("batch/b-1/r-1", None, context), 200, {"results": [entry]})

    assert (Reason.NOT_FOUND, "id") == (found.reason, found.path)
    assert "does not list" in found.detail


@pytest.mark.parametrize(
    ("word", "kind"), [*INTERACTIONS.items(), ("waved", InteractionKind.UNKNOWN)]
)
def test_an_interaction_is_whole(
    adapter: BirdAdapter, context: Context, word: str, kind: InteractionKind
) -> None:
    """An interaction has its kind, Bird's own type, and its payload, URL or emoji."""
    entry = {
        "type": word,
        "channelId": "c-wa",
        "createdAt": "2030-05-01T09:01:00Z",
        "metadata": {
            "button": {"payload": "ok-1"},
            "link": {"url": "https://a.test"},
            "reaction": {"emoji": "+"},
        },
    }

    page = read(adapter.interactions("c-wa/m-1", None, context), 200, {"results": [entry]})

    assert isinstance(page, Page)
    (found,) = page.items
    assert (kind, word, Channel.WHATSAPP, "ok-1", "https://a.test", "+", entry) == (
        found.kind,
        found.provider_kind,
        found.channel,
        found.payload,
        found.url,
        found.emoji,
        found.raw,
    )
    assert "nest:c-wa/m-1" == found.message_id
    assert found.at is not None


def test_an_interaction_of_an_unknown_form(adapter: BirdAdapter, context: Context) -> None:
    """Members of another type count as missing, and the interaction is kept."""
    entry = {"type": 7, "channelId": ["c-wa"], "metadata": {"button": {"payload": 5}, "link": "u"}}

    page = read(adapter.interactions("c-wa/m-1", None, context), 200, {"results": [entry]})

    (found,) = page.items
    assert (InteractionKind.UNKNOWN, "", None, None, None, entry) == (
        found.kind,
        found.provider_kind,
        found.channel,
        found.payload,
        found.url,
        found.raw,
    )


def test_an_incoming_message_of_the_list(adapter: BirdAdapter, context: Context) -> None:
    """An inbound message has a contact as its sender and our connector as its receiver."""
    entry = {
        "id": "m-1",
        "channelId": "c-other",
        "platformId": "telegram",
        "sender": {"contact": {"id": "k", "identifierValue": "+37255500001"}},
        "receiver": {"connector": {"id": "k", "identifierValue": "+37255509999"}},
        "direction": "incoming",
        "status": "delivered",
        "chargeableUnits": 2,
    }

    odd = {"id": "m-2", "channelId": "c-sms", "direction": ["incoming"], "reference": 7}

    page = read(
        adapter.history(HistoryQuery(), None, context), 200, {"results": [entry, {"id": 1}, 7, odd]}
    )

    found, unclear = page.items
    assert (None, None) == (unclear.direction, unclear.reference)
    assert (Direction.INCOMING, "+37255500001", ("+37255509999",), Channel.TELEGRAM) == (
        found.direction,
        found.sender,
        found.to,
        found.leg.channel,
    )
    assert (None, 2) == (page.next, found.leg.usage.parts)


def test_an_outgoing_message_of_the_list(adapter: BirdAdapter, context: Context) -> None:
    """A message of ours has a connector as its sender, contacts as receivers, and its reference."""
    entry = {
        "id": "m-1",
        "channelId": "c-sms",
        "platformId": "novelty",
        "sender": {"connector": {"id": "k", "identifierValue": "+37255509999"}},
        "receiver": {"contacts": [{"id": "k", "identifierValue": "+37255500001"}]},
        "reference": "r-1",
        "direction": "outgoing",
        "status": "sent",
        "lastStatusAt": "2030-05-01T09:00:05Z",
        "createdAt": "2030-05-01T09:00:00Z",
        "replyTo": {"id": "m-0"},
    }

    page = read(adapter.history(HistoryQuery(), None, context), 200, {"results": [entry]})

    at = datetime(2030, 5, 1, 9, 0, 5, tzinfo=UTC)
    assert page.items == (
        PastMessage(
            id=MessageId("nest:c-sms/m-1"),
            direction=Direction.OUTGOING,
            leg=LegStatus(
                channel=Channel.SMS,
                timeline=Timeline.of(Evidence(Status.SENT, "sent"), at),
                provider_id="c-sms/m-1",
            ),
            to=("+37255500001",),
            sender="+37255509999",
            reference="r-1",
            created=at - timedelta(seconds=5),
            reply_to=MessageId("nest:c-sms/m-0"),
            raw=entry,
        ),
    )


@pytest.mark.parametrize("status", [404, 409])
def test_interactions_with_an_unknown_message(
    adapter: BirdAdapter, context: Context, status: int
) -> None:
    """A 404 means that the message is unknown, which no repetition changes."""
    body = {"code": "Odd", "message": "Because"}

    found = read(adapter.interactions("c-wa/m-1", None, context), status, body)

    expected = (
        (Reason.NOT_FOUND, Reason.NOT_FOUND.fault, Retry.NEVER)
        if status == 404
        else (Reason.UNKNOWN, Reason.UNKNOWN.fault, Retry.SAFE)
    )
    assert expected == (found.reason, found.fault, found.retry)


def test_a_list_in_an_error_is_no_page(adapter: BirdAdapter, context: Context) -> None:
    """An answer with an error status is no page, whatever it holds."""
    assert None is read(adapter.history(HistoryQuery(), None, context), 500, {"results": []})


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_form_keeps_the_order_of_the_granted_fields(
    adapter: BirdAdapter, context: Context, status: int
) -> None:
    """The form keeps the granted order of its fields, which the storage signs.

    The grant may ask the storage for any of three statuses, and 204 is its default.
    """
    grant = {
        "mediaUrl": "https://media.api.bird.com/m",
        "uploadUrl": "https://files.s3.eu-west-1.amazonaws.com/bucket",
        "uploadMethod": "post",
        "uploadFormData": {"key": "k", "acl": "private", "Content-Type": "image/png"},
    }
    source = Source(data=b"png", size=3, sha256="0" * 64)
    flow = adapter.upload(Upload(b"png", "image/png", file_name="a.png"), source, context)

    (_, request), stored = drive(flow, answer(200, grant), Response(status, b""))

    assert isinstance(request.body, Multipart)
    assert status in request.success
    assert ("POST", grant["uploadUrl"]) == (request.method, request.url)
    assert (("key", "k"), ("acl", "private"), ("Content-Type", "image/png")) == request.body.fields
    assert ("file", "a.png", source) == (
        request.body.file_field,
        request.body.file_name,
        request.body.source,
    )
    assert Stored(account="nest", url="https://media.api.bird.com/m") == stored
