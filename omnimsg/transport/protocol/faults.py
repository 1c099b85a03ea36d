"""Translate the errors of connections and of the operating system into `TransportFault`."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from omnimsg.domain.reason import Reason
from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.fault_texts import (
    NO_SUCH_HOST,
    cause,
    connection_fault,
    name_of,
    refused_tunnel,
)
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.protocol.errors import TunnelRefusedError

if TYPE_CHECKING:
    from omnimsg.transport.network import Proxy
    from omnimsg.transport.protocol.origin import Origin


def fault_from(
    error: Exception, *, written: bool, origin: Origin, proxy: Proxy | None
) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
        origin: The origin of the request; the fault names its host.
        proxy: The account's proxy; the fault names it where it could not be used.
    """
    host = origin.name
    if isinstance(error, TimeoutError):
        what = f"no answer in time from {host}"
        if not written:
            what = f"no connection in time to {host}{_by_proxy(proxy)}"
        return connection_fault(Reason.TIMEOUT, what, error, proxy)
    if isinstance(error, AnswerError):
        return TransportFault(Reason.INVALID_RESPONSE, f"the answer of {host} {error.what}")
    if written:
        what = f"the connection to {host} broke before the answer was whole"
        return TransportFault(Reason.CONNECTION_LOST, f"{what} ({type(error).__name__})")
    return _not_connected(error, origin, proxy)


def _not_connected(error: Exception, origin: Origin, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a connection that failed before any byte of the request left."""
    host = origin.name
    if isinstance(error, TunnelRefusedError):
        return refused_tunnel(host, proxy, error.status)
    if isinstance(error, socket.gaierror) and error.errno in NO_SUCH_HOST:
        # Some resolvers report every failure with this code, so it may be temporary.
        name, key = (origin.host, "base_url") if proxy is None else (proxy.address[0], "proxy")
        what = f"there is no host {name}; check {key}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of {host} is not trusted{cause(error)}; see `ca_file`"
        return connection_fault(Reason.MISCONFIGURED, what, error, proxy)
    if isinstance(error, ssl.SSLError):
        what = f"no encrypted connection to {host}{cause(error)}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, ValueError):
        what = f"the address of {host} cannot be used ({type(error).__name__})"
        return TransportFault(Reason.MISCONFIGURED, what)
    what = f"no connection to {host}{_by_proxy(proxy)}{cause(error)}"
    return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)


def _by_proxy(proxy: Proxy | None) -> str:
    return "" if proxy is None else f" by the proxy {name_of(proxy)}"
