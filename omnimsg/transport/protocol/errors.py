"""What can go wrong with a connection, before `faults` gives it its meaning."""

from __future__ import annotations


class AnswerError(Exception):
    """What was received is no answer that can be used.

    Args:
        what: What is wrong with it; it follows the name of the host, and quotes nothing of it.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


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
