"""Fixtures of all client tests: no blocked event loop, no private data logged, no task left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from support.guards import discreet, no_leaks, unblocked

from omnimsg import client
from omnimsg.transport import TransportKind, TransportOptions, create_http_transport

if TYPE_CHECKING:
    from omnimsg.transport import Transport

__all__ = ["discreet", "no_leaks", "unblocked"]


@pytest.fixture(params=list(TransportKind))
def each_transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test once with each transport, whatever the accounts say."""

    def create(options: TransportOptions) -> Transport:
        network = evolve(options.network, transport=request.param)
        return create_http_transport(evolve(options, network=network))

    monkeypatch.setattr(client, "create_http_transport", create)
