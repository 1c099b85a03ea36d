"""Messente's sandbox over HTTP, with every request recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.provider_http import (
    Recorder,
    client,
    config,
    emulator,
    lenient,
    options,
    pace,
    recorder,
    sandbox,
)
from support.sandbox_fixtures import clock

from omnimsg import Accepted
from omnimsg_messente.emulator import MessenteEmulator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg import Outcome
    from omnimsg.sandbox import Sandbox

__all__ = [
    "client",
    "clock",
    "config",
    "emulator",
    "lenient",
    "options",
    "pace",
    "recorder",
    "sandbox",
]

ROOT = "/messente"
SENDER = "Acme"


@pytest.fixture
def emulator_class() -> type[MessenteEmulator]:
    """Return the emulator to serve."""
    return MessenteEmulator


@pytest.fixture
def account() -> dict[str, Any]:
    """Return the account's sender, which RCS requires."""
    return {"sender": SENDER}


def sent(recorder: Recorder) -> list[dict[str, Any]]:
    """Return the omnimessages of all requests, in order."""
    return [
        message
        for request in recorder.requests
        if request.method == "POST"
        for message in (request.json["messages"] if request.path.endswith("s") else [request.json])
    ]


def check_delivery(sandbox: Sandbox, found: Iterable[Outcome]) -> None:
    """Check that handsets received each accepted message once, and no other.

    Messente has no references, so messages are matched by the id of the leg.
    """
    received = Counter(each.id for each in sandbox.handsets.all())
    legs = [each.legs[0] for each in found if isinstance(each, Accepted)]
    assert Counter(leg.provider_id for leg in legs) == received
