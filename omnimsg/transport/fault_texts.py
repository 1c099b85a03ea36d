"""The faults of exchanges as both transports word them: what failed, why, and what to check."""

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


def no_answer_in_time(host: str, error: Exception) -> TransportFault:
    """Return the fault of a request that was not answered within its time limit."""
    return _fault(Reason.TIMEOUT, f"no answer in time from {host}", error)


def no_connection_in_time(host: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a connection that was not made within its time limit."""
    what = f"no connection in time to {host}{_by(proxy)}"
    return _connection_fault(Reason.TIMEOUT, what, error, proxy)


def no_connection(host: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a connection that could not be made."""
    what = f"no connection to {host}{_by(proxy)}{_cause(error)}"
    return _connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)


def no_such_host(name: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a name that the resolver does not know.

    Some resolvers report every failure like this, so it may be temporary.
    """
    what = f"there is no host {name}; check {'base_url' if proxy is None else 'proxy'}"
    return _connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)


def untrusted_certificate(host: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a host whose certificate does not prove that it is this host."""
    what = f"the certificate of {host} is not trusted{_cause(error)}; see `ca_file`"
    return _connection_fault(Reason.MISCONFIGURED, what, error, proxy)


def no_encryption(host: str, error: Exception, proxy: Proxy | None) -> TransportFault:
    """Return the fault of a TLS handshake that failed otherwise."""
    what = f"no encrypted connection to {host}{_cause(error)}"
    return _connection_fault(Reason.CONNECTION_FAILED, what, error, proxy)


def refused_tunnel(host: str, status: int | None, proxy: Proxy) -> TransportFault:
    """Return the fault of a CONNECT that the proxy refused; `None` is an answer without status.

    Nothing was sent to the provider.
    """
    is_temporary = status is None or status >= 500 or status in _TEMPORARY_REFUSALS
    answered = "did not answer with HTTP" if status is None else f"answered with HTTP {status}"
    return TransportFault(
        Reason.CONNECTION_FAILED if is_temporary else Reason.MISCONFIGURED,
        f"no connection to {host}: the proxy {_name_of(proxy)} {answered}; check `proxy`",
    )


def unusable_address(host: str, error: Exception) -> TransportFault:
    """Return the fault of an address that no connection can be made to."""
    return _fault(Reason.MISCONFIGURED, f"the address of {host} cannot be used", error)


def broken_connection(host: str, error: Exception) -> TransportFault:
    """Return the fault of a connection that broke after the request had left."""
    what = f"the connection to {host} broke before the answer was whole"
    return _fault(Reason.CONNECTION_LOST, what, error)


def invalid_answer(host: str, what: str) -> TransportFault:
    """Return the fault of an answer that cannot be read; `what` is the predicate."""
    return TransportFault(Reason.INVALID_RESPONSE, f"the answer of {host} {what}")


def no_address() -> socket.gaierror:
    """Build the error of a look-up that succeeded and named no address, as some resolvers do."""
    return socket.gaierror(socket.EAI_NONAME, "no address")


def host_of(url: URL) -> str:
    """Return the host of a URL, with the port unless it is the usual one."""
    host = url.host or ""
    name = f"[{host}]" if ":" in host else host
    return name if url.is_default_port() or url.port is None else f"{name}:{url.port}"


def _fault(reason: Reason, what: str, error: Exception, hint: str = "") -> TransportFault:
    return TransportFault(reason, f"{what} ({type(error).__name__}){hint}")


def _connection_fault(
    reason: Reason, what: str, error: Exception, proxy: Proxy | None
) -> TransportFault:
    """Build the fault of a failed connection; name a proxy variable that is set but not used."""
    variable = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), None)
    hint = f"; {variable} is set but is not used: a proxy is the key `proxy` of the account"
    return _fault(reason, what, error, "" if variable is None or proxy is not None else hint)


def _by(proxy: Proxy | None) -> str:
    return "" if proxy is None else f" by the proxy {_name_of(proxy)}"


def _name_of(proxy: Proxy) -> str:
    """Return the host and the port of a proxy."""
    return proxy.url.partition("//")[2]


def _cause(error: BaseException) -> str:
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
