"""Writing objects without the members that were not given."""

from __future__ import annotations

from typing import Any


def given(**members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Leave out what was not given."""
    return {name: value for name, value in members.items() if value is not None}
