"""Translate the errors of aiohttp and of the operating system into `TransportFault`."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.domain.reason import Reason
from omnimsg.transport.fault_texts import (
    NO_SUCH_HOST,
    cause,
    connection_fault,
    host_of,
    name_of,
    refused_tunnel,
)
from omnimsg.transport.interface import TransportFault

if TYPE_CHECKING:
    from yarl import URL

    from omnimsg.transport.network import Proxy


def fault_from(
    error: Exception, *, written: bool, url: URL | None = None, proxy: Proxy | None = None
) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
        url: The URL of the request; the fault names its host.
        proxy: The account's proxy; the fault names it where it could not be used.
    """
    host = "" if url is None else host_of(url)
    by_proxy = "" if proxy is None else f" by the proxy {name_of(proxy)}"
    if isinstance(error, TimeoutError):
        what = "no answer in time from" if written else "no connection in time to"
        return connection_fault(
            Reason.TIMEOUT, f"{what} {host}{'' if written else by_proxy}", error, proxy
        )
    if isinstance(error, aiohttp.ClientResponseError) and proxy is not None and not written:
        # Only the proxy answers before anything was sent to the provider.
        status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
        return refused_tunnel(host, proxy, status)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        what = f"no connection to {host}{by_proxy}{cause(error)}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in NO_SUCH_HOST:
        name = error.host or host
        # Some resolvers report every failure with this code, so it may be temporary.
        what = f"there is no host {name}; check {'base_url' if proxy is None else 'proxy'}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        what = f"the certificate of {host} is not trusted{cause(error)}; see `ca_file`"
        return connection_fault(Reason.MISCONFIGURED, what, error, proxy)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        what = f"no encrypted connection to {host}{cause(error)}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientResponseError):
        reason, what = Reason.INVALID_RESPONSE, f"the answer of {host} is not HTTP"
    elif written:
        reason = Reason.CONNECTION_LOST
        what = f"the connection to {host} broke before the answer was whole"
    elif isinstance(error, ValueError):
        reason, what = Reason.MISCONFIGURED, f"the address of {host} cannot be used"
    else:
        what = f"no connection to {host}{by_proxy}{cause(error)}"
        return connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)
    return TransportFault(reason, f"{what} ({type(error).__name__})")
