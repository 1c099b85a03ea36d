"""Measure how many messages are in doubt because a server closes idle connections.

The server, in a process of its own, closes a connection that was idle for some seconds. Clients
send one message each, wait just about as long, and send the next: the worst case, in which many
requests are written while the server closes. Run it with `python benchmarks/idle_close.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

from omnimsg import Client, Message, SendError

# Seconds around the server's limit within which the next message is sent.
SPREAD = 0.002

_ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
    b'{"id": "m1"}'
)


async def serve(idle: float) -> None:
    """Accept every message, and close connections that were idle for `idle` seconds."""

    async def handle_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            while True:
                async with asyncio.timeout(idle):
                    head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().lower().split("\r\n")
                (length,) = (each for each in lines if each.startswith("content-length:"))
                await reader.readexactly(int(length.partition(":")[2]))
                writer.write(_ANSWER)
        writer.close()

    server = await asyncio.start_server(handle_connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def one_client(port: int, idle: float, rounds: int, keepalive: float) -> Counter[str]:
    """Send a message after each pause, and count the outcomes."""
    account: dict[str, Any] = {
        "provider": "bird",
        "base_url": f"http://127.0.0.1:{port}",
        "access_key": "k",
        "workspace_id": "w",
        "channels": {"sms": "c"},
        "keepalive": keepalive,
        # Broken connections must not open the circuit: it would hold up the measured messages.
        "breaker": {"failures": 1_000_000},
    }
    kinds: Counter[str] = Counter()
    async with Client.from_config({"accounts": {"bird": account}}) as client:
        await asyncio.sleep(random.uniform(0, idle))  # noqa: S311 - no secret
        for number in range(rounds + 1):
            try:
                kind = (await client.send(Message("+27820001000", "x", channel="sms"))).kind
            except SendError as error:
                kind = error.outcome.kind
            if number:
                kinds[kind] += 1
            await asyncio.sleep(idle + random.uniform(-SPREAD, SPREAD))  # noqa: S311
    return kinds


async def measure(port: int, options: argparse.Namespace, keepalive: float) -> Counter[str]:
    """Run all clients side by side."""
    clients = (
        one_client(port, options.idle, options.rounds, keepalive) for _ in range(options.clients)
    )
    return sum(await asyncio.gather(*clients), Counter[str]())


def main() -> None:
    """Measure each keepalive and print the share of messages in doubt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=5.0, help="what the server waits, seconds")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keepalive", type=float, nargs="*", default=[15.0, 4.0, 0.8])
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.idle))
        return
    command = [sys.executable, __file__, "--serve", "--idle", str(options.idle)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            for keepalive in options.keepalive:
                kinds = asyncio.run(measure(port, options, keepalive))
                share = kinds["ambiguous"] / kinds.total()
                print(f"keepalive {keepalive:g} s: {share:.1%} in doubt, {dict(kinds)}")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
