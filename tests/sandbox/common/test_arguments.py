"""Wrong arguments of a sandbox and of its emulators: an error that names them, when it is built."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from omnimsg.sandbox import Limits, Sandbox, SandboxState
from omnimsg_bird.emulator import BirdEmulator
from omnimsg_clickatell.emulator import ClickatellEmulator
from omnimsg_messente.emulator import MessenteEmulator

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("arguments", "error", "expected"),
    [
        ({"emulators": BirdEmulator}, TypeError, "emulators: must be a list of emulator classes,"),
        ({"emulators": "bird"}, TypeError, "emulators: must be a list of emulator classes,"),
        ({"emulators": ["bird"]}, TypeError, "emulators[0]: must be an emulator class, or a "),
        ({"emulators": [BirdEmulator, repr]}, TypeError, "emulators[1]: must give an Emulator, "),
        ({"host": 1}, TypeError, "host: must be str, not int"),
        ({"host": ""}, ValueError, "host: '' is not a host name or an address"),
        ({"port": "8025"}, TypeError, "port: must be int, not str"),
        ({"port": True}, TypeError, "port: must be int, not bool"),
        ({"port": 65_536}, ValueError, "port: must be at most 65535"),
        ({"port": -1}, ValueError, "port: must be at least 0"),
        ({"pace": "0.1"}, TypeError, "pace: must be int | float, not str"),
        ({"pace": -0.1}, ValueError, "pace: must be at least 0"),
        ({"pace": NAN}, ValueError, "pace: must be at least 0"),
        ({"pace": INFINITE}, ValueError, "pace: must be finite"),
        ({"seed": None}, TypeError, "seed: must be int, not NoneType"),
        ({"callbacks": 5}, TypeError, "callbacks: must be str | None, not int"),
        ({"clock": 1.0}, TypeError, "clock: must be a function, not float"),
        ({"limits": 5}, TypeError, "limits: must be Limits | None, not int"),
        ({"callbacks": "http:"}, ValueError, "callbacks: must be an HTTP URL"),
    ],
)
def test_a_wrong_argument_of_a_sandbox(
    arguments: dict[str, Any], error: type[Exception], expected: str
) -> None:
    """A wrong type is a `TypeError` and a wrong value a `ValueError`, before anything is served."""
    with pytest.raises(error) as caught:
        Sandbox(**{"emulators": [BirdEmulator], **arguments})

    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("emulator", "arguments", "error", "expected"),
    [
        (BirdEmulator, {"access_key": 1}, TypeError, "access_key: must be str, not int"),
        (BirdEmulator, {"workspace": None}, TypeError, "workspace: must be str, not NoneType"),
        (BirdEmulator, {"signing_key": b"x"}, TypeError, "signing_key: must be str, not bytes"),
        (BirdEmulator, {"storage": 1}, TypeError, "storage: must be str | None, not int"),
        (BirdEmulator, {"channels": ["sms"]}, TypeError, "channels: must be Mapping, not list"),
        (BirdEmulator, {"channels": {"sms": 1}}, TypeError, "channels: must hold str, not int"),
        (BirdEmulator, {"service_window": "no"}, TypeError, "service_window: must be bool, not"),
        (ClickatellEmulator, {"parts": "1"}, TypeError, "parts: must be int, not str"),
        (ClickatellEmulator, {"parts": 0}, ValueError, "parts: must be at least 1"),
        (ClickatellEmulator, {"channels": "sms"}, TypeError, "channels: must be Collection, not"),
        (ClickatellEmulator, {"numbers": "+27"}, TypeError, "numbers: must be Collection, not str"),
        (ClickatellEmulator, {"numbers": [27]}, TypeError, "numbers: must hold str, not int"),
        (ClickatellEmulator, {"echo_refused": 0}, TypeError, "echo_refused: must be bool, not int"),
        (ClickatellEmulator, {"templates": "x"}, TypeError, "templates: must be Mapping | None, "),
        (ClickatellEmulator, {"callback_secret": 1}, TypeError, "callback_secret: must be str, "),
        (
            ClickatellEmulator,
            {"callback_login": 1},
            TypeError,
            "callback_login: must be str | None",
        ),
        (MessenteEmulator, {"username": 1}, TypeError, "username: must be str, not int"),
        (MessenteEmulator, {"password": None}, TypeError, "password: must be str, not NoneType"),
        (MessenteEmulator, {"inbound_secret": 1}, TypeError, "inbound_secret: must be str, not"),
    ],
)
def test_a_wrong_argument_of_an_emulator(
    emulator: Any, arguments: dict[str, Any], error: type[Exception], expected: str
) -> None:
    """An emulator refuses an option of a wrong type when its sandbox is built."""
    with pytest.raises(error) as caught:
        Sandbox([partial(emulator, **arguments)])

    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("value", ["5", 1.5, None, True])
def test_a_wrong_capacity(value: Any) -> None:
    """A capacity is a whole number."""
    with pytest.raises(TypeError, match="handsets: must be int, not"):
        Limits(handsets=value)


def test_a_negative_capacity() -> None:
    """Nothing can store fewer than no entries."""
    with pytest.raises(ValueError, match="requests: must be at least 0"):
        Limits(requests=-1)


def test_what_is_no_state() -> None:
    """An emulator needs the state of a sandbox."""
    state: Any = "state"

    with pytest.raises(TypeError, match="state: must be SandboxState, not str"):
        BirdEmulator(state)


def test_options_of_other_types_that_fit() -> None:
    """Any collection of texts does, and so does a whole number of seconds."""
    numbers: Any = ["+27820001000"]
    options = partial(ClickatellEmulator, numbers=numbers, templates=None)

    served = Sandbox([options, BirdEmulator], pace=1, port=0, limits=Limits(requests=0))

    assert ["clickatell", "bird"] == list(served.emulators)
    assert isinstance(served.state, SandboxState)
