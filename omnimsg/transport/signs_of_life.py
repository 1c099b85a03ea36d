"""TCP keepalive: detect a peer that has vanished because it lost power or the network is cut.

Nothing else would end a request without a deadline, and it would keep its slot among the requests
in flight. The operating system probes an idle connection, and closes it if the probes, or sent
bytes, are not acknowledged.
"""

from __future__ import annotations

import socket

# Idle seconds before the first probe, seconds between probes, and probes without an answer before
# the connection is closed.
_PROBE_AFTER, _PROBE_INTERVAL, _PROBE_COUNT = 30, 10, 3

# The sum, seconds; sent bytes may stay unacknowledged for as long.
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
    """Make a TCP connection fail `VANISHED_AFTER` seconds after its peer has vanished."""
    for option in _AVAILABLE:
        connection.setsockopt(*option)
