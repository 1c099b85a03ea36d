"""Choose the event loop, asyncio's or uvloop's; omnimsg itself leaves the choice to the user."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def has_uvloop() -> bool:
    """Return whether uvloop is installed."""
    return find_spec("uvloop") is not None


def new_loop(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return a factory of event loops: `asyncio`, `uvloop`, or `best`: uvloop if installed."""
    if name == "uvloop" or (name == "best" and has_uvloop()):
        import uvloop  # noqa: PLC0415 - it may not be installed

        return uvloop.new_event_loop
    return asyncio.new_event_loop
