"""The sink: fragmented and pipelined requests, closing, and delayed answers."""

from __future__ import annotations

import asyncio

import pytest

from sink import Sink

REQUEST = (
    b"POST /v1/message HTTP/1.1\r\nHost: sink\r\nContent-Length: 5\r\n%b\r\nfirst"
    b"POST /notify HTTP/1.1\r\nHost: sink\r\nContent-Length: 6\r\n\r\nsecond"
)
TWO = REQUEST % b""
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"
    b"/v1/message says first"
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
    b"/notify says second"
)


class Wire(asyncio.Transport):
    """A transport that records the written bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.whole = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Record the bytes."""
        self.written += data
        if self.written == ANSWERS:
            self.whole.set()

    def close(self) -> None:
        """Record that the connection was closed."""
        self.closed = True


def _echoed(url: bytes, body: bytes) -> tuple[int, bytes]:
    return 200, url + b" says " + body


def _connected(delay: float = 0.0) -> tuple[Sink, Wire]:
    sink, wire = Sink(_echoed, delay), Wire()
    sink.connection_made(wire)
    return sink, wire


@pytest.mark.parametrize("size", [1, 7, 50, len(TWO)])
def test_pieces_and_pipelines_are_answered_alike(size: int) -> None:
    """Pipelined requests are answered in order, into whichever pieces their bytes are cut."""
    sink, wire = _connected()

    for start in range(0, len(TWO), size):
        sink.data_received(TWO[start : start + size])

    assert ANSWERS == wire.written
    assert not wire.closed


def test_a_client_that_wants_to_close_is_closed() -> None:
    """A request with `Connection: close` is answered with that header; the connection is closed."""
    sink, wire = _connected()
    request = TWO[: TWO.index(b"first") + 5].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    sink.data_received(request)

    assert wire.closed
    assert b"\r\nConnection: close\r\n\r\n" in wire.written


def test_what_is_not_http_ends_the_connection() -> None:
    """Bytes that are not HTTP close the connection without an answer."""
    sink, wire = _connected()

    sink.data_received(b"good morning\r\n\r\n")

    assert (True, b"") == (wire.closed, wire.written)


@pytest.mark.anyio
async def test_late_answers_keep_their_order() -> None:
    """With a delay nothing is answered at once; the answers then come in the requests' order."""
    sink, wire = _connected(delay=0.001)

    sink.data_received(TWO)
    at_once = wire.written
    await wire.whole.wait()

    assert at_once == b""
