"""The look-up of addresses for the second transport."""

from __future__ import annotations

import asyncio
import socket

import pytest

from omnimsg.transport.protocol.resolver import Resolver

pytestmark = pytest.mark.anyio


async def test_a_link_local_address_keeps_its_scope() -> None:
    """An address of a network interface names the interface, which only the system can number."""
    number, name = socket.if_nameindex()[0]

    (address,) = await Resolver(asyncio.get_running_loop()).resolve(f"fe80::1%{name}", 443)

    assert number == address[4][3]
