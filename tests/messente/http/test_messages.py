"""Every message of the catalogue: sent as documented, and delivered once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from messente.cases import TO, Case
from messente.catalogue import CATALOGUE
from support.sandbox_fixtures import NOW, Clock

from omnimsg import Client, Message, Priority, Template
from omnimsg.domain.content import TextParameter

from .conftest import SENDER, check_delivery, sent

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
async def test_it_arrives_as_documented(
    client: Client, sandbox: Sandbox, recorder: Recorder, case: Case
) -> None:
    """The request is as documented, and the handset shows the message once."""
    leg = {"channel": case.channel, **case.members, "sender": SENDER}

    accepted = await client.send(case.message())

    assert [{"to": TO, "messages": [leg]}] == sent(recorder)
    (received,) = sandbox.handsets.received(TO)
    assert (case.channel, leg, SENDER) == (received.channel, received.content, received.sender)
    check_delivery(sandbox, [accepted])


async def test_ids_of_the_message_and_its_leg(client: Client, sandbox: Sandbox) -> None:
    """The outcome has the omnimessage's id, and the handset shows the leg's id."""
    accepted = await client.send(Message(TO, "Hi"))

    (leg,) = accepted.legs
    (received,) = sandbox.handsets.received(TO)
    assert f"messente:{accepted.provider_id}" == accepted.id
    assert (received.id, SENDER, "sms") == (leg.provider_id, leg.sender, leg.channel)
    assert leg.provider_id != accepted.provider_id
    assert accepted.raw["omnimessage_id"] == accepted.provider_id


async def test_all_fields_of_a_message(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """Sender and ttl are sent inside the leg, the other fields beside the legs."""
    at = datetime(2023, 11, 15, 1, 13, 20, tzinfo=timezone(timedelta(hours=2)))

    await client.send(
        Message(
            TO,
            "Hi",
            sender="+37255500009",
            ttl=61,
            send_at=at,
            priority=Priority.HIGH,
            callback_url="https://app.example.test/dlr?k=1",
            metadata={"ours": "alone"},
        )
    )

    assert sent(recorder) == [
        {
            "to": TO,
            "messages": [{"channel": "sms", "text": "Hi", "sender": "+37255500009", "ttl": 61}],
            "dlr_url": "https://app.example.test/dlr?k=1",
            "time_to_send": "2023-11-15T01:13:20+02:00",
            "priority": "high",
        }
    ]
    assert [] == sandbox.handsets.received(TO)


async def test_scheduled(client: Client, sandbox: Sandbox, clock: Clock) -> None:
    """A scheduled message arrives at its time and not before."""
    at = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)
    accepted = await client.send(Message(TO, "Hi", send_at=at))

    clock.now += 3599
    before = sandbox.handsets.received(TO)
    clock.now += 1

    assert [] == before
    check_delivery(sandbox, [accepted])


@pytest.mark.parametrize("text_store", ["nostore", "plaintext", "sha256"])
async def test_text_store_is_the_accounts(
    config: dict[str, Any], recorder: Recorder, text_store: str
) -> None:
    """The account sets `text_store`, and a message's extras override it."""
    config["accounts"]["messente"]["text_store"] = text_store
    async with Client.from_config(config) as client:
        await client.send(Message(TO, "a"))
        await client.send(Message(TO, "b", extras={"messente": {"text_store": "plaintext"}}))

    assert [text_store, "plaintext"] == [each["text_store"] for each in sent(recorder)]


async def test_validity_by_extras(client: Client, recorder: Recorder, clock: Clock) -> None:
    """Extras under a channel's name, such as `validity`, are merged into that channel's leg."""
    extras = {"messente": {"sms": {"validity": 10}}}

    await client.send(Message(TO, "Hi", extras=extras))

    assert [{"channel": "sms", "text": "Hi", "sender": SENDER, "validity": 10}] == (
        sent(recorder)[0]["messages"]
    )


@pytest.mark.parametrize(
    ("channel", "wire"),
    [
        (
            "viber",
            {"id": "9d1f", "lang": "en_GB", "params": {"guest": "Ola", "time": "19:30"}},
        ),
        (
            "whatsapp",
            {
                "name": "tisch_bereit",
                "language": {"code": "en_GB"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "Ola"},
                            {"type": "text", "text": "19:30"},
                        ],
                    }
                ],
            },
        ),
    ],
)
async def test_the_account_maps_a_template(
    config: dict[str, Any], sandbox: Sandbox, channel: str, wire: dict[str, Any]
) -> None:
    """One mapping serves both channels: name and positions on WhatsApp, id and keys on Viber."""
    config["accounts"]["messente"]["templates"] = {
        "table_ready": {
            "name": "tisch_bereit",
            "id": "9d1f",
            "language": "en_GB",
            "keys": ["guest"],
        }
    }
    content = Template("table_ready", body=["Ola", TextParameter("19:30", name="time")])
    async with Client.from_config(config) as client:
        await client.send(Message(TO, content, channel=channel))

    (received,) = sandbox.handsets.received(TO)
    assert wire == received.content["template"]
