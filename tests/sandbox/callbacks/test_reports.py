"""Reports of messages: one for each step, in each provider's form, signed as it signs."""

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
    """Name, number, our reference, and the milliseconds at which the status was reached."""
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
    """The address ends in the secret of the account's configuration."""
    await api.clickatell()
    await sandbox.callbacks.flush()

    account = sandbox.config()["accounts"]["clickatell"]
    (call,) = target.calls
    assert f"/callbacks/clickatell/{account['callback_secrets'][0]}" == call.path
    assert "Authorization" not in call.headers


async def test_an_unpublished_number_is_left_out(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Clickatell's table shows no number for it, so its report has the name alone."""
    await api.clickatell("+27820990006", channel="whatsapp")
    clock.now += 60
    await sandbox.callbacks.flush()

    last = target.calls[-1].clickatell
    assert "WHATSAPP_MESSAGE_UNDELIVERABLE" == last["status"]
    assert "statusCode" not in last


async def test_messente_reports_each_status(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Both ids, a time without an offset, and the price once the leg is billed."""
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
    """The signature is the HMAC of the bytes, and the address that of the account."""
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
    """Each leg under its own id and the common one; the failed one has an error and no price."""
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
    """`dlr_url` goes before the address of the account, with its query as it is."""
    await api.messente(dlr_url=f"{target.url}/mine?token=a%20b&x=1")
    clock.now += 10
    await sandbox.callbacks.flush()

    assert ["/mine?token=a%20b&x=1"] == [call.path for call in target.calls]


async def test_a_cancelled_message_is_reported(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """At once, and nothing else of it, although its time comes."""
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
    """The event is named after the channel; its payload is the message as a look-up shows it."""
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
    """Reading is no status: it is the last event of its message, after the delivery."""
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
    """The key is text; the digest of the body goes in as raw bytes; the time is in seconds."""
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
    """No step is reported before the clock has reached it, and each is reported once."""
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
    """The report tells what the broken connection left open, and quotes the reference."""
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
    """What was never accepted has no status."""
    sandbox.faults.add("status", status=503)

    with pytest.raises(AssertionError):
        await api.bird()
    clock.now += 60
    await sandbox.callbacks.flush()

    assert [] == target.calls
