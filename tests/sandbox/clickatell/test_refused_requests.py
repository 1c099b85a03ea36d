"""Requests that are refused as a whole, and the status of several results, over plain HTTP."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from multidict import CIMultiDict

from omnimsg.sandbox import Sandbox
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from .conftest import Api

pytestmark = pytest.mark.anyio

GOOD = {"channel": "sms", "to": "27820000001", "content": "hello"}
BAD = {"channel": "sms", "to": "+1", "content": "hello", "clientMessageId": "ref-2"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "message"),
        ("GET", "message/0123"),
        ("POST", "notification"),
        ("POST", "media?fileName=x"),
        ("GET", "media?fileId=x&sha256Hash=y"),
        ("GET", "media/x"),
        ("GET", "balance"),
    ],
)
@pytest.mark.parametrize(
    "keys", [[], ["wrong"], ["Bearer {}"], ["Basic {}"], ["{}x"], [""], ["x", "{}"], ["{}", "{}"]]
)
async def test_only_the_bare_key_opens(
    sandbox: Sandbox, verb: str, path: str, keys: list[str]
) -> None:
    """Every operation needs the key, in one header line and without a scheme before it."""
    right = sandbox.config()["accounts"]["clickatell"]["api_key"]
    headers = CIMultiDict(("Authorization", each.format(right)) for each in keys)
    async with (
        aiohttp.ClientSession(sandbox.url, headers=headers) as http,
        http.request(verb, f"/clickatell/v1/{path}") as response,
    ):
        actual = response.status, await response.json()

    text = "Invalid or missing integration API Key"
    assert actual == (401, {"error": {"code": 1, "description": text}})


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", JSON, 21),
        (b"{", JSON, 21),
        (b"[]", JSON, 21),
        (b"{}", JSON, 21),
        (b'{"messages": {}}', JSON, 21),
        (b'{"messages": []}', JSON, 21),
        (b'{"messages": ["x"]}', JSON, 21),
        (b'{"messages": [{}], "more": 1}', JSON, 21),
        (b'{"messages": [{"to": "\xff"}]}', JSON, 21),
        (b'{"messages": [{}]}', {"Content-Type": "text/plain"}, 21),
        (b'{"messages": [{}]}', {"Content-Type": "application/json; charset=latin-1"}, 40),
        (b'{"messages": [%s]}' % b",".join([b"{}"] * 101), JSON, 22),
    ],
)
async def test_malformed_sends(api: Api, body: bytes, headers: dict[str, str], code: int) -> None:
    """A request that is not a list of 1 to 100 objects is refused as a whole."""
    status, answer = await api.request("POST", "message", data=body, headers=headers)

    assert (status, answer["error"]["code"], set(answer)) == (400, code, {"error"})


@pytest.mark.parametrize(
    ("verb", "path", "code"),
    [
        ("GET", "", 41),
        ("GET", "nothing", 41),
        ("POST", "messages", 41),
        ("POST", "message/", 41),
        ("GET", "message", 42),
        ("PUT", "message", 42),
        ("POST", "message/0123", 42),
        ("DELETE", "media/x", 42),
        ("POST", "balance", 42),
        ("GET", "notification", 42),
    ],
)
async def test_wrong_path_and_verb(api: Api, verb: str, path: str, code: int) -> None:
    """An unknown path and a wrong method are HTTP 400, each with its own code."""
    status, answer = await api.request(verb, path)

    assert (status, answer["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("code", "status"), [(2, 400), (3, 400), (7, 401), (18, 500), (19, 503), (43, 400)]
)
async def test_ordered_global_errors(
    api: Api, emulator: ClickatellEmulator, code: int, status: int
) -> None:
    """An error of the account or server is reported for the whole request."""
    emulator.account_faults.add(code, level="global")

    actual, answer = await api.send(GOOD)
    again, _ = await api.send(GOOD)

    assert (actual, answer["error"]["code"], again) == (status, code, 202)
    assert "messages" not in answer


@pytest.mark.parametrize(
    ("messages", "status"),
    [([GOOD], 202), ([GOOD, GOOD], 202), ([BAD], 400), ([GOOD, BAD], 207), ([BAD, BAD], 207)],
)
async def test_verdicts_together(api: Api, messages: list[Any], status: int) -> None:
    """Several messages get 207 if any is refused; a single one gets its own status."""
    actual, answer = await api.send(*messages)

    assert actual == status
    assert [entry["accepted"] for entry in answer["messages"]] == [one is GOOD for one in messages]


async def test_hundred_messages_pass(sandbox: Sandbox, api: Api) -> None:
    """A request with a hundred messages is accepted."""
    status, answer = await api.send(*[GOOD] * 100)

    assert (status, len(answer["messages"])) == (202, 100)
    assert len({entry["apiMessageId"] for entry in answer["messages"]}) == 100


@pytest.mark.parametrize("echo", [True, False])
async def test_refused_entries_may_lack_the_reference(echo: bool) -> None:
    """Without `echo_refused`, refused entries have no ``clientMessageId``."""
    async with (
        Sandbox([partial(ClickatellEmulator, echo_refused=echo)]) as sandbox,
        aiohttp.ClientSession(sandbox.url) as http,
        http.post(
            "/clickatell/v1/message",
            json={"messages": [BAD]},
            headers={"Authorization": sandbox.config()["accounts"]["clickatell"]["api_key"]},
        ) as response,
    ):
        entry = (await response.json())["messages"][0]

    assert ("clientMessageId" in entry) is echo


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        ({"channels": frozenset({"sms"})}, {"channel": "whatsapp"}, 39),
        ({"numbers": frozenset({"27870000000"})}, {"from": "27870000001"}, 45),
        ({"parts": 1}, {"content": "x" * 161}, 100),
    ],
)
async def test_options_of_the_integration(
    options: dict[str, Any], message: dict[str, str], code: int
) -> None:
    """A message beyond the integration's channels, numbers or parts is refused with its code."""
    async with (
        Sandbox([partial(ClickatellEmulator, **options)]) as sandbox,
        aiohttp.ClientSession(sandbox.url) as http,
        http.post(
            "/clickatell/v1/message",
            json={"messages": [GOOD | message]},
            headers={"Authorization": sandbox.config()["accounts"]["clickatell"]["api_key"]},
        ) as response,
    ):
        entry = (await response.json())["messages"][0]

    assert entry["error"]["code"] == code


async def test_payload_over_20_megabytes(api: Api) -> None:
    """Every message of a request that is too large is refused in its own entry."""
    body = b'{"messages":[{"to":"27820000001","content":"%s"}]}' % (b"x" * 20_000_000)

    status, answer = await api.request("POST", "message", data=BytesIO(body), headers=JSON)

    text = "Media payload size exceeds limit of 20 MB"
    assert (status, answer["messages"][0]["error"]) == (400, {"code": 32, "description": text})


async def test_throttling_and_shuffling_are_the_providers(sandbox: Sandbox, api: Api) -> None:
    """A rate-limit fault is code 43 with HTTP 400, and a shuffle fault reorders messages."""
    sandbox.faults.add("rate_limit", provider="clickatell", retry_after=3)
    sandbox.faults.add("shuffle")
    messages = [GOOD | {"clientMessageId": str(n)} for n in range(5)]

    throttled, error = await api.send(*messages)
    _, answer = await api.send(*messages)

    order = [entry["clientMessageId"] for entry in answer["messages"]]
    assert (throttled, error["error"]["code"]) == (400, 43)
    assert sorted(order) == list("01234")
    assert order != list("01234")


async def test_an_answer_without_messages_has_no_order(sandbox: Sandbox, api: Api) -> None:
    """A shuffle fault leaves a global error unchanged."""
    sandbox.faults.add("shuffle")

    _, answer = await api.send()

    assert answer == {"error": {"code": 21, "description": "Payload data is malformed"}}


NOTE = {"messageId": "", "statusCode": 1001}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"messageId": "unknown"}, "messageId"),
        ({"messageId": None}, "messageId"),
        ({"statusCode": 1002}, "statusCode"),
        ({"statusCode": "1001"}, "statusCode"),
        ({"channel": "sms"}, "channel"),
        ({"clientEventId": 5}, "clientEventId"),
        ({"more": 1}, "more"),
    ],
)
async def test_bad_notifications(
    api: Api, emulator: ClickatellEmulator, change: dict[str, Any], named: str
) -> None:
    """A notification that violates a rule or names an unknown message is refused."""
    note = {"messageId": emulator.inbox.receive("27820000001").id, "statusCode": 1001} | change
    event = {"event": {"messageStatusUpdate": [note]}}

    status, answer = await api.request("POST", "notification", json=event)

    entry = answer["event"]["messageStatusUpdate"][0]
    assert (status, entry["accepted"], entry["error"]["code"]) == (400, False, 23)
    assert entry["error"]["description"].endswith(f": {named} .")


@pytest.mark.parametrize("missing", ["messageId", "statusCode"])
async def test_incomplete_notifications(
    api: Api, emulator: ClickatellEmulator, missing: str
) -> None:
    """A notification without the message or without the status code is refused."""
    note = {"messageId": emulator.inbox.receive("27820000001").id, "statusCode": 1001}
    del note[missing]

    status, _ = await api.request(
        "POST", "notification", json={"event": {"messageStatusUpdate": [note]}}
    )

    assert status == 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 21),
        ({"event": []}, 21),
        ({"event": {"messageStatusUpdate": []}}, 21),
        ({"event": {"messageStatusUpdate": [NOTE], "x": 1}}, 21),
        ({"event": {"messageStatusUpdate": [NOTE] * 101}}, 22),
    ],
)
async def test_malformed_notifications(api: Api, body: Any, code: int) -> None:
    """A request that is not 1 to 100 notifications is refused as a whole."""
    status, answer = await api.request("POST", "notification", json=body)

    assert (status, answer["error"]["code"]) == (400, code)
