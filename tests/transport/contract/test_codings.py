"""Compressed answers are decoded, and bounded by their decoded size."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from support.servers import Server, Visit, answer
from support.transports import asked, both, lost

from omnimsg import Reason
from omnimsg.adapter import Answer, Effect, Request

if TYPE_CHECKING:
    from support.transports import TransportTo

pytestmark = [pytest.mark.anyio, both]

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
LARGE = b'{"a": "%b"}' % (b"x" * 300_000)


def bare(data: bytes) -> bytes:
    """Compress to raw deflate, which some servers send as "deflate"."""
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


CODED = {
    "gzip": ("gzip", gzip.compress),
    "upper case": ("GZIP", gzip.compress),
    "another name of gzip": ("x-gzip", gzip.compress),
    "several members": ("gzip", lambda data: gzip.compress(data[:1]) + gzip.compress(data[1:])),
    "deflate": ("deflate", zlib.compress),
    "deflate and a rest": ("deflate", lambda data: zlib.compress(data) + b"rest"),
    "bare deflate": ("deflate", bare),
    "identity": ("identity", bytes),
}


@pytest.mark.parametrize("body", [b"", b"{}", LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize(("coding", "code"), CODED.values(), ids=CODED)
async def test_an_answer_is_decoded(
    transport_to: TransportTo, coding: str, code: Any, body: bytes
) -> None:
    """A compressed answer of any size is decoded, and the connection is kept."""
    async with Server(answer(200, code(body), content_encoding=coding)) as server:
        transport = transport_to(server.url)
        answers = [await asked(transport, SEND) for _ in range(2)]

    assert [body] * 2 == [each.body for each in answers]
    assert 1 == server.connections


async def test_an_empty_answer_needs_no_coding(transport_to: TransportTo) -> None:
    """An empty body labelled as gzip is an empty answer."""
    async with Server(answer(200, b"", content_encoding="gzip")) as server:
        response = await asked(transport_to(server.url), SEND)

    assert b"" == response.body


@pytest.mark.parametrize("size", [1, 7, 4096])
async def test_a_coded_answer_may_come_in_pieces(transport_to: TransportTo, size: int) -> None:
    """A compressed answer may come in chunks of any size."""
    coded = gzip.compress(LARGE)

    async def in_chunks(visit: Visit) -> None:
        await visit.say(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for start in range(0, len(coded), size):
            piece = coded[start : start + size]
            await visit.say(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        await visit.say(b"0\r\n\r\n")

    async with Server(in_chunks) as server:
        response = await asked(transport_to(server.url), SEND)

    assert LARGE == response.body


async def test_a_small_answer_may_not_become_a_large_one(transport_to: TransportTo) -> None:
    """The size limit of answers holds after decompression."""
    bomb = gzip.compress(bytes(50_000_000))
    async with Server(answer(200, bomb, content_encoding="gzip")) as server:
        reason = await lost(transport_to(server.url, max_answer_bytes=1_000_000), SEND)

    assert Reason.INVALID_RESPONSE is reason


@pytest.mark.parametrize("answer_to", list(Answer), ids=["kept", "sink"])
@pytest.mark.parametrize(
    "data",
    [
        b"words",
        gzip.compress(b"{}")[:-8][:10] + b"\xff" * 8,
        gzip.compress(b"{}")[:4] + b"x" * 20,
        gzip.compress(LARGE)[:-200],
        gzip.compress(b"{}")[:-1],
    ],
    ids=["no gzip", "broken", "bad head", "cut off", "cut off in its checksum"],
)
async def test_an_answer_that_is_not_in_its_coding_is_a_fault(
    transport_to: TransportTo, data: bytes, answer_to: Answer
) -> None:
    """An answer that is not valid gzip is a fault, kept or written to a sink."""

    class Nowhere:
        async def write(self, chunk: bytes) -> None:
            """Discard the chunk."""

    request = Request("GET", "/x", answer=answer_to)
    async with Server(answer(200, data, content_encoding="gzip")) as server:
        reason = await lost(transport_to(server.url), request, sink=Nowhere())

    assert Reason.INVALID_RESPONSE is reason
