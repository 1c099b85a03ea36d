"""Translate the errors of aiohttp and of the operating system into `TransportFault`."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.transport import fault_texts
from omnimsg.transport.fault_texts import NO_SUCH_HOST, host_of

if TYPE_CHECKING:
    from yarl import URL

    from omnimsg.transport.interface import TransportFault
    from omnimsg.transport.network import Proxy


def fault_from(  # noqa: PLR0911 - one per kind of error
    error: Exception, *, written: bool, url: URL, proxy: Proxy | None
) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
        url: The URL of the request; the fault names its host.
        proxy: The account's proxy; the fault names it where it could not be used.
    """
    host = host_of(url)
    if isinstance(error, TimeoutError):
        if written:
            return fault_texts.no_answer_in_time(host, error)
        return fault_texts.no_connection_in_time(host, error, proxy)
    if isinstance(error, aiohttp.ClientResponseError) and proxy is not None and not written:
        # Only the proxy answers before anything was sent to the provider.
        status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
        return fault_texts.refused_tunnel(host, status, proxy)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return fault_texts.no_connection(host, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in NO_SUCH_HOST:
        return fault_texts.no_such_host(error.host or host, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return fault_texts.untrusted_certificate(host, error, proxy)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return fault_texts.no_encryption(host, error, proxy)
    if isinstance(error, aiohttp.ClientResponseError):
        return fault_texts.invalid_answer(host, f"is not HTTP ({type(error).__name__})")
    if written:
        return fault_texts.broken_connection(host, error)
    if isinstance(error, ValueError):
        return fault_texts.unusable_address(host, error)
    return fault_texts.no_connection(host, error, proxy)
