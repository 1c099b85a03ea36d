"""The look-up of addresses for the second transport."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.transport.protocol.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio

HOST = "a.example"


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give every host one address, and return the list of the hosts that were looked up."""
    hosts: list[str] = []

    def look_up(host: str, port: int, *, type: int) -> list[Any]:  # noqa: A002 - as the module
        hosts.append(host)
        return [(socket.AF_INET, type, socket.IPPROTO_TCP, "", ("192.0.2.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return hosts


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that sets the time of the event loop, seconds."""
    return lambda now: monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)


async def test_a_link_local_address_keeps_its_scope() -> None:
    """An address of a network interface names the interface, which only the system can number."""
    number, name = socket.if_nameindex()[0]

    (address,) = await Resolver(asyncio.get_running_loop()).resolve(f"fe80::1%{name}", 443)

    assert number == address[4][3]


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("192.0.2.1", socket.AF_INET, ("192.0.2.1", 443)),
        ("2001:db8::1", socket.AF_INET6, ("2001:db8::1", 443, 0, 0)),
    ],
)
async def test_an_ip_address_is_its_own(
    looked_up: list[str], host: str, family: int, address: tuple[Any, ...]
) -> None:
    """A host that is an IP address is returned as a look-up would, without one."""
    found = await Resolver(asyncio.get_running_loop()).resolve(host, 443)

    assert [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)] == found
    assert [] == looked_up


async def test_addresses_are_kept_for_ten_seconds(
    looked_up: list[str], at: Callable[[float], None]
) -> None:
    """A host is looked up again when its addresses are ten seconds old, or were dropped."""
    resolver = Resolver(asyncio.get_running_loop())
    found = []
    for now in (0.0, 9.9, 10.0, 10.1):
        at(now)
        found.append((*await resolver.resolve(HOST, 443), len(looked_up)))
    resolver.forget()
    await resolver.resolve(HOST, 443)

    address = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("192.0.2.1", 443)
    assert [(address, 1), (address, 1), (address, 2), (address, 2)] == found
    assert [HOST] * 3 == looked_up


async def test_callers_share_a_look_up(looked_up: list[str]) -> None:
    """Callers that need a host at once share one look-up, and a cancelled one does not end it."""
    resolver = Resolver(asyncio.get_running_loop())
    cancelled, *others = (asyncio.create_task(resolver.resolve(HOST, 443)) for _ in range(3))
    await asyncio.sleep(0)
    cancelled.cancel()

    first, second = await asyncio.gather(*others)

    assert list(first) == list(second) != []
    assert [HOST] == looked_up
