"""Status reports: one for each step, in each provider's form and with its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import aiohttp
import pytest

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import CHANNELS

from .conftest import TO, Api

if TYPE_CHECKING:
    from support.callback_target import Target
    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

READS = "+27820990002"
NOW_MS = 1_700_000_000_000


async def test_clickatell_reports_each_status(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Clickatell's report has the status, its code, the reference and a time in milliseconds."""
    message_id = await api.clickatell(READS, channel="whatsapp")
    clock.now += 60
    await sandbox.callbacks.flush()

    first, *others = target.calls
    assert {
        "integrationId": first.document["integrationId"],
        "integrationName": "sandbox",
        "event": {
            "messageStatusUpdate": [
                {
                    "channel": "whatsapp",
                    "messageId": message_id,
                    "clientMessageId": "order-1",
                    "timestamp": NOW_MS,
                    "statusCode": 2,
                    "status": "QUEUED",
                }
            ]
        },
    } == first.document
    assert [
        ("SENT_TO_SUPPLIER", 4, NOW_MS + 10_000),
        ("DEVICE_ACK", 5, NOW_MS + 20_000),
        ("READ", 6, NOW_MS + 30_000),
    ] == [
        tuple(each.clickatell[name] for name in ("status", "statusCode", "timestamp"))
        for each in others
    ]


async def test_clickatell_signs_nothing(sandbox: Sandbox, api: Api, target: Target) -> None:
    """A Clickatell callback is not signed; its address ends in the configured secret."""
    await api.clickatell()
    await sandbox.callbacks.flush()

    account = sandbox.config()["accounts"]["clickatell"]
    (call,) = target.calls
    assert f"/callbacks/clickatell/{account['callback_secrets'][0]}" == call.path
    assert "Authorization" not in call.headers


async def test_an_unpublished_number_is_left_out(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A Clickatell status without a published code is reported by its name alone."""
    await api.clickatell("+27820990006", channel="whatsapp")
    clock.now += 60
    await sandbox.callbacks.flush()

    last = target.calls[-1].clickatell
    assert "WHATSAPP_MESSAGE_UNDELIVERABLE" == last["status"]
    assert "statusCode" not in last


async def test_messente_reports_each_status(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Messente's report has both ids, a time without offset, and the price of the billed leg."""
    sent = await api.messente()
    clock.now += 60
    await sandbox.callbacks.flush()

    first, last = target.documents
    assert {
        "status": "ACK",
        "sender": "Sandbox",
        "err": 0,
        "message_id": sent["messages"][0]["message_id"],
        "to": TO,
        "channel": "sms",
        "error": None,
        "omnimessage_id": sent["omnimessage_id"],
        "timestamp": "2023-11-14T22:13:30.000000",
        "price_info": {"part_price": "0.05", "parts_count": 1, "total_price": "0.05"},
    } == first
    assert ("DELIVRD", "2023-11-14T22:13:40.000000") == (last["status"], last["timestamp"])


async def test_messente_signs_with_the_password(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Messente's signature is the HMAC of the body's bytes with the account's password."""
    await api.messente()
    clock.now += 10
    await sandbox.callbacks.flush()

    (call,) = target.calls
    password = sandbox.config()["accounts"]["messente"]["password"]
    expected = hmac.new(password.encode(), call.body, hashlib.sha256).hexdigest()
    assert ("/callbacks/messente", expected) == (call.path, call.headers["X-Messente-Signature"])


async def test_messente_reports_the_legs_in_turn(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Each Messente leg is reported under its own id; a failed one with error, without price."""
    legs = [{"channel": "viber", "text": "Hi", "sender": "S"}, {"channel": "sms", "text": "Hi"}]
    sent = await api.messente("+27820990005", *legs)
    clock.now += 60
    await sandbox.callbacks.flush()

    viber, sms = (leg["message_id"] for leg in sent["messages"])
    assert [(viber, "UNDELIV"), (sms, "ACK"), (sms, "DELIVRD")] == [
        (each["message_id"], each["status"]) for each in target.documents
    ]
    assert (1, "Delivery failure", None) == tuple(
        target.documents[0][name] for name in ("err", "error", "price_info")
    )
    assert {sent["omnimessage_id"]} == {each["omnimessage_id"] for each in target.documents}


async def test_a_message_of_messente_names_its_own_address(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A message's `dlr_url` replaces the account's address, with its query unchanged."""
    await api.messente(dlr_url=f"{target.url}/mine?token=a%20b&x=1")
    clock.now += 10
    await sandbox.callbacks.flush()

    assert ["/mine?token=a%20b&x=1"] == [call.path for call in target.calls]


async def test_a_cancelled_message_is_reported(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A cancelled message is reported once, at once, and never afterwards."""
    sent = await api.messente(time_to_send="2023-11-15T00:00:00Z")
    await sandbox.callbacks.flush()
    before = list(target.calls)
    await api.call(
        "DELETE",
        f"/messente/v1/omnimessage/{sent['omnimessage_id']}",
        headers={"Authorization": "Basic c2FuZGJveDpzYW5kYm94LXBhc3N3b3Jk"},
    )
    clock.now += 86_400
    await sandbox.callbacks.flush()

    assert ([], ["DELETED"]) == (before, target.statuses)


async def test_bird_reports_each_status(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Bird's event is named after the channel; its payload is the message as in a look-up."""
    message_id = await api.bird()
    clock.now += 60
    await sandbox.callbacks.flush()

    statuses = ["accepted", "processing", "sent", "delivered"]
    assert statuses == target.statuses
    assert {("channels", "sms.outbound")} == {
        (each["service"], each["event"]) for each in target.documents
    }
    payload = target.documents[-1]["payload"]
    assert (message_id, CHANNELS["sms"], "order-1", "2023-11-14T22:13:50.000Z") == tuple(
        payload[name] for name in ("id", "channelId", "reference", "lastStatusAt")
    )


async def test_bird_reports_an_interaction(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Bird reports reading as an interaction, after the delivery report."""
    message_id = await api.bird(READS, channel="whatsapp")
    clock.now += 60
    await sandbox.callbacks.flush()

    last = target.documents[-1]
    assert "whatsapp.interaction" == last["event"]
    assert ("read", message_id, "2023-11-14T22:14:00.000Z") == tuple(
        last["payload"][name] for name in ("type", "messageId", "createdAt")
    )
    assert "delivered" == target.statuses[-2]


async def test_bird_signs_time_address_and_body(sandbox: Sandbox, api: Api, target: Target) -> None:
    """Bird's signature covers the time in seconds, the URL and the raw digest of the body."""
    await api.bird()
    await sandbox.callbacks.flush()

    (call,) = target.calls
    key = sandbox.config()["accounts"]["bird"]["signing_keys"][0]
    time = call.headers["messagebird-request-timestamp"]
    digest = hashlib.sha256(call.body).digest()
    signed = f"{time}\n{target.url}/callbacks/bird\n".encode() + digest
    expected = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()
    assert ("1700000000", expected) == (time, call.headers["messagebird-signature"])
    assert "/callbacks/bird" == call.path


@pytest.mark.parametrize("provider", ["clickatell", "messente", "bird"])
async def test_reports_come_at_their_times(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock, provider: str
) -> None:
    """Each step is reported once, not before the clock has reached it."""
    await getattr(api, provider)()
    counts = []

    for _ in range(6):
        await sandbox.callbacks.flush()
        counts.append(len(target.calls))
        clock.now += 10

    expected = {
        "clickatell": [1, 2, 3, 3, 3, 3],
        "messente": [0, 1, 2, 2, 2, 2],
        "bird": [1, 2, 3, 4, 4, 4],
    }
    assert expected[provider] == counts


@pytest.mark.parametrize("provider", ["clickatell", "messente", "bird"])
async def test_a_report_follows_the_answer(target: Target, provider: str) -> None:
    """Without a fault no report comes before the answer to the send is written."""
    seen = []

    async with (
        Sandbox(callbacks=target.url) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        for _ in range(20):
            await getattr(Api(sandbox, session), provider)()
            seen.append(len(target.calls))
            await sandbox.callbacks.flush()
            target.calls.clear()

    assert [0] * 20 == seen


async def test_a_lost_answer_is_still_reported(sandbox: Sandbox, api: Api, target: Target) -> None:
    """A message whose answer was lost is reported, with its reference."""
    sandbox.faults.add("reset_after")

    with pytest.raises(aiohttp.ClientError):
        await api.clickatell()
    await sandbox.callbacks.flush()

    assert [("QUEUED", "order-1")] == [
        (each.clickatell["status"], each.clickatell["clientMessageId"]) for each in target.calls
    ]


async def test_a_refused_message_is_not_reported(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A message that was not accepted is not reported."""
    sandbox.faults.add("status", status=503)

    with pytest.raises(AssertionError):
        await api.bird()
    clock.now += 60
    await sandbox.callbacks.flush()

    assert [] == target.calls
