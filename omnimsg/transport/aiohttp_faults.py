"""Translate the errors of aiohttp and of the operating system into `TransportFault`."""

from __future__ import annotations

import socket
import ssl

import aiohttp

from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault

# What a resolver says of a host that does not exist; any other error may pass.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def fault_from(error: Exception, *, written: bool) -> TransportFault:
    """Return the fault of an exchange that ended with an error.

    Args:
        error: The error.
        written: Whether any byte of the request may have left.
    """
    if isinstance(error, TimeoutError):
        reason, what = Reason.TIMEOUT, "no answer in time" if written else "no connection in time"
    elif isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in _NO_SUCH_HOST:
        reason, what = Reason.MISCONFIGURED, "there is no host of that name; check base_url"
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
    return TransportFault(reason, f"{what} ({type(error).__name__})")
