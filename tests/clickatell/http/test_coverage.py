"""Coverage of the vendor's document: every part of each request and of each answer is used."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from clickatell.cases import DIGEST, TO, UPLOADS, Files, uploaded
from clickatell.catalogue import CATALOGUE
from support.provider_http import ONCE, outcomes

from omnimsg import Client, Message, OperationError, Stored
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.contract import Contract
    from support.sandbox_fixtures import Clock

    from .conftest import ContractRecorder


pytestmark = pytest.mark.anyio

Json = Any
Step = Callable[[Client, Files], Awaitable[object]]


def _send(name: str) -> Step:
    return lambda client, files: client.send(CATALOGUE[name].message(files))


EXCHANGES: dict[str, Step] = {
    **{name: _send(name) for name in CATALOGUE},
    "status": lambda client, _: client.status("clickatell:0f3b"),
    "media info": lambda client, files: client.media_info(files.by_name["image"]),
    "download": lambda client, files: client.download(files.by_name["image"]),
    "download what was encrypted": lambda client, files: client.download(
        files.by_name["encrypted"]
    ),
    "balance": lambda client, _: client.balance(),
}
"""Client calls that together use everything that the document lets a request hold."""


async def test_everything_is_sent(
    client: Client, emulator: ClickatellEmulator, recorder: ContractRecorder, clock: Clock
) -> None:
    """Each documented parameter, property and enumeration value of a request is sent."""
    files = await uploaded(client)
    for step in EXCHANGES.values():
        await step(client, files)
        clock.now += 1
    await client.mark_read([f"clickatell:{emulator.inbox.receive('27820000001').id}"])

    used = set().union(*map(recorder.contract.used, recorder.requests))

    assert recorder.contract.declared() - used == set()


# Answers. Each set of samples is what one call may be answered with; a field is read if changing
# it in some sample changes what the caller sees, except the vendor's raw answer (`raw`).

Ask = Callable[[Client], Awaitable[object]]
Sample = tuple[int, Json]

ERROR = {"code": 25, "description": "Invalid recipient address"}
REFUSED = {"accepted": False, "error": ERROR}
PAIR = [
    Message(TO, "a", reference="ref-0"),
    Message("+27820000002", "b", reference="ref-1", channel="whatsapp"),
]
STORED = Stored(account="clickatell", id="f.png", sha256=DIGEST)


def _accepted(n: int) -> Json:
    return {"accepted": True, "apiMessageId": f"id-{n}", "clientMessageId": f"ref-{n}"}


def _read(n: int) -> Json:
    return {"accepted": True, "apiEventId": f"id-{n}", "clientEventId": str(n)}


def _event(*entries: Json) -> Json:
    return {"event": {"messageStatusUpdate": list(entries)}, "error": None}


_GLOBAL: Sample = (401, {"error": {"code": 1, "description": "Invalid or missing API Key"}})
_FILE: Sample = (400, {"accepted": False, "error": {"code": 33, "description": "Not found"}})

ANSWERS: dict[str, tuple[Ask, list[Sample]]] = {
    "POST /v1/message": (
        lambda client: outcomes(client, PAIR),
        [
            (202, {"messages": [_accepted(0), _accepted(1)], "error": None}),
            (
                207,
                {
                    "messages": [
                        {**REFUSED, "to": "27820000001"},
                        # Only the other's recipient tells whose this is.
                        {"accepted": False, "error": {"code": 26}},
                    ]
                },
            ),
            _GLOBAL,
        ],
    ),
    "GET /v1/message/{omniMessageId}": (
        lambda client: client.status("clickatell:id-0"),
        [
            (200, {"sms": {"status": "QUEUED", "timestamp": 1_700_000_000_123}}),
            (200, {"whatsapp": {"status": "QUEUED", "timestamp": 1_700_000_000_123}}),
            (200, {"status": "UNKNOWN", "timestamp": 1_700_000_000_123}),
            _GLOBAL,
        ],
    ),
    "POST /v1/notification": (
        lambda client: client.mark_read(["clickatell:in-0", "clickatell:in-1"]),
        [
            (202, _event(_read(0), _read(1))),
            (
                207,
                _event(
                    {**REFUSED, "messageId": "in-0"},
                    {"accepted": False, "error": {"code": 23}},
                ),
            ),
            _GLOBAL,
        ],
    ),
    "POST /v1/media": (
        lambda client: client.upload(UPLOADS["image"]),
        [(201, {"accepted": True, "fileId": "f.png"}), _FILE],
    ),
    "GET /v1/media": (lambda client: client.download(STORED), [_FILE]),
    "GET /v1/media/{fileId}": (
        lambda client: client.media_info(STORED),
        [(200, {"expirationTime": 1_700_000_000, "broadcastAllowed": True}), _FILE],
    ),
    "GET /v1/balance": (
        lambda client: client.balance(),
        [(200, {"balance": 12.5, "currency": "ZAR"}), _GLOBAL],
    ),
}

UNREAD: dict[tuple[str, str], str] = {
    ("GET /v1/media", "fileId"): "the refusal of a download borrows the form of an upload's answer",
    ("GET /v1/media", "accepted"): "the same; a refused download is refused by its HTTP status",
    ("GET /v1/media/{fileId}", "fileId"): "as for a download",
    ("GET /v1/media/{fileId}", "accepted"): "as for a download",
}
"""Fields that change nothing for the caller, each with the reason."""


@attrs.define
class Oracle:
    """A server that gives the same answer to every request."""

    answer: Sample = (200, {})

    async def respond(self, request: web.Request) -> web.Response:
        """Give the answer."""
        await request.read()
        status, document = self.answer
        body = orjson.dumps(document)
        return web.Response(status=status, body=body, content_type="application/json")


@pytest.fixture
def oracle() -> Oracle:
    """Return the server, whose answer the test sets."""
    return Oracle()


@pytest.fixture
async def asking(oracle: Oracle) -> AsyncIterator[Client]:
    """Return a client of the server `oracle`."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", oracle.respond)
    async with TestServer(application) as server:
        account = ClickatellEmulator.account(f"http://127.0.0.1:{server.port}")
        config = {"accounts": {"clickatell": account}}
        async with Client.from_config(config, retry=ONCE) as client:
            yield client


@pytest.mark.parametrize("name", ANSWERS)
async def test_every_answer_is_read(
    contract: Contract, oracle: Oracle, asking: Client, name: str
) -> None:
    """Changing any documented field of an answer changes what the caller gets."""
    ask, samples = ANSWERS[name]
    (operation,) = (each for each in contract.operations if each.name == name)
    read: set[tuple[str, ...]] = set()
    declared: set[tuple[str, ...]] = set()
    for status, document in samples:
        schema = operation.answers[str(status)]
        assert schema is not None
        assert contract.faults(schema, document) == []
        oracle.answer = (status, document)
        before = await result_of(ask, asking)
        for path in contract.leaves(schema):
            declared.add(path)
            changed = altered(document, path)
            oracle.answer = (status, changed)
            if changed != document and before != await result_of(ask, asking):
                read.add(path)

    unread = {(name, ".".join(path)) for path in declared - read}
    assert {each for each in UNREAD if each[0] == name} == unread


async def result_of(ask: Ask, client: Client) -> Json:
    """Return everything that a call returns or raises, without the vendor's raw answer."""
    try:
        return plain(await ask(client))
    except OperationError as error:
        return plain(error.failure)


def plain(value: object) -> Json:
    """Return a value as plain data, without `raw` and without the time of the call."""
    kind = type(value)
    if attrs.has(kind):
        return {
            field.name: plain(getattr(value, field.name))
            for field in attrs.fields(kind)
            if field.name != "raw" and (kind, field.name) != (Stored, "expires")
        }
    if isinstance(value, Mapping):
        return [(plain(key), plain(inner)) for key, inner in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def altered(document: Json, path: tuple[str, ...]) -> Json:
    """Return a copy with another value of the same type at a path; no change without the path."""
    changed = copy.deepcopy(document)
    holder, key = changed, None
    for step in path:
        holder = holder if key is None else holder[key]
        key = 0 if step == "[]" else step
        if not isinstance(holder, (dict, list)) or (isinstance(holder, dict) and key not in holder):
            return document
    holder[key] = other(holder[key])
    return changed


def other(value: Json) -> Json:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    return f"{value}-changed" if isinstance(value, str) else value + 1
