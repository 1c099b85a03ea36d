"""Request bodies, small, large and from files, arrive whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp.base_protocol import BaseProtocol
from attrs import evolve
from support.servers import Server, answer

from omnimsg.adapter import Effect, Request, Source
from omnimsg.transport import WriteMark
from omnimsg.transport.http_defaults import MAX_SMALL_BODY
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    from pathlib import Path

    from support.transports import TransportTo

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")


@pytest.mark.parametrize("kind", ["bytes", "path"])
async def test_a_file_is_the_whole_body(
    kind: str, tmp_path: Path, transport_to: TransportTo
) -> None:
    """A `Source` is sent as the body, with length and media type and without a file name."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    source = Source(data=b"content" if kind == "bytes" else path, size=7, sha256="0" * 64)
    request = Request("PUT", "/x", source, content_type="image/png")
    async with Server(answer(204)) as server:
        await transport_to(server.url).exchange(request, within=5.0, mark=WriteMark())

    (received,) = server.requests
    assert b"content" == received.body
    assert "content-disposition" not in received.headers
    assert ("7", "image/png") == (
        received.headers["content-length"],
        received.headers["content-type"],
    )


@pytest.mark.parametrize("content_type", [None, "application/json"])
async def test_bodies_have_their_length_and_type(
    content_type: str | None, transport_to: TransportTo, marking: Marking | None
) -> None:
    """Bodies of all sizes have length and type, and keep the connection usable."""
    sizes = (0, 1, MAX_SMALL_BODY, MAX_SMALL_BODY + 1, 2**20)
    bodies = [(bytes(range(256)) * (size // 256 + 1))[:size] for size in sizes]
    async with Server(answer(200, b"{}")) as server:
        transport = transport_to(server.url)
        for body in bodies:
            request = Request("POST", "/x", body, content_type=content_type)
            response = await transport.exchange(request, within=5.0, mark=WriteMark())
            assert b"{}" == response.body

    assert (len(bodies) if marking is Marking.TRACED else 1) == server.connections
    assert bodies == [each.body for each in server.requests]
    for each in server.requests:
        assert (str(len(each.body)), content_type or "application/octet-stream") == (
            each.headers["content-length"],
            each.headers["content-type"],
        )
        assert "transfer-encoding" not in each.headers


async def test_a_body_written_in_pieces_arrives_whole(
    transport_to: TransportTo,
) -> None:
    """A large body arrives whole, with length and type, from bytes or a `Source`."""
    large = b"x" * (2**20 + 1)
    source = Source(data=large, size=len(large), sha256="0" * 64)
    async with Server(answer(204)) as server:
        for body in (large, source):
            request = Request("PUT", "/x", body, content_type="image/png")
            await transport_to(server.url).exchange(request, within=5.0, mark=WriteMark())

    for received in server.requests:
        assert large == received.body
        assert (str(len(large)), "image/png") == (
            received.headers["content-length"],
            received.headers["content-type"],
        )


@pytest.mark.parametrize("kind", ["none", "small", "large", "source", "file"])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    kind: str, tmp_path: Path, transport_to: TransportTo
) -> None:
    """A redirect is returned as the answer, and the request is sent only once."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    body = {
        "none": None,
        "small": b"content",
        "large": b"x" * (MAX_SMALL_BODY + 1),
        "source": Source(data=b"content", size=7, sha256="0" * 64),
        "file": Source(data=path, size=7, sha256="0" * 64),
    }[kind]
    request = Request("POST", "/x", body, content_type="image/png")
    async with (
        Server(answer(200)) as elsewhere,
        Server(answer(307, location=f"{elsewhere.url}/x")) as server,
    ):
        response = await transport_to(server.url).exchange(request, within=5.0, mark=WriteMark())

    assert 307 == response.status
    assert (1, 0) == (len(server.requests), elsewhere.connections)


async def test_a_connection_with_a_full_buffer_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """A request on a connection with a full buffer is sent whole and marked."""
    monkeypatch.setattr(BaseProtocol, "writing_paused", True)
    mark = WriteMark()
    async with Server(answer(200)) as server:
        response = await transport_to(server.url).exchange(SEND, within=5.0, mark=mark)

    assert (200, True) == (response.status, mark.written)
    assert [b"{}"] == [each.body for each in server.requests]


async def test_header_lines_about_the_body_are_obeyed(
    transport_to: TransportTo,
) -> None:
    """A body is cut to its `Content-Length`, so that the rest cannot become a request."""
    short = evolve(SEND, body=b"abHELLO", headers={"Content-Length": "2"})
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        for request in (short, SEND):
            await transport.exchange(request, within=5.0, mark=WriteMark())

    assert [b"ab", b"{}"] == [each.body for each in server.requests]
