"""Errors, statuses and templates that a test orders, and what the request log says of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg_clickatell.emulator.errors import ERROR_TABLE, ErrorLevel

if TYPE_CHECKING:
    from support.sandbox_fixtures import Clock

    from .conftest import Api

from pathlib import Path

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parents[2] / "data"
TO, OTHER = "27820000001", "27820000002"
SMS = {"channel": "sms", "to": TO, "content": "hello"}
WHATSAPP = SMS | {"channel": "whatsapp"}
DELIVERED = {"DEVICE_ACK", "READ"}


def documented_statuses() -> list[str]:
    """Return the names of the vendor's enumeration."""
    contract = orjson.loads((DATA / "clickatell-schema.json").read_bytes())
    names: list[str] = []
    waiting: list[Any] = [contract]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "DEVICE_ACK" in value.get("enum", ()):
                names = value["enum"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return names


def ready(**more: Any) -> dict[str, Any]:
    """Return a template message with two parameters and other fields of the template."""
    known = {"templateName": "table_ready", "body": {"parameters": {"1": "Ola", "2": "19:30"}}}
    return {"channel": "whatsapp", "to": OTHER, "template": known | more}


async def control(api: Api, path: str, body: Any) -> int:
    """Send a control request and return the status."""
    async with api.session.post(f"/_sandbox/clickatell/{path}", json=body) as response:
        return response.status


async def end(api: Api, clock: Clock, message: Any) -> str:
    """Send a message and return its last status."""
    message_id = await api.send_one(message)
    clock.now += 1000
    body = await api.status(message_id)
    return str(body[message["channel"]]["status"])


async def test_every_status_can_be_ordered(sandbox: Sandbox, api: Api, clock: Clock) -> None:
    """Each documented status can be ordered, on both channels, and only a delivery arrives."""
    names = documented_statuses()
    seen, arrived = [], []

    for name in names:
        for message in (SMS, WHATSAPP):
            assert await control(api, "errors", {"status": name}) == 201
            before = len(sandbox.handsets.received(TO))
            seen.append(await end(api, clock, message))
            arrived.append((name, len(sandbox.handsets.received(TO)) - before))

    assert 61 == len(names)
    assert [name for name in names for _ in range(2)] == seen
    delivered = {name for name, count in arrived if count}
    assert delivered == DELIVERED | {name for name in names if name.startswith("PAYMENT_")}


async def test_a_status_for_one_number(api: Api, clock: Clock) -> None:
    """A status ordered for a number concerns no other, and ends after its count."""
    await control(api, "errors", {"status": "STOPPED_BY_USER", "to": f"+{TO}", "count": 2})
    ends = [await end(api, clock, message) for message in (SMS | {"to": OTHER}, SMS, SMS, SMS)]

    assert ends == ["DEVICE_ACK", "STOPPED_BY_USER", "STOPPED_BY_USER", "DEVICE_ACK"]


@pytest.mark.parametrize(
    ("code", "level"),
    [
        (code, level)
        for code, row in ERROR_TABLE.items()
        for level in ErrorLevel
        if level in row.levels
    ],
)
async def test_every_code_can_be_ordered(api: Api, code: int, level: ErrorLevel) -> None:
    """Each code can be ordered at each of its levels, with its HTTP status, and only once."""
    planned = await control(api, "errors", {"code": code, "level": level.value})

    status, body = await api.send(SMS)
    after, _ = await api.send(SMS)

    error = body["error"] if level is ErrorLevel.GLOBAL else body["messages"][0]["error"]
    assert (201, ERROR_TABLE[code].http, 202) == (planned, status, after)
    assert code == error["code"]
    assert ("messages" in body) == (level is ErrorLevel.MESSAGE)


async def test_an_error_names_what_was_ordered(api: Api) -> None:
    """The text of an error names the ordered detail; that of code 25 the recipient."""
    await control(api, "errors", {"code": 23, "detail": "from"})
    await control(api, "errors", {"code": 25})

    texts = [(await api.send(SMS))[1]["messages"][0]["error"]["description"] for _ in range(2)]

    assert ["Invalid or missing parameter: from .", f"Invalid recipient address: {TO}"] == texts


async def test_orders_are_bounded(api: Api) -> None:
    """Above the limit an order is refused."""
    statuses = [await control(api, "errors", {"code": 18, "to": OTHER}) for _ in range(1001)]

    assert [201] * 1000 + [400] == statuses


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (ready(), "DEVICE_ACK"),
        (ready(language="en"), "DEVICE_ACK"),
        (ready(templateName="table_reddy"), "WHATSAPP_TEMPLATE_DOES_NOT_EXIST"),
        (ready(body={}), "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH"),
        (ready(body={"parameters": {"1": "Ola"}}), "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH"),
    ],
)
async def test_unknown_templates_fail(
    api: Api, clock: Clock, sandbox: Sandbox, message: dict[str, Any], expected: str
) -> None:
    """An unapproved template, or one with another number of parameters, never arrives."""
    assert expected == await end(api, clock, message)
    assert int(expected == "DEVICE_ACK") == len(sandbox.handsets.received(OTHER))


async def test_templates_are_approved(api: Api, clock: Clock, sandbox: Sandbox) -> None:
    """An approved template is delivered in its languages, until a reset."""
    approved = {"templateName": "parcel", "parameters": 0, "languages": ["en", "pl"]}
    assert await control(api, "templates", approved) == 201
    parcel = {"templateName": "parcel", "body": {}}
    ends = [
        await end(api, clock, ready(**parcel, language=language)) for language in ("en", "pl", "de")
    ]
    sandbox.reset()
    ends.append(await end(api, clock, ready(**parcel, language="en")))

    unknown = "WHATSAPP_TEMPLATE_DOES_NOT_EXIST"
    assert ends == ["DEVICE_ACK", "DEVICE_ACK", unknown, unknown]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"templateName": ""},
        {"templateName": 1},
        {"templateName": "a", "parameters": -1},
        {"templateName": "a", "parameters": True},
        {"templateName": "a", "languages": "en"},
        {"templateName": "a", "languages": [1]},
        {"templateName": "a", "languages": 1},
        {"templateName": "a", "colour": 1},
    ],
)
async def test_invalid_templates_are_refused(api: Api, body: Any) -> None:
    """A template of another form is not approved."""
    assert 400 == await control(api, "templates", body)


async def test_an_order_goes_first(api: Api, clock: Clock) -> None:
    """An ordered status applies to any accepted message, even one that would fail otherwise."""
    ends = []
    for message in (WHATSAPP | {"to": OTHER}, ready(templateName="unknown")):
        await control(api, "errors", {"status": "WHATSAPP_TEMPLATE_PAUSED"})
        ends.append(await end(api, clock, message))

    assert ["WHATSAPP_TEMPLATE_PAUSED"] * 2 == ends


async def test_every_number_has_sms(api: Api, clock: Clock) -> None:
    """An SMS does not depend on WhatsApp, and a template needs no open service window."""
    number = magic_number(Scenario.NOT_ON_CHANNEL, "2782")
    closed = magic_number(Scenario.WINDOW_CLOSED, "2782")

    ends = [
        await end(api, clock, message)
        for message in (
            SMS | {"to": number},
            SMS | {"to": closed},
            ready() | {"to": closed},
            WHATSAPP | {"to": closed},
        )
    ]

    assert ends == ["DEVICE_ACK"] * 3 + ["WHATSAPP_RE_ENGAGEMENT_REQUIRED"]


async def test_the_log_says_why(sandbox: Sandbox, api: Api) -> None:
    """The request log has the cause of each refusal, with the index of the message."""
    await api.send(SMS, SMS | {"to": "+1"}, SMS | {"content": 5})
    await api.request("POST", "message", data=b"{", headers={"Content-Type": "application/json"})
    await api.send(SMS)

    assert [
        "messages[1]: 23: Invalid or missing parameter: to . (must be an E.164 number as digits); "
        "messages[2]: 23: Invalid or missing parameter: content . (value must be a string)",
        "21: Payload data is malformed (the body is not valid JSON)",
        None,
    ] == [each["refused"] for each in sandbox.requests]
