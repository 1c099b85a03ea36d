"""The transport: sends the requests of one account and returns the answers.

The layer between the adapters, which describe requests, and the engine, which decides what an
answer or its absence proves. A transport guarantees the engine:

* One exchange is one `Request` and one `Response`, or a `TransportFault` that names the reason.
  Redirects are not followed, and nothing that must not be repeated is written twice.
* The `WriteMark` of a request is set before its first byte may leave. An unset mark proves that
  nothing was sent; a set mark proves nothing. Where it is uncertain, the mark is set.
* Credentials are sent only to the hosts that the adapter declares, and only encrypted, except to a
  sandbox on this machine or where the account says `allow_http`.
* An exchange ends within its time limit, and cancelling it closes its connection.

Two implementations pass the same tests: `aiohttp_transport`, and `protocol`, which needs the extra
of that name and takes less CPU time. Importing this package imports neither of them, nor aiohttp,
which takes most of the start-up time; `create_http_transport` imports the configured one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omnimsg.domain.errors import ConfigError
from omnimsg.domain.log_fields import log_fields
from omnimsg.transport.interface import (
    Abandonable,
    Sink,
    SinkFault,
    Transport,
    TransportFault,
    WriteMark,
)
from omnimsg.transport.loopback import is_loopback
from omnimsg.transport.network import Network, Proxy, TransportKind
from omnimsg.transport.options import TransportFactory, TransportOptions

if TYPE_CHECKING:
    from omnimsg.transport.aiohttp_transport import HttpTransport
    from omnimsg.transport.protocol.protocol_transport import ProtocolTransport

__all__ = [
    "Abandonable",
    "Network",
    "Proxy",
    "Sink",
    "SinkFault",
    "Transport",
    "TransportFactory",
    "TransportFault",
    "TransportKind",
    "TransportOptions",
    "WriteMark",
    "create_http_transport",
]


# The packages that the extra `protocol` installs.
_OPTIONAL = frozenset({"aiohappyeyeballs", "httptools"})

log: logging.Logger = logging.getLogger("omnimsg.transport")


def create_http_transport(options: TransportOptions) -> Transport:
    """Return the transport of one account over HTTP. It connects with its first request.

    A warning is logged if requests, credentials included, will leave this machine unencrypted. If
    the logger `omnimsg.transport` is at DEBUG now, each request is logged in one line.

    Raises:
        ConfigError: A package that the account's transport needs is not installed.
        OSError: `ca_file` cannot be read, or holds no certificate.
    """
    parts = urlsplit(options.base_url)
    if options.network.allow_http and parts.scheme == "http" and not is_loopback(parts.hostname):
        log.warning(
            "%s is not encrypted (allow_http): credentials and messages can be read on the way",
            options.base_url,
            extra=log_fields(url=options.base_url),
        )
    transport = _kind_of_transport(options.network.transport)(options)
    if log.isEnabledFor(logging.DEBUG):
        from omnimsg.transport.logged_transport import LoggedTransport  # noqa: PLC0415 - rarely needed

        return LoggedTransport(transport, options.base_url)
    return transport


def _kind_of_transport(
    kind: TransportKind,
) -> type[HttpTransport] | type[ProtocolTransport]:
    if kind is TransportKind.AIOHTTP:
        from omnimsg.transport.aiohttp_transport import (  # noqa: PLC0415 - imports aiohttp
            HttpTransport,
        )

        return HttpTransport
    try:
        from omnimsg.transport.protocol.protocol_transport import (  # noqa: PLC0415 - optional
            ProtocolTransport,
        )
    except ModuleNotFoundError as error:
        if error.name not in _OPTIONAL:
            raise
        raise ConfigError(
            f'transport = "{kind}" needs {error.name}, which is not installed:'
            f" pip install 'omnimsg[{kind}]'"
        ) from None
    return ProtocolTransport
