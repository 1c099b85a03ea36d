"""A pytest plugin that hides orjson from the library, but not from the tests.

`python -m pytest -p support.without_orjson tests/domain` runs tests as on a system without a wheel
of orjson. The plugin is loaded before the library. The tests still use orjson, so that another
implementation reads what the standard library writes.
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
    """Fail if the library has orjson, because it was imported before this plugin."""
    from omnimsg.json_codec import LIBRARY  # noqa: PLC0415 - only after orjson is hidden

    assert LIBRARY == "the standard library"
