"""`Message`: valid and invalid fields, immutability, references and the plain-text test."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.repeated_hour import RepeatedHour
from support.strategies import contents, messages

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel, channel_from, to_optional_channel
from omnimsg.domain.content import Autoconvert, Content, Location, Text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict
from omnimsg.domain.media import Encryption
from omnimsg.domain.message import Leg, Message, Priority, new_reference
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import message_from_json, message_to_json

NUMBER = "+37255500001"

# Half a pair of surrogates: a Python text, but no Unicode text.
HALF = "\ud83d"


def test_plain_text_is_a_text() -> None:
    """A string given as content becomes a `Text`, with its spaces unchanged."""
    assert Message(NUMBER, " Hello ").content == Text(" Hello ")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"to": 5}, "to"),
        ({"to": None}, "to"),
        ({"to": b"+37255500001"}, "to"),
        ({"to": [NUMBER]}, "to"),
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"content": b"Hello"}, "content"),
        ({"content": {"type": "text", "text": "Hello"}}, "content"),
        ({"content": Text}, "content"),
        ({"channel": "sm"}, "channel"),
        ({"channel": "SMS"}, "channel"),
        ({"channel": 5}, "channel"),
        ({"channel": []}, "channel"),
        ({"channel": Priority.LOW}, "channel"),
        ({"sender": ""}, "sender"),
        ({"sender": 5}, "sender"),
        ({"sender": "x" * 321}, "sender"),
        ({"sender": "Acme\r\nX: y"}, "sender"),
        ({"reference": ""}, "reference"),
        ({"reference": None}, "reference"),
        ({"reference": 5}, "reference"),
        ({"reference": "x" * 256}, "reference"),
        ({"send_at": "2030-01-01"}, "send_at"),
        ({"send_at": datetime(2030, 1, 1)}, "send_at"),  # noqa: DTZ001 - naive is the point
        ({"send_at": time(12, tzinfo=UTC)}, "send_at"),
        ({"send_at": 5}, "send_at"),
        ({"ttl": 0}, "ttl"),
        ({"ttl": -1}, "ttl"),
        ({"ttl": 1.5}, "ttl"),
        ({"ttl": True}, "ttl"),
        ({"ttl": "60"}, "ttl"),
        ({"priority": None}, "priority"),
        ({"priority": 1}, "priority"),
        ({"priority": "urgent"}, "priority"),
        ({"priority": []}, "priority"),
        ({"tags": "abc"}, "tags"),
        ({"tags": None}, "tags"),
        ({"tags": {"a"}}, "tags"),
        ({"tags": [1]}, "tags[0]"),
        ({"tags": ("a", None)}, "tags[1]"),
        ({"metadata": None}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"metadata": "a"}, "metadata"),
        ({"metadata": {1: "a"}}, "metadata"),
        ({"callback_url": ""}, "callback_url"),
        ({"callback_url": 5}, "callback_url"),
        ({"callback_url": "hooks.example.test/a"}, "callback_url"),
        ({"callback_url": "ftp://hooks.example.test/a"}, "callback_url"),
        ({"callback_url": "https://user:word@hooks.example.test/a"}, "callback_url"),
        ({"callback_url": "https://hooks.example.test/a b"}, "callback_url"),
        ({"callback_url": "https://hooks.example.test/\u00a0"}, "callback_url"),
        ({"callback_url": "https://hooks.example.test/\x00"}, "callback_url"),
        ({"reply_to": "m1"}, "reply_to"),
        ({"reply_to": 5}, "reply_to"),
        ({"reply_to": f"bird:{HALF}"}, "reply_to"),
        ({"fallback": None}, "fallback"),
        ({"fallback": [1]}, "fallback[0]"),
        ({"fallback": Leg(channel=Channel.SMS)}, "fallback"),
        ({"encryption": "key"}, "encryption"),
        ({"encryption": {}}, "encryption"),
        ({"extras": None}, "extras"),
        ({"extras": []}, "extras"),
        ({"extras": {5: {}}}, "extras"),
        ({"extras": {"bird": 5}}, "extras['bird']"),
        ({"extras": {"bird": [("a", 1)]}}, "extras['bird']"),
        ({"extras": {"bird": {"a": object()}}}, "extras['bird']"),
        ({"extras": {"bird": {"a": {5: 1}}}}, "extras['bird']"),
        ({"extras": {"bird": {"a": 2**64}}}, "extras['bird']"),
        ({"extras": {"bird": {"a": HALF}}}, "extras['bird']"),
        ({"extras": {"bird": {HALF: 1}}}, "extras['bird']"),
        ({"extras": {"bird": {"a": ["x", {"b": "\0"}]}}}, "extras['bird']"),
        ({"extras": {"bird": {"a\0": 1}}}, "extras['bird']"),
        ({"sender": "Ac\0me"}, "sender"),
        ({"reference": "\0"}, "reference"),
        ({"tags": ("a", "\0")}, "tags[1]"),
        ({"reply_to": "bird:a\0"}, "reply_to"),
        ({"to": f"{HALF}@example.test"}, "to"),
        ({"sender": HALF}, "sender"),
        ({"reference": HALF}, "reference"),
        ({"ttl": 2**53}, "ttl"),
        ({"tags": ("a", HALF)}, "tags[1]"),
        ({"callback_url": f"https://hooks.example.test/{HALF}"}, "callback_url"),
    ],
)
def test_wrong_fields(fields: dict[str, Any], path: str) -> None:
    """A field with an invalid value raises `InvalidValue` with the field's path."""
    with pytest.raises(InvalidValue) as caught:
        Message(**{"to": NUMBER, "content": "Hello", **fields})

    assert [f"Message.{path}"] == [each.path for each in caught.value.problems]


def test_the_text_of_a_message_must_not_be_empty() -> None:
    """An empty string as content is refused with the path `Text.text`."""
    with pytest.raises(InvalidValue) as caught:
        Message(NUMBER, "")

    assert str(caught.value) == "Text.text: must not be empty"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"channel": None}, "channel"),
        ({"channel": "fax"}, "channel"),
        ({"channel": "sms", "content": 5}, "content"),
        ({"channel": "sms", "content": ("Hello",)}, "content"),
        ({"channel": "sms", "sender": 5}, "sender"),
        ({"channel": "sms", "sender": "Acme\r\nX: y"}, "sender"),
        ({"channel": "sms", "ttl": 0}, "ttl"),
        ({"channel": "sms", "ttl": True}, "ttl"),
    ],
)
def test_wrong_fallback_legs(fields: dict[str, Any], path: str) -> None:
    """A leg with an invalid field raises `InvalidValue` with the field's path."""
    with pytest.raises(InvalidValue) as caught:
        Leg(**fields)

    assert [f"Leg.{path}"] == [each.path for each in caught.value.problems]


def test_text_stands_for_the_content_of_a_leg() -> None:
    """A `str` as a leg's content becomes `Text`, as that of a message does."""
    leg = Leg(channel="sms", content="Your code is 4711")

    assert Text("Your code is 4711") == leg.content


def test_what_is_no_content_is_refused_with_examples() -> None:
    """The error says that text is possible, and gives examples of content."""
    wrong: Any = 5

    with pytest.raises(InvalidValue) as caught:
        Message(NUMBER, wrong)

    assert str(caught.value) == (
        "Message.content: must be text, or content such as Text, Media or Template, not int"
    )


def test_names_stand_for_members() -> None:
    """A channel or priority may be given as the value that JSON has for it."""
    fields: dict[str, Any] = {"priority": "high", "fallback": [Leg(channel="viber")]}
    message = Message(NUMBER, "Hello", channel="sms", **fields)

    assert (Channel.SMS, Priority.HIGH, Channel.VIBER) == (
        message.channel,
        message.priority,
        message.fallback[0].channel,
    )
    fields = {"priority": "normal"}
    assert Message(NUMBER, "Hello", **fields).priority is Priority.NORMAL


def test_a_kind_of_text_is_a_text() -> None:
    """A subclass of `str` is accepted wherever a text is."""

    class Word(str):
        __slots__ = ()

    message = Message(Word(NUMBER), Word("Hello"), reference=Word("r"))

    assert (NUMBER, Text("Hello"), "r") == (message.to, message.content, message.reference)


def test_lists_and_mappings_are_frozen_all_the_way_down() -> None:
    """Changing a nested list or mapping after the call does not change the message."""
    labels: Any = ["spring"]
    metadata: dict[str, Any] = FrozenDict({"rows": [{"a": [1]}]})
    message = Message(
        NUMBER, "Hello", tags=labels, metadata=metadata, extras={"bird": {"list": [{}]}}
    )
    labels.append("autumn")

    metadata["rows"][0]["a"].append(2)

    assert message.tags == ("spring",)
    assert message.metadata == {"rows": ({"a": (1,)},)}
    assert message.extras == {"bird": {"list": ({},)}}
    assert isinstance(hash(message), int)


@pytest.mark.parametrize("field", ["metadata", "extras"])
def test_an_empty_mapping_is_frozen_too(field: str) -> None:
    """An empty dict is replaced by the frozen `EMPTY`, although the two are equal."""
    given: dict[str, Any] = {}

    assert getattr(Message(NUMBER, "Hello", **{field: given}), field) is EMPTY  # type: ignore[arg-type]


@given(messages())
def test_messages_never_change(message: Message) -> None:
    """No field can be set or deleted; a changed copy is a new value."""
    for field in attrs.fields(Message):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(message, field.name, None)
    assert message == attrs.evolve(message) == pickle.loads(pickle.dumps(message))  # noqa: S301


@given(messages())
def test_copies_are_whole(message: Message) -> None:
    """A message that was copied or pickled has every field, also those that were never given."""
    every = [field.name for field in attrs.fields(Message)]
    expected = [getattr(message, name) for name in every]

    for other in (
        attrs.evolve(message),
        copy.copy(message),
        copy.deepcopy(message),
        pickle.loads(pickle.dumps(message)),  # noqa: S301
    ):
        assert expected == [getattr(other, name) for name in every]
        assert (hash(message), repr(message)) == (hash(other), repr(other))


@given(messages())
def test_plain_texts(message: Message) -> None:
    """A message is plain text if it has only number, text, channel, reference and metadata."""
    given = attrs.asdict(message, recurse=False)
    bare = {name: given[name] for name in ("channel", "reference", "metadata")}
    is_plain_text = (
        isinstance(message.to, str)
        and "@" not in message.to
        and isinstance(message.content, Text)
        and message == Message(message.to, message.content.text, **bare)
    )

    assert is_plain_text == message.is_plain_text


def test_a_time_of_a_zone_keeps_the_zones_offset() -> None:
    """A time that the clocks of its zone repeat is the same message after its JSON form."""
    times = [
        datetime(2026, 10, 25, 3, 30, tzinfo=RepeatedHour(), fold=fold) for fold in (False, True)
    ]

    sent = [Message(NUMBER, "Hello", reference="r", send_at=each) for each in times]

    assert ["2026-10-25T03:30:00+03:00", "2026-10-25T03:30:00+02:00"] == [
        each.send_at.isoformat() for each in sent if each.send_at is not None
    ]
    assert sent == [message_from_json(message_to_json(each)) for each in sent]
    assert sent[0] != sent[1]


@pytest.mark.parametrize(
    ("fields", "is_plain_text"),
    [
        ({}, True),
        ({"content": Text("Hello")}, True),
        ({"channel": "whatsapp", "reference": "r", "metadata": {"row": 1}}, True),
        ({"to": "ola@example.test"}, False),
        ({"to": "+ola@example.test"}, False),
        ({"to": ProviderContact(id="5")}, False),
        ({"content": Location(59.4, 24.7)}, False),
        ({"content": Text("Hello", preview_url=False)}, False),
        ({"content": Text("Hello", udh="00")}, False),
        ({"content": Text("Hello", autoconvert=Autoconvert.OFF)}, False),
        ({"sender": "Acme"}, False),
        ({"ttl": 60, "metadata": {"row": 1}}, False),
        ({"reply_to": "bird:channel/m1"}, False),
        ({"priority": Priority.LOW}, False),
        ({"tags": ["spring"]}, False),
        ({"send_at": datetime(2026, 1, 1, tzinfo=UTC)}, False),
        ({"callback_url": "https://example.test/report"}, False),
        ({"fallback": [Leg(channel=Channel.SMS)]}, False),
        ({"extras": {"bird": {}}}, False),
    ],
)
def test_what_makes_a_plain_text(fields: dict[str, Any], is_plain_text: bool) -> None:
    """A message with any other option for the provider is not plain text."""
    message = Message(**{"to": NUMBER, "content": "Hello", **fields})

    assert is_plain_text == message.is_plain_text


def parts(value: Any) -> Iterator[Any]:
    """Yield every attrs value in a message, itself included."""
    if isinstance(value, tuple):
        for each in value:
            yield from parts(each)
    elif attrs.has(type(value)):
        yield value
        for field in attrs.fields(type(value)):
            yield from parts(getattr(value, field.name))


@given(messages(), st.sampled_from([HALF, "\0"]))
def test_no_text_that_cannot_be_sent(message: Message, spoilt_by: str) -> None:
    """No text field of a message can hold half a surrogate pair or U+0000.

    Either would stop a batch.
    """
    for part in parts(message):
        for field in attrs.fields(type(part)):
            value = getattr(part, field.name)
            if field.name in ("metadata", "extras"):
                continue
            spoilt: Any = value
            if type(value) is str:
                spoilt = value[:-1] + spoilt_by
            elif isinstance(value, Mapping) and value:
                spoilt = {**value, next(iter(value)): spoilt_by}
            elif isinstance(value, tuple) and value and type(value[0]) is str:
                spoilt = (*value[1:], value[0][:-1] + spoilt_by)
            if spoilt is not value:
                with pytest.raises(InvalidValue):
                    attrs.evolve(part, **{field.name: spoilt})


@pytest.mark.parametrize("text", ["\0", "Hel\0lo", "Grüße\0"])
def test_a_text_with_nul_names_its_field(text: str) -> None:
    """A text with U+0000 is refused when the message is built; the error names the field."""
    with pytest.raises(InvalidValue, match=r"Text\.text: holds U\+0000"):
        Message(NUMBER, text)


def test_a_reply_to_that_is_no_id() -> None:
    """The error for an invalid `reply_to` says what an id looks like."""
    with pytest.raises(InvalidValue, match=r"^Message\.reply_to: must look like 'account:prov"):
        Message(NUMBER, "Yes", reply_to="m1")


def test_reply_to_is_an_id() -> None:
    """`reply_to` takes the id of an outcome, or the id's text, and stores a `MessageId`."""
    message = Message(NUMBER, "Yes", reply_to="bird:channel/m1")

    assert MessageId.of("bird", "channel/m1") == message.reply_to
    assert isinstance(message.reply_to, MessageId)


@given(contents())
def test_contents_are_hashable(content: Content) -> None:
    """Every content is hashable, and equal contents have equal hashes."""
    assert hash(content) == hash(pickle.loads(pickle.dumps(content)))  # noqa: S301


def test_encryption_is_kept() -> None:
    """A message keeps the `Encryption` that it was given."""
    encryption = Encryption(key=Secret("key"))

    assert Message(NUMBER, "Hello", encryption=encryption).encryption is encryption


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"key": "key"}, "key"),
        ({"key": Secret(HALF)}, "key"),
        ({"key": Secret("key"), "key_arn": ""}, "key_arn"),
    ],
)
def test_wrong_encryption(fields: dict[str, Any], path: str) -> None:
    """An invalid encryption is refused; its key must be a `Secret`, so that it never prints."""
    with pytest.raises(InvalidValue) as caught:
        Encryption(**fields)

    assert [f"Encryption.{path}"] == [each.path for each in caught.value.problems]


def test_references_are_32_hexadecimal_digits() -> None:
    """A generated reference is 32 hexadecimal digits, and no two are equal."""
    references = [new_reference() for _ in range(1000)]

    assert all(len(each) == 32 and int(each, 16) >= 0 for each in references)
    assert len(set(references)) == len(references)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_workers_make_up_different_references() -> None:
    """A forked child generates references that differ from its parent's."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_reference().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert new_reference() != pipe.read().decode()


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("sms", Channel.SMS),
        (" WhatsApp ", Channel.WHATSAPP),
        ("fax", None),
        (None, None),
        (5, None),
        ([], None),
    ],
)
def test_a_providers_word_for_a_channel(word: object, channel: Channel | None) -> None:
    """A provider's name of a channel is read leniently; an unknown one is `None`, not an error."""
    assert channel_from(word) is channel


def test_the_callers_word_for_a_channel() -> None:
    """A caller's name of a channel must match exactly; others are passed on to the validator."""
    assert (Channel.SMS, None, " sms") == (
        to_optional_channel("sms"),
        to_optional_channel(None),
        to_optional_channel(" sms"),
    )


def test_location_is_content() -> None:
    """A content object is kept as it is."""
    place = Location(59.4, 24.7)

    assert Message(NUMBER, place).content is place


def test_a_default_that_is_given_changes_nothing() -> None:
    """A message whose fields are set to their defaults is still plain text."""
    message = Message(NUMBER, "Hello, wörld", tags=[], metadata={}, extras={}, fallback=[])

    assert message.is_plain_text
    assert Message(NUMBER, "Hello, wörld", reference=message.reference) == message
