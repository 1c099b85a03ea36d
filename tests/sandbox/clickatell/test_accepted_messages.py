"""Accepted messages: their lifecycle, and what the handset receives."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import NOW, Clock

from omnimsg.sandbox import (
    Limits,
    Sandbox,
    SandboxState,
    Scenario,
    ServiceWindows,
    magic_number,
)
from omnimsg_clickatell.emulator import ClickatellEmulator
from omnimsg_clickatell.emulator.inbound import InboundMessages

from .conftest import Api

pytestmark = pytest.mark.anyio

TO = "27820000001"
MS = int(NOW * 1000)


def message(channel: str = "sms", to: str = TO, **content: Any) -> dict[str, Any]:
    """Return a message, by default with a plain text."""
    return {"channel": channel, "to": to} | (content or {"content": "hello"})


GOOD: dict[str, dict[str, Any]] = {
    "default channel": {"to": TO, "content": "hi"},
    "everything of SMS": message(
        content="hi",
        clientMessageId="ref",
        validityPeriod=60,
        scheduledDeliveryTime="2030-01-02T03:04:05+02:00",
        encryptionKey="eA==",
        encryptionKeyArn="arn",
        encryptionCipher="AES",
        **{"from": "27870000000", "userDataHeader": "050003010201"},
    ),
    "binary": message(content="00ff", binary=True),
    "shortest validity and reference": message(content="x", validityPeriod=1, clientMessageId="r"),
    "longest validity": message(content="x", validityPeriod=2**31 - 1),
    "ten parts": message(content="x" * 1530),
    "ten parts with a header": message(content="x" * 1529, userDataHeader="0100"),
    "ten Unicode parts with a header": message(content="я" + "x" * 668, userDataHeader="0100"),
    "ten parts with a header, of characters of two septets": message(
        content="{" * 764 + "x", userDataHeader="0100"
    ),
    "preview": message("whatsapp", content="https://example.com", previewFirstUrl=True),
    "4096 characters": message("whatsapp", content="x" * 4096),
    "inline": message(
        "whatsapp", content="eA==", media={"contentType": "image/png", "caption": "c"}
    ),
    "Opus": message("whatsapp", content="eA==", media={"contentType": "audio/ogg; codecs=opus"}),
    "place": message(
        "whatsapp", location={"latitude": "-90", "longitude": "180.0", "name": "Cafe"}
    ),
    "contacts": message(
        "whatsapp",
        contacts=[
            {
                "name": {"formattedName": "Ann"},
                "org": {"company": "Shop"},
                "birthday": "2000-02-29",
                "phones": [{"phone": "1"}],
                "emails": [{"email": "a@example.com"}],
                "urls": [{"url": "https://example.com"}],
                "addresses": [{"city": "Town"}],
            }
        ],
    ),
    "bare template": message("whatsapp", template={"templateName": "t", "body": {}}),
    "full template": message(
        "whatsapp",
        template={
            "templateName": "t",
            "language": "en",
            "body": {"parameters": {"1": "a", "2": "b    c"}},
            "header": {"type": "text", "text": {"parameters": {"1": "h"}}},
            "templateButtons": [
                {"index": 1, "type": "url", "url": {"url": "tail"}},
                {"index": 2, "type": "url", "url": {"url": "tail"}},
                {
                    "index": 4,
                    "type": "suggestedResponse",
                    "suggestedResponse": {"postbackData": "p"},
                },
                {"index": 5, "type": "couponCode", "couponCode": {"code": "x" * 15}},
                {"index": 6, "type": "otp", "otp": {"code": "1234"}},
            ],
        },
    ),
    "shortest coupon": message(
        "whatsapp",
        template={
            "templateName": "t",
            "body": {},
            "templateButtons": [{"index": 1, "type": "couponCode", "couponCode": {"code": "x"}}],
        },
    ),
    "old links": message(
        "whatsapp",
        template={
            "templateName": "t",
            "body": {},
            "buttons": {
                "websiteUrl": [
                    {"listPosition": 1, "parameters": {"1": "tail"}},
                    {"listPosition": 2},
                ]
            },
        },
    ),
    "location template": message(
        "whatsapp",
        template={
            "templateName": "t",
            "body": {},
            "header": {
                "type": "location",
                "location": {"latitude": "1", "longitude": "1", "name": "n", "address": "a"},
            },
            "buttons": {"suggestedResponse": {"postbackData": dict.fromkeys("123", "x")}},
        },
    ),
    "list": message(
        "whatsapp",
        listPicker={
            "button": "Open",
            "subtitle": "*Choose*",
            "title": "snake_case_is plain",
            "footer": "f",
            "sections": [
                {
                    "title": "a",
                    "items": [{"title": "x", "postbackData": "a_1_b", "subtitle": "s"}] * 5,
                },
                {"title": "b", "items": [{"title": "x", "postbackData": "2"}] * 5},
            ],
        },
    ),
    "list at its limits": message(
        "whatsapp",
        listPicker={
            "button": "x" * 20,
            "subtitle": "x" * 1024,
            "title": "x" * 60,
            "footer": "x" * 60,
            "sections": [
                {
                    "title": "x" * 24,
                    "items": [{"title": "x" * 24, "postbackData": "x" * 200, "subtitle": "x" * 72}],
                }
            ]
            * 10,
        },
    ),
    "list of one section without a title": message(
        "whatsapp",
        listPicker={
            "button": "x",
            "subtitle": "x",
            "sections": [{"items": [{"title": "x", "postbackData": "x"}] * 10}],
        },
    ),
    "buttons at their limits": message(
        "whatsapp",
        button={
            "body": "x" * 1024,
            "footer": "x" * 60,
            "header": {"type": "text", "text": "x" * 60},
            "items": [{"title": "x" * 20, "postbackData": n + "x" * 255} for n in "abc"],
        },
    ),
    "link at its limits": message(
        "whatsapp",
        actionUrl={
            "body": "x" * 1024,
            "footer": "x" * 60,
            "header": {"type": "text", "text": "x" * 60},
            "title": "x" * 20,
            "url": "https://example.com/".ljust(2000, "x"),
        },
    ),
    "location request at its limit": message("whatsapp", locationRequest={"body": "x" * 1024}),
    "template with ten buttons": message(
        "whatsapp",
        template={
            "templateName": "t",
            "body": {},
            "templateButtons": [
                {"index": n, "type": "url", "url": {"url": "x"}} for n in (*range(1, 10), 2**31 - 1)
            ],
        },
    ),
    "buttons": message(
        "whatsapp",
        button={
            "body": "b",
            "footer": "f",
            "header": {"type": "text", "text": "h"},
            "items": [{"title": n, "postbackData": n, "type": "reply"} for n in "abc"],
        },
    ),
    "link": message(
        "whatsapp", actionUrl={"body": "b", "title": "t", "url": "https://example.com"}
    ),
    "location request": message("whatsapp", locationRequest={"body": "b"}),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
async def test_good_messages_are_accepted(api: Api, given: dict[str, Any]) -> None:
    """A message that the reference allows is accepted with an id of 32 hexadecimal digits."""
    status, body = await api.send(given)

    assert status == 202, body
    entry = body["messages"][0]
    message_id = entry.pop("apiMessageId")
    echoed = {key: given[key] for key in ("to", "clientMessageId") if key in given}
    assert entry == {"accepted": True, "error": None} | echoed
    assert len(bytes.fromhex(message_id)) == 16


LIVES = {
    ("sms", Scenario.DELIVERED): ["QUEUED", "SENT_TO_SUPPLIER", "DEVICE_ACK"],
    ("sms", Scenario.READ): ["QUEUED", "SENT_TO_SUPPLIER", "DEVICE_ACK"],
    ("whatsapp", Scenario.READ): ["QUEUED", "SENT_TO_SUPPLIER", "DEVICE_ACK", "READ"],
    ("sms", Scenario.UNDELIVERABLE): ["QUEUED", "SENT_TO_SUPPLIER", "DELIVERY_FAILURE"],
    ("whatsapp", Scenario.UNDELIVERABLE): [
        "QUEUED",
        "SENT_TO_SUPPLIER",
        "WHATSAPP_MESSAGE_UNDELIVERABLE",
    ],
    ("sms", Scenario.EXPIRED): ["QUEUED", "SENT_TO_SUPPLIER", "EXPIRED"],
    ("whatsapp", Scenario.EXPIRED): ["QUEUED", "SENT_TO_SUPPLIER", "EXPIRED"],
    ("sms", Scenario.PROVIDER_FAULT): ["QUEUED", "SENT_TO_SUPPLIER", "ROUTING_ERROR"],
    ("whatsapp", Scenario.PROVIDER_FAULT): [
        "QUEUED",
        "SENT_TO_SUPPLIER",
        "WHATSAPP_SERVER_RATE_LIMIT",
    ],
    ("sms", Scenario.NEVER_SETTLES): ["QUEUED", "SENT_TO_SUPPLIER"],
    ("whatsapp", Scenario.NEVER_SETTLES): ["QUEUED", "SENT_TO_SUPPLIER"],
}


@pytest.mark.parametrize(("channel", "scenario"), LIVES)
async def test_lifecycle(
    sandbox: Sandbox, api: Api, clock: Clock, channel: str, scenario: Scenario
) -> None:
    """A message has its scenario's statuses, and arrives only with DEVICE_ACK."""
    expected = LIVES[channel, scenario]
    to = magic_number(scenario, "2782")
    message_id = await api.send_one(message(channel, to))

    seen = []
    for _ in range(5):
        seen.append(await api.status(message_id))
        clock.now += 10

    statuses = expected + [expected[-1]] * (5 - len(expected))
    times = [MS + 10_000 * min(n, len(expected) - 1) for n in range(5)]
    pairs = zip(statuses, times, strict=True)
    assert seen == [{channel: {"status": name, "timestamp": at}} for name, at in pairs]
    assert len(sandbox.handsets.received(to)) == ("DEVICE_ACK" in expected)


async def test_validity(api: Api, clock: Clock) -> None:
    """A message that is neither delivered nor failed at the end of its validity expires."""
    never = magic_number(Scenario.NEVER_SETTLES, "2782")
    sent = [
        await api.send_one(message(to=never, content="x", validityPeriod=2)),
        await api.send_one(message(content="x", validityPeriod=1)),
        await api.send_one(message(to=never, content="x")),
    ]
    seen = []

    for wait in (119, 1, 1_000_000):
        clock.now += wait
        seen.append([(await api.status(each))["sms"] for each in sent])

    words = [[each["status"] for each in row] for row in seen]
    assert words == [
        ["SENT_TO_SUPPLIER", "DEVICE_ACK", "SENT_TO_SUPPLIER"],
        ["EXPIRED", "DEVICE_ACK", "SENT_TO_SUPPLIER"],
        ["EXPIRED", "DEVICE_ACK", "SENT_TO_SUPPLIER"],
    ]
    assert seen[-1][0]["timestamp"] == MS + 120_000


@pytest.mark.parametrize(("minutes", "last"), [(1, "EXPIRED"), (2, "DEVICE_ACK")])
async def test_a_delivery_after_the_validity(clock: Clock, minutes: int, last: str) -> None:
    """A message whose delivery would come after its validity expires, and does not arrive."""
    async with Sandbox([ClickatellEmulator], clock=clock, pace=60) as sandbox:
        key = sandbox.config()["accounts"]["clickatell"]["api_key"]
        async with aiohttp.ClientSession(sandbox.url, headers={"Authorization": key}) as session:
            api = Api(session)
            sent = await api.send_one(message(content="x", validityPeriod=minutes))
            clock.now += 1000

            assert (await api.status(sent))["sms"]["status"] == last
        assert len(sandbox.handsets.received(TO)) == (last == "DEVICE_ACK")


async def test_throttled_once(api: Api) -> None:
    """The throttled number is accepted on the second attempt."""
    given = message(to=magic_number(Scenario.THROTTLED_ONCE, "2782"))

    statuses = [(await api.send(given))[0] for _ in range(2)]

    assert statuses == [400, 202]


async def test_scheduled_messages_wait(sandbox: Sandbox, api: Api, clock: Clock) -> None:
    """A scheduled message is SCHEDULED until its time, then has the usual statuses."""
    later = "2023-11-15T00:13:20+01:00"  # an hour after the clock's start
    message_id = await api.send_one(message(content="x", scheduledDeliveryTime=later))
    seen = []

    for _ in range(3):
        seen.append(await api.status(message_id))
        clock.now += 3599

    assert seen == [
        {"sms": {"status": "SCHEDULED", "timestamp": MS}},
        {"sms": {"status": "SCHEDULED", "timestamp": MS}},
        {"sms": {"status": "DEVICE_ACK", "timestamp": MS + 3_620_000}},
    ]
    assert len(sandbox.handsets.received(TO)) == 1


async def test_unknown_messages_have_another_form(api: Api) -> None:
    """An unknown id gets a 200 without a channel, with the time of the request."""
    status, body = await api.request("GET", "message/0123456789abcdef")

    assert (status, body) == (200, {"status": "UNKNOWN", "timestamp": MS})


async def test_the_handset_shows_what_was_sent(sandbox: Sandbox, api: Api, clock: Clock) -> None:
    """A handset has the provider's own content object, and a description of it."""
    template = {"templateName": "table_ready", "body": {"parameters": {"1": "Ola", "2": "19:30"}}}
    message_id = await api.send_one(
        message("whatsapp", template=template, clientMessageId="ord-71")
    )
    clock.now += 60

    received = sandbox.handsets.received(f"+{TO}")[0]

    assert (received.provider, received.channel) == ("clickatell", "whatsapp")
    assert (received.kind, received.content) == ("template", template)
    assert received.text == "[template] table_ready Ola 19:30"
    assert (received.number, received.message_id) == (f"+{TO}", f"clickatell:{message_id}")
    assert (received.id, received.reference) == (message_id, "ord-71")


@pytest.mark.parametrize("text", ["Line one\nLine two", "1\u00a0000 kr", "a\tb  c", "x" * 1000])
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_the_handset_shows_the_whole_text(
    sandbox: Sandbox, api: Api, clock: Clock, channel: str, text: str
) -> None:
    """A text is shown as it was sent: neither folded nor cut."""
    await api.send_one(message(channel, content=text))
    clock.now += 60

    assert [text] == [each.text for each in sandbox.handsets.received(TO)]


async def test_inline_bytes_are_kept_by_reference(
    sandbox: Sandbox, api: Api, clock: Clock, emulator: ClickatellEmulator
) -> None:
    """The handset has the file id of inline media; the bytes are in the media store."""
    content = base64.b64encode(b"a picture").decode()
    await api.send_one(message("whatsapp", content=content, media={"contentType": "image/png"}))
    clock.now += 60

    shown = sandbox.handsets.received(TO)[0].content
    media = emulator.media.get(shown["fileId"], clock.now)

    assert shown["contentType"] == "image/png"
    assert media is not None
    assert media.data == b"a picture"


async def test_a_wrong_hash_fails_after_acceptance(api: Api, clock: Clock) -> None:
    """Media with a wrong hash is accepted and ends in a failed status."""
    media = {"contentType": "image/png", "sha256Hash": "0" * 64}
    message_id = await api.send_one(message("whatsapp", content="eA==", media=media))
    clock.now += 60

    body = await api.status(message_id)

    assert body["whatsapp"]["status"] == "MEDIA_CHECKSUM_FAILURE"


async def test_notifications(api: Api, emulator: ClickatellEmulator) -> None:
    """An added inbound message can be marked read, in one request with an unknown one."""
    async with api.session.post("/_sandbox/clickatell/inbound", json={"from": TO}) as planted:
        known = (await planted.json())["messageId"]
    by_sms = emulator.inbox.receive(TO, "sms").id
    notes = [
        {"messageId": name, "statusCode": 1001, "clientEventId": f"seen-{n}"}
        for n, name in enumerate((known, by_sms))
    ]

    one, _ = await api.request(
        "POST", "notification", json={"event": {"messageStatusUpdate": notes[:1]}}
    )
    both, body = await api.request(
        "POST", "notification", json={"event": {"messageStatusUpdate": notes}}
    )

    first, second = body["event"]["messageStatusUpdate"]
    assert (one, both, body["error"]) == (202, 207, None)
    assert len(bytes.fromhex(first.pop("apiEventId"))) == 16
    assert first == {"accepted": True, "messageId": known, "clientEventId": "seen-0", "error": None}
    assert (second["accepted"], second["clientEventId"]) == (False, "seen-1")


READY = {"templateName": "table_ready", "body": {"parameters": {"1": "Ola", "2": "19:30"}}}


async def test_the_service_window(clock: Clock) -> None:
    """By default, free WhatsApp content needs a recent inbound message."""
    async with Sandbox([ClickatellEmulator], clock=clock) as sandbox:
        key = sandbox.config()["accounts"]["clickatell"]["api_key"]
        async with aiohttp.ClientSession(sandbox.url, headers={"Authorization": key}) as session:
            api = Api(session)
            ids = [
                await api.send_one(message("whatsapp")),
                await api.send_one(message("whatsapp", template=READY)),
            ]
            sandbox.emulator(ClickatellEmulator).inbox.receive(TO)
            ids.append(await api.send_one(message("whatsapp")))
            clock.now += 24 * 3600
            ids.append(await api.send_one(message("whatsapp")))
            ends = [(await api.status(one))["whatsapp"]["status"] for one in ids]

    shut = "WHATSAPP_RE_ENGAGEMENT_REQUIRED"
    assert ends == [shut, "DEVICE_ACK", "DEVICE_ACK", shut]


async def test_balance(api: Api) -> None:
    """The balance is a number with a currency of three letters."""
    assert await api.request("GET", "balance") == (200, {"balance": 1000.0, "currency": "EUR"})


async def test_reset(sandbox: Sandbox, api: Api, emulator: ClickatellEmulator) -> None:
    """A reset forgets inbound messages and ordered errors."""
    inbound = emulator.inbox.receive(TO).id
    emulator.account_faults.add(18)

    sandbox.reset()

    assert emulator.inbox.get(inbound) is None
    assert (await api.send(message()))[0] == 202


def test_the_inbox_is_bounded(clock: Clock) -> None:
    """Above its limit, the oldest inbound message is dropped."""
    state = SandboxState(clock=clock, limits=Limits(messages=1))
    inbox = InboundMessages(state, ServiceWindows(state))

    first, second = inbox.receive(TO), inbox.receive("27820000002")

    assert inbox.get(first.id) is None
    assert inbox.get(second.id) is second
