"""Properties that hold for every answer, including shuffled, incomplete and invented ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.adapter import Account, Context, Response, Source
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.history import Balance
from omnimsg.domain.media import MediaInfo, Stored, Upload
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Rejected
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import MessageStatus
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings
from omnimsg_clickatell.wire.encode import document, encode
from omnimsg_clickatell.wire.match_entries import EntryMembers, are_in_order, match_entries

NAMES = EntryMembers(reference="clientMessageId", address="to", id="apiMessageId")
STATUSES = st.sampled_from([200, 201, 202, 207, 400, 401, 402, 404, 429, 500, 503])


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Draw numbers, each message's true entry, and the entries that arrive.

    Some entries are missing, some refused ones have no reference, some are repeated or belong to no
    message, and all are in any order.
    """
    numbers = draw(st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=7))
    truth = []
    for index, number in enumerate(numbers):
        entry: dict[str, Any] = {"clientMessageId": f"r{index}", "to": number, "mark": index}
        code = draw(st.sampled_from([None, 25, 26, 43]))
        if code is None:
            entry |= {"accepted": True, "apiMessageId": f"id{index}"}
        else:
            entry |= {"accepted": False, "error": {"code": code, "description": str(index)}}
        truth.append(entry)
    arrived = []
    for entry in truth:
        if draw(st.integers(0, 4)) == 0:
            continue
        stripped = dict(entry)
        if not entry["accepted"] and draw(st.booleans()):
            del stripped["clientMessageId"]
        arrived.append(stripped)
        if entry["accepted"] and draw(st.integers(0, 4)) == 0:
            copy = dict(entry)
            if draw(st.booleans()):
                del copy["clientMessageId"]
            arrived.append(copy)
    foreign = range(draw(st.integers(0, 2)))
    arrived += [{"clientMessageId": f"x{each}", "to": "1", "accepted": True} for each in foreign]
    return numbers, truth, draw(st.permutations(arrived))


@given(answers())
def test_a_match_is_never_wrong(
    drawn: tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    """A message gets its own entry, a refusal shared by all messages left, or nothing."""
    numbers, truth, arrived = drawn
    references = [f"r{index}" for index in range(len(numbers))]

    found = match_entries(references, numbers, arrived, NAMES)

    for entry, true in zip(found, truth, strict=True):
        if entry is None:
            continue
        assert entry["accepted"] == true["accepted"]
        if "mark" in entry:
            assert entry["mark"] == true["mark"]
        else:
            assert entry["error"]["code"] == true["error"]["code"]


@given(answers())
def test_references_decide(
    drawn: tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    """An entry with a reference is always matched to that message."""
    numbers, truth, arrived = drawn
    references = [f"r{index}" for index in range(len(numbers))]
    named = {entry.get("clientMessageId") for entry in arrived}

    found = match_entries(references, numbers, arrived, NAMES)

    for reference, entry, true in zip(references, found, truth, strict=True):
        if reference in named:
            assert true == entry


@given(answers(), st.booleans())
def test_entries_in_order_need_no_matching(
    drawn: tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]], whole: bool
) -> None:
    """For entries in order, the fast path gives the same result as the matching."""
    numbers, truth, arrived = drawn
    references = [f"r{index}" for index in range(len(numbers))]
    listed = truth if whole else arrived

    if are_in_order(references, listed, NAMES.reference):
        assert match_entries(references, numbers, listed, NAMES) == listed
    assert are_in_order(references, truth, NAMES.reference)


@given(
    st.lists(
        st.builds(
            Message,
            st.just("+27820000001"),
            st.just("Hi") | st.just(Text("Hi", udh="00")),
            channel=st.sampled_from([None, Channel.SMS, Channel.WHATSAPP]),
            sender=st.sampled_from([None, "Acme", "+27870000000", "12345"]),
            ttl=st.sampled_from([None, 61]),
            metadata=st.sampled_from([{}, {"row": 1}]),
            extras=st.sampled_from([{}, {"clickatell": {"new": 1}}]),
        ),
        max_size=4,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "channel": st.sampled_from([Channel.SMS, Channel.WHATSAPP]),
            "sender": st.sampled_from(["12345", "+27870000000"]),
            "extras": st.just({"from": "1", "more": True}),
        },
    ),
)
def test_plain_messages_are_written_like_others(
    messages: list[Message], account: dict[str, Any]
) -> None:
    """The fast path for plain messages writes the same bytes as the general path."""
    adapter = ClickatellAdapter(
        Account(
            name="cape",
            settings=ClickatellSettings(api_key=Secret("k")),
            base_url=ClickatellAdapter.base_url,
            **account,
        )
    )
    context = Context(account="cape", now=datetime(2030, 1, 1, tzinfo=UTC))
    at_length = [document(each, adapter, minutes=context.ttl_minutes(each)) for each in messages]

    assert orjson.dumps({"messages": at_length}) == encode(messages, adapter, context)


WORDS = st.sampled_from(
    [
        "messages", "error", "code", "description", "accepted", "apiMessageId", "clientMessageId",
        "to", "event", "messageStatusUpdate", "messageId", "apiEventId", "clientEventId", "sms",
        "whatsapp", "status", "timestamp", "fileId", "expirationTime", "broadcastAllowed",
        "balance", "currency",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 120),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["a", "b", "0", "1", "27820000001", "READ", "x.unsupported", "26"]),
)
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "accepted": st.booleans() | VALUES,
        "apiMessageId": st.sampled_from(["id1", "id2", ""]) | JSON,
        "apiEventId": st.sampled_from(["id1", "id2", ""]) | JSON,
        "clientMessageId": st.sampled_from(["a", "b", "c"]) | JSON,
        "clientEventId": st.sampled_from(["0", "1", "2"]) | JSON,
        "to": st.sampled_from(["27820000001", "27820000002"]) | JSON,
        "messageId": st.sampled_from(["m1", "m2"]) | JSON,
        "error": st.fixed_dictionaries({"code": st.integers(0, 112)}) | JSON,
    },
)
LISTED = st.lists(ENTRY | JSON, max_size=6)
DOCUMENTS = st.one_of(
    JSON,
    st.fixed_dictionaries({"messages": LISTED}, optional={"error": JSON}),
    st.fixed_dictionaries({"event": st.fixed_dictionaries({"messageStatusUpdate": LISTED})}),
)
BODIES = st.one_of(DOCUMENTS.map(orjson.dumps), st.binary(max_size=20), st.just(b"[" * 5000))

MESSAGES = [
    Message("+27820000001", "Hi", reference="a"),
    Message("+27820000002", "Hi", reference="b"),
    Message("+27820000001", "Hi", reference="c"),
]


@given(BODIES, STATUSES)
def test_any_answer_to_a_send(
    adapter: ClickatellAdapter, context: Context, drive: Any, body: bytes, status: int
) -> None:
    """For any answer each message has its outcome or `None`, and an acceptance has an id."""
    _, outcomes = drive(adapter.send(MESSAGES, context), Response(status, body))

    assert len(outcomes) == len(MESSAGES)
    for message, outcome in zip(MESSAGES, outcomes, strict=True):
        assert outcome is None or outcome.reference == message.reference
        assert isinstance(outcome, Accepted | Rejected | NotSent | Ambiguous | None)
        if isinstance(outcome, Accepted):
            assert outcome.id
            assert outcome.raw in orjson.loads(body)["messages"]
            assert outcome.raw["apiMessageId"] == outcome.provider_id


@given(BODIES, STATUSES)
def test_any_answer_to_read_notices(
    adapter: ClickatellAdapter, context: Context, drive: Any, body: bytes, status: int
) -> None:
    """For any answer each notice has its outcome or `None`."""
    _, outcomes = drive(adapter.mark_read(["m1", "m2"], context), Response(status, body))

    assert len(outcomes) == 2
    for provider_id, outcome in zip(["m1", "m2"], outcomes, strict=True):
        assert outcome is None or outcome.reference == provider_id
        if isinstance(outcome, Accepted):
            assert outcome.id


STORED = Stored(account="cape", id="f", sha256="ab" * 32)
UPLOAD = Upload(b"x", "image/png", file_name="x.png")
SOURCE = Source(data=b"x", size=1, sha256="ab" * 32)


@given(BODIES, STATUSES)
def test_any_answer_to_an_operation(
    adapter: ClickatellAdapter, context: Context, drive: Any, body: bytes, status: int
) -> None:
    """For any answer an operation returns its value, a failure or `None`."""
    flows = {
        MessageStatus: adapter.status("id", context),
        Stored: adapter.upload(UPLOAD, SOURCE, context),
        MediaInfo: adapter.media_info(STORED, context),
        bool: adapter.download(STORED, context),
        Balance: adapter.balance(context),
    }

    for kind, flow in flows.items():
        _, value = drive(flow, Response(status, body))

        assert value is None or value.__class__.__name__ == "Failure" or isinstance(value, kind)


def test_status_time_beyond_all_calendars(
    adapter: ClickatellAdapter, context: Context, drive: Any
) -> None:
    """A time that `datetime` cannot hold is replaced by the time of the look-up."""
    body = orjson.dumps({"sms": {"status": "READ", "timestamp": 2**62}})

    _, status = drive(adapter.status("id", context), Response(200, body))

    assert [datetime(2030, 5, 1, 9, tzinfo=UTC)] == list(status.legs[0].timeline.entries.values())
