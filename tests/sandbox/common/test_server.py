"""The server, its control API and its faults, over plain HTTP."""

from __future__ import annotations

import asyncio
import gc
import random
import tomllib
import weakref
from importlib.metadata import EntryPoint
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import anyio.lowlevel
import orjson
import pytest

from omnimsg.sandbox import (
    Emulator,
    FaultError,
    Limits,
    Sandbox,
    config,
    config_toml,
    plugins,
    serve,
)

from .conftest import Echo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

ONE, TWO, THREE = "+27820000001", "+27820000002", "+27820000003"


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client of the sandbox."""
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session


async def send(http: aiohttp.ClientSession, *numbers: str) -> tuple[int, Any]:
    """Send to each number and return the status and the body."""
    async with http.post("/echo/send", json=numbers or [ONE], allow_redirects=False) as response:
        return response.status, await response.json()


async def control(http: aiohttp.ClientSession, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a request to the control API."""
    method = "GET" if body is None else "POST"
    async with http.request(method, f"/_sandbox/{path}", json=body) as response:
        return response.status, await response.json()


async def test_status_follows_the_clock(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The status follows the clock, and the message arrives with its delivering step."""
    _, body = await send(http)
    seen = []

    for _ in range(3):
        async with http.get(f"/echo/message/{body['messages'][0]['id']}") as response:
            status = (await response.json())["status"]
        seen.append((status, len(sandbox.handsets.received(ONE))))
        clock.now += 10

    assert seen == [("queued", 0), ("sent", 0), ("delivered", 1)]


async def test_control_shows_handsets(http: aiohttp.ClientSession, clock: Clock) -> None:
    """The control API lists what all numbers have received, or one with or without its plus."""
    await send(http, ONE, TWO)
    clock.now += 60

    _, everything = await control(http, "handsets")
    _, one = await control(http, "handsets?number=27820000001")

    assert everything["count"] == 2
    assert one["count"] == 1
    assert tuple(one["received"][0][key] for key in ("number", "sent", "received")) == (
        ONE,
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:40.000Z",
    )


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/echo/x", 404), ("PUT", "/echo/send", 405)]
)
async def test_unknown_routes_get_the_emulators_error(
    http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    """An unknown path or method below a prefix gets the provider's own error."""
    async with http.request(method, path) as response:
        actual = response.status, await response.json()

    assert (418, {"refused": status}) == actual


async def test_too_large_body_gets_a_response(http: aiohttp.ClientSession) -> None:
    """A body above the size limit gets a response, not a closed connection."""
    async with http.post("/echo/send", data=BytesIO(bytes(65 << 20))) as response:
        actual = await response.json()

    assert actual == {"refused": 413}


@pytest.mark.parametrize("faults", [(), ("latency",)])
async def test_a_body_that_is_not_encoded_as_it_says(
    sandbox: Sandbox, http: aiohttp.ClientSession, faults: tuple[str, ...]
) -> None:
    """A body that contradicts its Content-Encoding gets an empty 400, and a cause in the log."""
    for kind in faults:
        sandbox.faults.add(kind, seconds=0)

    async with http.post(
        "/echo/send", data=b"[]", headers={"Content-Encoding": "gzip"}
    ) as response:
        actual = response.status, await response.read()

    (line,) = sandbox.requests
    assert (400, b"") == actual
    assert (400, "the body is not encoded as its header lines say") == (
        line["status"],
        line["refused"],
    )


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "status", "status": 500}, 500),
        ({"kind": "status"}, 503),
        ({"kind": "html"}, 502),
        ({"kind": "redirect", "location": "/elsewhere"}, 307),
        ({"kind": "rate_limit", "status": 429}, 429),
        ({"kind": "rate_limit"}, 418),
    ],
)
async def test_response_without_processing(
    sandbox: Sandbox, http: aiohttp.ClientSession, fault: dict[str, Any], status: int
) -> None:
    """A fault before processing replaces the response once, and no message is accepted."""
    await control(http, "faults", fault)

    async with http.post("/echo/send", json=[ONE], allow_redirects=False) as response:
        first = response.status
    second, _ = await send(http)

    assert (status, 200) == (first, second)
    assert len(sandbox.emulators["echo"].messages) == 1


async def test_retry_after(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A rate-limit fault can set Retry-After in seconds."""
    sandbox.faults.add("rate_limit", retry_after=2)

    async with http.post("/echo/send", json=[ONE]) as response:
        actual = response.headers["Retry-After"], await response.json()

    assert actual == ("2", {"refused": 429})


@pytest.mark.parametrize(
    ("kind", "processed"), [("reset_before", 0), ("reset_after", 1), ("truncate", 1)]
)
async def test_lost_responses(
    sandbox: Sandbox, http: aiohttp.ClientSession, kind: str, processed: int
) -> None:
    """The response is lost; only the kind decides whether the message was processed."""
    sandbox.faults.add(kind)

    with pytest.raises(aiohttp.ClientError):
        await send(http)

    assert processed == len(sandbox.emulators["echo"].messages)


async def test_truncated_responses_keep_their_content_length(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """A truncated response has the full status and Content-Length, and half of the body."""
    async with http.post("/echo/send", json=[ONE]) as response:
        whole = await response.read()
    sandbox.faults.add("truncate")

    async with http.post("/echo/send", json=[ONE]) as response:
        status, announced = response.status, response.content_length
        half = await response.content.readexactly(len(whole) // 2)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readexactly(1)

    expected = (200, len(whole), whole[:20])
    assert expected == (status, announced, half[:20])


async def test_shuffle_changes_the_order(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A shuffled response holds the same entries in another order."""
    sandbox.faults.add("shuffle")

    _, body = await send(http, ONE, TWO, THREE)

    numbers = [entry["to"] for entry in body["messages"]]
    assert sorted(numbers) == [ONE, TWO, THREE]
    assert numbers != [ONE, TWO, THREE]


async def test_faults_act_on_sends_unless_told_otherwise(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """By default a fault hits sends only; with ``on`` ``any`` it hits every request."""
    statuses = []

    for on in ("send", "any"):
        sandbox.faults.add("status", on=on)
        async with http.get("/echo/x") as response:
            statuses.append(response.status)

    assert statuses == [418, 503]
    assert [fault["fired"] for fault in sandbox.faults.as_json()] == [0, 1]


async def test_latency_precedes_another_fault(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Latency combines with one other fault in the same request."""
    sandbox.faults.add("latency", seconds=0.01)
    sandbox.faults.add("html")

    async with http.post("/echo/send", json=[ONE]) as response:
        status = response.status

    assert status == 502
    assert [fault["fired"] for fault in sandbox.faults.as_json()] == [1, 1]


async def test_a_reset_aborts_requests_in_progress(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A reset aborts a request in progress, and its message is not delivered."""
    sandbox.faults.add("latency", seconds=0.05)
    async with anyio.create_task_group() as group:

        async def cut_off() -> None:
            with pytest.raises(aiohttp.ClientError):
                await send(http, ONE)

        group.start_soon(cut_off)
        while not sandbox.requests:
            await anyio.lowlevel.checkpoint()
        sandbox.reset()
    clock.now += 60

    assert [] == sandbox.handsets.received(ONE)
    assert [] == list(sandbox.requests)


@pytest.mark.parametrize(
    ("whole", "arrived"), [(True, 1), (False, 0)], ids=["after the body", "in the middle of it"]
)
async def test_a_client_that_hangs_up(
    sandbox: Sandbox,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    whole: bool,
    arrived: int,
) -> None:
    """After a disconnect the message arrives only if the whole body was read; nothing is logged."""
    sandbox.faults.add("latency", seconds=0.01)
    body = orjson.dumps([ONE])
    head = f"POST /echo/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    writer.write(head.encode() + (body if whole else body[:-1]))
    while not sandbox.requests:
        await anyio.lowlevel.checkpoint()

    writer.transport.abort()
    with anyio.fail_after(10):
        while sandbox.requests[0]["status"] is None:
            await anyio.lowlevel.checkpoint()
    clock.now += 60

    assert (200 if whole else 499) == sandbox.requests[0]["status"]
    assert arrived == len(sandbox.handsets.received(ONE))
    assert not caplog.records


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({}, "kind"),
        ({"kind": "fire"}, "kind"),
        ({"kind": "html", "provider": "nobody"}, "provider"),
        ({"kind": "html", "provider": ["echo"]}, "provider"),
        ({"kind": "html", "colour": 1}, "colour"),
        ({"kind": "html", "self": 1}, "self"),
        ({"kind": "html", "seconds": 1}, "seconds"),
        ({"kind": "latency", "seconds": -1}, "seconds"),
        ({"kind": "status", "status": "500"}, "status"),
        ({"kind": "redirect", "status": 304}, "status"),
        ({"kind": "redirect", "location": "a\r\nb"}, "location"),
        ({"kind": "html", "count": 0}, "count"),
        ({"kind": "html", "probability": 2}, "probability"),
        ({"kind": "html", "count": 1, "probability": 0.5}, "probability"),
        ({"kind": "html", "on": "never"}, "on"),
        ([], "body"),
    ],
)
async def test_invalid_faults_are_refused(
    http: aiohttp.ClientSession, fault: Any, named: str
) -> None:
    """An invalid fault is refused with the name of the invalid key."""
    status, body = await control(http, "faults", fault)

    assert (400, named) == (status, body["error"].split(":")[0])


async def test_faults_are_listed(http: aiohttp.ClientSession) -> None:
    """The control API lists how often each fault fired."""
    await control(http, "faults", {"kind": "html", "count": 2})
    await send_once(http)

    _, listed = await control(http, "faults")

    common = {"id": 1, "provider": None, "probability": None, "seed": 0, "on": "send"}
    assert listed["faults"] == [common | {"kind": "html", "count": 2, "fired": 1}]


@pytest.mark.parametrize("body", [b"", b"{", b'\xef\xbb\xbf{"kind": "html"}'])
@pytest.mark.parametrize("path", ["faults", "inbound"])
async def test_the_control_api_takes_json(
    http: aiohttp.ClientSession, path: str, body: bytes
) -> None:
    """A body that is not JSON is refused, and so is one that begins with a byte order mark."""
    async with http.post(f"/_sandbox/{path}", data=body) as response:
        answer = await response.json()

    expected = "body: must be a JSON object, in UTF-8 without a byte order mark"
    assert (400, {"error": expected}) == (response.status, answer)


async def send_once(http: aiohttp.ClientSession) -> None:
    """Send once and ignore the response."""
    async with http.post("/echo/send", json=[ONE]):
        pass


async def test_shuffle_leaves_other_responses_unchanged(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """A response that is not JSON, or whose emulator does not shuffle, is unchanged."""
    sandbox.faults.add("shuffle", count=2, on="any")

    async with http.get("/echo/plain") as response:
        text = await response.text()
    document = Emulator.shuffle(sandbox.emulators["echo"], [1, 2], random.Random(0))  # noqa: S311

    assert (text, document) == ("plain", [1, 2])


async def test_addresses(sandbox: Sandbox) -> None:
    """The URL has a given port before the start, and a system-chosen port after it."""
    assert Sandbox([Echo], port=8025).url == "http://127.0.0.1:8025"
    assert sandbox.port > 0
    assert f":{sandbox.port}/echo" in sandbox.config_toml()


async def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    """A port that is in use raises an error."""
    second = Sandbox([Echo], port=sandbox.port)

    with pytest.raises(OSError, match="address"):
        await second.__aenter__()


def test_emulators_are_found_by_class() -> None:
    """An emulator is looked up by its class; two emulators of one name are an error."""
    sandbox = Sandbox([Echo])

    assert sandbox.emulator(Echo) is sandbox.emulators["echo"]
    with pytest.raises(LookupError, match="Other"):
        sandbox.emulator(Other)
    with pytest.raises(ValueError, match="same name"):
        Sandbox([Echo, Echo])


class Other(Echo):
    """An emulator that no sandbox in this module serves."""


def test_installed_emulators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulators come from the entry-point group, and Clickatell's account is the default."""
    points = [
        EntryPoint(name, f"omnimsg_{name}.emulator:{name.title()}Emulator", plugins.GROUP)
        for name in ("messente", "clickatell")
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)

    found = tomllib.loads(config_toml(8025))

    assert (found["default"], list(found["accounts"])) == ("clickatell", ["clickatell", "messente"])
    assert list(Sandbox().emulators) == ["clickatell", "messente"]


def test_two_emulators_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two distributions with an emulator of the same name raise an error with that name."""
    twice = [EntryPoint("echo", "x:Y", plugins.GROUP)] * 2
    monkeypatch.setattr(plugins, "entry_points", lambda group: twice)

    with pytest.raises(ValueError, match="echo"):
        config(8025)


def test_probability_is_reproducible() -> None:
    """Faults with equal seeds hit the same requests."""
    runs = []

    for _ in range(2):
        fault = Sandbox([Echo]).faults.add("html", probability=0.5, seed=7)
        runs.append([fault.fires("echo", is_send=True) for _ in range(50)])

    assert runs[0] == runs[1]
    assert {True, False} == set(runs[0])


def test_python_faults_raise() -> None:
    """An invalid fault raises an error in Python."""
    with pytest.raises(FaultError, match="colour"):
        Sandbox([Echo]).faults.add("html", colour=1)


async def test_reset_forgets(sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    """A reset empties handsets, messages, faults and the request log."""
    await send(http)
    sandbox.faults.add("html", count=5)
    clock.now += 60

    await control(http, "reset", {})

    assert (
        sandbox.handsets.all(),
        sandbox.faults.as_json(),
        len(sandbox.emulators["echo"].messages),
        len(sandbox.requests),
    ) == ([], [], 0, 0)


async def test_request_log_holds_no_query(http: aiohttp.ClientSession) -> None:
    """The request log has no query and no headers."""
    async with http.get("/echo/x?token=hidden", headers={"Authorization": "hidden"}):
        pass

    _, log = await control(http, "requests")

    expected = {"at": "2023-11-14T22:13:20.000Z", "method": "GET", "path": "/echo/x"}
    refused = {"status": 418, "faults": [], "refused": "I'm a Teapot"}
    assert [expected | refused] == log["requests"]


async def test_memory_is_bounded(clock: Clock) -> None:
    """Above a limit the oldest messages are dropped, from the look-up and from the handsets."""
    limits = Limits(messages=3, messages_per_handset=2, handsets=2)
    async with (
        Sandbox([Echo], clock=clock, limits=limits) as sandbox,
        aiohttp.ClientSession(sandbox.url) as http,
    ):
        await send(http, ONE, ONE, ONE, TWO, THREE)

        counts = [len(sandbox.handsets.received(number)) for number in (ONE, TWO, THREE)]

    assert counts == [0, 1, 1]
    assert len(sandbox.emulators["echo"].messages) == 3


async def test_nothing_is_left_of_a_closed_sandbox() -> None:
    """A closed sandbox is garbage-collected with its messages and files."""
    async with Sandbox([Echo]) as sandbox, aiohttp.ClientSession(sandbox.url) as http:
        await send(http)
        await control(http, "handsets")
    left = weakref.ref(sandbox)
    del sandbox
    gc.collect()

    assert left() is None


async def test_serve_runs_until_cancelled() -> None:
    """``serve`` reports its address once it listens, and ends when it is cancelled."""
    urls: list[str] = []

    with anyio.move_on_after(5) as scope:

        def started(sandbox: Sandbox) -> None:
            urls.append(sandbox.url)
            scope.cancel()

        await serve(Sandbox([Echo]), started)

    assert len(urls) == 1
    assert not urls[0].endswith(":0")


def test_config_is_toml() -> None:
    """The TOML configuration parses to the same dict."""
    assert config(8080, [Echo]) == tomllib.loads(config_toml(8080, [Echo]))
    assert config(8080, [Echo])["accounts"]["echo"]["base_url"] == "http://127.0.0.1:8080/echo"
