"""Texts of faults: the name of the host, the cause, and the configuration key to check."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault

if TYPE_CHECKING:
    from yarl import URL

    from omnimsg.transport.network import Proxy

# The error codes of resolvers for a host that does not exist.
NO_SUCH_HOST: frozenset[int] = frozenset(
    {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
)

# A busy or slow proxy refuses one request, and not the account (RFC 6585, 4; RFC 9110, 15.5.9).
_TEMPORARY_REFUSALS = frozenset({408, 429})

# The environment variables that name a proxy for other programs.
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def connection_fault(
    reason: Reason, what: str, error: Exception, proxy: Proxy | None
) -> TransportFault:
    """Build the fault of a failed connection; name a proxy variable that is set but not used."""
    text = f"{what} ({type(error).__name__})"
    variable = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), None)
    if variable is not None and proxy is None and not text.startswith("no answer"):
        text += f"; {variable} is set but is not used: a proxy is the key `proxy` of the account"
    return TransportFault(reason, text)


def refused_tunnel(host: str, proxy: Proxy | None, status: int | None) -> TransportFault:
    """Build the fault of a CONNECT that the proxy has refused: nothing was sent to the provider.

    Args:
        host: The host of the request.
        proxy: The proxy.
        status: The HTTP status of its answer; `None` where the answer was no HTTP.
    """
    is_temporary = status is None or status >= 500 or status in _TEMPORARY_REFUSALS
    answered = "did not answer with HTTP" if status is None else f"answered with HTTP {status}"
    return TransportFault(
        Reason.CONNECTION_FAILED if is_temporary else Reason.MISCONFIGURED,
        f"no connection to {host}: the proxy {name_of(proxy)} {answered}; check `proxy`",
    )


def no_address() -> socket.gaierror:
    """Build the error of a look-up that succeeded and named no address, as some resolvers do."""
    return socket.gaierror(socket.EAI_NONAME, "no address")


def host_of(url: URL) -> str:
    """Return the host of a URL, with the port unless it is the usual one."""
    host = url.host or ""
    name = f"[{host}]" if ":" in host else host
    return name if url.is_default_port() or url.port is None else f"{name}:{url.port}"


def name_of(proxy: Proxy | None) -> str:
    """Return the host and the port of a proxy."""
    return "" if proxy is None else proxy.url.partition("//")[2]


def cause(error: BaseException) -> str:
    """Return what the operating system or OpenSSL reported, such as `: connection refused`."""
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
    # Not `str(inner)`: the texts of asyncio's own errors repeat the address.
    return f": {os.strerror(number).lower()}" if isinstance(number, int) and number > 0 else ""
