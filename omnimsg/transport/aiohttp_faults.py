"""Translate the errors of aiohttp and of the operating system into `TransportFault`."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp

from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault

# What a resolver says of a host that does not exist.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def fault_from(error: Exception, *, written: bool, host: str | None = None) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
        host: The host that was spoken to.
    """
    if isinstance(error, TimeoutError):
        reason, what = Reason.TIMEOUT, "no answer in time" if written else "no connection in time"
    elif isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in _NO_SUCH_HOST:
        # Some resolvers say this of every failure, so it may pass.
        reason, what = Reason.CONNECTION_FAILED, "there is no host of that name; check base_url"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason, what = Reason.MISCONFIGURED, "the server's certificate is not trusted"
    elif isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        reason, what = Reason.CONNECTION_FAILED, "no encrypted connection"
    elif isinstance(error, aiohttp.ClientResponseError):
        reason, what = Reason.INVALID_RESPONSE, "the answer is not HTTP"
    elif written:
        reason, what = Reason.CONNECTION_LOST, "the connection broke before the answer was whole"
    elif isinstance(error, ValueError):
        reason, what = Reason.MISCONFIGURED, "the address cannot be used"
    else:
        reason, what = Reason.CONNECTION_FAILED, "no connection"
    place = "" if host is None else f"{host}: "
    return TransportFault(reason, f"{place}{what} ({_cause(error)})")


def _cause(error: Exception) -> str:
    """Name the cause: the operating system's or TLS's own words, or else the type of the error.

    aiohttp's own texts are left out, because some quote the answer.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, socket.gaierror):
        return error.strerror or type(error).__name__
    if isinstance(error, ssl.SSLError):
        return (error.reason or type(error).__name__).lower().replace("_", " ")
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__
