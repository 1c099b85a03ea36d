"""Sending, bulk, status, fallback and cancelling, over plain HTTP with a manual clock."""

from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import Clock

from omnimsg.sandbox import Sandbox, Scenario, magic_number

pytestmark = pytest.mark.anyio

TO = "+37255500001"
SMS = {"channel": "sms", "text": "Code 4711"}
VIBER = {"channel": "viber", "sender": "Acme", "text": "Code 4711"}


async def send(http: aiohttp.ClientSession, to: str, *messages: Any, **more: Any) -> Any:
    """Send an omnimessage and return the response."""
    async with http.post("omnimessage", json={"to": to, "messages": messages} | more) as response:
        assert response.status == 201
        return await response.json()


async def statuses(http: aiohttp.ClientSession, sent: Any) -> list[dict[str, Any]]:
    """Look up an omnimessage and return its statuses."""
    async with http.get(f"omnimessage/{sent['omnimessage_id']}/status") as response:
        found = await response.json()
    assert (found["to"], found["omnimessage_id"]) == (sent["to"], sent["omnimessage_id"])
    return list(found["statuses"])


async def words(http: aiohttp.ClientSession, sent: Any) -> list[tuple[str | None, int | None]]:
    """Return status and err of every leg."""
    return [(one["status"], one["err"]) for one in await statuses(http, sent)]


async def test_answer_names_every_leg(http: aiohttp.ClientSession) -> None:
    """The response to a send has an id for every channel, in the order of the request."""
    sent = await send(http, TO, VIBER, SMS)

    assert set(sent) == {"omnimessage_id", "to", "messages"}
    assert [(leg["channel"], leg["sender"]) for leg in sent["messages"]] == [
        ("viber", "Acme"),
        ("sms", "Sandbox"),
    ]
    assert len({sent["omnimessage_id"], *(leg["message_id"] for leg in sent["messages"])}) == 3


async def test_life_of_one_message(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A message is unprocessed, then acknowledged, then delivered to its handset."""
    sent = await send(http, TO, SMS)
    identity = {
        "channel": "sms",
        "message_id": sent["messages"][0]["message_id"],
        "omnimessage_id": sent["omnimessage_id"],
        "to": TO,
    }
    seen = []

    for _ in range(3):
        seen += [(await statuses(http, sent))[0] | {"on_handset": len(sandbox.handsets.all())}]
        clock.now += 10

    paid = {"part_price": "0.05", "parts_count": 1, "total_price": "0.05"}
    common = identity | {"sender": "Sandbox", "error": None}
    assert seen == [
        common | {"status": None, "err": None, "price_info": None, "on_handset": 0},
        common
        | {"status": "ACK", "err": 0, "price_info": paid, "on_handset": 0}
        | {"timestamp": "2023-11-14T22:13:30.000000"},
        common
        | {"status": "DELIVRD", "err": 0, "price_info": paid, "on_handset": 1}
        | {"timestamp": "2023-11-14T22:13:40.000000"},
    ]


@pytest.mark.parametrize(
    ("scenario", "sms", "viber"),
    [
        (Scenario.DELIVERED, ("DELIVRD", 0), ("DELIVRD", 0)),
        (Scenario.READ, ("DELIVRD", 0), ("SEEN", 10)),
        (Scenario.INVALID_RECIPIENT, ("FAILED", 3), ("FAILED", 3)),
        (Scenario.OPTED_OUT, ("REJECTD", 8), ("REJECTD", 8)),
        (Scenario.NOT_ON_CHANNEL, ("DELIVRD", 0), ("UNDELIV", 1)),
        (Scenario.UNDELIVERABLE, ("UNDELIV", 1), ("UNDELIV", 1)),
        (Scenario.EXPIRED, ("EXPIRED", 2), ("EXPIRED", 2)),
        (Scenario.PROVIDER_FAULT, ("FAILED", 999), ("FAILED", 999)),
        (Scenario.NO_FUNDS, ("REJECTD", 4), ("REJECTD", 4)),
        (Scenario.NEVER_SETTLES, ("ACK", 0), ("ACK", 0)),
        (Scenario.WINDOW_CLOSED, ("DELIVRD", 0), ("DELIVRD", 0)),
    ],
)
async def test_magic_recipients(
    http: aiohttp.ClientSession,
    clock: Clock,
    scenario: Scenario,
    sms: tuple[str, int],
    viber: tuple[str, int],
) -> None:
    """Each magic recipient ends in its own status and err."""
    to = magic_number(scenario)
    sent = [await send(http, to, SMS), await send(http, to, VIBER)]

    clock.now += 1000

    assert [await words(http, one) for one in sent] == [[sms], [viber]]


async def test_throttled_once(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The throttled recipient's first attempt gets 429, in a bulk too; the second is accepted."""
    body = {"to": magic_number(Scenario.THROTTLED_ONCE), "messages": [SMS]}
    bulk = {"messages": [body, {"to": TO, "messages": [SMS]}]}
    seen = []

    for path, document in [("omnimessage", body)] * 2 + [("omnimessages", bulk)] * 2:
        async with http.post(path, json=document) as response:
            seen.append((response.status, len(sandbox.emulators["messente"].messages)))

    assert seen == [(429, 0), (201, 1), (429, 1), (201, 3)]


async def test_failed_leg_falls_through(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The next leg starts when the previous one has failed; the leg after it stays null."""
    rcs = {"channel": "rcs", "sender": "Acme", "text": "Code 4711"}
    sent = await send(http, magic_number(Scenario.NOT_ON_CHANNEL), VIBER, SMS, rcs)
    seen = []

    for _ in range(4):
        seen.append([status for status, _ in await words(http, sent)])
        clock.now += 10

    assert seen == [
        [None, None, None],
        ["UNDELIV", None, None],
        ["UNDELIV", "ACK", None],
        ["UNDELIV", "DELIVRD", None],
    ]
    assert [received.channel for received in sandbox.handsets.all()] == ["sms"]


@pytest.mark.parametrize("life", [{"ttl": 120}, {"validity": 2}], ids=["seconds", "minutes"])
async def test_leg_outlives_its_ttl(
    http: aiohttp.ClientSession, clock: Clock, life: dict[str, int]
) -> None:
    """A leg without a result at the end of its ttl expires, and the next leg starts."""
    sent = await send(http, magic_number(Scenario.NEVER_SETTLES), VIBER | life, SMS)
    seen = []

    for wait in (119, 1, 10):
        clock.now += wait
        seen.append(await words(http, sent))

    assert seen == [
        [("ACK", 0), (None, None)],
        [("EXPIRED", 2), (None, None)],
        [("EXPIRED", 2), ("ACK", 0)],
    ]


async def test_delivery_within_the_ttl(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A leg that is delivered within its ttl does not expire, and no other leg starts."""
    sent = await send(http, magic_number(Scenario.READ), VIBER | {"ttl": 20}, SMS)

    clock.now += 1000

    assert await words(http, sent) == [("SEEN", 10), (None, None)]


async def test_bulk_answers_by_position(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The response to a bulk is 201 with one result or error per element, in request order."""
    bad = {"to": TO, "messages": [SMS | {"sender": "far too long a name"}]}
    good = [{"to": f"+3725550000{n}", "messages": [SMS]} for n in (1, 2)]

    async with http.post("omnimessages", json={"messages": [good[0], bad, "?", good[1]]}) as answer:
        results = (await answer.json())["messages"]
    clock.now += 1000

    assert answer.status == 201
    assert [result.get("to") for result in results] == ["+37255500001", None, None, "+37255500002"]
    assert [set(result) for result in results[1:3]] == [{"errors"}, {"errors"}]
    assert results[1]["errors"][0]["source"] == "payload[sms][sender]"
    assert [one.number for one in sandbox.handsets.all()] == ["+37255500001", "+37255500002"]


@pytest.mark.parametrize(
    ("body", "code", "source"),
    [
        ({}, "106", "payload[messages]"),
        ({"messages": []}, "105", "payload[messages]"),
        ({"messages": [{"to": TO, "messages": [SMS]}] * 1001}, "105", "payload[messages]"),
        ({"messages": [{"to": TO, "messages": [SMS]}], "to": TO}, "105", "payload[to]"),
        ([], "105", "payload"),
    ],
    ids=["nothing", "empty", "too many", "shared field", "no object"],
)
async def test_bulk_refused_as_a_whole(
    sandbox: Sandbox, http: aiohttp.ClientSession, body: Any, code: str, source: str
) -> None:
    """A bulk with an invalid envelope is refused as a whole."""
    async with http.post("omnimessages", json=body) as response:
        (error,) = (await response.json())["errors"]

    assert (response.status, error["code"], error["source"]) == (400, code, source)
    assert len(sandbox.emulators["messente"].messages) == 0


@pytest.mark.parametrize(
    "moment",
    [
        "2023-11-14T23:13:20Z",
        "2023-11-14T23:13:20",
        "2023-11-15T01:13:20+02:00",
    ],
    ids=["Z", "no offset", "offset"],
)
async def test_scheduled(http: aiohttp.ClientSession, clock: Clock, moment: str) -> None:
    """A scheduled omnimessage is unprocessed until its time, in UTC unless it has an offset."""
    sent = await send(http, TO, SMS, time_to_send=moment)
    seen = []

    for wait in (3609, 1):
        clock.now += wait
        seen += await words(http, sent)

    assert seen == [(None, None), ("ACK", 0)]


async def test_past_time_sends_at_once(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A time in the past sends at once."""
    sent = await send(http, TO, SMS, time_to_send="2020-01-01T09:00")

    clock.now += 10

    assert await words(http, sent) == [("ACK", 0)]


async def test_cancel_scheduled(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A scheduled omnimessage can be cancelled once, as a whole, and is not delivered."""
    sent = await send(http, TO, VIBER, SMS, time_to_send="2023-11-14T23:13:20Z")
    path = f"omnimessage/{sent['omnimessage_id']}"
    answers = []

    for _ in range(2):
        async with http.delete(path) as response:
            answers.append((response.status, await response.json()))
    clock.now += 100_000

    assert answers[0] == (202, {})
    assert (answers[1][0], answers[1][1]["errors"][0]["code"]) == (404, "101")
    assert await words(http, sent) == [("DELETED", 0), ("DELETED", 0)]
    assert sandbox.handsets.all() == []


@pytest.mark.parametrize("wait", [0, 5000], ids=["sent at once", "schedule is over"])
async def test_cancel_too_late(http: aiohttp.ClientSession, clock: Clock, wait: int) -> None:
    """An omnimessage that has been sent cannot be cancelled."""
    when = {"time_to_send": "2023-11-14T23:13:20Z"} if wait else {}
    sent = await send(http, TO, SMS, **when)
    clock.now += wait

    async with http.delete(f"omnimessage/{sent['omnimessage_id']}") as response:
        answer = await response.json()

    assert (response.status, answer["errors"][0]["code"]) == (404, "101")


async def test_lookup_by_leg_is_unknown(http: aiohttp.ClientSession) -> None:
    """A message id cannot be used in place of the omnimessage id."""
    sent = await send(http, TO, SMS)

    async with http.get(f"omnimessage/{sent['messages'][0]['message_id']}/status") as response:
        status = response.status

    assert status == 404


async def test_reset_forgets(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A reset forgets the omnimessages."""
    sent = await send(http, TO, SMS)

    sandbox.reset()

    async with http.get(f"omnimessage/{sent['omnimessage_id']}/status") as response:
        assert response.status == 404


async def test_handset_shows_the_content(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A handset has the whole text of each message, or a description of other content."""
    sandbox.open_windows(TO)
    parameters = [{"type": "text", "text": "Ola"}, {"type": "text", "text": "19:30"}]
    components = [{"type": "body", "parameters": parameters}]
    template = {"name": "parcel", "language": {"code": "en"}, "components": components}
    long = "Line one\n\tline\u00a0two  " + "x" * 200
    reply = {"reply": {"text": "Yes", "postback_data": "y"}}
    contents = [
        SMS | {"sender": "Acme", "ttl": 60, "autoconvert": "off", "udh": "050003a10201"},
        {"channel": "sms", "text": long, "validity": 1},
        {"channel": "rcs", "sender": "Acme", "text": "Hello", "suggestions": [reply]},
        {"channel": "whatsapp", "text": {"body": "Hello"}},
        {"channel": "whatsapp", "template": template},
        {"channel": "viber", "image_url": "https://files.example.test/a.png"},
    ]
    for content in contents:
        await send(http, TO, content)

    clock.now += 100

    assert [(one.kind, one.text) for one in sandbox.handsets.received(TO)] == [
        ("text", "Code 4711"),
        ("text", long),
        ("text", "Hello"),
        ("text", "Hello"),
        ("template", "[template] parcel Ola 19:30"),
        ("image_url", "[image] https://files.example.test/a.png"),
    ]


@pytest.mark.parametrize(
    ("message", "count", "total"),
    [
        (SMS, 1, "0.05"),
        (SMS | {"text": "x" * 161}, 2, "0.10"),
        (SMS | {"text": "ж" * 71}, 2, "0.10"),
        (SMS | {"text": "ж" * 71, "autoconvert": "off"}, 2, "0.10"),
        (SMS | {"text": "ж" * 71, "autoconvert": "full"}, 1, "0.05"),
        (VIBER | {"text": "x" * 1000}, 1, "0.05"),
    ],
)
async def test_price(
    http: aiohttp.ClientSession, clock: Clock, message: dict[str, Any], count: int, total: str
) -> None:
    """An SMS is priced per part, a message of another channel as a whole."""
    sent = await send(http, TO, message)
    clock.now += 1000

    (status,) = await statuses(http, sent)

    paid = {"part_price": "0.05", "parts_count": count, "total_price": total}
    assert status["price_info"] == paid
