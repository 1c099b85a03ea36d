"""Clickatell's sandbox over HTTP; the vendor's document checks every request and answer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.contract import Contract
from support.provider_http import (
    RecordedRequest,
    Recorder,
    account,
    client,
    config,
    emulator,
    options,
    pace,
    sandbox,
)
from support.sandbox_fixtures import clock

from omnimsg import Accepted
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg import Outcome
    from omnimsg.sandbox import Sandbox

__all__ = ["account", "client", "clock", "config", "emulator", "options", "pace", "sandbox"]

ROOT = "/clickatell"


@attrs.define
class ContractRecorder(Recorder):
    """A recorder that also checks requests and answers against the vendor's document.

    Attributes:
        contract: The vendor's document.
        faults: What the document does not allow in requests and answers.
    """

    contract: Contract = attrs.field(kw_only=True)
    faults: list[str] = attrs.field(factory=list)

    def check_request(self, recorded: RecordedRequest) -> None:
        """Note what the document does not allow in a request."""
        self.faults += self.contract.request_faults(recorded)

    def check_answer(self, recorded: RecordedRequest, status: int, body: bytes) -> None:
        """Note what the document does not allow in an answer."""
        self.faults += self.contract.answer_faults(recorded, status, body)

    def sent(self) -> list[dict[str, Any]]:
        """Return the messages of all requests, in order."""
        return [
            message
            for request in self.requests
            if (request.method, request.path) == ("POST", "/v1/message")
            for message in request.json["messages"]
        ]

    def take_faults(self) -> list[str]:
        """Return the faults and forget them, for tests that provoke some."""
        taken, self.faults = self.faults, []
        return taken


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Read the vendor's document."""
    return Contract.of(Path(__file__).parents[2] / "data" / "clickatell-schema.json")


@pytest.fixture
def lenient() -> dict[str, Any]:
    """Return options that disable the service window and the approval of templates."""
    return {"service_window": False, "templates": None}


@pytest.fixture
def emulator_class() -> type[ClickatellEmulator]:
    """Return the emulator to serve."""
    return ClickatellEmulator


@pytest.fixture
def recorder(contract: Contract) -> Iterator[ContractRecorder]:
    """Record requests, and fail the test if the vendor's document does not allow one."""
    recorder = ContractRecorder(ROOT, contract=contract)
    yield recorder
    assert recorder.take_faults() == []


def check_delivery(sandbox: Sandbox, found: Iterable[Outcome]) -> None:
    """Check that handsets received each accepted message once, and no other."""
    received = Counter(each.reference for each in sandbox.handsets.all())
    accepted = Counter(each.reference for each in found if isinstance(each, Accepted))
    assert accepted == received
