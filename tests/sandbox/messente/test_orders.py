"""Errors and statuses that a test orders, over plain HTTP, and the service window."""

from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import Clock

from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg_messente.emulator import MessenteEmulator

pytestmark = pytest.mark.anyio

TO, OTHER = "+37255500001", "+37255500002"
SMS = {"channel": "sms", "text": "Code 4711"}
VIBER = {"channel": "viber", "text": "Code 4711"}
RCS = {"channel": "rcs", "sender": "Acme", "text": "Code 4711"}
WHATSAPP = {"channel": "whatsapp", "text": {"body": "Code 4711"}}
TEMPLATE = {
    "channel": "whatsapp",
    "template": {"name": "code", "language": {"code": "en"}, "components": []},
}

SUCCESSES = {0, 10}
BILLED = {"ACK", "ACCEPTD", "DELIVRD", "SEEN"}
UNSETTLED = {"ACK", "ACCEPTD", "UNKNOWN"}


async def order(sandbox: Sandbox, **what: Any) -> tuple[int, Any]:
    """Order something and return the response."""
    url = f"{sandbox.url}/_sandbox/messente/errors"
    async with aiohttp.request("POST", url, json=what) as response:
        return response.status, await response.json()


async def send(http: aiohttp.ClientSession, to: str, *messages: Any) -> tuple[int, Any]:
    """Send an omnimessage and return the response."""
    async with http.post("omnimessage", json={"to": to, "messages": messages}) as response:
        return response.status, await response.json()


async def reports(http: aiohttp.ClientSession, sent: Any) -> list[dict[str, Any]]:
    """Return the report of every leg."""
    async with http.get(f"omnimessage/{sent['omnimessage_id']}/status") as response:
        return list((await response.json())["statuses"])


async def words(http: aiohttp.ClientSession, sent: Any) -> list[tuple[str | None, int | None]]:
    """Return status and err of every leg."""
    return [(one["status"], one["err"]) for one in await reports(http, sent)]


@pytest.mark.parametrize(
    ("code", "status", "title", "source"),
    [
        ("101", 404, "Not found", None),
        ("102", 403, "Forbidden", None),
        ("103", 401, "Unauthorized", None),
        ("104", 500, "Internal Server Error", None),
        ("105", 400, "Invalid data", "payload"),
        (106, 400, "Missing data", "payload"),
        ("107", 405, "Method not allowed", None),
    ],
)
async def test_error_codes(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    code: Any,
    status: int,
    title: str,
    source: str | None,
) -> None:
    """Each error code can be ordered for the next request, and only for that."""
    ordered, _ = await order(sandbox, code=code)

    refused, body = await send(http, TO, SMS)
    accepted, _ = await send(http, TO, SMS)

    (error,) = body["errors"]
    assert (201, status, 201) == (ordered, refused, accepted)
    assert (str(code), title, source) == (error["code"], error["title"], error["source"])
    assert 1 == len(sandbox.emulators["messente"].messages)


async def test_an_element_of_a_bulk(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A code for a number refuses its element of a bulk, and leaves the others alone."""
    await order(sandbox, code="104", to=OTHER)
    bulk = {"messages": [{"to": to, "messages": [SMS]} for to in (TO, OTHER)]}

    async with http.post("omnimessages", json=bulk) as response:
        answer = await response.json()

    assert ["omnimessage_id", "errors"] == [next(iter(one)) for one in answer["messages"]]


async def test_the_number_of_an_order_needs_no_plus(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """An order for a number without its plus applies to that number."""
    await order(sandbox, code="104", to=TO.removeprefix("+"))

    status, _ = await send(http, TO, SMS)

    assert 500 == status


@pytest.mark.parametrize(
    ("what", "status", "err"),
    [
        ({"err": 5}, "FAILED", 5),
        ({"err": 6}, "REJECTD", 6),
        ({"err": 7}, "REJECTD", 7),
        ({"err": 9}, "REJECTD", 9),
        ({"err": 0}, "DELIVRD", 0),
        ({"err": 10}, "SEEN", 10),
        ({"err": 999}, "FAILED", 999),
        ({"err": 1}, "FAILED", 1),
        ({"err": 2}, "EXPIRED", 2),
        ({"err": 3}, "FAILED", 3),
        ({"err": 4}, "REJECTD", 4),
        ({"err": 8}, "REJECTD", 8),
        ({"status": "ACK"}, "ACK", 0),
        ({"status": "ACCEPTD"}, "ACCEPTD", 0),
        ({"status": "DELIVRD"}, "DELIVRD", 0),
        ({"status": "SEEN"}, "SEEN", 10),
        ({"status": "UNDELIV"}, "UNDELIV", 1),
        ({"status": "FAILED"}, "FAILED", 1),
        ({"status": "EXPIRED"}, "EXPIRED", 2),
        ({"status": "REJECTD"}, "REJECTD", 1),
        ({"status": "NACK"}, "NACK", 1),
        ({"status": "UNKNOWN"}, "UNKNOWN", 999),
        ({"status": "DELETED"}, "DELETED", 0),
        ({"status": "UNDELIV", "err": 5}, "UNDELIV", 5),
    ],
)
async def test_statuses(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    clock: Clock,
    what: dict[str, Any],
    status: str,
    err: int,
) -> None:
    """Each status and err can be ordered for the next message, and only for that.

    A success has a price and no error; after a failure the next leg is attempted.
    """
    await order(sandbox, **what)
    _, first = await send(http, TO, SMS, VIBER)
    _, second = await send(http, TO, SMS)

    clock.now += 1000

    failed = status not in BILLED | UNSETTLED
    assert [
        (status, err, err in SUCCESSES, status in BILLED),
        ("DELIVRD", 0, True, True) if failed else (None, None, True, False),
    ] == [
        (one["status"], one["err"], one["error"] is None, one["price_info"] is not None)
        for one in await reports(http, first)
    ]
    assert [("DELIVRD", 0)] == await words(http, second)
    assert 1 + (status not in UNSETTLED) == len(sandbox.handsets.received(TO))


@pytest.mark.parametrize("leg", [VIBER, TEMPLATE, RCS], ids=lambda leg: leg["channel"])
async def test_a_leg_fails_as_ordered(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock, leg: dict[str, Any]
) -> None:
    """An order for a channel and number hits that leg alone; the next leg is attempted."""
    await order(sandbox, status="NACK", channel=leg["channel"], to=TO, count=2)
    sent = [await send(http, to, leg, SMS) for to in (OTHER, TO, TO, TO)]

    clock.now += 1000

    delivered, nack = ("DELIVRD", 0), ("NACK", 1)
    assert [
        [delivered, (None, None)],
        [nack, delivered],
        [nack, delivered],
        [delivered, (None, None)],
    ] == [await words(http, body) for _, body in sent]


async def test_a_leg_that_is_not_attempted_uses_no_order(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A leg that is not attempted does not use up an order."""
    await order(sandbox, err=7, channel="sms")
    await send(http, TO, VIBER, SMS)
    _, second = await send(http, TO, SMS)

    clock.now += 1000

    assert [("REJECTD", 7)] == await words(http, second)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({}, "code"),
        ({"code": "105", "err": 1}, "code"),
        ({"code": "108"}, "code"),
        ({"code": ["105"]}, "code"),
        ({"code": "105", "channel": "sms"}, "channel"),
        ({"status": "REJECTED"}, "status"),
        ({"status": ["ACK"]}, "status"),
        ({"err": 11}, "err"),
        ({"err": True}, "err"),
        ({"err": 1, "to": ["x"]}, "to"),
        ({"err": 1, "channel": "telegram"}, "channel"),
        ({"err": 1, "channel": ["sms"]}, "channel"),
        ({"err": 1, "count": 0}, "count"),
        ({"err": 1, "count": True}, "count"),
        ({"err": 1, "colour": 1}, "colour"),
    ],
)
async def test_invalid_orders(sandbox: Sandbox, what: dict[str, Any], named: str) -> None:
    """An invalid order is refused with the name of its key, and nothing is ordered."""
    status, body = await order(sandbox, **what)

    assert (400, True) == (status, named in body["error"])


async def test_orders_are_bounded_and_forgotten(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Above the limit an order is an error; a reset forgets all of them."""
    orders = sandbox.emulator(MessenteEmulator).orders
    for _ in range(1000):
        orders.add(code="104")

    status, body = await order(sandbox, code="104")
    sandbox.reset()
    accepted, _ = await send(http, TO, SMS)

    assert (400, True, 201) == (status, "limit" in body["error"], accepted)


@pytest.mark.parametrize(
    ("content", "expected"), [(WHATSAPP, ("UNDELIV", 1)), (TEMPLATE, ("DELIVRD", 0))]
)
async def test_outside_the_window(
    http: aiohttp.ClientSession, clock: Clock, content: dict[str, Any], expected: tuple[str, int]
) -> None:
    """Without an inbound message only a template is delivered."""
    _, sent = await send(http, TO, content)
    _, magic = await send(http, magic_number(Scenario.WINDOW_CLOSED), content)

    clock.now += 1000

    assert [[expected], [expected]] == [await words(http, sent), await words(http, magic)]


async def test_inside_the_window(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """After an inbound message free content is delivered for 24 hours."""
    sandbox.open_windows(TO)
    _, first = await send(http, TO, WHATSAPP)
    clock.now += 24 * 3600
    _, second = await send(http, TO, WHATSAPP, SMS)
    clock.now += 1000

    assert [("DELIVRD", 0)] == await words(http, first)
    assert [("UNDELIV", 1), ("DELIVRD", 0)] == await words(http, second)


async def test_handsets_name_the_clients_id(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A handset shows the id by which the omnimessage is looked up, and no reference."""
    _, sent = await send(http, TO, SMS)
    clock.now += 1000

    (received,) = sandbox.handsets.received(TO)

    assert f"messente:{sent['omnimessage_id']}" == received.message_id
    assert (sent["messages"][0]["message_id"], None) == (received.id, received.reference)
