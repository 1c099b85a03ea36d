"""Large request bodies: whole, in order, and no faster than the server reads."""

from __future__ import annotations

import asyncio
import os
import random
import re
from typing import TYPE_CHECKING

import pytest
from support.servers import Gone, Server, Visit, answer, reset_after_head, stall
from support.transports import asked, both, lost

from omnimsg import Reason
from omnimsg.adapter import Effect, Multipart, Request, Source
from omnimsg.transport import TransportFault, WriteMark

if TYPE_CHECKING:
    from pathlib import Path

    from support.transports import TransportTo

pytestmark = [pytest.mark.anyio, both]

CONTENT = random.Random(2).randbytes(3_000_001)  # noqa: S311 - repeatable
SHA = "0" * 64
# More than what a connection buffers.
SPARSE = 16_000_000
GET = Request("GET", "/x")


def upload(data: bytes | Path, size: int = len(CONTENT)) -> Request:
    """Build the request that uploads a file."""
    source = Source(data=data, size=size, sha256=SHA)
    return Request("PUT", "/x", source, effect=Effect.ONCE, content_type="image/png")


def in_form(path: Path) -> Request:
    """Build the request that uploads a file in a form."""
    source = Source(data=path, size=SPARSE, sha256=SHA)
    form = Multipart(
        fields=(), file_field="file", file_name="x", content_type="image/png", source=source
    )
    return Request("POST", "/x", form)


def sparse(folder: Path) -> Path:
    """Make a file that is larger than what a connection buffers."""
    path = folder / "sparse"
    path.touch()
    os.truncate(path, SPARSE)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write the file to upload."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


async def test_a_large_file_arrives_whole(transport_to: TransportTo, path: Path) -> None:
    """A large file arrives whole, with its length, and the connection is kept."""
    async with Server(answer(204)) as server:
        transport = transport_to(server.url)
        for _ in range(2):
            await asked(transport, upload(path))

    assert [CONTENT] * 2 == [each.body for each in server.requests]
    assert {str(len(CONTENT))} == {each.headers["content-length"] for each in server.requests}
    assert 1 == server.connections


@pytest.mark.parametrize("kind", ["bytes", "path"])
async def test_a_form_has_its_fields_in_order_and_the_file_last(
    transport_to: TransportTo, path: Path, kind: str
) -> None:
    """A multipart form has its fields in order and the file last, as storages require."""
    data = CONTENT if kind == "bytes" else path
    form = Multipart(
        fields=(("key", "a/b"), ("policy", "ünï"), ("x", "1\r\n2")),
        file_field="file",
        file_name='a "file".png',
        content_type="image/png",
        source=Source(data=data, size=len(CONTENT), sha256=SHA),
    )
    async with Server(answer(204)) as server:
        await asked(transport_to(server.url), Request("POST", "/x", form))

    (received,) = server.requests
    found = re.fullmatch(r"multipart/form-data; boundary=(\S+)", received.headers["content-type"])
    assert found is not None
    head, *parts, end = received.body.split(b"--" + found[1].encode())
    assert (b"", b"--\r\n") == (head, end)
    names = [re.findall(rb'name="(.*?)"', part.partition(b"\r\n\r\n")[0])[0] for part in parts]
    values = [part.partition(b"\r\n\r\n")[2] for part in parts]
    assert [b"key", b"policy", b"x", b"file"] == names
    assert [b"a/b\r\n", "ünï\r\n".encode(), b"1\r\n2\r\n", CONTENT + b"\r\n"] == values
    lines = parts[-1].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"Content-Type: image/png" in lines
    assert [line for line in lines if re.search(rb'; filename="a(?: |%20)%22file%22.png"$', line)]
    assert str(len(received.body)) == received.headers["content-length"]


@pytest.mark.parametrize("is_form", [False, True], ids=["file", "form"])
async def test_a_file_that_becomes_shorter_ends_the_upload(
    transport_to: TransportTo, tmp_path: Path, is_form: bool
) -> None:
    """A file that becomes shorter ends the upload at once: the server waits for the rest."""
    path = sparse(tmp_path)

    async def shorten(visit: Visit) -> None:
        await visit.head()
        os.truncate(path, SPARSE // 2)
        await visit.reader.read()

    async with Server(connecting=shorten) as server:
        request = in_form(path) if is_form else upload(path, SPARSE)
        reason = await lost(transport_to(server.url), request, within=60.0)

    assert Reason.MEDIA_INVALID is reason


@pytest.mark.parametrize("is_form", [False, True], ids=["file", "form"])
async def test_a_file_that_becomes_longer_is_sent_as_it_was(
    transport_to: TransportTo, tmp_path: Path, is_form: bool
) -> None:
    """Only the announced length is sent: more bytes would be read as another request."""
    path = sparse(tmp_path)
    rest: list[bytes] = []

    async def lengthen(visit: Visit) -> None:
        _, headers = await visit.head()
        with path.open("ab") as file:
            file.write(b"more")
        await visit.reader.readexactly(int(headers["content-length"]))
        await answer(204)(visit)
        rest.append(await visit.reader.read())
        visit.server.left.set()

    async with Server(connecting=lengthen) as server:
        transport = transport_to(server.url)
        await asked(transport, in_form(path) if is_form else upload(path, SPARSE))
        await transport.aclose()
        await server.left.wait()

    assert [b""] == rest


async def test_a_file_that_is_gone_is_no_fault_of_the_connection(
    transport_to: TransportTo, tmp_path: Path
) -> None:
    """A missing file is refused before a byte leaves, and the connection is kept."""
    mark = WriteMark()
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        await asked(transport, GET)
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(upload(tmp_path / "none"), within=5.0, mark=mark)
        await asked(transport, GET)

    assert (Reason.MEDIA_INVALID, False) == (caught.value.reason, mark.written)
    assert 1 == server.connections


async def test_an_early_answer_is_heard(transport_to: TransportTo) -> None:
    """An answer before the end of the upload is read, and its connection is not used again."""
    read_on = asyncio.Event()

    async def refuse(visit: Visit) -> None:
        line, _ = await visit.head()
        if line.startswith("GET"):
            await answer(200)(visit)
            return
        await answer(413, b"{}")(visit)
        await read_on.wait()
        raise Gone

    async with Server(connecting=refuse) as server:
        transport = transport_to(server.url)
        response = await asked(transport, upload(bytes(2**25), 2**25))
        after = await asked(transport, GET)
        read_on.set()

    assert (413, b"{}", 200) == (response.status, response.body, after.status)
    assert 2 == server.connections


@pytest.mark.parametrize("size", [2**10, 2**25])
async def test_a_server_that_breaks_off_ends_the_upload(
    transport_to: TransportTo, size: int
) -> None:
    """An upload whose connection breaks is not repeated."""
    async with Server(connecting=reset_after_head) as server:
        reason = await lost(transport_to(server.url), upload(bytes(size), size))

    assert Reason.CONNECTION_LOST is reason
    assert 1 == server.connections


async def test_a_server_that_does_not_read_is_waited_for(transport_to: TransportTo) -> None:
    """An upload to a server that does not read ends at the timeout."""

    async def head_only(visit: Visit) -> None:
        await visit.head()
        await stall(visit)

    async with Server(connecting=head_only) as server:
        reason = await lost(transport_to(server.url), upload(bytes(2**25), 2**25), within=1.0)

    assert Reason.TIMEOUT is reason


async def test_a_file_is_read_no_faster_than_the_server_reads(
    transport_to: TransportTo, tmp_path: Path
) -> None:
    """An upload waits while the server does not read, and then goes on."""
    size = 2**26
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(size)
    go_on = asyncio.Event()
    received = 0

    async def slowly(visit: Visit) -> None:
        nonlocal received
        await visit.head()
        await go_on.wait()
        while received < size:
            received += len(await visit.reader.read(2**20))
        await answer(204)(visit)
        raise Gone

    async with Server(connecting=slowly) as server:
        under_way = asyncio.create_task(
            asked(transport_to(server.url), upload(path, size), within=30.0)
        )
        await server.met.wait()
        await asyncio.sleep(0.1)
        assert not under_way.done()
        go_on.set()
        response = await under_way

    assert (204, size) == (response.status, received)
