"""Create the sockets of connections, and disconnect them in a forked child process.

A fork copies the descriptors of all connections: parent and child would read each other's answers
and write to the same connections. So in the child every descriptor is replaced with a socket whose
peer is closed. Code in the child that still uses a connection of the parent (an event loop, TLS,
the garbage collector) reads the end of the stream, and nothing reaches the parent's connection: no
byte, no shutdown, and no change to the set that the parent's selector watches.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from weakref import WeakSet

from omnimsg.transport.signs_of_life import expect_signs_of_life

_sockets: WeakSet[socket.socket] = WeakSet()


def create_socket(
    address: tuple[int, int, int, str, tuple[object, ...]],
) -> socket.socket:
    """Create the socket of a connection.

    Args:
        address: One of the rows that `socket.getaddrinfo` returned.
    """
    family, kind, protocol, _, _ = address
    created = socket.socket(family, kind, protocol)
    expect_signs_of_life(created)
    _sockets.add(created)
    return created


def leave_inherited() -> None:
    """In a forked child, replace all connections with a socket whose peer is closed."""
    inherited = [each.fileno() for each in _sockets]
    _sockets.clear()
    inherited = [each for each in inherited if each >= 0]
    if not inherited:
        return
    ours, other = socket.socketpair()
    with ours:
        other.close()
        for descriptor in inherited:
            with suppress(OSError):
                os.dup2(ours.fileno(), descriptor, inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=leave_inherited)
