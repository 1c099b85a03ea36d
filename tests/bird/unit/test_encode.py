"""Writing requests, member by member."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from bird.cases import PHONE, Case
from bird.catalogue import CATALOGUE

from omnimsg.adapter import Account, Effect
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Email,
    Template,
    TextParameter,
)
from omnimsg.domain.errors import ConfigError, InvalidValue
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings

if TYPE_CHECKING:
    from omnimsg.adapter import Context


def document(adapter: BirdAdapter, message: Message, context: Context) -> Any:
    """Return the body of the request for a message that passed the check."""
    assert adapter.check(message) is None
    request = next(adapter.send([message], context))
    assert isinstance(request.body, bytes)
    return orjson.loads(request.body)


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
def test_content_is_written_as_the_reference_names_its_members(
    adapter: BirdAdapter, context: Context, case: Case
) -> None:
    """Each kind of content on each channel becomes exactly the documented members."""
    named = BirdAdapter(attrs.evolve(adapter.account, name="bird"))

    written = document(named, case.message(), context)

    assert case.document() == written


def test_a_mapping_decides_over_the_template(adapter: BirdAdapter, context: Context) -> None:
    """A mapping sets project, version, language and keys; other keys come from the parameters."""
    template = Template(
        "mapped",
        "en",
        body=(TextParameter("Ola", name="ignored"), TextParameter("9", name="rest")),
        header=TextParameter("Hi", name="head"),
    )

    written = document(adapter, Message(PHONE, template, channel=Channel.WHATSAPP), context)

    assert {
        "projectId": "p-1",
        "version": "v-2",
        "locale": "pl",
        "parameters": [
            {"type": "string", "key": "head", "value": "Hi"},
            {"type": "string", "key": "first", "value": "Ola"},
            {"type": "string", "key": "rest", "value": "9"},
        ],
    } == written["template"]


@pytest.mark.parametrize(
    ("to", "contact"),
    [
        (ProviderContact(id="k-1"), {"id": "k-1"}),
        (
            ProviderContact(key="whatsappbsuid", value="v"),
            {"identifierKey": "whatsappbsuid", "identifierValue": "v"},
        ),
    ],
)
def test_a_contact_is_sent_by_id_or_identifier(
    adapter: BirdAdapter, context: Context, to: ProviderContact, contact: dict[str, str]
) -> None:
    """A recipient may be a contact of Bird's, by id or by identifier."""
    message = Message(to, "Hi", channel=Channel.WHATSAPP)

    assert document(adapter, message, context)["receiver"] == {"contacts": [contact]}


def test_an_email_names_copies_and_its_sender(adapter: BirdAdapter, context: Context) -> None:
    """Copies are contacts with a type, and an e-mail has a sender."""
    message = Message(
        "a@example.test",
        Email(subject="S", text="H", cc=("b@example.test",), bcc=("c@example.test",)),
        channel=Channel.EMAIL,
        sender="shop",
    )

    written = document(adapter, message, context)

    assert written["receiver"]["contacts"] == [
        {"identifierKey": "emailaddress", "identifierValue": "a@example.test", "type": "to"},
        {"identifierKey": "emailaddress", "identifierValue": "b@example.test", "type": "cc"},
        {"identifierKey": "emailaddress", "identifierValue": "c@example.test", "type": "bcc"},
    ]
    assert written["sender"] == {"connector": {"identifierValue": "shop"}}


def test_an_email_address_may_begin_with_a_plus(adapter: BirdAdapter, context: Context) -> None:
    """What an address is follows from its at sign, and not from a plus at its beginning."""
    message = Message("+a@example.test", Email(subject="S", text="H", cc=("+b@example.test",)))

    written = document(adapter, message, context)

    assert written["receiver"]["contacts"] == [
        {"identifierKey": "emailaddress", "identifierValue": "+a@example.test", "type": "to"},
        {"identifierKey": "emailaddress", "identifierValue": "+b@example.test", "type": "cc"},
    ]


def account_with(settings: BirdSettings, **given: Any) -> Account[BirdSettings]:
    """Return an account with some further keys."""
    return Account(name="nest", settings=settings, base_url=BirdAdapter.base_url, **given)


EMAIL = Message("a@example.test", Email(subject="S", text="H"), channel=Channel.EMAIL)
SMS = Message(PHONE, "Hi", channel=Channel.SMS)


def test_the_accounts_sender_by_channel(settings: BirdSettings, context: Context) -> None:
    """A sender for e-mail is sent on e-mails only."""
    adapter = BirdAdapter(account_with(settings, senders={Channel.EMAIL: "shop"}))

    assert document(adapter, EMAIL, context)["sender"] == {"connector": {"identifierValue": "shop"}}
    assert adapter.check(SMS) is None
    assert "sender" not in document(adapter, SMS, context)


def test_the_accounts_sender_is_not_dropped(settings: BirdSettings) -> None:
    """A sender for every channel is an error on a channel that has none."""
    adapter = BirdAdapter(account_with(settings, sender="shop"))

    failure = adapter.check(SMS)

    assert failure is not None
    assert ("sender", Reason.MISCONFIGURED, Retry.AFTER_FIX) == (
        failure.path,
        failure.reason,
        failure.retry,
    )
    assert "senders" in failure.detail
    assert adapter.check(EMAIL) is None
    assert Channel.SMS not in adapter.plain_text_limits()


@pytest.mark.parametrize(
    "senders", [{"sender": "ACME"}, {"senders": {"sms": "ACME"}}, {"senders": {"email": "shop"}}]
)
def test_a_sender_that_no_message_could_have(senders: dict[str, Any]) -> None:
    """A sender that no channel of the account can use is a configuration error."""
    settings = BirdSettings(access_key=Secret("t"), workspace_id="w", channels={"sms": "c"})

    with pytest.raises(ConfigError, match=r"accounts\.nest\.senders?"):
        BirdAdapter(account_with(settings, **senders))


def test_a_reply(settings: BirdSettings, context: Context) -> None:
    """`reply_to` is sent as Bird's own id of the message."""
    adapter = BirdAdapter(account_with(settings))
    channel_id = settings.channels["whatsapp"]
    message = Message(PHONE, "Yes", channel="whatsapp", reply_to=f"nest:{channel_id}/m-1")

    assert adapter.check(message) is None
    assert {"id": "m-1", "type": "message"} == document(adapter, message, context)["replyTo"]


@pytest.mark.parametrize("id_", ["other:{}/m-1", "nest:c-other/m-1", "nest:m-1"])
def test_a_reply_to_another_conversation(settings: BirdSettings, id_: str) -> None:
    """A reply to a message of another account or channel is refused."""
    adapter = BirdAdapter(account_with(settings))
    reply_to = id_.format(settings.channels["whatsapp"])

    failure = adapter.check(Message(PHONE, "Yes", channel="whatsapp", reply_to=reply_to))

    assert failure is not None
    assert ("reply_to", Reason.INVALID_MESSAGE) == (failure.path, failure.reason)


def test_only_whatsapp_has_replies(adapter: BirdAdapter) -> None:
    """`reply_to` on an SMS is refused with its path."""
    failure = adapter.check(Message(PHONE, "Yes", channel="sms", reply_to="nest:c-sms/m-1"))

    assert failure is not None
    assert ("reply_to", Reason.UNSUPPORTED) == (failure.path, failure.reason)


@pytest.mark.parametrize(
    ("url", "passes"), [("https://a.test/x", True), ("http://a.test/x", False)]
)
def test_a_callback_is_https(adapter: BirdAdapter, url: str, passes: bool) -> None:
    """Only a callback URL with https passes the check."""
    failure = adapter.check(Message(PHONE, "Hi", channel="sms", callback_url=url))

    assert passes == (failure is None)
    assert passes or (failure is not None and failure.path == "callback_url")


def test_the_optional_fields(adapter: BirdAdapter, context: Context) -> None:
    """The optional fields and the reference are written as documented."""
    message = Message(
        PHONE,
        "Hi",
        channel=Channel.SMS,
        reference="r-1",
        send_at=datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        ttl=90,
        tags=("Parcel 7",),
        callback_url="https://app.example.test/bird",
        metadata={"never": "leaves"},
    )

    written = document(adapter, message, context)

    assert written == {
        "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": PHONE}]},
        "body": {"type": "text", "text": {"text": "Hi"}},
        "reference": "r-1",
        "tags": ["Parcel 7"],
        "scheduledFor": "2030-05-01T09:00:00+05:45",
        "validity": 90,
        "notification": {"url": "https://app.example.test/bird"},
    }


def test_waiting_shortens_the_ttl(adapter: BirdAdapter, context: Context) -> None:
    """The time that a message has waited is subtracted from its ttl."""
    message = Message(PHONE, "Hi", channel=Channel.SMS, ttl=90)

    written = document(adapter, message, attrs.evolve(context, waited=29.5))

    assert written["validity"] == 61


def test_extras_are_merged_last(settings: BirdSettings, context: Context) -> None:
    """The message's extras override the account's, member by member, also in nested objects."""
    adapter = BirdAdapter(
        Account(
            name="nest",
            settings=settings,
            base_url=BirdAdapter.base_url,
            extras={"enableLinkTracking": True, "meta": {"a": 1}},
        )
    )
    message = Message(
        PHONE,
        "Hi",
        channel=Channel.SMS,
        extras={"bird": {"meta": {"b": 2}, "validity": 5}, "messente": {"priority": "low"}},
    )

    written = document(adapter, message, context)

    assert (True, {"a": 1, "b": 2}, 5) == (
        written["enableLinkTracking"],
        written["meta"],
        written["validity"],
    )
    assert "priority" not in written


@pytest.mark.parametrize("key", ["receiver", "reference"])
def test_an_accounts_extras_cannot_set_protected_members(settings: BirdSettings, key: str) -> None:
    """Protected members in the account's extras are a configuration error."""
    account = Account(
        name="nest", settings=settings, base_url=BirdAdapter.base_url, extras={key: {}}
    )

    with pytest.raises(ConfigError, match=rf"accounts\.nest\.extras\.{key}"):
        BirdAdapter(account)


def test_each_channel_has_an_address_and_a_group_of_its_own(
    adapter: BirdAdapter, context: Context
) -> None:
    """The channel's id is in the URL, so messages of two channels are in two groups."""
    sms = Message(PHONE, "Hi", channel=Channel.SMS)
    whatsapp = attrs.evolve(sms, channel=Channel.WHATSAPP)

    requests = [next(adapter.send([each], context)) for each in (sms, whatsapp)]

    assert adapter.group(sms) != adapter.group(whatsapp)
    assert [
        "/workspaces/w-1/channels/c-sms/messages",
        "/workspaces/w-1/channels/c-wa/messages",
    ] == [each.url for each in requests]
    assert {("POST", Effect.SENDS, True, frozenset({202}))} == {
        (each.method, each.effect, each.authenticated, each.success) for each in requests
    }
    assert {"Authorization": "AccessKey token"} == adapter.authorization()


@pytest.mark.parametrize(
    ("channels", "path"),
    [
        ({}, "channels"),
        ("c-1", "channels"),
        ({"whatsap": "c"}, "channels.whatsap"),
        ({"viber": "c"}, "channels.viber"),
        ({"sms": ""}, "channels.sms"),
        ({"sms": "c/1"}, "channels.sms"),
        ({"sms": 1}, "channels.sms"),
    ],
)
def test_settings_name_the_channel_that_is_wrong(channels: Any, path: str) -> None:
    """A wrong `channels` setting is an error with the path of the channel."""
    with pytest.raises(InvalidValue) as refused:
        BirdSettings(access_key=Secret("token"), workspace_id="w-1", channels=channels)

    assert f"BirdSettings.{path}" == refused.value.problems[0].path
