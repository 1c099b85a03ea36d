"""Measure sending from threads: messages a second, CPU time, messages a request.

Run `python benchmarks/threads.py sync`, or with another way to send from threads:

- `sync`: one `omnimsg.sync.Client` for all threads
- `portal`: one `omnimsg.Client`, called through anyio's blocking portal
- `run`: a client and `asyncio.run` for each message, as in a task queue without either

64 threads, or `--threads`, send through Clickatell to a provider that answers at once, or after
`--delay` seconds. The rate is wall time, which depends on the machine's load, so no check uses it.
Prints one line of JSON: the median of `--rounds` after one that warms up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from anyio.from_thread import start_blocking_portal

import omnimsg
from cores import Role, pin_to_core
from omnimsg import Message, sync
from omnimsg.transport import create_http_transport
from processes import sink
from texts import Line, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Request, Response
    from omnimsg.transport import Sink, Transport, TransportOptions, WriteMark

    Send = Callable[[Line], object]


@attrs.define
class Counted:
    """A factory of transports that counts their requests.

    Attributes:
        requests: The number of requests so far.
    """

    requests: int = 0

    def __call__(self, options: TransportOptions) -> Transport:
        """Build the transport that carries the requests."""
        return _Counting(self, create_http_transport(options))


class _Counting:
    def __init__(self, counted: Counted, transport: Transport) -> None:
        self._counted = counted
        self._transport = transport

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        self._counted.requests += 1
        return await self._transport.exchange(request, within=within, mark=mark, sink=sink)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _config(base_url: str) -> dict[str, Any]:
    account = {"provider": "clickatell", "api_key": "none", "base_url": base_url}
    return {"accounts": {"clickatell": account}}


def _message(line: Line) -> Message:
    to, text, reference = line
    return Message(to, text, reference=reference)


@contextmanager
def through_sync(base_url: str, counted: Counted) -> Iterator[Send]:
    """Send with the synchronous client."""
    with sync.Client.from_config(_config(base_url), transport=counted) as client:
        yield lambda line: client.send(_message(line))


@contextmanager
def through_portal(base_url: str, counted: Counted) -> Iterator[Send]:
    """Send with the asynchronous client through anyio's portal."""
    client = omnimsg.Client.from_config(_config(base_url), transport=counted)
    with start_blocking_portal() as portal:
        yield lambda line: portal.call(client.send, _message(line))
        portal.call(client.aclose)


@contextmanager
def through_run(base_url: str, counted: Counted) -> Iterator[Send]:
    """Send with an event loop and a client for each message."""

    async def send(line: Line) -> None:
        async with omnimsg.Client.from_config(_config(base_url), transport=counted) as client:
            await client.send(_message(line))

    yield lambda line: asyncio.run(send(line))


def measured(send: Send, counted: Counted, threads: int, count: int) -> dict[str, float]:
    """Send messages from threads, and return the figures."""
    requests, cpu, began = counted.requests, time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(send, lines(count)):
            pass
    return {
        "messages a second": count / (time.perf_counter() - began),
        "CPU us a message": (time.process_time() - cpu) / count * 1e6,
        "messages a request": count / (counted.requests - requests),
    }


WAYS = {"sync": through_sync, "portal": through_portal, "run": through_run}


def main() -> None:
    """Measure one way to send and print its figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("way", choices=WAYS)
    options.add_argument("--threads", type=int, default=64)
    options.add_argument("--messages", type=int, default=8_000)
    options.add_argument("--delay", type=float, default=0.0, help="seconds to an answer")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with sink(delay=given.delay) as address:
        pin_to_core(Role.CLIENT)
        counted = Counted()
        with WAYS[given.way](address, counted) as send:
            take = partial(measured, send, counted, given.threads, given.messages)
            take()
            rounds = [take() for _ in range(given.rounds)]
    figures = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    print(json.dumps({name: float(f"{value:.3g}") for name, value in figures.items()}))


if __name__ == "__main__":
    main()
