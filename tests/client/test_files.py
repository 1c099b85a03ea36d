"""Uploads are measured before they start; a download is a whole file or none."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import stat
import threading
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import anyio
import orjson
import pytest
from attrs import evolve
from support.adapters import KEY, tiny
from support.servers import Act, Received, Server, Visit, answer, close, saying, stall

from omnimsg import (
    Client,
    InvalidValue,
    Limits,
    OperationError,
    Policy,
    Reason,
    Retry,
    RetryPolicy,
    Stored,
    Upload,
)
from omnimsg.transport import files

pytestmark = pytest.mark.anyio

FILE = bytes(range(256)) * 3
STORED = Stored(account="main", id="7")
BIG = b"x" * 300_000


def client_of(server: Server) -> Client:
    """Build a client of one account."""
    return Client([tiny(server.url)], retry=RetryPolicy(base=0))


def place(other: Server) -> Act:
    """Answer with the address for an upload."""
    document = {"url": f"{other.url}/put", "id": "7", "fields": {"key": "k", "policy": "p"}}
    return answer(200, orjson.dumps(document))


def names(folder: Path) -> list[str]:
    """List the names in a folder."""
    return [each.name for each in folder.iterdir()]


def parts(received: Received) -> list[bytes]:
    """Split a multipart form into its parts."""
    boundary = received.headers["content-type"].partition("boundary=")[2].strip('"')
    return received.body.split(f"--{boundary}".encode())[1:-1]


@pytest.mark.parametrize("source", ["bytes", "path"])
async def test_an_upload_is_measured_and_goes_where_it_is_told(source: str, tmp_path: Path) -> None:
    """An upload announces size and digest, then sends the form to the address, without the key."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    upload = Upload(FILE if source == "bytes" else path, "image/png", file_name="a.png")
    async with (
        Server(answer(204)) as other,
        Server(place(other)) as server,
        client_of(server) as client,
    ):
        stored = await client.upload(upload)

    assert STORED == stored
    announced = orjson.loads(server.requests[0].body)
    assert {"size": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()} == announced
    (form,) = other.requests
    first, second, file = parts(form)
    assert b'name="key"' in first
    assert b'name="policy"' in second
    assert b'name="file"; filename="a.png"' in file
    assert b"Content-Type: image/png" in file
    assert file.endswith(b"\r\n\r\n" + FILE + b"\r\n")
    assert "authorization" not in form.headers
    assert "content-length" in form.headers
    assert KEY in server.requests[0].headers["authorization"]


async def test_both_steps_may_be_repeated(tmp_path: Path) -> None:
    """After a lost answer, both steps of an upload are repeated with the whole file."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    async with (
        Server(answer(500), answer(204)) as other,
        Server(place(other)) as server,
        client_of(server) as client,
    ):
        await client.upload(Upload(path, "image/png", file_name="a.png"))

    assert 2 == len(server.requests)
    assert parts(other.requests[0])[2].endswith(FILE + b"\r\n")
    assert parts(other.requests[1])[2].endswith(FILE + b"\r\n")


async def test_a_file_too_large_is_refused_before_anything_is_opened() -> None:
    """A file over the provider's limit is refused without a connection."""
    async with Server(answer(204)) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.upload(Upload(b"x" * 1001, "image/png", file_name="a.png"))

    assert Reason.MEDIA_TOO_LARGE is caught.value.reason
    assert "1,001 bytes; tiny stores files of up to 1,000 bytes" in str(caught.value)
    assert 0 == server.connections


@pytest.mark.parametrize("what", ["missing", "folder"])
async def test_a_file_that_cannot_be_read_is_refused(what: str, tmp_path: Path) -> None:
    """A file that cannot be read raises `OperationError` with the operating system's reason."""
    path = tmp_path if what == "folder" else tmp_path / "missing"
    async with Server(answer(204)) as server, client_of(server) as client:
        with pytest.raises(OperationError, match="the file cannot be read: ") as caught:
            await client.upload(Upload(path, "image/png", file_name="a.png"))

    assert Reason.MEDIA_INVALID is caught.value.reason
    assert 0 == server.connections


async def test_a_file_that_goes_away_meanwhile_is_not_the_networks_fault(tmp_path: Path) -> None:
    """A file that disappears between the two steps is an invalid file, and is not retried."""
    path = tmp_path / "file"
    path.write_bytes(FILE)

    async def remove(visit: Visit) -> None:
        await asyncio.to_thread(path.unlink)
        await place(other)(visit)

    async with Server(answer(204)) as other, Server(remove) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.upload(Upload(path, "image/png", file_name="a.png"))

    assert "FileNotFoundError" in str(caught.value)
    assert Reason.MEDIA_INVALID is caught.value.reason
    assert (1, 0) == (len(server.requests), other.connections)


async def test_the_deadline_of_an_upload_may_be_any_number() -> None:
    """An upload takes any number as a deadline, as every other call does."""
    deadline: Any = Decimal(20)
    async with (
        Server(answer(204)) as other,
        Server(place(other)) as server,
        client_of(server) as client,
    ):
        stored = await client.upload(
            Upload(FILE, "image/png", file_name="a.png"), deadline=deadline
        )

    assert STORED == stored


async def test_an_upload_that_is_refused_is_an_error() -> None:
    """A refusal by the upload's address raises `OperationError`."""
    async with (
        Server(answer(403)) as other,
        Server(place(other)) as server,
        client_of(server) as client,
    ):
        with pytest.raises(OperationError) as caught:
            await client.upload(Upload(FILE, "image/png", file_name="a.png"))

    assert Reason.FORBIDDEN is caught.value.reason


def moved(other: Server) -> Act:
    """Answer with a redirect to another server."""
    return answer(302, location=f"{other.url}/real")


async def test_a_download_is_returned() -> None:
    """A download without a target returns the bytes."""
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        assert FILE == await client.download(STORED)


async def test_a_download_follows_its_flow_without_the_key(tmp_path: Path) -> None:
    """A download's redirect is followed without the credentials."""
    target = tmp_path / "file"
    async with (
        Server(answer(200, BIG)) as other,
        Server(moved(other)) as server,
        client_of(server) as client,
    ):
        assert target == await client.download(STORED, target)

    assert BIG == target.read_bytes()
    assert ["file"] == names(tmp_path)
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in other.requests[0].headers


async def test_a_target_path_may_be_text(tmp_path: Path) -> None:
    """The target of a download may be given as text, and is returned as a `Path`."""
    target = tmp_path / "file"
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        assert target == await client.download(STORED, str(target))

    assert FILE == target.read_bytes()


@pytest.mark.parametrize("limit", ["5", 1.5, -1, True])
async def test_an_invalid_max_bytes_is_refused(limit: Any) -> None:
    """An invalid `max_bytes` is an error that names it, and nothing is fetched."""
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        with pytest.raises(InvalidValue, match="max_bytes: must be a whole number of bytes"):
            await client.download(STORED, max_bytes=limit)

    assert [] == server.requests


CUT = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + BIG, then=close)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (CUT, Reason.CONNECTION_LOST),
        (close, Reason.CONNECTION_LOST),
        (answer(404, b'{"why": "gone"}'), Reason.MISCONFIGURED),
        (answer(500, BIG), Reason.PROVIDER_ERROR),
        (answer(410), Reason.NOT_FOUND),
    ],
)
@pytest.mark.parametrize("existing", [b"old", None])
async def test_a_download_that_fails_leaves_everything_as_it_was(
    act: Act, reason: Reason, existing: bytes | None, tmp_path: Path
) -> None:
    """A failed download leaves no partial file, and an existing file unchanged."""
    target = tmp_path / "file"
    if existing is not None:
        target.write_bytes(existing)
    async with Server(act) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.download(STORED, target)
        with pytest.raises(OperationError):
            await client.download(STORED)

    assert reason is caught.value.reason
    assert ([] if existing is None else ["file"]) == names(tmp_path)
    assert existing is None or existing == target.read_bytes()


async def test_the_body_of_a_refusal_is_read(tmp_path: Path) -> None:
    """The body of a refused download is kept in the failure."""
    async with Server(answer(404, b'{"why": "gone"}')) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.download(STORED, tmp_path / "file")

    assert {"why": "gone"} == caught.value.failure.raw


async def test_a_download_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """A cancelled download leaves no file."""
    half = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + BIG, then=stall)
    async with Server(half) as server, client_of(server) as client:
        loading = asyncio.create_task(client.download(STORED, tmp_path / "file"))
        await server.arrived.wait()
        await asyncio.sleep(0.02)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading

    assert [] == names(tmp_path)


async def test_a_target_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    """A target that cannot be written raises the `OSError` and leaves no file."""
    (tmp_path / "folder").mkdir()
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        with pytest.raises(FileNotFoundError):
            await client.download(STORED, tmp_path / "none" / "file")
        with pytest.raises(IsADirectoryError):
            await client.download(STORED, tmp_path / "folder")

    assert ["folder"] == names(tmp_path)


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), TimeoutError(110, "Connection timed out")],
    ids=["full", "network drive"],
)
async def test_a_failing_disk_is_not_the_connections_fault(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails or times out raises its `OSError`, without a retry, and leaves no file."""

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("omnimsg.transport.files.FileSink.write", fail)
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        with pytest.raises(type(error), match=str(error.strerror)):
            await client.download(STORED, tmp_path / "file")

    assert [] == names(tmp_path)
    assert 1 == len(server.requests)


async def test_a_file_too_large_is_refused_without_being_read(tmp_path: Path) -> None:
    """The size of a file is checked without opening it, so also for an unreadable file."""
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)
    path.chmod(0)
    async with Server(answer(204)) as server, client_of(server) as client:
        with pytest.raises(OperationError, match="has 3,000 MB; tiny stores") as caught:
            await client.upload(Upload(path, "image/png", file_name="a.png"))

    assert Reason.MEDIA_TOO_LARGE is caught.value.reason


async def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A named pipe is refused as an upload without being opened."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    async with Server(answer(204)) as server, client_of(server) as client:
        with pytest.raises(OperationError, match="not a regular file") as caught:
            await client.upload(Upload(path, "image/png", file_name="a.png"))

    assert Reason.MEDIA_INVALID is caught.value.reason


async def test_measuring_ends_with_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a file for its size and digest ends at the deadline."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    hanging = threading.Event()
    monkeypatch.setattr("omnimsg.transport.files.read_and_measure", lambda *_: hanging.wait(10))
    async with Server(answer(204)) as server, client_of(server) as client:
        try:
            with pytest.raises(OperationError) as caught:
                await client.upload(Upload(path, "image/png", file_name="a.png"), deadline=0.05)
        finally:
            hanging.set()

    assert Reason.DEADLINE_EXCEEDED is caught.value.reason
    assert 0 == server.connections


async def test_a_measuring_that_is_given_up_reads_no_further(tmp_path: Path) -> None:
    """The thread that measures a file stops between two pieces when it is told to."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    given_up = threading.Event()
    given_up.set()

    assert 0 == files.read_and_measure(path, given_up).size


async def test_a_measuring_whose_caller_is_cancelled_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread that measures a file is told to stop when nobody waits for it any more."""
    told: list[threading.Event] = []
    has_begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def measure(_: object, abandoned: threading.Event) -> None:
        told.append(abandoned)
        loop.call_soon_threadsafe(has_begun.set)
        may_end.wait()

    monkeypatch.setattr(files, "read_and_measure", measure)
    measuring = asyncio.ensure_future(files.measure(FILE))
    await has_begun.wait()
    measuring.cancel()
    await asyncio.wait([measuring])
    is_told = told[0].is_set()
    may_end.set()

    assert is_told


async def test_a_download_whose_scope_is_cancelled_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download in a cancelled scope of anyio closes and removes its file."""
    opened: list[IO[bytes]] = []
    open_file = os.fdopen

    def noted(descriptor: int, mode: str) -> IO[Any]:
        opened.append(open_file(descriptor, mode))
        return opened[-1]

    monkeypatch.setattr(os, "fdopen", noted)
    half = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + BIG, then=stall)
    async with Server(half) as server, client_of(server) as client:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(client.download, STORED, tmp_path / "file")
                with anyio.fail_after(10):
                    while not opened:  # noqa: ASYNC110 - the client opens it
                        await asyncio.sleep(0)
                scope.cancel()

    assert scope.cancelled_caught
    assert [] == names(tmp_path)
    assert [True] == [each.closed for each in opened]


async def test_a_file_that_cannot_appear_in_time_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the final rename takes too long, the download raises `TimeoutError`."""
    hanging = threading.Event()
    monkeypatch.setattr(files, "CLEANUP_SECONDS", 0.02)
    replace = Path.replace

    def late(path: Path, target: Path) -> Path:
        hanging.wait(10)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", late)
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        try:
            with pytest.raises(TimeoutError, match="cannot be renamed in time"):
                await client.download(STORED, tmp_path / "file")
        finally:
            hanging.set()


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
async def test_only_its_owner_may_read_a_download(tmp_path: Path) -> None:
    """A downloaded file is readable by its owner only, also if it replaces a public one."""
    (tmp_path / "file").touch(mode=0o644)
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        target = await client.download(STORED, tmp_path / "file")

    assert 0o600 == stat.S_IMODE(target.stat().st_mode)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("given", ["call", "policy", "default"])
async def test_a_download_is_bounded(encoding: str, given: str, tmp_path: Path) -> None:
    """A download over the call's or account's limit fails, counted after decompression."""
    data = bytes(200_000 if given != "default" else 129 * 2**20)
    body = gzip.compress(data) if encoding == "gzip" else data
    policies = {"main": Policy(limits=Limits(max_download_bytes=100_000))}
    async with (
        Server(answer(200, body, content_encoding=encoding)) as server,
        Client([tiny(server.url)], policies=policies if given == "policy" else None) as client,
    ):
        limit = 100_000 if given == "call" else None
        with pytest.raises(OperationError, match="has more than") as caught:
            await client.download(STORED, tmp_path / "file", max_bytes=limit)

    assert (Reason.MEDIA_TOO_LARGE, Retry.NEVER) == (caught.value.reason, caught.value.retry)
    assert [] == names(tmp_path)
    assert 1 == len(server.requests)


async def test_a_file_of_the_largest_size_is_downloaded() -> None:
    """A download of exactly `max_bytes` succeeds, and one byte more fails."""
    async with Server(answer(200, FILE)) as server, client_of(server) as client:
        data = await client.download(STORED, max_bytes=len(FILE))
        with pytest.raises(OperationError, match="has more than 767 bytes"):
            await client.download(STORED, max_bytes=len(FILE) - 1)

    assert FILE == data


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_the_digest_of_a_download_is_compared(encoding: str, tmp_path: Path) -> None:
    """A download whose SHA-256 differs from the stored one fails and leaves no file."""
    body = gzip.compress(FILE) if encoding == "gzip" else FILE
    stored = evolve(STORED, sha256=hashlib.sha256(FILE).hexdigest().upper())
    async with (
        Server(answer(200, body, content_encoding=encoding)) as server,
        client_of(server) as client,
    ):
        data = await client.download(stored)
        with pytest.raises(OperationError, match="its SHA-256 is another one"):
            await client.download(evolve(STORED, sha256="0" * 64), tmp_path / "file")

    assert FILE == data
    assert [] == names(tmp_path)
