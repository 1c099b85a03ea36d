"""A provider that is never what a measurement waits for, in a process of its own.

Run `python benchmarks/sink.py --port 8800`. It takes every message of Clickatell, Bird, Messente
and the peers' providers, parses the request and names each message in the answer, on uvloop where
that is installed. An own `asyncio.Protocol` with httptools is two to four times as fast as a web
framework, so that the client stays what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httptools

from answers import answer
from loops import new_loop
from places import Place, take

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"

_HEADS = {
    status.value: (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
    ).encode()
    for status in HTTPStatus
}


class Sink(asyncio.Protocol):
    """One connection; requests may come in pieces, or several at once.

    Args:
        answered: Gives status and body for a URL and a body.
        delay: Seconds that every answer takes.
    """

    def __init__(
        self, answered: Callable[[bytes, bytes], tuple[int, bytes]] = answer, delay: float = 0.0
    ) -> None:
        self._answered = answered
        self._delay = delay
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self._late: deque[tuple[bytes, bool]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        # No check: uvloop's are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Have the parser call the methods below; what is not HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url, self._body = b"", []

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer, now or later; in the order of the requests, as pipelining wants it."""
        status, body = self._answered(self._url, b"".join(self._body))
        kept = self._parser.should_keep_alive()
        ending = b"\r\n\r\n" if kept else b"\r\nConnection: close\r\n\r\n"
        self._late.append(
            (b"%bContent-Length: %d%b%b" % (_HEADS[status], len(body), ending, body), kept)
        )
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._release)
        else:
            self._release()

    def _release(self) -> None:
        data, kept = self._late.popleft()
        self._transport.write(data)
        if not kept:
            self._transport.close()


async def serve(port: int, delay: float, *, awake: bool) -> None:
    """Listen until standard input ends, which it does at the latest with the parent process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Sink, delay=delay), HOST, port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)

    def stay() -> None:
        loop.call_soon(stay)

    if awake:
        stay()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Serve on the first core."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--port", type=int, default=0, help="0 takes one that is free")
    options.add_argument("--delay", type=float, default=0.0, help="seconds that an answer takes")
    options.add_argument("--awake", action="store_true", help="never sleep, on a core of its own")
    given = options.parse_args()
    alone = take(Place.SINK)
    with asyncio.Runner(loop_factory=new_loop("best")) as runner:
        runner.run(serve(given.port, given.delay, awake=given.awake and alone))


if __name__ == "__main__":
    main()
