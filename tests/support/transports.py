"""The transports that keep the same contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from omnimsg.transport.aiohttp_transport import HttpTransport
from omnimsg.transport.protocol.protocol_transport import ProtocolTransport

AnyTransport: TypeAlias = HttpTransport | ProtocolTransport
TransportTo: TypeAlias = Callable[..., AnyTransport]
"""Creates the transport of an account with a base URL."""
