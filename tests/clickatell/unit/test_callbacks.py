"""Clickatell's callbacks: the secret in the URL, the login, and each kind of event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from clickatell import callbacks
from clickatell.callbacks import LOGIN, SECRET, STATUS, TEXT, callback, envelope
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import json_values

from omnimsg.adapter import Account, Authenticity, Callback, Context
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Location, MediaItem
from omnimsg.domain.events import InboundMessage, StatusEvent, UnparsedEvent
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Evidence, MessageStatus, Status
from omnimsg.domain.status_merge import merge_event, merge_statuses
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings

if TYPE_CHECKING:
    from omnimsg.domain.events import Event

NOW = datetime(2030, 5, 1, 9, tzinfo=UTC)
AT = datetime(2030, 1, 1, 0, 0, 0, 123000, UTC)
CONTEXT = Context(account="cape", now=NOW)
GENUINE, WRONG = Authenticity.GENUINE, Authenticity.WRONG_SIGNATURE
UNSIGNED, NO_SECRET = Authenticity.UNSIGNED, Authenticity.NO_SECRET


def adapter(
    *, paths: list[str] | None = None, logins: list[str] | None = None
) -> ClickatellAdapter:
    """Build the adapter of an account with these callback secrets and logins."""
    settings = ClickatellSettings(
        api_key=Secret("k-_="),
        callback_secrets=[Secret(each) for each in paths or []],
        callback_logins=[Secret(each) for each in logins or []],
    )
    return ClickatellAdapter(
        Account(name="cape", settings=settings, base_url=ClickatellAdapter.base_url)
    )


def parse(body: bytes) -> list[Event]:
    """Parse the body of a genuine callback."""
    return list(adapter(paths=[SECRET]).parse(callback(body), CONTEXT))


def only(body: bytes) -> Any:
    """Parse a body with one event."""
    (event,) = parse(body)
    return event


@pytest.mark.parametrize(
    ("paths", "logins", "secret", "login", "expected"),
    [
        ([SECRET], [], SECRET, None, GENUINE),
        ([], [LOGIN], None, LOGIN, GENUINE),
        ([SECRET], [LOGIN], SECRET, LOGIN, GENUINE),
        (["former_kMZx3wVfB9yRc1A", SECRET], [], SECRET, None, GENUINE),
        ([], ["former:" + "p" * 16, LOGIN], None, LOGIN, GENUINE),
        ([SECRET], [LOGIN], SECRET, None, WRONG),
        ([SECRET], [LOGIN], None, LOGIN, WRONG),
        ([SECRET], [], SECRET[:-1], None, WRONG),
        ([SECRET], [], SECRET + "/", None, WRONG),
        ([], [LOGIN], SECRET, LOGIN + "x", WRONG),
        ([SECRET], [], None, LOGIN, UNSIGNED),
        ([], [LOGIN], SECRET, None, UNSIGNED),
        ([SECRET], [LOGIN], None, None, UNSIGNED),
        ([], [], SECRET, LOGIN, NO_SECRET),
        ([""], [], "", None, NO_SECRET),
        (["short"], [], "short", None, NO_SECRET),
        ([SECRET, "short"], [], SECRET, None, NO_SECRET),
        ([], ["name:short"], None, "name:short", NO_SECRET),
    ],
)
def test_the_secret_of_the_address(
    paths: list[str],
    logins: list[str],
    secret: str | None,
    login: str | None,
    expected: Authenticity,
) -> None:
    """Secret and login must both match if both are configured; a guessable one never does."""
    found = adapter(paths=paths, logins=logins).verify(
        callback(b"{}", secret=secret, login=login), CONTEXT
    )

    assert expected is found


@pytest.mark.parametrize(
    ("paths", "logins", "expected"),
    [
        ([], [], "Clickatell signs nothing"),
        (["short"], [], "22 or more letters"),
        (["has a space in it, and is long"], [], "22 or more letters"),
        ([], ["a-long-password-without-name"], "'name:password'"),
        ([], ["name:short"], "16 or more"),
        ([SECRET + "/"], [], "22 or more letters"),
        ([], [LOGIN + "\n"], "16 or more"),
    ],
)
def test_weak_secrets_are_a_problem(paths: list[str], logins: list[str], expected: str) -> None:
    """A guessable secret keeps the receiver from starting, and the message does not show it."""
    problem = adapter(paths=paths, logins=logins).callback_problem()

    assert problem is not None
    assert expected in problem
    assert not any(each in problem for each in (*paths, *logins))


def test_a_status() -> None:
    """A status event has status, id, reference and time; a space in the channel is ignored."""
    event = only(envelope(messageStatusUpdate=[STATUS]))

    assert isinstance(event, StatusEvent)
    assert ("clickatell", "cape", AT, "ord-71-b") == (
        event.provider,
        event.account,
        event.at,
        event.reference,
    )
    assert MessageId(f"cape:{STATUS['messageId']}") == event.message_id
    assert (Status.DELIVERED, Channel.WHATSAPP) == (event.status, event.leg.channel)
    assert {Evidence(Status.DELIVERED, "DEVICE_ACK"): AT} == event.leg.timeline.entries
    assert STATUS == event.raw


@pytest.mark.parametrize(
    ("members", "status", "provider_status"),
    [
        ({"status": "READ", "statusCode": 5}, Status.READ, "READ"),
        ({"status": " READ "}, Status.READ, "READ"),
        ({"status": None, "statusCode": 5}, Status.DELIVERED, "DEVICE_ACK"),
        # The plain SMS API's 8 is "received by recipient"; the One API has no 8.
        ({"status": None, "statusCode": 8}, Status.UNKNOWN, "8"),
        ({"status": "BRAND_NEW", "statusCode": 5}, Status.UNKNOWN, "BRAND_NEW"),
        ({"statusCode": "5"}, Status.DELIVERED, "DEVICE_ACK"),
        # The vendor's sample of a status has the number of another one, and names two channels.
        ({"channel": "whatsapp/sms", "statusCode": 4}, Status.DELIVERED, "DEVICE_ACK"),
    ],
)
def test_the_name_of_a_status_decides(
    members: dict[str, Any], status: Status, provider_status: str
) -> None:
    """The number is used only without a name, and an unknown name is not read as its number."""
    event = only(envelope(messageStatusUpdate=[STATUS | members]))

    latest = event.leg.timeline.latest
    assert (status, provider_status) == (latest.status, latest.provider_status)


def test_reports_of_two_channels_are_two_legs() -> None:
    """Reports of one id on two channels are two legs, each with its own status."""
    failed = STATUS | {"status": "EXPIRED", "statusCode": 20}
    delivered = STATUS | {"channel": "sms", "timestamp": STATUS["timestamp"] + 1}
    reports = [only(envelope(messageStatusUpdate=[each])) for each in (delivered, failed)]
    status = MessageStatus(id=reports[0].message_id, legs=())

    for each in reports:
        status = merge_event(status, each)

    assert [(Channel.WHATSAPP, Status.EXPIRED), (Channel.SMS, Status.DELIVERED)] == [
        (leg.channel, leg.status) for leg in status.legs
    ]
    assert status == merge_statuses(status, status)


def test_a_status_of_a_failure_has_its_reason() -> None:
    """A failed status in a callback has the reason that a look-up gives it."""
    event = only(envelope(messageStatusUpdate=[STATUS | {"status": "RECIPIENT_DOES_NOT_EXIST"}]))

    assert Reason.RECIPIENT_NOT_ON_CHANNEL is event.reason


def test_a_status_without_an_id_of_clickatell_has_our_reference() -> None:
    """A status without an id is identified by the reference."""
    event = only(envelope(messageStatusUpdate=[STATUS | {"messageId": None}]))

    assert (None, "ord-71-b") == (event.message_id, event.reference)


def test_a_status_without_our_reference_has_an_id() -> None:
    """A status without our reference, as of a message of another program, has its id."""
    event = only(envelope(messageStatusUpdate=[STATUS | {"clientMessageId": None}]))

    assert (MessageId(f"cape:{STATUS['messageId']}"), None) == (event.message_id, event.reference)


def test_a_status_without_a_time_has_that_of_its_arrival() -> None:
    """A status without a time has its arrival time, and a key that does not depend on it."""
    body = envelope(messageStatusUpdate=[STATUS | {"timestamp": None}])
    later = Context(account="cape", now=NOW.replace(day=2))

    first = only(body)
    (second,) = adapter(paths=[SECRET]).parse(callback(body), later)

    assert (NOW, later.now) == (first.at, second.at)
    assert first.key == second.key


def test_a_text() -> None:
    """An inbound text has E.164 numbers, and the id and reference of the message it answers."""
    event = only(envelope(moText=[TEXT]))

    assert isinstance(event, InboundMessage)
    assert ("Yes, please come", "+27820000002", "+27870000000", Channel.SMS) == (
        event.text,
        event.sender,
        event.to,
        event.channel,
    )
    assert MessageId(f"cape:{TEXT['messageId']}") == event.id
    assert MessageId(f"cape:{STATUS['messageId']}") == event.reply_to
    assert ("ord-71-b", AT) == (event.reference, event.at)
    assert ("clickatell", "cape", TEXT) == (event.provider, event.account, event.raw)


def test_a_repeated_text_has_the_same_key() -> None:
    """A text is recognised by its id; one without an id by all that it says."""
    changes: list[dict[str, Any]] = [
        {},
        {"messageId": "1100000000000000000000000000000b"},
        {"messageId": None},
        {"messageId": None, "content": "No"},
    ]
    again, *keys = (
        each.key
        for each in parse(
            envelope(moText=[TEXT | {"timestamp": None}, *(TEXT | it for it in changes)])
        )
    )

    assert again == keys[0]
    assert len(changes) == len(set(keys))


def test_files_are_fetched_with_the_key() -> None:
    """A media file is `Stored` with Clickatell's URL, and its caption is the text."""
    event = only(envelope(moMedia=[callbacks.MEDIA_FILES]))

    source = Stored(account="cape", url=callbacks.FILE, sha256=callbacks.DIGEST)
    expected = MediaItem(
        MediaKind.IMAGE,
        source,
        content_type="image/jpeg",
        file_name="r.jpeg",
        sha256=callbacks.DIGEST,
        size=48211,
    )
    assert ((expected,), "My receipt", "Thandi M") == (event.media, event.text, event.sender_name)


def test_a_file_that_its_sender_encrypted_stays_encrypted() -> None:
    """A file is marked as `client_encrypted` if its sender encrypted it, or the whole message."""
    (file,) = callbacks.MEDIA_FILES["files"]
    events = [
        only(envelope(moMedia=[callbacks.MEDIA_FILES | each]))
        for each in ({}, {"encryptionKey": "k"}, {"files": [file | {"encryptionKey": "k"}]})
    ]

    assert [False, True, True] == [each.media[0].source.client_encrypted for each in events]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"content": "c291\r\nbmQ=\n"},
        {"files": []},
        {"files": None},
    ],
)
def test_media_inside_the_callback(members: dict[str, Any]) -> None:
    """Base64 media are decoded, also with line breaks, and beside an empty list of files."""
    event = only(
        envelope(moMedia=[callbacks.MEDIA_INLINE | {"sha256Hash": callbacks.DIGEST} | members])
    )

    expected = MediaItem(
        MediaKind.AUDIO,
        Inline(b"sound"),
        content_type="audio/ogg; codecs=opus",
        sha256=callbacks.DIGEST,
    )
    assert (expected,) == event.media


@pytest.mark.parametrize(
    "members",
    [
        {"latitude": "-33.92"},
        {"latitute": "-33.92"},
        {"latitude": None, "latitute": "-33.92"},
    ],
)
def test_a_place(members: dict[str, Any]) -> None:
    """A location's coordinates are read from text, also under the misspelt name `latitute`."""
    entry = {key: value for key, value in callbacks.LOCATION.items() if key != "latitude"}
    event = only(envelope(moLocation=[entry | members]))

    assert Location(-33.92, 18.42, name="Cafe", address="1 Long St") == event.location


def test_several_events_in_one_callback() -> None:
    """All events are read in order, each with its own key; a broken one loses no other."""
    other = STATUS | {"status": "READ", "timestamp": STATUS["timestamp"] + 1}
    events = parse(envelope(messageStatusUpdate=[STATUS, None, other], moText=[TEXT], moNew=[{}]))

    assert ["status", "unparsed", "status", "inbound", "unparsed"] == [each.kind for each in events]
    assert 5 == len({each.key for each in events})


@pytest.mark.parametrize("channel", ["whatsapp/sms", "whatsapp/sms ", "pigeon", "", None, 1])
def test_a_channel_that_is_none_of_ours(channel: Any) -> None:
    """A status or a text whose channel is unknown or missing is read, without a channel."""
    status, text = parse(
        envelope(
            messageStatusUpdate=[STATUS | {"channel": channel}],
            moText=[TEXT | {"channel": channel}],
        )
    )

    assert isinstance(status, StatusEvent)
    assert isinstance(text, InboundMessage)
    assert (None, None) == (status.leg.channel, text.channel)
    assert (Status.DELIVERED, "Yes, please come") == (status.status, text.text)


def test_a_list_that_is_null_holds_nothing() -> None:
    """Null in the place of a list of events is not an event."""
    event = only(envelope(messageStatusUpdate=None, moText=[TEXT], moMedia=None, moNew=None))

    assert isinstance(event, InboundMessage)


def test_kinds_of_the_vendors_models_that_have_no_meaning_here() -> None:
    """A fallback and a typing notice, which Clickatell does not explain, are kept whole."""
    fallback = {name: value for name, value in STATUS.items() if name != "statusCode"}
    events = parse(
        envelope(messageFallback=[fallback], statusIsTyping=[{}], messageStatusUpdate=[STATUS])
    )

    assert ["messageFallback", "statusIsTyping"] == [
        each.provider_kind for each in events if isinstance(each, UnparsedEvent)
    ]
    assert fallback == events[0].raw
    assert isinstance(events[2], StatusEvent)


def test_a_repetition_has_the_same_key() -> None:
    """A repetition has the same key, and what differs in any member has another key."""
    changes: list[dict[str, Any]] = [
        {},
        {"status": "READ"},
        {"statusCode": 4},
        {"channel": "sms"},
        {"messageId": "0f00000000000000000000000000005c"},
        {"clientMessageId": "ord-72"},
        {"timestamp": callbacks.AT + 1},
    ]
    again, *keys = (
        each.key
        for each in parse(envelope(messageStatusUpdate=[STATUS, *(STATUS | it for it in changes)]))
    )

    assert again == keys[0]
    assert len(changes) == len(set(keys))


@pytest.mark.parametrize(
    ("body", "why", "name"),
    [
        # A status of the plain SMS API, where 5 is an error of the message.
        (
            b'{"integrationName":"shop","messageId":"a","requestId":"b","clientMessageId":"c",'
            b'"to":"27820000001","statusCode":5,"status":"DELIVERED","timestamp":"1893456000"}',
            "no `event` of the One API",
            "",
        ),
        (
            envelope(moButtonReply=[{"postbackData": "p"}]),
            "an unknown kind of event",
            "moButtonReply",
        ),
        (envelope(moText=[TEXT | {"encryptionKey": "k"}]), "an unknown form", "moText"),
        (envelope(moMedia=[callbacks.PERSON]), "an unknown form", "moMedia"),
        *(
            (envelope(moMedia=[callbacks.MEDIA_INLINE | {"files": files}]), "an unknown form", name)
            for name in ("moMedia",)
            for files in ("a", {"a": 1}, 5, [callbacks.MEDIA_FILES["files"][0], "another"])
        ),
        *(
            (envelope(moMedia=[callbacks.MEDIA_INLINE | each]), "an unknown form", "moMedia")
            for each in ({"content": "!"}, {"encryptionKey": "k"})
        ),
        (
            envelope(moLocation=[{**callbacks.LOCATION, "latitude": "999"}]),
            "an unknown form",
            "moLocation",
        ),
        (
            envelope(messageStatusUpdate=[{"status": "READ"}]),
            "an unknown form",
            "messageStatusUpdate",
        ),
        (
            envelope(messageStatusUpdate=[STATUS | {"status": None, "statusCode": "5"}]),
            "an unknown form",
            "messageStatusUpdate",
        ),
        (envelope(moText=[TEXT | {"content": None}]), "an unknown form", "moText"),
        (envelope(moText=[]), "no event", ""),
        (envelope(moText=None), "no event", ""),
        (envelope(), "no event", ""),
        (b'{"event":[]}', "no `event` of the One API", ""),
        (b"<html>", "no JSON document", ""),
        (b"", "no JSON document", ""),
        (b"[" * 65 + b"]" * 65, "nested too deeply", ""),
    ],
)
def test_what_is_unknown_is_kept_whole(body: bytes, why: str, name: str) -> None:
    """An unknown body, such as the plain SMS API's, is kept whole as an `UnparsedEvent`."""
    event = only(body)

    assert isinstance(event, UnparsedEvent)
    assert (why, name, NOW) == (event.why, event.provider_kind, event.at)
    if why in ("no JSON document", "nested too deeply"):
        assert (None, body) == (event.raw, event.body)
    else:
        document = orjson.loads(body)
        assert (document["event"][name][0] if name else document) == event.raw
        assert b"" == event.body


def test_an_event_may_stand_alone() -> None:
    """An event in the place of a list of events is read as if it stood in one."""
    event = only(envelope(moText=TEXT))

    assert isinstance(event, InboundMessage)


_KINDS = st.sampled_from(("messageStatusUpdate", "moText", "moMedia", "moLocation", "other"))
_NAMES = st.sampled_from((*STATUS, *TEXT, *callbacks.LOCATION, "files", "caption", "whatsapp"))
_ENTRIES = st.dictionaries(_NAMES, json_values() | st.sampled_from(("5", "27820000001", "1.5")))


@given(st.dictionaries(_KINDS, st.lists(_ENTRIES, max_size=3) | json_values()))
def test_any_members_of_any_kind_give_events(kinds: dict[str, Any]) -> None:
    """Any entries give one event each, and never raise."""
    events = parse(envelope(**kinds))

    entries = sum(
        len(each) if isinstance(each, list) else each is not None for each in kinds.values()
    )
    assert max(1, entries) == len(events)


@given(st.binary(), st.binary(), st.binary())
def test_any_bytes_are_refused(body: bytes, line: bytes, path: bytes) -> None:
    """No random secret is genuine, and no bytes make `verify` or `parse` raise."""
    callback = Callback(body=body, headers=[(b"authorization", line)], path_secret=path)

    assert GENUINE is not adapter(paths=[SECRET], logins=[LOGIN]).verify(callback, CONTEXT)
    assert adapter().parse(callback, CONTEXT)
