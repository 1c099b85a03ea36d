"""Uploads: their metadata, download and use in messages, over plain HTTP."""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import hdrs
from support.sandbox_fixtures import NOW, Clock

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

    from .conftest import Api

pytestmark = pytest.mark.anyio

TO, OTHER = "27820000001", "27820000002"
MONTH = 30 * 24 * 3600
DATA = b"a picture"
HASH = hashlib.sha256(DATA).hexdigest()


def media(file_id: str, to: str = TO, **more: Any) -> dict[str, Any]:
    """Return a message that refers to a file."""
    return {"channel": "whatsapp", "to": to, "media": {"fileId": file_id} | more}


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ({"fileName": ""}, 23, "fileName"),
        ({"broadcastAllowed": "false"}, 23, "broadcastAllowed"),
        ({"broadcastAllowed": "True"}, 23, "broadcastAllowed"),
        ({"to": f"+{TO}"}, 23, "to"),
        ({"encryptionKey": "***"}, 23, "encryptionKey"),
        ({"encryptionKey": ""}, 23, "encryptionKey"),
        ({"kmsArn": "arn"}, 23, "encryptionKey"),
        ({"encryptionCipher": "AES"}, 23, "encryptionKey"),
        ({"encryptionKeyArn": "arn"}, 23, "encryptionKeyArn"),
        ({"sha256FileHash": "0" * 64}, 23, "sha256FileHash"),
    ],
)
async def test_bad_upload_parameters(
    api: Api, query: dict[str, str], code: int, named: str
) -> None:
    """An upload with an unknown or invalid parameter is refused in the upload's form."""
    status, body = await api.upload(DATA, "image/png", **query)

    assert (status, body["accepted"], body["error"]["code"]) == (400, False, code)
    assert body["error"]["description"].removesuffix(" .").endswith(f": {named}")


@pytest.mark.parametrize("path", ["media", "media?fileName=a&fileName=b"])
async def test_file_name_once(api: Api, path: str) -> None:
    """The file name is required, and only once."""
    status, body = await api.request("POST", path, data=DATA, headers={"Content-Type": "image/png"})

    assert (status, body["error"]["code"]) == (400, 23)


async def test_content_type_is_needed(api: Api) -> None:
    """An upload without a content type is refused."""
    options: dict[str, Any] = {"skip_auto_headers": [hdrs.CONTENT_TYPE]}
    status, body = await api.request("POST", "media?fileName=a", data=DATA, **options)

    assert (status, body["error"]["code"]) == (400, 23)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (DATA, "image/gif", 30),
        (DATA, "multipart/form-data; boundary=x", 30),
        (DATA, "application/octet-stream", 30),
        (b"", "image/png", 21),
    ],
)
async def test_bad_files(api: Api, data: bytes, kind: str, code: int) -> None:
    """A file of an unsupported type, or an empty one, is refused."""
    status, body = await api.upload(data, kind)

    assert (status, body["error"]["code"], body["accepted"]) == (400, code, False)


async def test_every_type_of_file(api: Api) -> None:
    """The id of an upload ends in the extension of its type, also of a type that is misspelt."""
    extensions = {
        "audio/acc": "aac",
        "audio/aac": "aac",
        "audio/mp4": "m4a",
        "audio/amr": "amr",
        "audio/mpeg": "mp3",
        'Audio/OGG; codecs="opus"': "ogg",
        "application/pdf": "pdf",
        "application/msword": "doc",
        "application/vnd.ms-powerpoint": "ppt",
        "application/vnd.ms-excel": "xls",
        "text/plain": "txt",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/png": "png",
        "video/mp4": "mp4",
        "video/3gpp": "3gp",
    }

    assert extensions == {
        kind: (await api.file_id(DATA, kind)).rpartition(".")[2] for kind in extensions
    }


@pytest.mark.parametrize("megabytes", [31, 65])
async def test_large_uploads_are_answered(api: Api, megabytes: int) -> None:
    """A file over 30 MB gets an error response, however large it is."""
    data = BytesIO(bytes(megabytes << 20))
    headers = {"Content-Type": "video/mp4"}

    status, body = await api.request("POST", "media?fileName=a", data=data, headers=headers)

    text = "Media file size exceeds limit of 30 MB"
    assert (status, body) == (400, {"error": {"code": 31, "description": text}, "accepted": False})


async def test_upload_and_use(sandbox: Sandbox, api: Api, clock: Clock) -> None:
    """An upload gets 201 and an id for metadata, download and sending."""
    status, body = await api.upload(DATA, sha256FileHash=HASH)
    file_id = body["fileId"]

    metadata = await api.request("GET", f"media/{file_id}")
    async with api.session.get(
        "/clickatell/v1/media",
        params={"fileId": file_id, "sha256Hash": HASH, "source": "client"},
    ) as response:
        downloaded = response.status, response.content_type, await response.read()
    await api.send_one(media(file_id, caption="Tonight", sha256Hash=HASH))
    clock.now += 60

    assert (status, set(body), body["accepted"]) == (201, {"fileId", "accepted"}, True)
    assert file_id.endswith(".png")
    assert metadata == (200, {"expirationTime": int(NOW) + MONTH, "broadcastAllowed": True})
    assert downloaded == (200, "image/png", DATA)
    assert sandbox.handsets.received(TO)[0].text == "Tonight"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"fileId": None}, 400),
        ({"sha256Hash": None}, 400),
        ({"source": "server"}, 400),
        ({"more": "1"}, 400),
        ({"fileId": "unknown"}, 404),
        ({"sha256Hash": "0" * 64}, 404),
    ],
)
async def test_bad_downloads(api: Api, query: dict[str, str | None], status: int) -> None:
    """A download needs a known file and its hash, and accepts no other parameter."""
    asked = {"fileId": await api.file_id(DATA), "sha256Hash": HASH} | query
    given = {key: value for key, value in asked.items() if value is not None}

    actual, body = await api.request("GET", "media", params=given)

    assert actual == status
    assert (body is None) == (status == 404)


async def test_files_expire(api: Api, clock: Clock) -> None:
    """After thirty days a file is unknown to metadata, download and sending."""
    file_id = await api.file_id(DATA)
    clock.now += MONTH

    metadata, _ = await api.request("GET", f"media/{file_id}")
    download, _ = await api.request("GET", "media", params={"fileId": file_id, "sha256Hash": HASH})
    sent, body = await api.send(media(file_id))

    assert (metadata, download, sent) == (404, 404, 400)
    assert body["messages"][0]["error"]["code"] == 33


async def test_a_bound_file_is_for_one_number(api: Api) -> None:
    """A file uploaded for a number cannot go to another, even if broadcast is allowed too."""
    file_id = await api.file_id(to=TO)

    status, body = await api.send(media(file_id), media(file_id, OTHER))

    assert status == 207
    assert [entry.get("error") for entry in body["messages"]] == [
        None,
        {"code": 33, "description": "Media item not found"},
    ]


async def test_a_file_for_nobody_is_bound_by_its_first_use(api: Api) -> None:
    """A file without recipient and broadcast is bound to its first recipient."""
    headers = {"Content-Type": "image/png"}
    _, uploaded = await api.request("POST", "media?fileName=a", data=DATA, headers=headers)

    _, body = await api.send(*[media(uploaded["fileId"], to) for to in (TO, OTHER, TO)])

    assert [entry["accepted"] for entry in body["messages"]] == [True, False, True]


def in_template(file_id: str) -> dict[str, Any]:
    """Return a template whose header is a file."""
    header = {"type": "media", "media": {"fileId": file_id}}
    template = {"templateName": "t", "body": {}, "header": header}
    return {"channel": "whatsapp", "to": TO, "template": template}


def in_buttons(file_id: str, kind: str) -> dict[str, Any]:
    """Return buttons whose header is a file."""
    header = {"type": "media", "media": {"fileId": file_id, "type": kind}}
    button = {"body": "b", "items": [{"title": "t", "postbackData": "p"}], "header": header}
    return {"channel": "whatsapp", "to": TO, "button": button}


@pytest.mark.parametrize(
    ("kind", "size", "use", "code"),
    [
        ("image/png", 5_000_001, media, 31),
        ("video/mp4", 5_000_001, media, 31),
        ("audio/mpeg", 16_000_001, media, 31),
        ("audio/mpeg", 1, lambda file_id: media(file_id, caption="no"), 23),
        ("audio/mpeg", 1, in_template, 30),
        ("text/plain", 1, in_template, 30),
        ("image/png", 5_000_001, in_template, 31),
        ("image/png", 1, lambda file_id: in_buttons(file_id, "video"), 23),
        ("audio/mpeg", 1, lambda file_id: in_buttons(file_id, "document"), 30),
        ("application/pdf", 1, in_template, None),
        ("application/pdf", 1, lambda file_id: in_buttons(file_id, "document"), None),
        ("application/msword", 1, lambda file_id: in_buttons(file_id, "document"), None),
        ("text/plain", 1, lambda file_id: in_buttons(file_id, "document"), None),
        ("image/jpg", 5_000_000, media, None),
        ("application/msword", 29_000_000, media, None),
    ],
)
async def test_what_a_file_is_good_for(
    api: Api, kind: str, size: int, use: Any, code: int | None
) -> None:
    """A stored file is checked against WhatsApp's limits when it is sent, by kind and use."""
    query = {"fileName": "a", "broadcastAllowed": "true"}
    headers = {"Content-Type": kind}
    _, uploaded = await api.request(
        "POST", "media", data=BytesIO(bytes(size)), params=query, headers=headers
    )

    _, body = await api.send(use(uploaded["fileId"]))

    error = body["messages"][0]["error"]
    assert (error and error["code"]) == code


async def test_an_encrypted_file_needs_its_key(api: Api) -> None:
    """A message with an encrypted file needs the key, and its hash is not checked."""
    file_id = await api.file_id(encryptionKey="eA==", kmsArn="arn", sha256FileHash="0" * 64)

    without, body = await api.send(media(file_id))
    with_key, _ = await api.send(media(file_id, sha256Hash="0" * 64) | {"encryptionKey": "eA=="})

    assert (without, body["messages"][0]["error"]["code"], with_key) == (400, 23, 202)
    assert body["messages"][0]["error"]["description"].endswith(": encryptionKey .")


@pytest.mark.parametrize("headed", [in_template, lambda each: in_buttons(each, "image")])
async def test_an_encrypted_file_in_a_header_needs_its_key(api: Api, headed: Any) -> None:
    """A message with an encrypted file in its header needs the key, as with any file."""
    message = headed(await api.file_id(encryptionKey="eA=="))

    without, body = await api.send(message)
    with_key, _ = await api.send(message | {"encryptionKey": "eA=="})

    assert (400, 202) == (without, with_key)
    assert body["messages"][0]["error"]["description"].endswith(": encryptionKey .")


async def test_a_contradicting_type_fails_after_acceptance(api: Api, clock: Clock) -> None:
    """A content type that differs from the stored file's ends in a failed status."""
    message_id = await api.send_one(media(await api.file_id(), contentType="image/jpeg"))
    clock.now += 60

    body = await api.status(message_id)

    assert body["whatsapp"]["status"] == "MEDIA_METADATA_ERROR"


async def test_inbound_media_can_be_downloaded_and_not_sent(api: Api) -> None:
    """An added inbound file can be downloaded by id and hash, but not sent."""
    plant = {
        "from": TO,
        "content": base64.b64encode(DATA).decode(),
        "contentType": "image/jpeg",
    }
    async with api.session.post("/_sandbox/clickatell/inbound", json=plant) as response:
        planted = await response.json()
    query = {"fileId": planted["fileId"], "sha256Hash": planted["sha256Hash"]}
    async with api.session.get("/clickatell/v1/media", params=query) as response:
        downloaded = await response.read()

    _, body = await api.send(media(planted["fileId"]))

    assert downloaded == DATA
    assert body["messages"][0]["error"]["code"] == 33


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        ({}, "from"),
        ([], "body"),
        ({"from": "Shop"}, "from"),
        ({"from": OTHER, "chanel": "sms"}, "chanel"),
        ({"from": OTHER, "channel": "rcs"}, "channel"),
        ({"from": OTHER, "content": "*"}, "content"),
        ({"from": OTHER, "content": "eA=="}, "contentType"),
        ({"from": OTHER, "contentType": "image/png"}, "content"),
        ({"from": OTHER, "content": "eA==", "contentType": "image/gif"}, "contentType"),
    ],
)
async def test_invalid_inbound_messages_are_refused(
    sandbox: Sandbox, api: Api, plant: Any, named: str
) -> None:
    """An invalid inbound message is refused: the field is named, and no window is open."""
    async with api.session.post("/_sandbox/clickatell/inbound", json=plant) as response:
        body = await response.json()

    assert (400, named) == (response.status, body["error"].partition(":")[0])
    assert not sandbox.emulators["clickatell"].windows.is_open(OTHER)
