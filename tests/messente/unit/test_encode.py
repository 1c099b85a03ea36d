"""Writing requests, member by member."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messente.cases import TO, Case
from messente.catalogue import CATALOGUE

from omnimsg.adapter import Account, Context, Effect, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Template,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.message import Leg, Message, Priority
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings
from omnimsg_messente.wire.encode import report_to


def document(adapter: MessenteAdapter, message: Message, context: Context) -> Any:
    """Return the body of the request for one message that passed the check."""
    assert adapter.check(message) is None
    request = next(adapter.send([message], context))
    assert isinstance(request.body, bytes)
    return orjson.loads(request.body)


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
def test_content_is_written_as_the_reference_names_its_members(
    adapter: MessenteAdapter, context: Context, case: Case
) -> None:
    """Each kind of content on each channel becomes exactly the documented members."""
    named = MessenteAdapter(attrs.evolve(adapter.account, name="messente"))
    message = Message(TO, case.content, channel=case.channel, sender="Acme")

    written = document(named, message, context)

    leg = {"channel": case.channel, "sender": "Acme", **case.members}
    assert written == {"to": TO, "messages": [leg]}


@pytest.mark.parametrize("options", [{}, {"ttl": 90}], ids=["plain", "with a ttl"])
def test_the_channel_of_a_message_comes_before_that_of_its_account(
    adapter: MessenteAdapter, context: Context, options: dict[str, Any]
) -> None:
    """A message goes on its own channel; one without a channel on that of the account."""
    viber = MessenteAdapter(attrs.evolve(adapter.account, channel=Channel.VIBER))
    messages = [Message(TO, "Hi", channel=each, **options) for each in (Channel.SMS, None)]

    written = [document(viber, each, context)["messages"][0]["channel"] for each in messages]

    assert ["sms", "viber"] == written


@pytest.mark.parametrize("channel", [*MessenteAdapter.capabilities.channels, None])
@pytest.mark.parametrize("report_url", [None, "https://hooks.example.test/mess"])
@pytest.mark.parametrize(
    ("text_store", "fields"),
    [(None, {"sender": "Acme"}), ("nostore", {"sender": "Acme", "channel": "viber"})],
)
def test_plain_text_is_written_as_any_other_message(
    settings: MessenteSettings,
    context: Context,
    channel: Channel | None,
    report_url: str | None,
    text_store: str | None,
    fields: dict[str, Any],
) -> None:
    """The shortcut for plain text writes what the longer way does, whatever the account says."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=attrs.evolve(settings, text_store=text_store),
            base_url=MessenteAdapter.base_url,
            **fields,
        )
    )
    plain = Message(TO, "Hi", channel=channel, reference="r-1")
    other = attrs.evolve(plain, extras={"bird": {"a": 1}})

    written, expected = (
        document(adapter, each, attrs.evolve(context, report_url=report_url))
        for each in (plain, other)
    )

    assert (True, False) == (plain.is_plain_text, other.is_plain_text)
    assert expected == written


@pytest.mark.parametrize(
    ("channel", "mapping", "expected"),
    [
        (
            Channel.WHATSAPP,
            TemplateMapping(name="welcome_2", language="et"),
            {"name": "welcome_2", "language": {"code": "et"}, "components": []},
        ),
        (
            Channel.VIBER,
            TemplateMapping(name="welcome_2", language="et"),
            {"id": "welcome_2", "lang": "et"},
        ),
        (
            Channel.VIBER,
            TemplateMapping(id="t-2", name="welcome_2", language="et"),
            {"id": "t-2", "lang": "et"},
        ),
    ],
)
def test_a_mapping_renames_a_template(
    settings: MessenteSettings,
    context: Context,
    channel: Channel,
    mapping: TemplateMapping,
    expected: dict[str, Any],
) -> None:
    """The account's mapping replaces the template's name or id, and its language."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=settings,
            base_url=MessenteAdapter.base_url,
            templates={"welcome": mapping},
        )
    )
    message = Message(TO, Template("welcome"), channel=channel)

    written = document(adapter, message, context)["messages"][0]["template"]

    assert expected == written


def test_the_fields_of_the_whole_message(adapter: MessenteAdapter, context: Context) -> None:
    """Sender and ttl are written inside the leg; time, priority and callback URL beside it."""
    message = Message(
        TO,
        "Hi",
        sender="Acme",
        ttl=90,
        priority=Priority.HIGH,
        send_at=datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        callback_url="https://app.example.test/dlr?k=1",
    )

    assert adapter.check(message) is None
    received = attrs.evolve(context, report_url="https://hooks.example.test/mess")
    written = document(adapter, message, received)

    assert written == {
        "to": TO,
        "messages": [{"channel": "sms", "text": "Hi", "sender": "Acme", "ttl": 90}],
        "dlr_url": f"https://app.example.test/dlr?k=1&omnimsg_token={context.token(message)}",
        "time_to_send": "2030-05-01T09:00:00+05:45",
        "priority": "high",
    }


@pytest.mark.parametrize("options", [{}, {"ttl": 90}])
def test_reports_go_to_the_receiver(
    adapter: MessenteAdapter, context: Context, options: dict[str, Any]
) -> None:
    """With a receiver, each message has the receiver's URL with its own token as `dlr_url`."""
    message = Message(TO, "Hi", **options)
    received = attrs.evolve(context, report_url="https://hooks.example.test/mess")

    written = document(adapter, message, received)["dlr_url"]

    assert f"https://hooks.example.test/mess?omnimsg_token={context.token(message)}" == written


def test_without_a_receiver_a_callback_address_has_no_token(
    adapter: MessenteAdapter, context: Context
) -> None:
    """The message's own callback URL stays as it is if the account has no receiver."""
    message = Message(TO, "Hi", callback_url="https://app.example.test/dlr?k=1")

    written = document(adapter, message, context)["dlr_url"]

    assert "https://app.example.test/dlr?k=1" == written


@pytest.mark.parametrize(
    ("priority", "expected"),
    [(Priority.LOW, "low"), (Priority.NORMAL, None), (Priority.HIGH, "high")],
)
def test_a_normal_priority_is_left_out(
    adapter: MessenteAdapter, context: Context, priority: Priority, expected: str | None
) -> None:
    """A normal priority is left out."""
    message = Message(TO, "Hi", priority=priority)

    assert document(adapter, message, context).get("priority") == expected


def test_waiting_shortens_the_ttl(adapter: MessenteAdapter, context: Context) -> None:
    """The remaining ttl is sent in seconds, and no validity is sent."""
    message = Message(TO, "Hi", ttl=90)

    written = document(adapter, message, attrs.evolve(context, waited=29.5))

    assert written["messages"] == [{"channel": "sms", "text": "Hi", "ttl": 61}]


def test_legs_have_their_own_content_or_the_messages(
    settings: MessenteSettings, context: Context
) -> None:
    """A leg without its own content has the message's; without a sender, the account's."""
    adapter = MessenteAdapter(
        Account(
            name="baltic", settings=settings, base_url=MessenteAdapter.base_url, sender="Account"
        )
    )
    message = Message(
        TO,
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


def test_extras_of_the_message_and_of_a_leg(settings: MessenteSettings, context: Context) -> None:
    """A message's extras override the account's; a channel's extras go into its leg only."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=settings,
            base_url=MessenteAdapter.base_url,
            extras={"text_store": "plaintext", "viber": {"validity": 5}, "sms": {"x": 1}},
        )
    )
    message = Message(
        TO,
        "Hi",
        extras={"messente": {"text_store": "nostore", "sms": {"validity": 10}}, "bird": {"a": 1}},
    )

    written = document(adapter, message, context)

    assert written == {
        "to": TO,
        "messages": [{"channel": "sms", "text": "Hi", "x": 1, "validity": 10}],
        "text_store": "nostore",
    }


@pytest.mark.parametrize(
    "extras", [{"to": "x"}, {"messages": []}, {"sms": 1}, {"sms": {"channel": "viber"}}]
)
def test_an_accounts_extras_cannot_set_protected_members(
    settings: MessenteSettings, extras: dict[str, Any]
) -> None:
    """Protected members in the account's extras are a configuration error."""
    account = Account(
        name="baltic", settings=settings, base_url=MessenteAdapter.base_url, extras=extras
    )

    with pytest.raises(ConfigError, match=r"accounts\.baltic\.extras\."):
        MessenteAdapter(account)


def test_one_message_is_a_call_and_several_are_a_bulk_call(
    adapter: MessenteAdapter, context: Context
) -> None:
    """One message and several have different URLs; both requests send, and are authenticated."""
    first, second = Message(TO, "a"), Message("+37255500002", "b")

    single = next(adapter.send([first], context))
    bulk = next(adapter.send([first, second], context))

    assert ("/v1/omnimessage", "/v1/omnimessages") == (single.url, bulk.url)
    assert {(Effect.SENDS, frozenset({201}))} == {
        (each.effect, each.success) for each in (single, bulk)
    }
    assert single.authenticated
    assert bulk.authenticated
    assert isinstance(bulk.body, bytes)
    assert [TO, "+37255500002"] == [each["to"] for each in orjson.loads(bulk.body)["messages"]]


@pytest.mark.parametrize(
    ("password", "expected"),
    [("pass", "Basic dXNlcjpwYXNz"), ("päss", "Basic dXNlcjpw5HNz"), ("日", "Basic dXNlcjrml6U=")],
)
def test_credentials_are_basic_in_latin_1_where_that_can_be(password: str, expected: str) -> None:
    """Basic credentials are in Latin-1, or in UTF-8 where Latin-1 lacks a character."""
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
    """The token is appended to the query, before the fragment."""
    assert expected == report_to(url, "t")


def test_without_a_token_the_callback_address_stays_as_it_is() -> None:
    """Without a token the callback URL does not change."""
    assert report_to("https://a.test/x", None) == "https://a.test/x"


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_any_time_keeps_its_offset(at: datetime) -> None:
    """A written `send_at` reads back as the same moment."""
    settings = MessenteSettings(username="u", password=Secret("p"))
    adapter = MessenteAdapter(Account(name="a", settings=settings, base_url="https://x.test"))

    written = document(adapter, Message(TO, "Hi", send_at=at), Context(account="a", now=at))

    assert at == datetime.fromisoformat(written["time_to_send"])
