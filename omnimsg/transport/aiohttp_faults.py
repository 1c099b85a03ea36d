"""Translate the errors of aiohttp and of the operating system into `TransportFault`."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault

if TYPE_CHECKING:
    from yarl import URL

    from omnimsg.transport.network import Proxy

# What a resolver says of a host that does not exist.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

# The variables by which other programs are told to use a proxy.
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def fault_from(
    error: Exception, *, written: bool, url: URL | None = None, proxy: Proxy | None = None
) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
        url: The URL of the request; its host is named.
        proxy: The account's proxy, which is named where it could not be used.
    """
    host = "" if url is None else _host(url)
    by_proxy = "" if proxy is None else f" by the proxy {proxy.url.partition('//')[2]}"
    if isinstance(error, TimeoutError):
        what = "no answer in time from" if written else "no connection in time to"
        return _fault(Reason.TIMEOUT, f"{what} {host}{'' if written else by_proxy}", error, proxy)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        # The proxy's answer to CONNECT: nothing was sent to the provider.
        reason = Reason.CONNECTION_FAILED if error.status >= 500 else Reason.MISCONFIGURED
        what = f"no connection to {host}: the proxy {proxy.url.partition('//')[2] if proxy else ''}"
        return TransportFault(reason, f"{what} answered with HTTP {error.status}; check `proxy`")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        what = f"no connection to {host}{by_proxy}{_cause(error)}"
        return _fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in _NO_SUCH_HOST:
        name = error.host or host
        # Some resolvers say this of every failure, so it may pass.
        what = f"there is no host {name}; check {'base_url' if proxy is None else 'proxy'}"
        return _fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        what = f"the certificate of {host} is not trusted{_cause(error)}; see `ca_file`"
        return _fault(Reason.MISCONFIGURED, what, error, proxy)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        what = f"no encrypted connection to {host}{_cause(error)}"
        return _fault(Reason.CONNECTION_FAILED, what, error, proxy)
    if isinstance(error, aiohttp.ClientResponseError):
        reason, what = Reason.INVALID_RESPONSE, f"the answer of {host} is not HTTP"
    elif written:
        reason = Reason.CONNECTION_LOST
        what = f"the connection to {host} broke before the answer was whole"
    elif isinstance(error, ValueError):
        reason, what = Reason.MISCONFIGURED, f"the address of {host} cannot be used"
    else:
        what = f"no connection to {host}{by_proxy}{_cause(error)}"
        return _fault(Reason.CONNECTION_FAILED, what, error, proxy)
    return TransportFault(reason, f"{what} ({type(error).__name__})")


def _fault(reason: Reason, what: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Build the fault of a connection that could not be made."""
    text = f"{what} ({type(error).__name__})"
    named = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), None)
    if named is not None and proxy is None and not text.startswith("no answer"):
        text += f"; {named} is set but is not used: a proxy is the key `proxy` of the account"
    return TransportFault(reason, text)


def _host(url: URL) -> str:
    """Return the host of a URL, with the port unless it is the usual one."""
    host = url.host or ""
    name = f"[{host}]" if ":" in host else host
    return name if url.is_default_port() or url.port is None else f"{name}:{url.port}"


def _cause(error: BaseException) -> str:
    """Say what the operating system or OpenSSL reported: `: connection refused`."""
    inner = error
    for name in ("certificate_error", "os_error"):
        inner = getattr(inner, name, inner)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f": {inner.verify_message}"
    if isinstance(inner, ssl.SSLError):
        return f": {(inner.reason or 'unknown error').replace('_', ' ').lower()}"
    number = getattr(inner, "errno", None)
    if isinstance(inner, socket.gaierror):
        return f": {inner.strerror}".lower() if inner.strerror else ""
    # The text of asyncio's own errors has the address again.
    return f": {os.strerror(number).lower()}" if isinstance(number, int) and number > 0 else ""
