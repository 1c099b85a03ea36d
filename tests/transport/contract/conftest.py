"""Runs the contract tests over both transports, and over aiohttp in all ways of marking."""

from __future__ import annotations

import pytest

from omnimsg.transport.marked_session import Marking

WAYS = {**{each.name.lower(): each for each in Marking}, "protocol": None}


@pytest.fixture(params=WAYS)
def marking(request: pytest.FixtureRequest) -> Marking | None:
    """Run a test with every way of marking requests; `None` is the transport without aiohttp."""
    return WAYS[request.param]
