"""The errors of connections, which `faults` translates into `TransportFault`."""

from __future__ import annotations


class ConnectionBrokenError(ConnectionError):
    """The connection ended before the answer was whole.

    Args:
        has_begun: Whether a byte of the answer had come.
    """

    def __init__(self, *, has_begun: bool = False) -> None:
        super().__init__()
        self.has_begun = has_begun


class TunnelRefusedError(ConnectionError):
    """A proxy answered CONNECT with something other than 2xx.

    Args:
        status: The HTTP status; `None` where the answer was no HTTP.
    """

    def __init__(self, status: int | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
