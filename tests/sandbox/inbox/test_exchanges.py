"""The kept requests and answers: masked, with their refusals, and limited in number and size."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from omnimsg import Channel, Inline, Media, MediaItem, MediaKind, Message
from omnimsg.sandbox import Limits, Sandbox
from omnimsg.sandbox.inbox import exchanges
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE
from omnimsg_messente.emulator import PASSWORD, USERNAME

from .conftest import PHONE, Http

if TYPE_CHECKING:
    from omnimsg import Client

pytestmark = pytest.mark.anyio

DIGITS = PHONE.removeprefix("+")
BIRD = f"/bird/workspaces/{WORKSPACE}/channels/{CHANNELS['whatsapp']}/messages"
KEYS = {
    "clickatell": "sandbox-api-key",
    "messente": aiohttp.encode_basic_auth(USERNAME, PASSWORD),
    "bird": f"AccessKey {ACCESS_KEY}",
}


async def send(http: Http, path: str, body: Any, **options: Any) -> Any:
    """Send a request with the credentials of its provider, and return its answer."""
    provider = path.split("/")[1]
    headers = {"Authorization": KEYS[provider]}
    if provider == "clickatell":
        headers = {"Authorization": options.pop("key")}
    return await http.call("POST", path, json=body, headers=headers, **options)


@pytest.fixture
def key(sandbox: Sandbox) -> str:
    """Return Clickatell's key."""
    return str(sandbox.config()["accounts"]["clickatell"]["api_key"])


async def refusals(http: Http, number: str = PHONE) -> list[tuple[Any, ...]]:
    """Return channel, text, code and reason of each refusal that a phone shows."""
    return [
        (each["channel"], each["text"], each["code"], each["reason"])
        for each in await http.entries(number)
        if each["direction"] == "refused"
    ]


async def test_a_request_is_shown_with_its_answer(client: Client, http: Http, key: str) -> None:
    """A request is shown with its answer and a curl command, all without credentials."""
    await client.send(Message(PHONE, "Hello", reference="r-1"), account="clickatell")
    (entry,) = await http.entries()

    shown = await http.get(f"exchanges/{entry['exchange']}")

    request = shown["request"]
    assert ("POST", "/clickatell/v1/message", 202) == (
        shown["method"],
        shown["target"],
        shown["status"],
    )
    assert ["Authorization", "***"] in request["headers"]
    assert '"clientMessageId":"r-1"' in request["text"]
    assert entry["id"] in shown["response"]["text"]
    assert (False, [entry["id"]]) == (key in str(shown), shown["messages"])
    assert "--header 'Authorization: ***'" in shown["curl"]


async def test_requests_are_listed_the_latest_first(client: Client, http: Http) -> None:
    """Requests are listed latest first, with their number and that of the refused ones."""
    await client.send(Message(PHONE, "Hello"), account="messente")
    await client.balance(account="clickatell")

    listed = await http.get("exchanges?limit=1")

    (latest,) = listed["exchanges"]
    assert (2, 0, "/clickatell/v1/balance") == (listed["count"], listed["refused"], latest["path"])


async def test_a_refused_message_is_shown_at_its_phone(http: Http, key: str) -> None:
    """A refused message of a Clickatell request is shown at its phone, with its own code."""
    messages = [
        {"to": DIGITS, "content": "One"},
        {"to": DIGITS, "content": "Two", "chanel": "sms"},
        {"to": "27820990004", "content": "Three", "channel": "whatsapp"},
    ]
    await send(http, "/clickatell/v1/message", {"messages": messages}, key=key)

    first, second = await refusals(http), await refusals(http, "27820990004")

    assert [("sms", "Two", "23", "Invalid or missing parameter: chanel .")] == first
    assert [("whatsapp", "Three", "26", "Recipient opted out")] == second
    assert 1 == (await http.get("exchanges"))["refused"]


async def test_a_refused_picture_is_no_text(http: Http, key: str) -> None:
    """A refused picture is shown with its caption, not with its bytes as a text."""
    picture = {"to": DIGITS, "channel": "whatsapp", "content": "aGVsbG8="}
    messages = [
        picture | {"media": {"contentType": "image/gif"}},
        picture | {"media": {"contentType": "image/gif", "caption": "Tonight"}},
    ]
    await send(http, "/clickatell/v1/message", {"messages": messages}, key=key)

    shown = [text for _, text, _, _ in await refusals(http)]

    assert ["", "Tonight"] == shown


@pytest.mark.parametrize(
    ("kind", "options"),
    [("reset_after", {}), ("status", {"processed": True}), ("html", {"processed": True})],
)
async def test_whose_message_was_accepted_is_not_refused(
    sandbox: Sandbox, http: Http, key: str, kind: str, options: dict[str, Any]
) -> None:
    """An accepted message whose answer a fault replaced is not shown as refused."""
    sandbox.faults.add(kind, **options)
    messages = [{"to": DIGITS, "content": "One"}, {"to": "27820990003", "content": "Two"}]

    with suppress(aiohttp.ClientConnectionError, aiohttp.ContentTypeError):
        await send(http, "/clickatell/v1/message", {"messages": messages}, key=key)

    (entry,) = await http.entries()
    (refused,) = await refusals(http, "27820990003")
    assert ("out", "Two") == (entry["direction"], refused[1])


async def test_each_refusal_has_an_id_of_its_own(http: Http, key: str) -> None:
    """Two refusals of one request at the same phone have different ids."""
    messages = [{"to": DIGITS, "content": "One"}, {"to": DIGITS, "content": "Two"}]
    await send(http, "/clickatell/v1/message", {"messages": messages}, key="wrong")

    entries = await http.entries()

    assert ["refusal-1-0", "refusal-1-1"] == [each["id"] for each in entries]


async def test_a_refused_request_is_shown_at_each_phone(http: Http) -> None:
    """A Clickatell request refused as a whole is shown at the phone of each message."""
    messages = [{"to": DIGITS, "content": "One"}, {"to": "27820001009", "content": "Two"}]
    await send(http, "/clickatell/v1/message", {"messages": messages}, key="wrong")

    shown = [await refusals(http), await refusals(http, "27820001009")]

    words = "Invalid or missing integration API Key"
    assert [[("sms", "One", "1", words)], [("sms", "Two", "1", words)]] == shown


async def test_what_messente_refuses(http: Http) -> None:
    """A refused omnimessage, alone or in a bulk, is shown with the texts of its errors."""
    wrong = {"to": PHONE, "messages": [{"channel": "sms", "text": "Hi", "colour": "red"}]}
    right = {"to": PHONE, "messages": [{"channel": "sms", "text": "Hello"}]}
    await send(http, "/messente/v1/omnimessage", wrong)
    await send(http, "/messente/v1/omnimessages", {"messages": [right, wrong]})

    shown = await refusals(http)

    assert [("sms", "Hi", "105")] * 2 == [each[:3] for each in shown]
    assert "payload[sms][colour]" in shown[0][3]


async def test_what_bird_refuses(http: Http) -> None:
    """A message that Bird refuses is shown with the path's channel and the invalid field."""
    receiver = {"contacts": [{"identifierValue": PHONE}]}
    body = {"type": "text", "text": {"text": "Hi", "colour": "red"}}
    await send(http, BIRD, {"receiver": receiver, "body": body})

    ((channel, text, code, reason),) = await refusals(http)

    assert ("whatsapp", "Hi", "InvalidPayload") == (channel, text, code)
    assert ".body.text: " in reason


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"messages": 7}', b'{"messages": [7, {"to": 5, "messages": 1}]}']
)
@pytest.mark.parametrize(
    "path",
    ["/clickatell/v1/message", "/messente/v1/omnimessages", "/messente/v1/omnimessage", BIRD],
)
async def test_what_cannot_be_read_is_a_refused_request(
    http: Http, key: str, path: str, body: bytes
) -> None:
    """A body of any form is shown as sent, as a refused request."""
    provider = path.split("/")[1]
    headers = {"Authorization": {**KEYS, "clickatell": key}[provider]}
    headers["Content-Type"] = "application/json"
    async with http.session.post(path, data=body, headers=headers) as response:
        await response.read()

    (refused,) = (await http.get("exchanges?refused=1"))["exchanges"]
    shown = await http.get(f"exchanges/{refused['id']}")

    assert body.decode() == shown["request"]["text"]
    assert shown["refused"]


async def test_a_fault_is_shown_at_the_phone(http: Http, sandbox: Sandbox, key: str) -> None:
    """A request that a fault answered is shown at the phone with status and fault."""
    sandbox.faults.add("status", status=503)
    body = {"messages": [{"to": DIGITS, "content": "One"}]}
    async with http.session.post(
        "/clickatell/v1/message", json=body, headers={"Authorization": key}
    ) as response:
        await response.read()

    assert [("sms", "One", "503", "fault 1: status")] == await refusals(http)


async def test_a_picture_in_a_request_is_shortened(client: Client, http: Http) -> None:
    """A long string in a large body is cut, so that the rest is shown."""
    picture = MediaItem(MediaKind.IMAGE, Inline(bytes(90_000)), content_type="image/png")
    message = Message(PHONE, Media((picture,), "A caption"), channel=Channel.WHATSAPP)
    await client.send(message, account="clickatell")
    (entry,) = await http.entries()

    shown = await http.get(f"exchanges/{entry['exchange']}")

    request = shown["request"]
    assert (True, None) == (request["is_cut"], shown["curl"])
    assert (True, True) == ("A caption" in request["text"], len(request["text"]) < 1000)
    assert request["bytes"] > 120_000


async def test_a_form_is_not_shown(http: Http) -> None:
    """An uploaded form is not shown, and the signature that grants an upload is masked."""
    path = f"/bird/workspaces/{WORKSPACE}/channel-media/presigned-upload"
    _, granted = await send(http, path, {"contentType": "image/png"})
    form = aiohttp.FormData(granted["uploadFormData"])
    form.add_field("file", b"a picture", filename="a.png")
    async with http.session.post(granted["uploadUrl"], data=form) as response:
        assert response.status == 204

    upload, grant = (await http.get("exchanges"))["exchanges"]
    uploaded = await http.get(f"exchanges/{upload['id']}")
    presigned = await http.get(f"exchanges/{grant['id']}")

    assert (None, None) == (uploaded["request"]["text"], uploaded["curl"])
    assert granted["uploadFormData"]["x-amz-signature"] not in presigned["response"]["text"]


@pytest.mark.parametrize("number", ["0", "99", "x", "%C2%B2"])
async def test_an_unknown_request_is_not_found(http: Http, number: str) -> None:
    """A request id that is unknown or not a number is refused."""
    status, _ = await http.call("GET", f"/_sandbox/exchanges/{number}")

    assert status in {400, 404}


async def test_only_refused_takes_one_value(http: Http) -> None:
    """Another value of the query `refused` than 1 is refused with its name."""
    status, body = await http.call("GET", "/_sandbox/exchanges?refused=yes")

    assert (400, "refused") == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize("is_watched", [False, True], ids=["unseen", "watched"])
async def test_the_oldest_requests_are_forgotten(is_watched: bool) -> None:
    """Requests over the limit are dropped, and their messages then have no request."""
    async with (
        Sandbox(limits=Limits(requests=2)) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        http = Http(session)
        key = sandbox.config()["accounts"]["clickatell"]["api_key"]
        for text in ("One", "Two", "Three"):
            body = {"messages": [{"to": DIGITS, "content": text}]}
            await send(http, "/clickatell/v1/message", body, key=key)
            if is_watched:
                await http.entries()

        listed = await http.get("exchanges")
        known = [each["exchange"] for each in await http.entries()]

    assert [3, 2] == [each["id"] for each in listed["exchanges"]]
    assert [None, 2, 3] == known


async def test_large_bodies_are_forgotten_first(
    http: Http, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests over the limit of all bodies are dropped, except the latest one."""
    monkeypatch.setattr(exchanges, "MAX_BYTES", 10)
    for text in ("One", "Two"):
        body = {"messages": [{"to": DIGITS, "content": text}]}
        await send(http, "/clickatell/v1/message", body, key=key)

    listed = await http.get("exchanges")

    assert [2] == [each["id"] for each in listed["exchanges"]]
