"""The sink: a provider in a process of its own that is faster than any measured client.

Run `python benchmarks/sink.py --port 8800`. It accepts every message of Clickatell, Bird, Messente
and the peers' providers, parses the request and names each message in the answer, on uvloop where
that is installed. It is an `asyncio.Protocol` with httptools, two to four times as fast as a web
framework, so that the client is the bottleneck.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
from collections import deque
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httptools

from cores import Role, pin_to_core
from loops import new_loop, stay_awake
from sink_answers import answer

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
    """One connection; requests may arrive in pieces, or several at once.

    Args:
        answered: Returns status and body for a URL and a body.
        delay: Seconds by which every answer is delayed.
    """

    def __init__(
        self, answered: Callable[[bytes, bytes], tuple[int, bytes]] = answer, delay: float = 0.0
    ) -> None:
        self._answered = answered
        self._delay = delay
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self._pending: deque[tuple[bytes, bool]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport to answer on."""
        # A cast without a check: the transports of uvloop are not a subclass.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below; close the connection on an error."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Start a new request."""
        self._url, self._body = b"", []

    def on_url(self, url: bytes) -> None:
        """Add a piece of the URL."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer now or after the delay, in the order of the requests, as in HTTP pipelining."""
        status, body = self._answered(self._url, b"".join(self._body))
        keep_alive = self._parser.should_keep_alive()
        ending = b"\r\n\r\n" if keep_alive else b"\r\nConnection: close\r\n\r\n"
        self._pending.append(
            (b"%bContent-Length: %d%b%b" % (_HEADS[status], len(body), ending, body), keep_alive)
        )
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._release)
        else:
            self._release()

    def _release(self) -> None:
        data, keep_alive = self._pending.popleft()
        self._transport.write(data)
        if not keep_alive:
            self._transport.close()


async def serve(port: int, delay: float, *, awake: bool, tls: bool = False) -> None:
    """Serve until standard input ends, at the latest when the parent process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        partial(Sink, delay=delay), HOST, port, backlog=4096, ssl=certificate() if tls else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    with stay_awake(awake=awake):
        await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def certificate() -> ssl.SSLContext:
    """Load the certificate of the benchmarks, which only they trust."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(__file__).with_name("localhost.pem"))
    return context


def main() -> None:
    """Serve on the first CPU core."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    options.add_argument(
        "--delay", type=float, default=0.0, help="seconds by which each answer is delayed"
    )
    options.add_argument("--awake", action="store_true", help="never sleep, on a core of its own")
    options.add_argument("--tls", action="store_true", help="with the benchmarks' certificate")
    given = options.parse_args()
    has_own_core = pin_to_core(Role.SINK)
    with asyncio.Runner(loop_factory=new_loop("best")) as runner:
        runner.run(
            serve(given.port, given.delay, awake=given.awake and has_own_core, tls=given.tls)
        )


if __name__ == "__main__":
    main()
