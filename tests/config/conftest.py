"""A provider called `tiny`, installed for the tests of the configuration."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install entry points in place of those that are there: name and what it leads to."""

    def put(*claims: tuple[str, str]) -> None:
        points = [EntryPoint(name, value, "omnimsg.providers") for name, value in claims]
        monkeypatch.setattr("omnimsg.config.plugins.entry_points", lambda **_: points)

    return put


@pytest.fixture(autouse=True)
def _tiny(install: Callable[..., None]) -> None:
    install(("tiny", "support.adapters:TinyAdapter"), ("toy", "support.toy:ToyAdapter"))
