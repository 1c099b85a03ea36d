"""A plugin of pytest that takes orjson away from the library and leaves it to the tests.

`python -m pytest -p support.without_orjson tests/domain` runs tests as where orjson has no wheel.
It is loaded before the library is imported; the tests still read and write with orjson, so what the
standard library writes is read by another program.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_import = builtins.__import__


def _refuse_orjson(name: str, *rest: Any, **named: Any) -> Any:
    scope: Mapping[str, Any] | None = rest[0] if rest else named.get("globals")
    importing = (scope or {}).get("__name__") or ""
    if name.partition(".")[0] == "orjson" and importing.startswith("omnimsg"):
        raise ModuleNotFoundError(f"{importing} asked for {name}, which is taken away", name=name)
    return _import(name, *rest, **named)


builtins.__import__ = _refuse_orjson


def pytest_configure() -> None:
    """Fail where the library has orjson after all: it was imported before it was taken away."""
    from omnimsg.json_codec import LIBRARY  # noqa: PLC0415 - not before orjson is taken away

    assert LIBRARY == "the standard library"
