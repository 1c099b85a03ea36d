"""Fixtures of all transport tests: no blocked loop, no logged secret, no task left behind."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import support.servers
from support.guards import discreet, no_leaks, unblocked

from omnimsg.transport import Network, TransportOptions
from omnimsg.transport.aiohttp_transport import HttpTransport
from omnimsg.transport.marked_session import Marking
from omnimsg.transport.protocol.protocol_transport import ProtocolTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["certificate", "discreet", "marking", "no_leaks", "transport_to", "unblocked"]


@pytest.fixture
def certificate() -> ssl.SSLContext:
    """Load an untrusted certificate made for these tests."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(support.servers.__file__).with_name("nobody.pem"))
    return context


@pytest.fixture(params=list(Marking), ids=lambda each: each.name.lower())
def marking(request: pytest.FixtureRequest) -> Marking | None:
    """Run a test with every way of marking requests; `None` is the transport without aiohttp."""
    way: Marking | None = request.param
    return way


@pytest.fixture
async def transport_to(
    marking: Marking | None,
) -> AsyncIterator[Callable[..., HttpTransport | ProtocolTransport]]:
    """Create transports of accounts with a base URL; close them after the test."""
    created: list[HttpTransport | ProtocolTransport] = []

    def create(
        url: str,
        *,
        hosts: frozenset[str] | None = None,
        connections: int = 100,
        network: Network | None = None,
        **given: Any,
    ) -> HttpTransport | ProtocolTransport:
        options = TransportOptions(
            base_url=url,
            hosts=frozenset({url.partition("://")[2]}) if hosts is None else hosts,
            authorization={"Authorization": "Tiny s3cret"},
            connections=connections,
            network=network or Network(),
        )
        if marking is None:
            created.append(ProtocolTransport(options, **given))
        else:
            created.append(HttpTransport(options, **{"marking": marking, **given}))
        return created[-1]

    yield create
    for each in created:
        await each.aclose()
