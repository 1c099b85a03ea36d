"""Files: upload in two requests, download by a redirect; the key is sent to Bird only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bird.cases import PHONE
from support.sandbox_fixtures import NOW

from omnimsg import (
    Channel,
    Client,
    Media,
    MediaItem,
    MediaKind,
    Message,
    OperationError,
    Reason,
    Retry,
    RetryPolicy,
    Status,
    Stored,
    Upload,
)
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE

if TYPE_CHECKING:
    from pathlib import Path

    from support.provider_http import Recorder

    from omnimsg.sandbox import Sandbox
    from omnimsg_bird.emulator import BirdEmulator


pytestmark = pytest.mark.anyio

PNG = b"\x89PNG not really" * 20_000
PICTURE = Upload(PNG, "image/png", file_name="Table für 2.png")
WIDE = f"/workspaces/{WORKSPACE}/channel-media/presigned-upload"
NARROW = f"/workspaces/{WORKSPACE}/channels/{CHANNELS['whatsapp']}/presigned-upload"
elsewhere = pytest.mark.parametrize(
    ("options", "account"),
    [
        ({}, {}),
        ({"storage": "localhost"}, {"media_hosts": ["localhost:*"]}),
    ],
    ids=["the same host", "another host"],
)


def files_in(folder: Path) -> list[Path]:
    """Return all files in a folder."""
    return list(folder.iterdir())


def message(stored: Stored) -> Message:
    """Build a message that shows a stored picture."""
    return Message(PHONE, Media([MediaItem(MediaKind.IMAGE, stored)]), channel="whatsapp")


@elsewhere
@pytest.mark.parametrize("from_path", [False, True], ids=["bytes", "path"])
async def test_a_file_is_uploaded_sent_and_downloaded(
    client: Client,
    sandbox: Sandbox,
    recorder: Recorder,
    options: dict[str, Any],
    tmp_path: Path,
    *,
    from_path: bool,
) -> None:
    """A file is uploaded, sent and downloaded unchanged; the storage never gets the key."""
    data: bytes | Path = PNG
    if from_path:
        data = tmp_path / "local.png"
        data.write_bytes(PNG)
    target = tmp_path / "back.png"

    stored = await client.upload(Upload(data, "image/png", file_name=PICTURE.file_name))
    accepted = await client.send(message(stored))
    back = await client.download(stored, target)

    assert (target, PNG, PNG) == (back, target.read_bytes(), await client.download(stored))
    assert Status.DELIVERED is (await client.status(str(accepted.id))).status
    (shown,) = sandbox.handsets.received(PHONE)
    assert {"images": [{"mediaUrl": stored.url}]} == shown.content["image"]
    keyed = {each.host for each in recorder.requests if ACCESS_KEY in str(each.headers)}
    assert {"127.0.0.1"} == keyed
    stores = [each for each in recorder.requests if "/storage/" in each.path]
    assert {options.get("storage", "127.0.0.1")} == {each.host for each in stores}
    assert not any("Authorization" in each.headers for each in stores)
    assert 3 == len(stores)


@pytest.mark.parametrize(
    ("channel", "path"), [(None, WIDE), (Channel.WHATSAPP, NARROW)], ids=["any", "one"]
)
async def test_an_upload_is_a_form(
    client: Client,
    recorder: Recorder,
    emulator: BirdEmulator,
    channel: Channel | None,
    path: str,
) -> None:
    """An upload is a form with every granted field and then the file."""
    stored = await client.upload(Upload(b"png", "image/png", file_name="a.png", channel=channel))

    asked, form = recorder.requests
    assert (path, {"contentType": "image/png"}) == (asked.path, asked.json)
    assert ("POST", "multipart/form-data") == (
        form.method,
        form.headers["Content-Type"].split(";")[0],
    )
    file = emulator.media.get((stored.url or "").rpartition("/")[2], NOW)
    assert file is not None
    assert (b"png", "a.png") == (file.data, file.name)
    assert (None, None, "bird") == (stored.id, stored.sha256, stored.account)


async def test_a_file_for_one_channel_cannot_be_sent_on_another(
    client: Client,
) -> None:
    """A file uploaded for SMS is rejected on WhatsApp."""
    stored = await client.upload(
        Upload(b"png", "image/png", file_name="a.png", channel=Channel.SMS)
    )

    accepted = await client.send(message(stored))

    assert Status.REJECTED is (await client.status(str(accepted.id))).status


@pytest.mark.parametrize("options", [{"storage": "localhost"}])
@pytest.mark.parametrize("account", [{"media_hosts": ["files.example.test"]}])
async def test_an_upload_to_a_forbidden_host(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """An upload to a host that the account does not allow sends no data, and names the host."""
    with pytest.raises(OperationError) as caught:
        await client.upload(PICTURE)

    failure = caught.value.failure
    assert (Reason.MISCONFIGURED, Retry.AFTER_FIX) == (failure.reason, failure.retry)
    assert f"localhost:{sandbox.port}" in failure.detail
    assert "media_hosts" in failure.detail
    assert [WIDE] == [each.path for each in recorder.requests]


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("http://localhost:{port}/bird/x", "localhost:{port}"),
        ("https://files.example.test/x", "files.example.test"),
        ("http://files.example.test/x", "files.example.test"),
        ("https://user@bucket.s3.amazonaws.com/x", "an address that is not valid"),
        ("https://evil.test/.amazonaws.com", "evil.test"),
        ("https://amazonaws.com.evil.test/x", "amazonaws.com.evil.test"),
        ("https://bucket.s3.amazonaws.com:8443/x", "bucket.s3.amazonaws.com:8443"),
        ("ftp://bucket.s3.amazonaws.com/x", "an address that is not valid"),
        ("http://[", "an address that is not valid"),
    ],
)
async def test_a_redirect_to_a_forbidden_host(
    client: Client, sandbox: Sandbox, recorder: Recorder, tmp_path: Path, location: str, named: str
) -> None:
    """A redirect to a host that the account does not allow is refused, and the error names it."""
    stored = await client.upload(PICTURE)
    recorder.requests.clear()
    target = location.format(port=sandbox.port)
    sandbox.faults.add("redirect", provider="bird", on="any", status=302, location=target)

    with pytest.raises(OperationError) as caught:
        await client.download(stored, tmp_path / "back.png")

    assert Reason.MISCONFIGURED is caught.value.reason
    assert f"from {named.format(port=sandbox.port)}" in caught.value.failure.detail
    assert 1 == len(recorder.requests)
    assert [] == files_in(tmp_path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_any_redirect_is_followed(
    client: Client, sandbox: Sandbox, recorder: Recorder, status: int
) -> None:
    """A redirect is followed once, whatever its status, also to a relative URL."""
    stored = await client.upload(PICTURE)
    sandbox.faults.add(
        "redirect", provider="bird", on="any", status=status, location="/bird/storage/b/none?a=1"
    )

    with pytest.raises(OperationError) as caught:
        await client.download(stored)

    assert Reason.PROVIDER_ERROR is caught.value.reason
    assert "/storage/b/none" == recorder.requests[-1].path


async def test_the_key_goes_to_no_other_host(
    client: Client, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A URL of another host is refused before the key is sent."""
    url = f"http://localhost:{sandbox.port}/bird/workspaces/{WORKSPACE}/media/m"

    with pytest.raises(OperationError) as caught:
        await client.download(Stored(account="bird", url=url))

    assert Reason.MISCONFIGURED is caught.value.reason
    assert [] == recorder.requests


async def test_a_file_that_is_not_there(client: Client, sandbox: Sandbox) -> None:
    """An unknown file is reported as not found."""
    url = f"{sandbox.url}/bird/workspaces/{WORKSPACE}/media/{CHANNELS['sms']}"

    with pytest.raises(OperationError) as caught:
        await client.download(Stored(account="bird", url=url))

    assert (Reason.MEDIA_NOT_FOUND, 404) == (
        caught.value.reason,
        caught.value.failure.http_status,
    )


REFUSED: dict[str, tuple[Upload, str]] = {
    "for one recipient": (
        Upload(b"a", "image/png", file_name="a.png", restricted_to=PHONE),
        "restricted_to",
    ),
    "for a channel without an id": (
        Upload(b"a", "image/png", file_name="a.png", channel=Channel.VIBER),
        "channel",
    ),
}


@pytest.mark.parametrize(("upload", "path"), REFUSED.values(), ids=REFUSED)
async def test_unsupported_upload_options(
    client: Client, recorder: Recorder, upload: Upload, path: str
) -> None:
    """An upload option that Bird does not support is refused before any request."""
    with pytest.raises(OperationError) as caught:
        await client.upload(upload)

    assert path == caught.value.failure.path
    assert [] == recorder.requests


async def test_a_stored_file_without_an_address(client: Client, recorder: Recorder) -> None:
    """Without a URL a file cannot be downloaded: Bird finds files by their URL only."""
    with pytest.raises(OperationError) as caught:
        await client.download(Stored(account="bird", id="m"))

    assert (Reason.MEDIA_NOT_FOUND, "url") == (caught.value.reason, caught.value.failure.path)
    assert [] == recorder.requests


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
async def test_a_refused_grant(client: Client, emulator: BirdEmulator, status: int) -> None:
    """A refused upload grant is an error with Bird's own code."""
    emulator.refusals.append(status)

    with pytest.raises(OperationError) as caught:
        await client.upload(PICTURE)

    assert status == caught.value.failure.http_status
    assert caught.value.failure.raw["code"] == caught.value.failure.code


async def test_a_broken_upload_is_tried_again(sandbox: Sandbox) -> None:
    """An upload is retried; the file is stored once, at the URL that is returned."""
    sandbox.faults.add("status", provider="bird", on="any", status=503)
    policy = RetryPolicy(attempts=3, base=0.0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        stored = await client.upload(PICTURE)

        assert PNG == await client.download(stored)
