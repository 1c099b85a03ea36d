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
    """The mapping names project, version, language and keys; the parameters name the rest."""
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
    """A recipient may be a contact of the provider."""
    message = Message(to, "Hi", channel=Channel.WHATSAPP)

    assert document(adapter, message, context)["receiver"] == {"contacts": [contact]}


def test_an_email_names_copies_and_its_sender(adapter: BirdAdapter, context: Context) -> None:
    """Copies are contacts with a type; only an e-mail has a sender."""
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


def test_the_accounts_sender_is_for_emails_only(settings: BirdSettings, context: Context) -> None:
    """The account's sender is sent on e-mail only."""
    adapter = BirdAdapter(
        Account(name="nest", settings=settings, base_url=BirdAdapter.base_url, sender="shop")
    )
    email = Message("a@example.test", Email(subject="S", text="H"), channel=Channel.EMAIL)
    sms = Message(PHONE, "Hi", channel=Channel.SMS)

    assert document(adapter, email, context)["sender"] == {"connector": {"identifierValue": "shop"}}
    assert "sender" not in document(adapter, sms, context)


def test_the_optional_fields(adapter: BirdAdapter, context: Context) -> None:
    """The optional fields and the reference are written as documented."""
    message = Message(
        PHONE,
        "Hi",
        channel=Channel.SMS,
        reference="r-1",
        send_at=datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))),
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
        "scheduledFor": "2030-05-01T09:00:00+02:00",
        "validity": 90,
        "notification": {"url": "https://app.example.test/bird"},
    }


def test_waiting_shortens_the_ttl(adapter: BirdAdapter, context: Context) -> None:
    """The remaining ttl is sent."""
    message = Message(PHONE, "Hi", channel=Channel.SMS, ttl=90)

    written = document(adapter, message, attrs.evolve(context, waited=29.5))

    assert written["validity"] == 61


def test_extras_are_merged_last(settings: BirdSettings, context: Context) -> None:
    """The account's extras come first, the message's last, each member by member."""
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
    """The channel's id stands in the path, so channels never share a request."""
    sms = Message(PHONE, "Hi", channel=Channel.SMS)
    whatsapp = attrs.evolve(sms, channel=Channel.WHATSAPP)

    requests = [next(adapter.send([each], context)) for each in (sms, whatsapp)]

    assert adapter.group(sms) != adapter.group(whatsapp)
    assert [
        "/workspaces/w-1/channels/c-sms/messages",
        "/workspaces/w-1/channels/c-wa/messages",
    ] == [each.url for each in requests]
    assert {("POST", Effect.SENDS, True)} == {
        (each.method, each.effect, each.authenticated) for each in requests
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
    """A mistake in the configuration is an error at start, with its path."""
    with pytest.raises(InvalidValue) as refused:
        BirdSettings(access_key=Secret("token"), workspace_id="w-1", channels=channels)

    assert f"BirdSettings.{path}" == refused.value.problems[0].path
