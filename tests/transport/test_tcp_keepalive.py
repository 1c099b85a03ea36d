"""TCP keep-alive: a connection to a vanished peer ends, also without a deadline."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from support.servers import Server, answer

from omnimsg.adapter import Request
from omnimsg.transport import WriteMark, aiohttp_connector
from omnimsg.transport.inherited_sockets import create_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.transport.aiohttp_transport import HttpTransport

pytestmark = pytest.mark.anyio


async def test_the_system_asks_a_silent_peer_for_a_sign_of_life(
    transport_to: Callable[..., HttpTransport],
) -> None:
    """A connection probes a silent peer after 30 s, and is given up after 60 s."""
    seen: list[dict[str, int]] = []

    def create_and_look(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
        created = create_socket(address)
        asked = created.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        seen.append(
            {"SO_KEEPALIVE": asked}
            | {
                name: created.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in names
                if hasattr(socket, name)
            }
        )
        return created

    async with Server(answer(200)) as server:
        with patch.object(aiohttp_connector, "create_socket", create_and_look):
            transport = transport_to(server.url)
            await transport.exchange(Request("GET", "/x"), within=5, mark=WriteMark())

    (options,) = seen
    assert options.pop("SO_KEEPALIVE")
    expected = {
        "TCP_KEEPIDLE": 30,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 60_000,
    }
    assert {name: expected[name] for name in options} == options
