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

from omnimsg.transport.interface import Sink, SinkFault, Transport, TransportFault, WriteMark
from omnimsg.transport.options import TransportFactory, TransportOptions

__all__ = [
    "Sink",
    "SinkFault",
    "Transport",
    "TransportFactory",
    "TransportFault",
    "TransportOptions",
    "WriteMark",
    "create_http_transport",
]


def create_http_transport(options: TransportOptions) -> Transport:
    """Return the transport of one account over HTTP. It connects with its first request."""
    from omnimsg.transport.aiohttp_transport import HttpTransport  # noqa: PLC0415 - imports aiohttp

    return HttpTransport(
        options.base_url,
        hosts=options.hosts,
        authorization=options.authorization,
        connections=options.connections,
    )
