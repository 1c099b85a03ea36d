"""Bird's callbacks: the signature with its time and URL, and each kind of event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import orjson
import pytest
from bird import callbacks
from bird.callbacks import CREATED, OURS, OUTBOUND, SMS, WHATSAPP, signed
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import json_values

from omnimsg.adapter import Account, Authenticity, Callback, Context
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Location, MediaItem, Reply
from omnimsg.domain.events import InboundMessage, InteractionEvent, StatusEvent, UnparsedEvent
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Evidence, Status
from omnimsg_bird import BirdAdapter, BirdSettings

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
AT = datetime.fromisoformat(CREATED)
CONTEXT = Context(account="north", now=NOW)
KEY = "omnimsg-test-signing-key"
PICTURE = {"mediaUrl": "https://media.api.bird.com/i"}
GENUINE, WRONG = Authenticity.GENUINE, Authenticity.WRONG_SIGNATURE


def adapter(*keys: str) -> BirdAdapter:
    """Build the adapter of an account with these signing keys."""
    settings = BirdSettings(
        access_key=Secret("k"),
        workspace_id="w",
        channels={"sms": SMS, "whatsapp": WHATSAPP},
        signing_keys=[Secret(each) for each in keys],
    )
    return BirdAdapter(Account(name="north", settings=settings, base_url=BirdAdapter.base_url))


def parse(event: str, payload: object) -> list[Any]:
    """Parse a genuine callback."""
    return list(adapter(KEY).parse(signed(event, payload, KEY, NOW), CONTEXT))


def only(event: str, payload: object) -> Any:
    """Parse a genuine callback with one event."""
    (found,) = parse(event, payload)
    return found


def test_a_vector() -> None:
    r"""A signature made by OpenSSL with the formula of Bird's subscription page is genuine.

    Bird publishes no test vector. `{ printf '1767225600\nhttps://hooks.example.test/bird?x=1\n';
    printf %s BODY | openssl dgst -sha256 -binary; } | openssl dgst -sha256 -hmac
    omnimsg-test-signing-key -binary | base64`. The vector does not fit a digest in hexadecimal
    digits or a body in Latin-1.
    """
    body = (
        '{"service":"channels","event":"sms.outbound","payload":'
        '{"id":"3d0a4b6e-6f0e-4f0c-9d0e-2b7f1c9a5e11","status":"delivered","reason":"żółć"}}'
    )
    callback = Callback(
        body=body.encode(),
        headers=[
            (b"messagebird-signature", b"KzLnm9EJbvijuVPnyLHJ0OHOa/vS2lfCB0F7TVbfe/E="),
            (b"messagebird-request-timestamp", b"1767225600"),
        ],
        url="https://hooks.example.test/bird?x=1",
    )
    context = Context(account="north", now=datetime(2026, 1, 1, 0, 1, tzinfo=UTC))

    assert GENUINE is adapter(KEY).verify(callback, context)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((KEY,), GENUINE),
        (("former", KEY), GENUINE),
        (("another",), WRONG),
        ((), Authenticity.NO_SECRET),
        (("",), Authenticity.NO_SECRET),
    ],
)
def test_the_signing_keys(keys: tuple[str, ...], expected: Authenticity) -> None:
    """A signature by any of the keys is genuine; without a key none is."""
    callback = signed("sms.outbound", OUTBOUND, KEY, NOW)

    assert expected is adapter(*keys).verify(callback, CONTEXT)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((KEY,), None),
        (("former", KEY), None),
        ((), "needs `signing_keys`: the signing key of its webhook subscriptions"),
        (("",), "has an empty key in `signing_keys`"),
        ((KEY, ""), "has an empty key in `signing_keys`"),
    ],
)
def test_an_empty_signing_key_is_a_problem(keys: tuple[str, ...], expected: str | None) -> None:
    """An empty signing key keeps the receiver from starting, even beside a valid key."""
    assert expected == adapter(*keys).callback_problem()


def test_a_key_is_text() -> None:
    """A signing key is used as text and not decoded from base64, as in Bird's sample."""
    key = "MDEyMzQ1Njc4OWFiY2RlZg=="

    assert GENUINE is adapter(key).verify(signed("sms.outbound", OUTBOUND, key, NOW), CONTEXT)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), GENUINE),
        # Repeated callbacks with the first timestamp were seen after four hours.
        (timedelta(hours=4), GENUINE),
        (timedelta(hours=24), GENUINE),
        (timedelta(hours=24, seconds=1), Authenticity.TOO_OLD),
        (timedelta(minutes=-5), GENUINE),
        (timedelta(minutes=-5, seconds=-1), Authenticity.FROM_THE_FUTURE),
    ],
)
def test_the_signed_time(age: timedelta, expected: Authenticity) -> None:
    """A signature is valid for a day, because repetitions keep its time; event keys last longer."""
    callback = signed("sms.outbound", OUTBOUND, KEY, NOW - age)

    assert expected is adapter(KEY).verify(callback, CONTEXT)
    assert BirdAdapter.repeats_for >= timedelta(hours=24, minutes=5)


@pytest.mark.parametrize("url", ["https://hooks.example.test/other", callbacks.URL + "?a=1", ""])
def test_another_address_is_not_what_was_signed(url: str) -> None:
    """A signature is valid only for the signed URL, query included."""
    callback = attrs.evolve(signed("sms.outbound", OUTBOUND, KEY, NOW), url=url)

    assert WRONG is adapter(KEY).verify(callback, CONTEXT)


@pytest.mark.parametrize(
    "timestamp", [b"soon", b"-1", b"1" * 11, b"1" * 5000, "٣".encode(), b"1.5"]
)
def test_an_invalid_timestamp_is_refused(timestamp: bytes) -> None:
    """A timestamp that is no whole number of seconds is refused, also if it is signed."""
    callback = signed("sms.outbound", OUTBOUND, KEY, NOW)
    signature, _ = callback.headers
    changed = attrs.evolve(
        callback, headers=[signature, (b"messagebird-request-timestamp", timestamp)]
    )
    resigned = signed("sms.outbound", OUTBOUND | {"lastStatusAt": None}, KEY, timestamp)

    assert WRONG is adapter(KEY).verify(changed, CONTEXT)
    assert WRONG is adapter(KEY).verify(resigned, CONTEXT)
    assert [NOW] == [each.at for each in adapter(KEY).parse(resigned, CONTEXT)]


@pytest.mark.parametrize("kept", [0, 1])
def test_half_a_signature_is_none(kept: int) -> None:
    """A callback needs both its signature and its timestamp."""
    callback = signed("sms.outbound", OUTBOUND, KEY, NOW)
    half = attrs.evolve(callback, headers=[callback.headers[kept]])

    assert Authenticity.UNSIGNED is adapter(KEY).verify(half, CONTEXT)


def test_a_status() -> None:
    """A status event has an id with the channel's id, as a send has, and our reference."""
    event = only("sms.outbound", OUTBOUND)

    assert isinstance(event, StatusEvent)
    assert MessageId(f"north:{SMS}/{OURS}") == event.message_id
    assert ("order-771", AT, Channel.SMS) == (event.reference, event.at, event.leg.channel)
    assert {Evidence(Status.DELIVERED, "delivered"): AT} == event.leg.timeline.entries
    assert (Usage(parts=2), OUTBOUND, None) == (event.leg.usage, event.raw, event.batch_id)
    assert event.recipient == "+48500100200"


@pytest.mark.parametrize(
    ("event", "channel_id", "expected"),
    [
        ("novelty.outbound", SMS, Channel.SMS),
        ("telegram.outbound", "another", Channel.TELEGRAM),
        ("novelty.outbound", "another", None),
    ],
)
def test_the_channel_of_an_event(event: str, channel_id: str, expected: Channel | None) -> None:
    """The account's channel decides, then the event's name; an unknown one is none."""
    found = only(event, OUTBOUND | {"channelId": channel_id})
    interaction = {"type": "clicked", "messageId": OURS, "channelId": channel_id}
    clicked = only(event.replace("outbound", "interaction"), interaction)

    assert (expected, expected) == (found.leg.channel, clicked.interaction.channel)


def test_a_failure_has_the_reason_of_its_source() -> None:
    """A failure has the reason that a look-up gives it, and Bird's text."""
    failure = {"code": 15005, "source": {"name": "sms-messagebird", "code": "1"}}
    members = {"status": "delivery_failed", "failure": failure, "reason": "unknown subscriber"}

    event = only("sms.outbound", OUTBOUND | members)

    assert (Status.FAILED, Reason.INVALID_RECIPIENT) == (event.status, event.reason)
    assert "unknown subscriber" == event.leg.detail


def test_a_member_of_a_batch_names_its_batch() -> None:
    """A message of a batch is identified by `batch_id` and reference."""
    event = only("sms.outbound", OUTBOUND | {"batchId": "ba-1"})

    assert ("ba-1", "order-771") == (event.batch_id, event.reference)


def test_a_status_without_a_time_has_the_signed_one() -> None:
    """A status without a time has the signed time, which repetitions keep."""
    callback = signed(
        "sms.outbound", OUTBOUND | {"lastStatusAt": None}, KEY, NOW - timedelta(hours=3)
    )

    (event,) = adapter(KEY).parse(callback, CONTEXT)

    assert NOW - timedelta(hours=3) == event.at


def test_a_status_without_any_time_has_that_of_its_arrival() -> None:
    """A status without a time, in a callback without a timestamp, has the time of its arrival."""
    callback = signed("sms.outbound", OUTBOUND | {"lastStatusAt": None}, KEY, NOW)
    unsigned = attrs.evolve(callback, headers=[])

    (event,) = adapter(KEY).parse(unsigned, CONTEXT)

    assert NOW == event.at


def test_a_repetition_has_the_same_key() -> None:
    """A repetition with a new signature has the same key; any changed member gives another key."""
    changes: list[dict[str, Any]] = [
        {},
        {"status": "sent"},
        {"lastStatusAt": "2030-05-01T09:00:06Z"},
        {"id": "x"},
        {"failure": {"code": 15005, "source": {"name": "sms-messagebird", "code": "1"}}},
        {"failure": {"code": 15005, "source": {"name": "sms-messagebird", "code": "27"}}},
        {"reason": "unknown subscriber"},
        {"details": "unknown_subscriber"},
        {"chargeableUnits": 3},
    ]
    keys = [only("sms.outbound", OUTBOUND | each).key for each in changes]
    again = signed("sms.outbound", OUTBOUND, KEY, NOW + timedelta(hours=1))

    assert keys[0] == adapter(KEY).parse(again, CONTEXT)[0].key
    assert len(changes) == len(set(keys))


def test_a_text() -> None:
    """An inbound text has the person's number and name, our number and the channel."""
    event = only("whatsapp.inbound", callbacks.TEXT)

    assert isinstance(event, InboundMessage)
    assert MessageId(f"north:{WHATSAPP}/{callbacks.TEXT['id']}") == event.id
    assert ("Is it ready yet?", "+48500100200", "+48732000111", "Ola Nowak") == (
        event.text,
        event.sender,
        event.to,
        event.sender_name,
    )
    assert (Channel.WHATSAPP, AT, None) == (event.channel, event.at, event.reply_to)
    assert callbacks.TEXT == event.raw


@pytest.mark.parametrize("value", [48500100200, "48500100200 ", " +48500100200"])
def test_the_sender_of_a_text_is_read_in_any_form(value: object) -> None:
    """A person's number may be a JSON number or have spaces around it: their STOP counts."""
    event = only("sms.inbound", callbacks.TEXT | {"sender": {"contact": _contact(value)}})

    assert "+48500100200" == event.sender


@pytest.mark.parametrize("connector", [{"id": "k"}, {"id": "k", "identifierValue": ""}])
def test_a_text_to_a_connector_without_a_number(connector: dict[str, str]) -> None:
    """Our own number may be missing, as in the samples of Bird's page on receiving messages."""
    event = only("whatsapp.inbound", callbacks.TEXT | {"receiver": {"connector": connector}})

    assert ("Is it ready yet?", "+48500100200", None) == (event.text, event.sender, event.to)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"createdAt": CREATED, "lastStatusAt": "2030-05-01T09:00:07Z"}, AT),
        ({"createdAt": None, "lastStatusAt": CREATED}, AT),
        ({"createdAt": "soon"}, NOW - timedelta(hours=3)),
    ],
)
def test_the_time_of_a_text(times: dict[str, Any], expected: datetime) -> None:
    """A text has the time when it was created, else that of its status, else the signed time."""
    callback = signed("sms.inbound", callbacks.TEXT | times, KEY, NOW - timedelta(hours=3))

    (event,) = adapter(KEY).parse(callback, CONTEXT)

    assert expected == event.at


def test_a_text_without_a_sender() -> None:
    """A text whose sender is missing is kept."""
    event = only("whatsapp.inbound", callbacks.TEXT | {"sender": None})

    assert ("Is it ready yet?", None) == (event.text, event.sender)


def test_a_tapped_button_answers_our_message() -> None:
    """A tapped button is a `Reply` with its payload; `reply_to` is the message with the button."""
    event = only("whatsapp.inbound", callbacks.TAPPED)

    assert Reply("Confirm it", "ok-1") == event.tapped
    assert MessageId(f"north:{WHATSAPP}/{OURS}") == event.reply_to


def test_the_payload_of_a_button_may_stand_in_the_extra_information() -> None:
    """A button's payload is also read from `meta.extraInformation`."""
    extra = {"extraInformation": {"whatsapp.interactive.button_reply.id": "ok-2"}}

    event = only("whatsapp.inbound", callbacks.TEXT | {"meta": extra})

    assert Reply("ok-2", "ok-2") == event.tapped


def test_media_are_fetched_with_the_key() -> None:
    """Pictures, files and GIFs are `Stored` media with a URL; the text beside them is kept."""
    picture = only("whatsapp.inbound", callbacks.IMAGE)
    file = only("whatsapp.inbound", callbacks.FILE)
    gif = only("whatsapp.inbound", callbacks.GIF)

    assert (
        MediaItem(
            MediaKind.IMAGE,
            Stored(account="north", url="https://media.api.bird.com/i"),
            alt_text="A",
        ),
    ) == picture.media
    assert "My invoice" == file.text
    assert (
        MediaItem(
            MediaKind.DOCUMENT,
            Stored(account="north", url="https://media.nest.messagebird.com/f"),
            content_type="application/pdf",
            file_name="i.pdf",
        ),
    ) == file.media
    assert [MediaKind.GIF] == [each.kind for each in gif.media]


@pytest.mark.parametrize("text", ["", None])
def test_media_without_a_caption(text: str | None) -> None:
    """Media with an empty text have none."""
    body = callbacks.inbound(8, "image", images=[PICTURE], text=text)

    event = only("whatsapp.inbound", body)

    assert (None, 1) == (event.text, len(event.media))


def test_attachments_are_beside_the_text() -> None:
    """The attachments of a text and of an e-mail are media beside its text."""
    events = [
        only("email.inbound", callbacks.inbound(8, kind, text="Look", attachments=[PICTURE]))
        for kind in ("text", "html")
    ]

    assert [("Look", 1), ("Look", 1)] == [(each.text, len(each.media)) for each in events]


def test_a_sticker_is_no_picture() -> None:
    """A file that says whether it is animated is a sticker: Bird has that member for no other."""
    event = only("whatsapp.inbound", callbacks.STICKER)

    assert (
        MediaItem(
            MediaKind.STICKER,
            Stored(account="north", url="https://media.nest.messagebird.com/s"),
            content_type="image/webp",
            animated=False,
        ),
    ) == event.media


@pytest.mark.parametrize("nothing", [None, [], [None]])
def test_empty_attachments_and_actions_are_ignored(nothing: object) -> None:
    """Empty attachments and actions do not keep a text from being read."""
    body = {"text": "Yes", "attachments": nothing, "actions": nothing}

    event = only("sms.inbound", callbacks.inbound(9, "text", **body))

    assert ("Yes", (), None) == (event.text, event.media, event.tapped)


def test_locations_and_emails() -> None:
    """A location has its label and address; an e-mail has its plain text."""
    place = only("whatsapp.inbound", callbacks.LOCATION)
    mail = only("email.inbound", callbacks.MAIL)

    assert Location(52.2, 21.0, name="Office", address="1 Long St") == place.location
    assert "Thank you" == mail.text


def _contact(value: object) -> dict[str, Any]:
    return {"identifierKey": "phonenumber", "identifierValue": value}


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        ({"contacts": [_contact("48500100200")]}, "+48500100200"),
        ({"contacts": [_contact("ola@example.test")]}, "ola@example.test"),
        # Of several recipients of an e-mail, the event does not say which one it is about.
        ({"contacts": [_contact("a@example.test"), _contact("b@example.test")]}, None),
        ({"contacts": [_contact(None)]}, None),
        ({"contacts": [None, _contact([5]), _contact("+48500100200")]}, "+48500100200"),
        ({"contacts": [_contact(48500100200)]}, "+48500100200"),
        ({"contacts": [_contact(" +48500100200 ")]}, "+48500100200"),
        ({"contacts": [{"platformAddress": "+48500100200"}]}, "+48500100200"),
        # Our own number, to which the schema of an interaction allows it to be.
        ({"connector": {"id": "k", "identifierValue": "+48732000111"}}, None),
        ({"contacts": "+48500100200"}, None),
        (None, None),
    ],
)
def test_the_recipient_of_an_event(receiver: object, expected: str | None) -> None:
    """A report and an interaction name the person whom their message was for, if Bird does."""
    interaction = {"type": "unsubscribe-request", "messageId": OURS, "channelId": SMS}

    report = only("sms.outbound", OUTBOUND | {"receiver": receiver})
    unsubscribed = only("sms.interaction", interaction | {"receiver": receiver})

    assert expected == report.recipient
    assert expected == unsubscribed.recipient


def test_an_interaction() -> None:
    """An interaction callback gives the value that `Client.interactions` lists, and a reference."""
    event = only("whatsapp.interaction", callbacks.CLICKED)

    assert isinstance(event, InteractionEvent)
    interaction = event.interaction
    assert MessageId(f"north:{WHATSAPP}/{OURS}") == interaction.message_id
    assert (InteractionKind.CLICKED, "clicked", "https://shop.example.test") == (
        interaction.kind,
        interaction.provider_kind,
        interaction.url,
    )
    assert ("order-771", AT, Channel.WHATSAPP) == (event.reference, event.at, interaction.channel)
    assert (callbacks.CLICKED, None) == (event.raw, interaction.raw)


def test_the_platform_of_an_interaction() -> None:
    """The platform gives the channel that neither the account nor the event's name gives."""
    event = only("novelty.interaction", callbacks.CLICKED | {"channelId": "another"})

    assert Channel.WHATSAPP is event.interaction.channel


def test_an_event_without_a_service() -> None:
    """An envelope may lack its service."""
    body = orjson.dumps({"event": "sms.outbound", "payload": OUTBOUND})

    (event,) = adapter(KEY).parse(signed(body, None, KEY, NOW), CONTEXT)

    assert isinstance(event, StatusEvent)


def test_interactions_of_one_moment_are_told_apart() -> None:
    """Any member that distinguishes two interactions gives another key."""
    changes: list[dict[str, Any]] = [
        {},
        {"id": "b6f4d9f2-0b2e-4d6e-9a53-1f0a7c2e4d02"},
        {"type": "opened"},
        {"details": "item_2_clicked"},
        {"createdAt": "2030-05-01T09:00:06Z"},
        {"messageId": "another"},
    ]
    keys = {only("whatsapp.interaction", callbacks.CLICKED | each).key for each in changes}

    assert len(changes) == len(keys)


def test_a_message_that_was_read_has_that_status_too() -> None:
    """A read interaction also gives a `READ` status event, with a key of its own."""
    interaction, status = parse("whatsapp.interaction", callbacks.READ)

    assert InteractionKind.READ is interaction.interaction.kind
    assert (Status.READ, "read", AT) == (
        status.status,
        status.leg.timeline.latest.provider_status,
        status.at,
    )
    assert MessageId(f"north:{WHATSAPP}/{OURS}") == status.message_id
    assert (Channel.WHATSAPP, f"{WHATSAPP}/{OURS}") == (status.leg.channel, status.leg.provider_id)
    assert interaction.key != status.key


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unsubscribe-request", InteractionKind.UNSUBSCRIBED),
        ("unsubscribe_request", InteractionKind.UNSUBSCRIBED),
        ("reported-as-spam", InteractionKind.REPORTED_SPAM),
        ("opened", InteractionKind.OPENED),
        ("brand-new", InteractionKind.UNKNOWN),
    ],
)
def test_interactions_of_other_types(kind: str, expected: InteractionKind) -> None:
    """Types are mapped to kinds; an unknown type is `UNKNOWN` and keeps Bird's name."""
    event = only("email.interaction", callbacks.CLICKED | {"type": kind})

    assert (expected, kind) == (event.interaction.kind, event.interaction.provider_kind)


POSTBACK = {"type": "postback", "postback": {"text": "Yes", "payload": "y"}}
LOSSY: list[dict[str, Any]] = [
    callbacks.inbound(8, "image", images=[PICTURE, {"altText": "A"}]),
    callbacks.inbound(8, "image", images=[PICTURE, "another"]),
    callbacks.inbound(8, "image", images=[PICTURE], text=["A"]),
    callbacks.inbound(8, "image", text="Where is it?"),
    callbacks.inbound(8, "file", files=[{"mediaUrl": "ftp://media.test/f"}, PICTURE], text="Both"),
    callbacks.inbound(8, "gif", text="Ha"),
    callbacks.inbound(8, "text", text="Look", attachments=[PICTURE, {"id": "a"}]),
    callbacks.inbound(8, "text", text="Look", attachments="a"),
    callbacks.inbound(8, "text", text="Look", attachments=5),
    callbacks.inbound(8, "text", attachments=[]),
    callbacks.TEXT | {"id": None},
    callbacks.inbound(8, "text", text={"new": "form"}, attachments=[PICTURE]),
    callbacks.inbound(8, "text", text="Yes", actions=[{"type": "new", "new": {"text": "Yes"}}]),
    callbacks.inbound(8, "text", text="Yes", actions=[POSTBACK, POSTBACK]),
    callbacks.inbound(8, "text", text="Yes", actions=POSTBACK),
    callbacks.inbound(8, "text", text="Yes", actions=[{"postback": {"text": "Yes", "payload": 5}}]),
    callbacks.inbound(8, "text", text="Yes", actions=[{"postback": {"text": "x" * 300}}]),
    callbacks.inbound(8, "html", html="<p>", attachments=[PICTURE]),
    callbacks.inbound(8, "location", location={"label": "Office"}),
    callbacks.inbound(8, "location", coordinates={"latitude": 91, "longitude": 0}),
    callbacks.inbound(8, "html", html="<p>", text="Look", attachments=[{}, PICTURE]),
    callbacks.TEXT
    | {"meta": {"extraInformation": {"whatsapp.interactive.list_reply.id": {"id": 1}}}},
]


@pytest.mark.parametrize(
    ("event", "payload", "why"),
    [
        ("channel.created", {"id": "x"}, "an unknown kind of event"),
        ("sms.outbound", {"id": "x", "status": "sent"}, "an unknown form"),
        ("sms.outbound", OUTBOUND | {"status": None}, "an unknown form"),
        ("sms.outbound", OUTBOUND | {"channelId": [SMS]}, "an unknown form"),
        ("sms.outbound", [], "an unknown form"),
        ("whatsapp.inbound", callbacks.inbound(8, "list", text="?"), "an unknown form"),
        ("whatsapp.inbound", callbacks.inbound(8, "image", images=[]), "an unknown form"),
        ("email.inbound", callbacks.inbound(8, "html", html="<p>"), "an unknown form"),
        *(("whatsapp.inbound", each, "an unknown form") for each in LOSSY),
        ("whatsapp.interaction", {"type": "clicked", "channelId": "c"}, "an unknown form"),
        ("whatsapp.interaction", callbacks.READ | {"type": None}, "an unknown form"),
        ("", {}, "an unknown kind of event"),
    ],
)
def test_what_is_unknown_is_kept_whole(event: str, payload: object, why: str) -> None:
    """An unknown event is an `UnparsedEvent` with Bird's name, the body and the arrival time."""
    found = only(event, payload)

    assert isinstance(found, UnparsedEvent)
    assert (why, event, NOW) == (found.why, found.provider_kind, found.at)
    assert payload == found.raw["payload"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON document"),
        (b"[" * 65 + b"]" * 65, "nested too deeply"),
        (b"[]", "an unknown kind of event"),
        (b'{"service":"numbers","event":"sms.outbound","payload":{}}', "an unknown kind of event"),
    ],
)
def test_other_bodies_are_kept_whole(body: bytes, why: str) -> None:
    """A body that is no event of Bird's channels is an `UnparsedEvent` that says why."""
    (found,) = adapter(KEY).parse(signed(body, None, KEY, NOW), CONTEXT)

    assert isinstance(found, UnparsedEvent)
    assert why == found.why


_EVENTS = st.sampled_from(("sms.outbound", "whatsapp.inbound", "email.interaction", "x.y"))
_NAMES = st.sampled_from((*OUTBOUND, *callbacks.TAPPED, *callbacks.CLICKED))
_BODY_NAMES = st.sampled_from(("text", "actions", "images", "files", "coordinates", "mediaUrl"))
_KINDS = ("text", "html", "image", "file", "gif", "location", "other")
_BODIES = st.dictionaries(_BODY_NAMES, json_values()).flatmap(
    lambda each: st.sampled_from(_KINDS).map(lambda kind: {"type": kind, kind: each})
)


@given(_EVENTS, st.dictionaries(_NAMES, json_values()), _BODIES)
def test_any_members_give_events(event: str, members: dict[str, Any], body: object) -> None:
    """Any members of any type give at least one event, and never raise."""
    for base in (OUTBOUND, callbacks.TAPPED, callbacks.CLICKED):
        assert parse(event, base | members)
        assert parse(event, base | {"body": body})


@given(st.binary(), st.binary(), st.binary())
def test_any_bytes_are_refused(body: bytes, signature: bytes, timestamp: bytes) -> None:
    """No unsigned callback is genuine, and no bytes make `verify` or `parse` raise."""
    callback = Callback(
        body=body,
        headers=[
            (b"messagebird-signature", signature),
            (b"messagebird-request-timestamp", timestamp),
        ],
        url="https://hooks.example.test/\ud83d",
    )

    assert GENUINE is not adapter(KEY).verify(callback, CONTEXT)
    assert adapter(KEY).parse(callback, CONTEXT)
