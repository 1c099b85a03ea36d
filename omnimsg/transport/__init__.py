"""The transport: sends the requests of one account and returns the answers.

The layer between the adapters, which describe requests, and the engine, which decides what an
answer or its absence proves. What a transport owes the engine:

* One exchange is one `Request` and one `Response`, or a `TransportFault` that names the reason.
  Redirects are not followed, and nothing that must not be repeated is written twice.
* The `WriteMark` of a request is set before its first byte may leave. An unset mark proves that
  nothing was sent; a set mark proves nothing. In doubt it is set.
* Credentials are sent only to the hosts that the adapter declares, and only encrypted, except to a
  sandbox on this machine.
* An exchange ends within its time limit, and cancelling it closes its connection.

Importing this package does not import aiohttp, which takes most of the start-up time;
`create_http_transport` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.transport.interface import Sink, SinkFault, Transport, TransportFault, WriteMark

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Sink",
    "SinkFault",
    "Transport",
    "TransportFault",
    "WriteMark",
    "create_http_transport",
]


def create_http_transport(
    base_url: str,
    *,
    hosts: frozenset[str],
    authorization: Mapping[str, str],
    connections: int = 100,
) -> Transport:
    """Return the transport of one account over HTTP. It connects with its first request.

    Args:
        base_url: The URL that paths of requests are appended to.
        hosts: The hosts, with a port where it is not the default, that may get the credentials.
        authorization: The header lines with the credentials.
        connections: The most connections that are open at once.
    """
    from omnimsg.transport.aiohttp_transport import HttpTransport  # noqa: PLC0415 - imports aiohttp

    return HttpTransport(
        base_url, hosts=hosts, authorization=authorization, connections=connections
    )
