"""Send reports as a provider does: signed, over connections that stay open, one after another.

Run `python benchmarks/report_load.py bird 8080`; `callback_server.py` does. For each line of
standard input, a number, it sends as many reports, and prints how many were answered with success.
It builds all requests before it sends the first, so that the server never waits for this process.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hmac
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import orjson

from callback_server import (
    HOST,
    KNOWN,
    PASSWORD,
    PATHS,
    PUBLIC_URL,
    SIGNING_KEY,
    message_id,
    reference,
)
from cores import leave_core_of_parent
from floor import CHANNEL
from loops import new_loop, stay_awake
from omnimsg.adapter.context import report_token

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 16
# Messages that are reported as sent before the first of them is reported as delivered.
TOGETHER = 100


def request(provider: str, number: int) -> bytes:
    """Return the request of a report; no two numbers have the same one."""
    turn, within = divmod(number, 2 * TOGETHER)
    message = (turn * TOGETHER + within % TOGETHER) % KNOWN
    at = datetime(2026, 11, 29, 10, tzinfo=UTC) + timedelta(milliseconds=number)
    document, query = _DOCUMENTS[provider](message, within >= TOGETHER, at)
    body = orjson.dumps(document)
    target = PATHS[provider] + query
    lines = (
        f"POST {target} HTTP/1.1",
        "Host: hooks.example.test",
        "User-Agent: provider/1.0",
        "Accept: */*",
        "Accept-Encoding: gzip",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *_signature(provider, body),
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def _bird(message: int, is_delivered: bool, at: datetime) -> tuple[dict[str, Any], str]:
    timestamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload = {
        "id": message_id(message),
        "channelId": CHANNEL,
        "sender": {"connector": {"id": "con-1", "identifierValue": "+37255509999"}},
        "receiver": {
            "contacts": [
                {
                    "id": "contact-1",
                    "identifierKey": "phonenumber",
                    "identifierValue": f"+372555{message:07}",
                }
            ]
        },
        "body": {"type": "text", "text": {"text": "Your table is ready"}},
        "reference": reference(message),
        "direction": "outgoing",
        "status": "delivered" if is_delivered else "sent",
        "failure": None,
        "tags": [],
        "batchId": None,
        "chargeableUnits": 1,
        "parts": [{"platformReference": f"platform-{message}"}],
        "lastStatusAt": timestamp,
        "createdAt": timestamp,
        "updatedAt": timestamp,
    }
    return {"service": "channels", "event": "sms.outbound", "payload": payload}, ""


def _clickatell(message: int, is_delivered: bool, at: datetime) -> tuple[dict[str, Any], str]:
    entry = {
        "channel": "sms",
        "messageId": message_id(message),
        "clientMessageId": reference(message),
        "timestamp": int(at.timestamp() * 1000),
        "statusCode": 5 if is_delivered else 4,
        "status": "DEVICE_ACK" if is_delivered else "SENT_TO_SUPPLIER",
    }
    return {"event": {"messageStatusUpdate": [entry]}}, ""


def _messente(message: int, is_delivered: bool, at: datetime) -> tuple[dict[str, Any], str]:
    document = {
        "status": "DELIVRD" if is_delivered else "ACK",
        "sender": "Tables",
        "err": 0,
        "message_id": message_id(message + KNOWN),
        "to": f"+372555{message:07}",
        "channel": "sms",
        "error": None,
        "omnimessage_id": message_id(message),
        "timestamp": at.replace(tzinfo=None).isoformat(timespec="microseconds"),
        "price_info": {"part_price": "0.05", "parts_count": 1, "total_price": "0.05"},
    }
    return document, f"?omnimsg_token={report_token('messente', reference(message))}"


_DOCUMENTS = {"bird": _bird, "clickatell": _clickatell, "messente": _messente}


def _signature(provider: str, body: bytes) -> Iterator[str]:
    if provider == "bird":
        timestamp = str(int(time.time()))
        signed = f"{timestamp}\n{PUBLIC_URL}/bird\n".encode() + sha256(body).digest()
        digest = hmac.digest(SIGNING_KEY.encode(), signed, "sha256")
        yield f"messagebird-signature: {base64.b64encode(digest).decode()}"
        yield f"messagebird-request-timestamp: {timestamp}"
        yield "messagebird-request-id: 5d6f0c1a-0f7e-4c1d-8a54-1b0f6f0c9d11"
    elif provider == "messente":
        digest = hmac.digest(PASSWORD.encode(), body, "sha256")
        yield f"X-Messente-Signature: {digest.hex()}"


class Connection(asyncio.Protocol):
    """Sends one request after another, each when the one before it is answered."""

    def __init__(self) -> None:
        self.answered = 0
        self._requests: Iterator[bytes] = iter(())
        self._done: asyncio.Future[None] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport to send on."""
        # A cast without a check: the transports of uvloop are not a subclass.
        self._transport = cast("asyncio.Transport", transport)

    def send_all(self, requests: Iterator[bytes]) -> asyncio.Future[None]:
        """Send the requests; return a future that is done when the last one is answered."""
        self.answered = 0
        self._requests = requests
        self._done = asyncio.get_running_loop().create_future()
        self._send_next()
        return self._done

    def data_received(self, data: bytes) -> None:
        """Read an answer, which has no body from either server."""
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            self.answered += self._received.startswith(b"HTTP/1.1 20")
            self._received = b""
            self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if the server has closed the connection before the last answer."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionResetError())

    def _send_next(self) -> None:
        following = next(self._requests, None)
        if following is not None:
            self._transport.write(following)
        elif self._done is not None:
            self._done.set_result(None)


async def call(provider: str, port: int, *, awake: bool) -> None:
    """Send as many reports as each line of standard input says."""
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(Connection, HOST, port))[1] for _ in range(CONNECTIONS)
    ]
    numbers = count()
    while line := await asyncio.to_thread(sys.stdin.readline):
        requests = iter([request(provider, next(numbers)) for _ in range(int(line))])
        with stay_awake(awake=awake):
            await asyncio.gather(*(each.send_all(requests) for each in connections))
        print(sum(each.answered for each in connections), flush=True)


def main() -> None:
    """Send from a core other than the server's, if the server is pinned to one."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("provider", choices=PATHS)
    options.add_argument("port", type=int)
    given = options.parse_args()
    has_own_core = leave_core_of_parent()
    with asyncio.Runner(loop_factory=new_loop("best")) as runner:
        runner.run(call(given.provider, given.port, awake=has_own_core))


if __name__ == "__main__":
    main()
