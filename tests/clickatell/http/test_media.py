"""Files: upload, information, download, and refusals."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from clickatell.cases import DIGEST, ENCRYPTED, ENCRYPTION, PNG, TO
from support.provider_http import outcomes
from support.sandbox_fixtures import NOW

from omnimsg import (
    Accepted,
    Client,
    Encryption,
    Inline,
    Media,
    MediaItem,
    MediaKind,
    Message,
    OperationError,
    Reason,
    RejectedError,
    Retry,
    Secret,
    Stored,
    Upload,
)
from omnimsg.transport.files import measure

from .conftest import ContractRecorder, check_delivery

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.adapter import Source
    from omnimsg.sandbox import Sandbox
    from omnimsg_clickatell.emulator import ClickatellEmulator

pytestmark = pytest.mark.anyio

BARE = TO.removeprefix("+")
PICTURE = Upload(PNG, "image/png", file_name="Table für 2.png")
NAME = ("fileName", "Table für 2.png")
HASH = ("sha256FileHash", DIGEST)

UPLOADS: dict[str, tuple[Upload, list[tuple[str, str]], dict[str, Any]]] = {
    "for everybody": (PICTURE, [NAME, ("broadcastAllowed", "true"), HASH], {}),
    "for one": (
        attrs.evolve(PICTURE, restricted_to=TO),
        [NAME, ("to", BARE), HASH],
        {"restricted_to": TO},
    ),
    "encrypted": (
        attrs.evolve(PICTURE, encryption=ENCRYPTION),
        [
            NAME,
            ("broadcastAllowed", "true"),
            ("encryptionKey", ENCRYPTED["encryptionKey"]),
            ("kmsArn", ENCRYPTED["encryptionKeyArn"]),
            ("encryptionCipher", ENCRYPTED["encryptionCipher"]),
        ],
        {"client_encrypted": True},
    ),
    "encrypted with a key alone": (
        attrs.evolve(PICTURE, encryption=Encryption(key=Secret("a+/="))),
        [NAME, ("broadcastAllowed", "true"), ("encryptionKey", "a+/=")],
        {"client_encrypted": True},
    ),
}


def files_in(folder: Path) -> list[Path]:
    """Return all files in a folder."""
    return list(folder.iterdir())


@pytest.mark.parametrize("from_path", [False, True], ids=["bytes", "path"])
@pytest.mark.parametrize("case", UPLOADS.values(), ids=UPLOADS)
async def test_uploads(
    client: Client,
    recorder: ContractRecorder,
    emulator: ClickatellEmulator,
    tmp_path: Path,
    from_path: bool,
    case: tuple[Upload, list[tuple[str, str]], dict[str, Any]],
) -> None:
    """A file is uploaded unchanged, with its type, its name and its restriction."""
    upload, query, kept = case
    if from_path:
        path = tmp_path / "local.png"
        path.write_bytes(PNG)
        upload = attrs.evolve(upload, data=path)

    stored = await client.upload(upload)

    (asked,) = recorder.requests
    assert (query, PNG, "image/png") == (asked.query, asked.body, asked.headers["Content-Type"])
    held = emulator.media.get(stored.id or "", NOW)
    assert held is not None
    assert PNG == held.data
    expected = Stored(account="clickatell", id=stored.id, sha256=DIGEST, **kept)
    assert expected == attrs.evolve(stored, expires=None)
    assert stored.expires is not None
    left = stored.expires - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)


async def test_facts_about_a_file(client: Client) -> None:
    """`media_info` has a file's expiry, and whether any number may receive it."""
    shared = await client.media_info(await client.upload(PICTURE))
    private = await client.media_info(await client.upload(attrs.evolve(PICTURE, restricted_to=TO)))

    until = datetime.fromtimestamp(NOW, UTC) + timedelta(days=30)
    assert (until, True) == (shared.expires, shared.broadcast_allowed)
    assert (until, False) == (private.expires, private.broadcast_allowed)


@pytest.mark.parametrize("encryption", [None, ENCRYPTION], ids=["plain", "encrypted"])
async def test_downloads(
    client: Client, recorder: ContractRecorder, tmp_path: Path, encryption: Encryption | None
) -> None:
    """A file is downloaded unchanged, into memory or to disk, also an encrypted one."""
    stored = await client.upload(attrs.evolve(PICTURE, encryption=encryption))
    target = tmp_path / "back.png"

    data = await client.download(stored)
    path = await client.download(stored, target)

    assert (PNG, target, PNG) == (data, path, target.read_bytes())
    assert [target] == files_in(tmp_path)
    source = [] if encryption is None else [("source", "client")]
    query = [("fileId", stored.id), ("sha256Hash", DIGEST), *source]
    assert [query, query] == [each.query for each in recorder.requests[1:]]


async def test_an_inbound_file_is_fetched_by_its_address(client: Client, sandbox: Sandbox) -> None:
    """The URL of an inbound file is fetched with the account's key."""
    stored = await client.upload(PICTURE)
    url = f"{sandbox.url}/clickatell/v1/media?fileId={stored.id}&sha256Hash={DIGEST}"

    data = await client.download(Stored(account="clickatell", url=url))

    assert PNG == data


async def test_the_key_goes_to_no_other_host(client: Client, sandbox: Sandbox) -> None:
    """A URL of another host is refused before the key is sent."""
    elsewhere = sandbox.url.replace("127.0.0.1", "localhost") + "/clickatell/v1/media?fileId=a"

    with pytest.raises(OperationError) as caught:
        await client.download(Stored(account="clickatell", url=elsewhere))

    assert Reason.MISCONFIGURED is caught.value.reason
    assert [] == list(sandbox.requests)


async def test_an_upload_over_the_limit_never_leaves(
    client: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    """An upload of 31 MiB is refused without a request, as bytes and as a file."""
    size = 31 * 2**20
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(size)

    for data in (path, bytes(size)):
        with pytest.raises(OperationError) as caught:
            await client.upload(Upload(data, "application/pdf", file_name="large.pdf"))
        assert (Reason.MEDIA_TOO_LARGE, "data") == (
            caught.value.reason,
            caught.value.failure.path,
        )

    assert [] == list(sandbox.requests)


REFUSED: dict[str, tuple[Upload, Reason, str]] = {
    "a type that is not taken": (
        Upload(PNG, "image/webp", file_name="a.webp"),
        Reason.MEDIA_INVALID,
        "30",
    ),
    "more than the vendor takes": (
        Upload(bytes(30_000_001), "application/pdf", file_name="a.pdf"),
        Reason.MEDIA_TOO_LARGE,
        "31",
    ),
}


@pytest.mark.parametrize(("upload", "reason", "code"), REFUSED.values(), ids=REFUSED)
async def test_refused_uploads(
    client: Client, recorder: ContractRecorder, upload: Upload, reason: Reason, code: str
) -> None:
    """A refused upload is one error with the unified reason and the vendor's own text."""
    with pytest.raises(OperationError) as caught:
        await client.upload(upload)

    failure = caught.value.failure
    assert (reason, code, 400) == (failure.reason, failure.code, failure.http_status)
    assert Retry.SAFE is not failure.retry
    assert [] == recorder.take_faults()


async def test_a_file_without_bytes_is_not_uploaded(client: Client, sandbox: Sandbox) -> None:
    """An empty file is refused before anything is sent."""
    with pytest.raises(OperationError) as caught:
        await client.upload(Upload(b"", "image/png", file_name="a.png"))

    assert (Reason.MEDIA_INVALID, "data") == (caught.value.reason, caught.value.failure.path)
    assert [] == list(sandbox.requests)


async def test_a_file_that_changes_on_its_way(
    client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changed after it was measured is refused and not stored."""

    async def before(data: bytes | Path) -> Source:
        return attrs.evolve(await measure(data), sha256=hashlib.sha256(b"before").hexdigest())

    monkeypatch.setattr("omnimsg.engine.file_transfer.measure", before)

    with pytest.raises(OperationError) as caught:
        await client.upload(PICTURE)

    failure = caught.value.failure
    assert (Reason.INVALID_CONTENT, "23", 400) == (
        failure.reason,
        failure.code,
        failure.http_status,
    )
    assert [400] == [each["status"] for each in sandbox.requests]


async def test_a_digest_that_is_another_files(client: Client, sandbox: Sandbox) -> None:
    """A download with the digest of another file is a `MEDIA_NOT_FOUND` error."""
    stored = await client.upload(PICTURE)
    wrong = attrs.evolve(stored, sha256=hashlib.sha256(b"another").hexdigest())

    with pytest.raises(OperationError) as caught:
        await client.download(wrong)

    assert (Reason.MEDIA_NOT_FOUND, 404) == (
        caught.value.reason,
        caught.value.failure.http_status,
    )
    assert 2 == len(sandbox.requests)


async def test_a_failed_download_leaves_no_file(client: Client, tmp_path: Path) -> None:
    """A failed download leaves no file on disk."""
    unknown = Stored(account="clickatell", id="no-such-file", sha256=DIGEST)

    with pytest.raises(OperationError):
        await client.download(unknown, tmp_path / "back.png")

    assert [] == files_in(tmp_path)


async def test_facts_about_an_unknown_file(client: Client) -> None:
    """An unknown file is reported as not found."""
    with pytest.raises(OperationError) as caught:
        await client.media_info(Stored(account="clickatell", id="no-such-file"))

    assert Reason.MEDIA_NOT_FOUND is caught.value.reason


async def test_a_wrong_digest_in_a_message(
    client: Client, sandbox: Sandbox, emulator: ClickatellEmulator
) -> None:
    """A message with a wrong file digest is accepted, then fails, and never arrives."""
    stored = await client.upload(PICTURE)
    item = MediaItem(MediaKind.IMAGE, stored, sha256="0" * 64)
    accepted = await client.send(Message(TO, Media((item,)), channel="whatsapp"))

    status = await client.status(str(accepted.id))

    assert Reason.MEDIA_INVALID is status.reason
    assert [] == sandbox.handsets.received(TO)
    assert 1 == len(emulator.messages)


async def test_a_file_that_is_gone(client: Client, sandbox: Sandbox) -> None:
    """A message with an unknown file is rejected, and the path is that of the file."""
    gone = Stored(account="clickatell", id="no-such-file")
    message = Message(TO, Media((MediaItem(MediaKind.IMAGE, gone),)), channel="whatsapp")

    with pytest.raises(RejectedError) as caught:
        await client.send(message)

    assert (Reason.MEDIA_NOT_FOUND, "content.items[0].source.id") == (
        caught.value.reason,
        caught.value.failure.path,
    )
    check_delivery(sandbox, [])


async def test_a_request_over_the_limit_is_halved(client: Client, sandbox: Sandbox) -> None:
    """Files that are too large for one request are sent in two; each message arrives once."""
    picture = Inline(bytes(1_000_000))
    item = MediaItem(MediaKind.IMAGE, picture, content_type="image/png")
    messages = [
        Message(f"+2782000{n:04}", Media((item,)), channel="whatsapp", reference=f"ref-{n}")
        for n in range(16)
    ]

    found = await outcomes(client, messages)

    assert {Accepted} == {type(each) for each in found}
    assert [202, 202] == [each["status"] for each in sandbox.requests]
    check_delivery(sandbox, found)
