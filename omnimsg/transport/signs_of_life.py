"""Notice a peer that has vanished without a word: it lost its power, or the network is cut.

Nothing else would ever end a request without a deadline, and it would keep its place among those
under way. The system asks for a sign of life where nothing was heard for a while, and gives up what
is not acknowledged.
"""

from __future__ import annotations

import socket

# Seconds until the system asks, seconds between two questions, and how many go without an answer.
_PROBE_AFTER, _PROBE_INTERVAL, _PROBE_COUNT = 30, 10, 3

# Seconds in all, which is also how long sent bytes may stay without an acknowledgement.
VANISHED_AFTER = _PROBE_AFTER + _PROBE_INTERVAL * _PROBE_COUNT

# Level, name and value; some systems lack some of them.
_OPTIONS = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", _PROBE_AFTER),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", _PROBE_INTERVAL),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", _PROBE_COUNT),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 1000 * VANISHED_AFTER),
)
_AVAILABLE = tuple(
    (level, getattr(socket, name), value)
    for level, name, value in _OPTIONS
    if hasattr(socket, name)
)


def expect_signs_of_life(connection: socket.socket) -> None:
    """Have a TCP connection end, with an error, `VANISHED_AFTER` seconds after its peer did."""
    for option in _AVAILABLE:
        connection.setsockopt(*option)
