"""Configurations of one Tiny account, and the errors of wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import KEY

from omnimsg import ConfigError
from omnimsg.config import load_config

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = "configuration: accounts.main."


def one(**changes: Any) -> dict[str, Any]:
    """Build a configuration of one Tiny account; `None` removes a key."""
    table = {"provider": "tiny", "key": KEY, **changes}
    return {"accounts": {"main": {name: each for name, each in table.items() if each is not None}}}


def nested(wrap: Callable[[Any], Any], levels: int) -> Any:
    """Return a text in so many lists or tables, each made by `wrap`."""
    value: Any = "x"
    for _ in range(levels):
        value = wrap(value)
    return value


def error_of(source: Any) -> str:
    """Return the error text of a configuration that cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        load_config(source)
    return str(caught.value)
