"""The providers `tiny` and `toy`, registered in place of the installed ones."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

# Imported here, or hypothesis would count the first import as the time of an example.
import cattrs  # noqa: F401
import pytest

from omnimsg.config import plugins

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that replaces the entry points by objects or (name, target) pairs."""

    def replace(*entries: tuple[str, str] | EntryPoint) -> None:
        points = [
            each if isinstance(each, EntryPoint) else EntryPoint(*each, group=plugins.GROUP)
            for each in entries
        ]
        monkeypatch.setattr(plugins, "entry_points", lambda **_: points)

    return replace


@pytest.fixture(autouse=True)
def _tiny(install: Callable[..., None]) -> None:
    install(("tiny", "support.adapters:TinyAdapter"), ("toy", "support.toy:ToyAdapter"))
