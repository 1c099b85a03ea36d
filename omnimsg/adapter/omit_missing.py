"""Build the JSON objects of requests without missing members."""

from __future__ import annotations

from typing import Any


def omit_missing(**members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Return the members that are not `None`; what is inside of them is kept as it is."""
    return {name: value for name, value in members.items() if value is not None}
