"""Bird's uploads and downloads of media, over plain HTTP."""

from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import Clock

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS

pytestmark = pytest.mark.anyio

ANY_CHANNEL = "channel-media/presigned-upload"
SMS_ONLY = f"channels/{CHANNELS['sms']}/presigned-upload"


async def presigned(http: aiohttp.ClientSession, where: str = ANY_CHANNEL) -> Any:
    """Request a presigned upload."""
    async with http.post(where, json={"contentType": "image/png"}) as response:
        assert response.status == 200
        return await response.json()


def form(fields: dict[str, str], *files: str) -> aiohttp.FormData:
    """Return a multipart form of text fields, then files."""
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        data.add_field(name, value)
    for name in files:
        data.add_field(name, b"png", filename="a.png", content_type="image/png")
    return data


async def uploaded(granted: Any, data: Any, **headers: str) -> int:
    """Upload a form to the granted URL, and return the status."""
    async with aiohttp.request(
        granted["uploadMethod"], granted["uploadUrl"], data=data, headers=headers
    ) as response:
        return response.status


@pytest.mark.parametrize("where", [ANY_CHANNEL, SMS_ONLY])
async def test_round_trip(http: aiohttp.ClientSession, where: str) -> None:
    """An uploaded file is downloaded through a redirect without the access key."""
    granted = await presigned(http, where)
    status = await uploaded(granted, form(granted["uploadFormData"], "file"))

    async with http.get(granted["mediaUrl"], allow_redirects=False) as redirect:
        location = redirect.headers["Location"]
    async with aiohttp.request("GET", location) as response:
        file = response.status, response.content_type, await response.read()

    assert set(granted) == {"mediaUrl", "uploadUrl", "uploadMethod", "uploadFormData"}
    assert (status, redirect.status, file) == (204, 302, (200, "image/png", b"png"))


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({}, ".contentType"),
        ({"contentType": ""}, ".contentType"),
        ({"contentType": None}, ".contentType"),
        ({"contentType": "image/png\n"}, ".contentType"),
        ({"contentType": "image/png", "filename": "a"}, "."),
        ([], "."),
    ],
)
@pytest.mark.parametrize("where", [ANY_CHANNEL, SMS_ONLY])
async def test_invalid_presign(
    http: aiohttp.ClientSession, where: str, payload: Any, path: str
) -> None:
    """A presigned upload accepts a content type and nothing else."""
    async with http.post(where, json=payload) as response:
        answer = await response.json()

    assert (response.status, answer["code"]) == (422, "InvalidPayload")
    assert list(answer["details"]) == [path]


@pytest.mark.parametrize(
    ("change", "files", "status"),
    [
        ({}, ["file", "file"], 400),
        ({}, ["file", "late"], 400),
        ({}, [], 400),
        ({}, ["upload"], 400),
        ({"policy": "another"}, ["file"], 403),
        ({"policy": None}, ["file"], 403),
        ({"key": "another"}, ["file"], 403),
        ({"extra": "field"}, ["file"], 403),
    ],
    ids=["two", "after the file", "none", "misnamed", "changed", "left out", "unknown", "added"],
)
async def test_invalid_form(
    http: aiohttp.ClientSession, change: dict[str, str | None], files: list[str], status: int
) -> None:
    """The storage accepts exactly the granted fields, followed by the file."""
    granted = await presigned(http)
    fields = granted["uploadFormData"] | change

    seen = await uploaded(granted, form({k: v for k, v in fields.items() if v is not None}, *files))

    assert seen == status
    async with http.get(granted["mediaUrl"], allow_redirects=False) as response:
        assert response.status == 404


async def test_upload_with_the_key(http: aiohttp.ClientSession) -> None:
    """The storage refuses an upload that carries the access key."""
    granted = await presigned(http)
    data = form(granted["uploadFormData"], "file")

    status = await uploaded(granted, data, Authorization=f"AccessKey {ACCESS_KEY}")

    assert status == 400


async def test_upload_of_no_form(http: aiohttp.ClientSession) -> None:
    """The storage refuses anything but a form with a Content-Length."""
    granted = await presigned(http)
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}

    async def chunks() -> Any:
        yield b"--b--\r\n"

    seen = [
        await uploaded(granted, b"png"),
        await uploaded(granted, chunks(), **boundary),
        await uploaded(granted, b"no part", **boundary),
        await uploaded(granted, b"png", **{"Content-Type": "multipart/form-data"}),
    ]

    assert seen == [412, 411, 400, 400]


async def test_download_with_the_key(http: aiohttp.ClientSession) -> None:
    """The storage refuses a download that forwards the access key, or lacks the signature."""
    granted = await presigned(http)
    await uploaded(granted, form(granted["uploadFormData"], "file"))
    async with http.get(granted["mediaUrl"], allow_redirects=False) as redirect:
        location = redirect.headers["Location"]

    async with http.get(location) as response:
        with_key = response.status
    async with aiohttp.request("GET", location.partition("?")[0]) as response:
        unsigned = response.status

    assert (with_key, unsigned) == (400, 403)


async def test_download_without_the_key(http: aiohttp.ClientSession) -> None:
    """The media URL needs the access key."""
    granted = await presigned(http)
    await uploaded(granted, form(granted["uploadFormData"], "file"))

    async with aiohttp.request("GET", granted["mediaUrl"], allow_redirects=False) as response:
        status = response.status

    assert status == 401


@pytest.mark.parametrize(
    ("where", "uploads", "platform", "expected"),
    [
        (ANY_CHANNEL, True, "whatsapp", ("delivered", None)),
        (SMS_ONLY, True, "sms", ("delivered", None)),
        (SMS_ONLY, True, "whatsapp", ("rejected", 11002)),
        (ANY_CHANNEL, False, "whatsapp", ("rejected", 11002)),
    ],
    ids=["any channel", "its channel", "another channel", "never uploaded"],
)
async def test_use_of_a_medium(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    where: str,
    uploads: bool,
    platform: str,
    expected: tuple[str, int | None],
) -> None:
    """A file can be sent once it is uploaded, and only on the channel it was granted for."""
    sandbox.open_windows("+48500100200")
    granted = await presigned(http, where)
    if uploads:
        await uploaded(granted, form(granted["uploadFormData"], "file"))
    image = {"images": [{"mediaUrl": granted["mediaUrl"]}]}
    message = {
        "receiver": {"contacts": [{"identifierValue": "+48500100200"}]},
        "body": {"type": "image", "image": image},
    }
    messages = f"channels/{CHANNELS[platform]}/messages"

    async with http.post(messages, json=message) as response:
        sent = await response.json()
    clock.now += 1000
    async with http.get(f"{messages}/{sent['id']}") as response:
        found = await response.json()

    assert (found["status"], (found["failure"] or {}).get("code")) == expected
