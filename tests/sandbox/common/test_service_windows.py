"""WhatsApp's service windows: opening, duration, limit, and magic recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from omnimsg.sandbox import Limits, Sandbox, SandboxState, Scenario, ServiceWindows, magic_number

if TYPE_CHECKING:
    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

ONE = "+27820000001"


@pytest.mark.parametrize(("age", "expected"), [(0, True), (86_399, True), (86_400, False)])
def test_a_window_closes_after_a_day(
    state: SandboxState, clock: Clock, age: float, expected: bool
) -> None:
    """A window is open for 24 hours, for the number with or without its plus."""
    windows = ServiceWindows(state)
    windows.open("27820000001")
    clock.now += age

    assert expected is windows.is_open(ONE)
    assert not windows.is_open("+27820000002")


def test_magic_recipients_have_their_scenario(state: SandboxState) -> None:
    """The window of a magic recipient is open, except in the scenario of a closed window."""
    windows = ServiceWindows(state)

    closed = {each for each in Scenario if not windows.is_open(magic_number(each))}

    assert {Scenario.WINDOW_CLOSED} == closed


def test_windows_may_be_left_out(state: SandboxState) -> None:
    """If windows are not enforced, all are open except in the scenario of a closed window."""
    windows = ServiceWindows(state, enforced=False)

    assert windows.is_open(ONE)
    assert not windows.is_open(magic_number(Scenario.WINDOW_CLOSED))


def test_windows_are_bounded(clock: Clock) -> None:
    """Above the limit the window that was opened longest ago is forgotten."""
    windows = ServiceWindows(SandboxState(clock=clock, limits=Limits(handsets=1)))

    windows.open(ONE)
    windows.open("+27820000002")

    assert (False, True) == (windows.is_open(ONE), windows.is_open("+27820000002"))


async def test_windows_are_opened_over_http(sandbox: Sandbox) -> None:
    """An inbound message opens the window at every provider, and a reset closes it."""
    windows = sandbox.emulators["echo"].windows

    async with (
        aiohttp.ClientSession(sandbox.url) as http,
        http.post("/_sandbox/inbound", json={"from": "27820000001"}) as response,
    ):
        answer = response.status, await response.json()

    assert (201, {"from": ONE}) == answer
    assert windows.is_open(ONE)
    sandbox.reset()
    assert not windows.is_open(ONE)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"from": 1}, {"from": "Ola"}, {"from": ONE, "text": "hi"}]
)
async def test_invalid_inbound_messages(sandbox: Sandbox, body: Any) -> None:
    """An inbound message of another form is refused."""
    async with (
        aiohttp.ClientSession(sandbox.url) as http,
        http.post("/_sandbox/inbound", json=body) as response,
    ):
        assert response.status == 400
