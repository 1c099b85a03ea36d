"""The JSON form: values are read back unchanged, and invalid data is reported with its path."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import (
    events,
    json_values,
    message_statuses,
    messages,
    outcomes,
    recipients,
    texts,
    timelines,
)

from omnimsg.domain.content import Buy, Card, Content, Text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.failure import Failure
from omnimsg.domain.media import Encryption, Inline
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.outcome import Accepted, Outcome, Usage
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import (
    event_from_json,
    event_to_json,
    from_json,
    message_from_json,
    message_to_json,
    outcome_from_json,
    outcome_to_json,
    to_json,
)
from omnimsg.domain.status import (
    MAX_EVIDENCE,
    Evidence,
    LegStatus,
    MessageStatus,
    Status,
    Timeline,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.events import Event

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
HELLO = {"type": "text", "text": "Hello"}


def _through_bytes(data: object) -> Any:
    return orjson.loads(orjson.dumps(data))


@given(messages())
def test_messages_round_trip(message: Message) -> None:
    """A message with any content and fields is read back unchanged."""
    assert message == message_from_json(_through_bytes(message_to_json(message)))


@given(messages(to=recipients(), content=texts()))
def test_writing_is_stable(message: Message) -> None:
    """A message that was read is written as before."""
    written = message_to_json(message)

    assert written == message_to_json(message_from_json(written))


@given(outcomes())
def test_outcomes_round_trip(outcome: Outcome) -> None:
    """All four kinds of outcomes are read back unchanged, including their position."""
    read = outcome_from_json(_through_bytes(outcome_to_json(outcome)))

    assert (outcome, outcome.position) == (read, read.position)


@given(message_statuses())
def test_statuses_round_trip(status: MessageStatus) -> None:
    """A status is read back with all evidence of all legs."""
    assert status == from_json(MessageStatus, _through_bytes(to_json(status)))


@given(events())
def test_events_round_trip(event: Event) -> None:
    """All four kinds of events are read back unchanged, with what the provider sent."""
    written = event_to_json(event)

    assert event.kind == written["event"]
    assert event == event_from_json(_through_bytes(written))


@given(timelines())
def test_timelines_round_trip(timeline: Timeline) -> None:
    """A timeline is written as a list of evidence, earliest first, and read back unchanged."""
    written = to_json(timeline)

    assert timeline == from_json(Timeline, _through_bytes(written))
    times = [datetime.fromisoformat(entry["at"]) for entry in written]
    assert sorted(times) == times


@given(json_values())
def test_arbitrary_json_is_invalid(data: Any) -> None:
    """Arbitrary JSON raises `InvalidValue`, never another exception."""
    for read in (message_from_json, outcome_from_json, event_from_json):
        with pytest.raises(InvalidValue):
            read(data)


_SCALARS = st.sampled_from((None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"type": "text"}))
_KEYS = st.sampled_from(
    ("to", "content", "channel", "ttl", "tags", "fallback", "send_at", "metadata", "extras")
)


@given(st.dictionaries(_KEYS, _SCALARS))
def test_nearly_valid_json_is_invalid(data: dict[str, Any]) -> None:
    """Wrong types in any fields raise `InvalidValue`, which has the unknown key too."""
    with pytest.raises(InvalidValue) as caught:
        message_from_json({"to": "+37255500001", "content": HELLO, "ttl": 0, **data, "x": 1})

    assert "x" in [problem.path for problem in caught.value.problems]


# Of each field of a plain text: values that are right, and those that are not.
_ODD: list[Any] = [None, "", 5, True, [], {}, "\0", "\ud800", "x" * 400]
_PLAIN = st.fixed_dictionaries(
    {
        "to": st.just("+27820001000") | st.sampled_from(["ann@example.org", "0820001000", *_ODD]),
        "content": st.sampled_from([HELLO, HELLO | {"text": "Žluťoučký"}])
        | st.fixed_dictionaries({"type": st.just("text"), "text": st.sampled_from(_ODD)})
        | st.sampled_from(["Hello", HELLO | {"preview_url": True}, {"type": "media"}, *_ODD]),
    },
    optional={
        # Without null, in whose place each of the two would generate another one.
        "reference": st.just("guest-1") | st.sampled_from(_ODD[1:]),
        "sender": st.just("Cafe") | st.sampled_from(_ODD),
        "ttl": st.just(60),
        "txet": st.just("Hello"),
    },
)


@given(_PLAIN)
def test_a_plain_text_is_read_as_any_other_message(data: dict[str, Any]) -> None:
    """The short way for plain texts reads what the converter reads, and refuses what it refuses."""

    def read(by: Callable[[Any], Message]) -> Any:
        try:
            return by({"reference": "own", **data})
        except InvalidValue as error:
            return error.problems

    expected = read(lambda each: from_json(Message, each))

    assert expected == read(message_from_json)


def test_the_form_of_a_message() -> None:
    """Defaults are omitted, enums are written as their values, and classes have a `type`."""
    message = Message(
        "+37255500001",
        Card(title="Tonight", actions=(Buy("Pay", Decimal("9.90"), currency="EUR"),)),
        channel="viber",
        reference="r-1",
        send_at=NOW,
        fallback=(Leg(channel="sms", content=Text("Hello")),),
    )

    assert message_to_json(message) == {
        "to": "+37255500001",
        "content": {
            "type": "card",
            "title": "Tonight",
            "actions": [{"type": "buy", "text": "Pay", "amount": "9.90", "currency": "EUR"}],
        },
        "channel": "viber",
        "reference": "r-1",
        "send_at": "2030-01-02T03:04:05+00:00",
        "fallback": [{"channel": "sms", "content": {"type": "text", "text": "Hello"}}],
    }


def test_the_form_of_an_outcome() -> None:
    """An outcome is written with its kind, and a price as text."""
    accepted = Accepted(
        reference="r-1",
        account="main",
        provider_id=None,
        usage=Usage(parts=2, price=Decimal("0.050"), currency="EUR"),
    )

    assert outcome_to_json(accepted) == {
        "outcome": "accepted",
        "reference": "r-1",
        "account": "main",
        "provider_id": None,
        "usage": {"parts": 2, "price": "0.050", "currency": "EUR"},
    }


def test_the_form_of_a_status() -> None:
    """A leg's timeline is written as a list of evidence with the time of each."""
    evidence = Evidence(Status.FAILED, "UNDELIV", code="1", reason=Reason.UNROUTABLE)
    leg = LegStatus(timeline=Timeline.of(evidence, NOW).merge(Timeline.of(evidence, NOW)))

    assert to_json(leg) == {
        "timeline": [
            {
                "status": "failed",
                "provider_status": "UNDELIV",
                "code": "1",
                "reason": "unroutable",
                "at": "2030-01-02T03:04:05+00:00",
            }
        ]
    }


def test_bytes_are_base64() -> None:
    """Bytes are written as base64 text."""
    assert to_json(Inline(b"\x00\xff")) == {"data": "AP8="}


def test_a_long_timeline_is_bounded() -> None:
    """A timeline that is read is bounded, as one from reports is."""
    at = NOW.isoformat()
    rows = [{"status": "sent", "provider_status": f"S{each}", "at": at} for each in range(80)]

    assert MAX_EVIDENCE == len(from_json(Timeline, rows).entries)


def test_a_secret_is_not_written() -> None:
    """Writing a message with a secret raises an error that does not show it."""
    message = Message("+37255500001", "Hello", encryption=Encryption(key=Secret("kahvel")))

    with pytest.raises(InvalidValue) as caught:
        message_to_json(message)

    assert str(caught.value) == "encryption.key: a secret has no JSON form"


MESSAGE: dict[str, Any] = {"to": "+37255500001", "content": HELLO}


def _with(**fields: Any) -> dict[str, Any]:
    return {**MESSAGE, **fields}


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (None, ["$: must be an object with keys"]),
        ([], ["$: must be an object with keys"]),
        ("Hello", ["$: must be an object with keys"]),
        ({}, ["to: 'to' is missing", "content: 'content' is missing"]),
        (_with(to=5), ["to: must be text or an object with keys, not a number without quotes"]),
        (_with(to=None), ["to: must be text or a ProviderContact, not nothing"]),
        (_with(to=[]), ["to: must be text or an object with keys"]),
        (_with(to={}), ["to.id: give either an id"]),
        (_with(to="37255500001"), ["to: must be a number in E.164 form"]),
        (_with(to={"id": 5}), ["to.id: must be text"]),
        (_with(content=None), ["content: must be an object with keys"]),
        (
            _with(content="Hello"),
            ["content: must be an object with keys", "content: .*'type' is one of binary, card"],
        ),
        (
            _with(content={"type": "template", "name": "a", "body": ["4711"]}),
            ["content.body[0]: must be an object", "content.body[0]: .*'type' is one of "],
        ),
        (_with(content={}), ["content.type: must be one of binary, card"]),
        (_with(content={"type": []}), ["content.type: must be one of binary, card"]),
        (
            _with(content={"type": "txt"}),
            ["content.type: must be one of", "content.type: .*did you mean 'text'"],
        ),
        (_with(content={"type": "text"}), ["content.text: 'text' is missing"]),
        (_with(content={"type": "text", "text": 5}), ["content.text: must be text"]),
        (_with(content={"type": "text", "text": ""}), ["content.text: must not be empty"]),
        (
            _with(content={"type": "text", "txt": "a"}),
            [
                "content.text: 'text' is missing",
                "content.txt: is not a known key; did you mean 'text'",
            ],
        ),
        (_with(chanel="sms"), ["chanel: is not a known key; did you mean 'channel'?"]),
        # The usual names of other libraries, which resemble none of the known keys.
        (_with(text="Hello"), ["text: is not a known key; did you mean 'content'?"]),
        (_with(number="+27820001000"), ["number: is not a known key; did you mean 'to'?"]),
        (_with(**{"from": "Tables"}), ["from: is not a known key; did you mean 'sender'?"]),
        (_with(is_plain_text=True), ["is_plain_text: is not a known key; known are callback_url"]),
        (_with(qqqq=1), ["qqqq: is not a known key; known are"]),
        # A file may be keyed by numbers, which an error does not show.
        (_with(**{"+27820001000": "Hi"}), ["+278******00: is not a known key"]),
        (_with(extras={"+27820001000": 5}), ["extras['+278******00']: must be a mapping"]),
        (_with(channel="fax"), ["channel: must be one of apple"]),
        (_with(channel=5), ["channel: must be one of apple"]),
        (_with(channel=["sms"]), ["channel: must be one of apple"]),
        (_with(ttl="60"), ["ttl: must be a whole number"]),
        (_with(ttl=True), ["ttl: must be a whole number"]),
        (_with(ttl=0), ["ttl: must be at least 1"]),
        (_with(send_at="2030-01-02T03:04:05"), ["send_at: must say its offset"]),
        (_with(send_at="tomorrow"), ["send_at: must be a time as ISO 8601"]),
        (_with(send_at=5), ["send_at: must be a time as ISO 8601"]),
        (_with(tags="abc"), ["tags: must be a list"]),
        (_with(tags={"a": 1}), ["tags: must be a list"]),
        (_with(tags=["a", 1, None]), ["tags[1]: must be text", "tags[2]: must be text"]),
        (_with(metadata=[]), ["metadata: must be an object with keys"]),
        (_with(extras=[]), ["extras: must be an object with keys"]),
        (_with(extras={"bird": 5}), ["extras['bird']: must be a mapping"]),
        (_with(fallback={}), ["fallback: must be a list"]),
        (_with(fallback=[[]]), ["fallback[0]: must be an object with keys"]),
        (
            _with(fallback=[{"channel": "sms"}, {"ttl": 0.5}]),
            [
                "fallback[1].channel: 'channel' is missing",
                "fallback[1].ttl: must be a whole number",
            ],
        ),
        (_with(encryption=[]), ["encryption: must be an object with keys"]),
        (_with(encryption={"key": "a"}), ["encryption.key: a secret has no JSON form"]),
        (
            _with(ttl="60", tags="a", channel="fax"),
            ["ttl: must be", "tags: must be", "channel: must be"],
        ),
        (
            _with(content={"type": "location", "latitude": "59", "longitude": 200}),
            ["content.latitude: must be a number"],
        ),
        (
            _with(content={"type": "location", "latitude": 59, "longitude": 200}),
            ["content.longitude: must be from -180 to 180"],
        ),
        (
            _with(content={"type": "binary", "data": "?"}),
            ["content.data: must be base64 text"],
        ),
        (
            _with(content={"type": "binary", "data": 5}),
            ["content.data: must be base64 text"],
        ),
        (
            _with(
                content={
                    "type": "media",
                    "items": [
                        {"kind": "image", "source": {"type": "link", "url": "a"}},
                        {"kind": "picture", "source": {"type": "web", "url": "a"}},
                    ],
                }
            ),
            [
                "content.items[0].source.url: must be an absolute",
                "content.items[1].kind: must be one of audio",
                "content.items[1].source.type: must be one of inline, link, stored",
            ],
        ),
        (
            _with(
                content={
                    "type": "interactive",
                    "body": "a",
                    "header": 5,
                    "actions": [{"type": "buy", "text": "a", "amount": "x", "currency": "EUR"}],
                }
            ),
            [
                "content.header: must be text or an object with keys",
                "content.actions[0].amount: must be a decimal number as text",
            ],
        ),
        (
            _with(
                content={
                    "type": "interactive",
                    "body": "a",
                    "actions": [{"type": "buy", "text": "a", "amount": "NaN", "currency": "EUR"}],
                }
            ),
            ["content.actions[0].amount: must be a finite amount"],
        ),
        (
            _with(content={"type": "contacts", "contacts": [{"name": [], "urls": [{}]}]}),
            ["content.contacts[0].name: must be an object with keys"],
        ),
        (
            _with(content={"type": "contacts", "contacts": [{"name": {"a": "b"}, "urls": [{}]}]}),
            ["content.contacts[0].urls[0]: must not be empty"],
        ),
        (
            _with(content={"type": "template", "name": "a", "header": {"type": "text"}}),
            ["content.header.text: 'text' is missing"],
        ),
    ],
)
def test_invalid_messages(data: Any, problems: list[str]) -> None:
    """All problems of a message are reported at once, with their paths."""
    with pytest.raises(InvalidValue) as caught:
        message_from_json(data)

    found = [str(problem) for problem in caught.value.problems]
    for expected in problems:
        prefix, _, rest = expected.partition(".*")
        assert any(each.startswith(prefix) and rest in each for each in found), found
    assert len(found) == len({each.partition(": ")[0::2] for each in problems if ".*" not in each})


@pytest.mark.parametrize(
    ("kind", "data", "problems"),
    [
        (Outcome, {}, ["outcome: must be one of accepted, ambiguous, not_sent, rejected"]),
        (Outcome, {"outcome": "accepted"}, ["reference: 'reference' is missing"]),
        (
            Failure,
            {"reason": "late", "retry": "safe", "retry_after": "5"},
            ["reason: must be one of account_inactive", "retry_after: must be a number"],
        ),
        (Usage, [], ["$: must be an object with keys"]),
        (Usage, {"price": 0.5}, ["price: must be a decimal number as text"]),
        (MessageStatus, {"id": "a", "legs": []}, ["id: must look like"]),
        (MessageStatus, {"id": 5, "legs": []}, ["id: must be text"]),
        (Timeline, {}, ["$: must be a list"]),
        (
            Timeline,
            [{"status": "sent", "provider_status": "S"}, {"status": "x", "at": "now"}],
            [
                "[0].at: 'at' is missing",
                "[1].status: must be one of",
                "[1].provider_status: 'provider_status' is missing",
                "[1].at: must be a time",
            ],
        ),
        (Content, {"type": "text", "text": "a", "preview_url": 1}, ["preview_url: must be true"]),
    ],
)
def test_invalid_values(kind: Any, data: Any, problems: list[str]) -> None:
    """The problems of other values of the model are reported in the same way."""
    with pytest.raises(InvalidValue) as caught:
        from_json(kind, data)

    found = [str(problem) for problem in caught.value.problems]
    for expected in problems:
        assert any(each.startswith(expected) for each in found), found


@pytest.mark.parametrize("retry", Retry)
def test_failures_keep_their_retry(retry: Retry) -> None:
    """A failure is read back with its `retry`."""
    failure = Failure(reason=Reason.TIMEOUT, retry=retry)

    assert failure == from_json(Failure, _through_bytes(to_json(failure)))


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_reading_does_not_repeat_values(value: str) -> None:
    """An error of reading has the path and the reason, but never the value."""
    value = f"Quokka {value}"
    invalid: list[dict[str, Any]] = [
        {field: value}
        for field in ("to", "content", "channel", "send_at", "ttl", "tags", "priority", "fallback")
    ]
    invalid += [{"content": {"type": value}}, {"content": {"type": "binary", "data": value}}]
    invalid += [{"fallback": [value]}, {"fallback": [{"channel": value}]}, {"metadata": value}]
    for fields in invalid:
        with pytest.raises(InvalidValue) as caught:
            message_from_json({**MESSAGE, **fields})
        assert "Quokka" not in str(caught.value)


def test_null_is_read_as_the_default() -> None:
    """An optional field may be null, which is the same as omitting it."""
    leg = {"channel": "sms", "content": None, "sender": None, "ttl": None}

    message = message_from_json(_with(sender=None, send_at=None, fallback=[leg]))

    assert (Leg(channel="sms"),) == message.fallback


def test_every_optional_field_of_a_message_may_be_null() -> None:
    """A data frame writes null for every field that a row does not have."""
    fields = [each.name for each in attrs.fields(Message) if each.init]
    data = _with(**dict.fromkeys(set(fields) - {"to", "content"}))

    message = message_from_json(data)

    assert Message(MESSAGE["to"], HELLO["text"], reference=message.reference) == message


def test_deep_nesting_is_invalid() -> None:
    """Data that is nested too deeply raises `InvalidValue`, not `RecursionError`."""
    content: Any = HELLO
    for _ in range(3000):
        content = {"type": "section", "items": [content]}

    with pytest.raises(InvalidValue):
        message_from_json(_with(content=content))
