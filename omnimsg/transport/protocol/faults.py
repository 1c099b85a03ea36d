"""Translate the errors of connections and of the operating system into `TransportFault`."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from omnimsg.transport import fault_texts
from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.fault_texts import NO_SUCH_HOST
from omnimsg.transport.protocol.errors import TunnelRefusedError

if TYPE_CHECKING:
    from omnimsg.transport.interface import TransportFault
    from omnimsg.transport.network import Proxy
    from omnimsg.transport.protocol.origin import Origin


def fault_from(  # noqa: PLR0911 - one per kind of error
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
        if written:
            return fault_texts.no_answer_in_time(host, error)
        return fault_texts.no_connection_in_time(host, error, proxy)
    if isinstance(error, AnswerError):
        return fault_texts.invalid_answer(host, error.what)
    if written:
        return fault_texts.broken_connection(host, error)
    if isinstance(error, TunnelRefusedError) and proxy is not None:
        return fault_texts.refused_tunnel(host, error.status, proxy)
    if isinstance(error, socket.gaierror) and error.errno in NO_SUCH_HOST:
        name = origin.host if proxy is None else proxy.address[0]
        return fault_texts.no_such_host(name, error, proxy)
    if isinstance(error, ssl.SSLCertVerificationError):
        return fault_texts.untrusted_certificate(host, error, proxy)
    if isinstance(error, ssl.SSLError):
        return fault_texts.no_encryption(host, error, proxy)
    if isinstance(error, ValueError):
        return fault_texts.unusable_address(host, error)
    return fault_texts.no_connection(host, error, proxy)
