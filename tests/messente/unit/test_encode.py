"""What goes on the wire, member by member."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.adapter import Account, Context, Effect, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Autoconvert,
    ButtonKind,
    Content,
    CurrencyParameter,
    DateTimeParameter,
    Media,
    MediaItem,
    MediaParameter,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.media import Link, MediaKind
from omnimsg.domain.message import Leg, Message, Priority
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings
from omnimsg_messente.wire.encode import report_to

URL = "https://media.example.test/a"
VIDEO = MediaItem(
    MediaKind.VIDEO, Link(URL), thumbnail_url="https://media.example.test/t", size=9, duration=7
)


def document(adapter: MessenteAdapter, message: Message, context: Context) -> Any:
    """Return the body of the request for one message that passed the check."""
    assert adapter.check(message) is None
    request = next(adapter.send([message], context))
    assert isinstance(request.body, bytes)
    return orjson.loads(request.body)


CONTENT: list[tuple[Channel, Content, dict[str, Any]]] = [
    (Channel.SMS, Text("Hi"), {"text": "Hi"}),
    (
        Channel.SMS,
        Text("Hi", udh="050003010201", autoconvert=Autoconvert.OFF),
        {"text": "Hi", "udh": "050003010201", "autoconvert": "off"},
    ),
    (Channel.VIBER, Text("Hi"), {"text": "Hi"}),
    (Channel.VIBER, Media.link("image", URL), {"image_url": URL}),
    (
        Channel.VIBER,
        Media((VIDEO,)),
        {
            "video": {
                "url": URL,
                "thumbnail": "https://media.example.test/t",
                "file_size": 9,
                "duration": 7,
            }
        },
    ),
    (
        Channel.VIBER,
        Media((VIDEO,), "Look"),
        {
            "text": "Look",
            "video": {
                "url": URL,
                "thumbnail": "https://media.example.test/t",
                "file_size": 9,
                "duration": 7,
            },
        },
    ),
    (Channel.WHATSAPP, Text("Hi"), {"text": {"body": "Hi"}}),
    (
        Channel.WHATSAPP,
        Text("Hi", preview_url=False),
        {"text": {"body": "Hi", "preview_url": False}},
    ),
    (
        Channel.WHATSAPP,
        Media.link("image", URL, caption="Look", content_type="image/png"),
        {"image": {"link": URL, "caption": "Look", "mime_type": "image/png"}},
    ),
    (
        Channel.WHATSAPP,
        Media.link("video", URL, caption="Look"),
        {"video": {"link": URL, "caption": "Look"}},
    ),
    (Channel.WHATSAPP, Media.link("audio", URL), {"audio": {"link": URL}}),
    (
        Channel.WHATSAPP,
        Media.link("document", URL, caption="Read", file_name="a.pdf"),
        {"document": {"link": URL, "caption": "Read", "file_name": "a.pdf"}},
    ),
    (
        Channel.WHATSAPP,
        Media((MediaItem(MediaKind.STICKER, Link(URL), animated=True),)),
        {"sticker": {"link": URL, "animated": True}},
    ),
    (
        Channel.WHATSAPP,
        Template("welcome", "en"),
        {"template": {"name": "welcome", "language": {"code": "en"}, "components": []}},
    ),
]


@pytest.mark.parametrize(("channel", "content", "expected"), CONTENT)
def test_content_is_written_as_the_reference_names_its_members(
    adapter: MessenteAdapter,
    context: Context,
    channel: Channel,
    content: Content,
    expected: dict[str, Any],
) -> None:
    """Each kind of content on each channel becomes exactly the documented members."""
    message = Message("+37255500001", content, channel=channel)

    written = document(adapter, message, context)

    assert written == {"to": "+37255500001", "messages": [{"channel": channel, **expected}]}


@pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "gif"])
def test_rcs_media_always_says_whether_to_fetch_it_again(
    adapter: MessenteAdapter, context: Context, kind: str
) -> None:
    """RCS media carries the required `force_refresh`, and the account's required sender."""
    item = MediaItem(MediaKind(kind), Link(URL), thumbnail_url=URL, refresh=True)
    message = Message("+37255500001", Media((item,)), channel=Channel.RCS, sender="Acme")

    written = document(adapter, message, context)

    info = {"file_url": URL, "force_refresh": True, "thumbnail_url": URL}
    assert [{"channel": "rcs", "content_info": info, "sender": "Acme"}] == written["messages"]


def test_a_template_becomes_components(adapter: MessenteAdapter, context: Context) -> None:
    """Header, body and buttons become components in order, with amounts as text."""
    template = Template(
        "order",
        "en",
        header=MediaParameter(MediaItem(MediaKind.DOCUMENT, Link(URL), file_name="a.pdf")),
        body=(
            TextParameter("Ola", name="first"),
            CurrencyParameter("9.90 EUR", "EUR", amount_1000=9900),
            DateTimeParameter("1 May"),
            MediaParameter(MediaItem(MediaKind.IMAGE, Link(URL))),
        ),
        buttons=(
            TemplateButton(1, ButtonKind.URL, value="tail"),
            TemplateButton(2, ButtonKind.REPLY, value="yes"),
            TemplateButton(4, ButtonKind.COUPON, value="SAVE"),
            TemplateButton(5, ButtonKind.OTP, value="4711"),
        ),
    )
    message = Message("+37255500001", template, channel=Channel.WHATSAPP)

    written = document(adapter, message, context)["messages"][0]["template"]

    assert written == {
        "name": "order",
        "language": {"code": "en"},
        "components": [
            {
                "type": "header",
                "parameters": [
                    {"type": "document", "document": {"link": URL, "filename": "a.pdf"}}
                ],
            },
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Ola"},
                    {
                        "type": "currency",
                        "currency": {
                            "fallback_value": "9.90 EUR",
                            "code": "EUR",
                            "amount_1000": "9900",
                        },
                    },
                    {"type": "date_time", "date_time": {"fallback_value": "1 May"}},
                    {"type": "image", "image": {"link": URL}},
                ],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": 0,
                "parameters": [{"type": "text", "text": "tail"}],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": 1,
                "parameters": [{"type": "payload", "payload": "yes"}],
            },
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": 3,
                "parameters": [{"type": "coupon_code", "coupon_code": "SAVE"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": 4,
                "parameters": [{"type": "text", "text": "4711"}],
            },
        ],
    }


def test_a_mapping_renames_a_template(settings: MessenteSettings, context: Context) -> None:
    """The account's name and language of a template replace the application's."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=settings,
            base_url=MessenteAdapter.base_url,
            templates={"welcome": TemplateMapping(name="welcome_2", language="et")},
        )
    )
    message = Message("+37255500001", Template("welcome"), channel=Channel.WHATSAPP)

    written = document(adapter, message, context)["messages"][0]["template"]

    assert written == {"name": "welcome_2", "language": {"code": "et"}, "components": []}


def test_the_envelope_carries_what_belongs_to_the_whole(
    adapter: MessenteAdapter, context: Context
) -> None:
    """Time, priority and report address stand beside the ways, sender and ttl inside."""
    message = Message(
        "+37255500001",
        "Hi",
        sender="Acme",
        ttl=90,
        priority=Priority.HIGH,
        send_at=datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))),
        callback_url="https://app.example.test/dlr?k=1",
    )

    written = document(adapter, message, attrs.evolve(context, callback_token="t/1"))

    assert written == {
        "to": "+37255500001",
        "messages": [{"channel": "sms", "text": "Hi", "sender": "Acme", "ttl": 90}],
        "dlr_url": "https://app.example.test/dlr?k=1&omnimsg_token=t%2F1",
        "time_to_send": "2030-05-01T09:00:00+02:00",
        "priority": "high",
    }


@pytest.mark.parametrize(
    ("priority", "expected"),
    [(Priority.LOW, "low"), (Priority.NORMAL, None), (Priority.HIGH, "high")],
)
def test_a_normal_priority_is_left_out(
    adapter: MessenteAdapter, context: Context, priority: Priority, expected: str | None
) -> None:
    """Only a wish that differs from the usual is written."""
    message = Message("+37255500001", "Hi", priority=priority)

    assert document(adapter, message, context).get("priority") == expected


def test_waiting_eats_into_the_ttl(adapter: MessenteAdapter, context: Context) -> None:
    """The provider gets what is left of the ttl, in seconds, and never a validity."""
    message = Message("+37255500001", "Hi", ttl=90)

    written = document(adapter, message, attrs.evolve(context, waited=29.5))

    assert written["messages"] == [{"channel": "sms", "text": "Hi", "ttl": 61}]


def test_legs_follow_in_order_with_content_of_their_own_or_the_messages(
    settings: MessenteSettings, context: Context
) -> None:
    """A leg repeats the message's content and uses the account's sender unless it says more."""
    adapter = MessenteAdapter(
        Account(
            name="baltic", settings=settings, base_url=MessenteAdapter.base_url, sender="Account"
        )
    )
    message = Message(
        "+37255500001",
        "Code 4711",
        channel=Channel.VIBER,
        sender="Acme",
        ttl=60,
        fallback=(
            Leg(channel=Channel.WHATSAPP, content=Template("code", "en"), ttl=30),
            Leg(channel=Channel.SMS, sender="Short"),
        ),
    )

    written = document(adapter, message, context)["messages"]

    template = {"name": "code", "language": {"code": "en"}, "components": []}
    assert written == [
        {"channel": "viber", "text": "Code 4711", "sender": "Acme", "ttl": 60},
        {"channel": "whatsapp", "template": template, "sender": "Account", "ttl": 30},
        {"channel": "sms", "text": "Code 4711", "sender": "Short"},
    ]


def test_extras_go_to_the_whole_and_under_a_channels_name_to_its_way(
    settings: MessenteSettings, context: Context
) -> None:
    """The account's extras come first, the message's last; a channel's reach its way alone."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=settings,
            base_url=MessenteAdapter.base_url,
            extras={"text_store": "plaintext", "viber": {"validity": 5}, "sms": {"x": 1}},
        )
    )
    message = Message(
        "+37255500001",
        "Hi",
        extras={"messente": {"text_store": "nostore", "sms": {"validity": 10}}, "bird": {"a": 1}},
    )

    written = document(adapter, message, context)

    assert written == {
        "to": "+37255500001",
        "messages": [{"channel": "sms", "text": "Hi", "x": 1, "validity": 10}],
        "text_store": "nostore",
    }


@pytest.mark.parametrize(
    "extras", [{"to": "x"}, {"messages": []}, {"sms": 1}, {"sms": {"channel": "viber"}}]
)
def test_an_accounts_extras_cannot_touch_what_decides_who_is_texted(
    settings: MessenteSettings, extras: dict[str, Any]
) -> None:
    """Protected members in the account's extras are an error of the configuration."""
    account = Account(
        name="baltic", settings=settings, base_url=MessenteAdapter.base_url, extras=extras
    )

    with pytest.raises(ConfigError, match=r"accounts\.baltic\.extras\."):
        MessenteAdapter(account)


def test_one_message_is_a_call_and_several_are_a_bulk_call(
    adapter: MessenteAdapter, context: Context
) -> None:
    """The address depends on the number of messages; both may reach phones and are authorised."""
    first, second = Message("+37255500001", "a"), Message("+37255500002", "b")

    single = next(adapter.send([first], context))
    bulk = next(adapter.send([first, second], context))

    assert ("/v1/omnimessage", "/v1/omnimessages") == (single.url, bulk.url)
    assert {Effect.SENDS} == {single.effect, bulk.effect}
    assert single.authenticated
    assert bulk.authenticated
    assert isinstance(bulk.body, bytes)
    assert ["+37255500001", "+37255500002"] == [
        each["to"] for each in orjson.loads(bulk.body)["messages"]
    ]


@pytest.mark.parametrize(
    ("password", "expected"),
    [("pass", "Basic dXNlcjpwYXNz"), ("päss", "Basic dXNlcjpw5HNz"), ("日", "Basic dXNlcjrml6U=")],
)
def test_credentials_are_basic_in_latin_1_where_that_can_be(password: str, expected: str) -> None:
    """Basic credentials are Latin-1, and UTF-8 where Latin-1 has no such character."""
    settings = MessenteSettings(username="user", password=Secret(password))
    adapter = MessenteAdapter(Account(name="a", settings=settings, base_url="https://x.test"))

    assert {"Authorization": expected} == adapter.authorization()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test", "https://a.test?omnimsg_token=t"),
        ("https://a.test/x?k=1#part", "https://a.test/x?k=1&omnimsg_token=t#part"),
        ("https://[a", "https://[a?omnimsg_token=t"),
    ],
)
def test_the_token_joins_the_query(url: str, expected: str) -> None:
    """The token goes before the fragment and after what is already asked."""
    assert expected == report_to(url, "t")


def test_without_a_token_the_callback_address_stays_as_it_is() -> None:
    """Nothing is appended where callbacks are not set up."""
    assert report_to("https://a.test/x", None) == "https://a.test/x"


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_any_time_keeps_its_offset(at: datetime) -> None:
    """A time is written so that reading it back gives the same moment."""
    settings = MessenteSettings(username="u", password=Secret("p"))
    adapter = MessenteAdapter(Account(name="a", settings=settings, base_url="https://x.test"))

    written = document(
        adapter, Message("+37255500001", "Hi", send_at=at), Context(account="a", now=at)
    )

    assert at == datetime.fromisoformat(written["time_to_send"])
