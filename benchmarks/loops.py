"""Which event loop: asyncio's own or uvloop's, which is the user's choice and never omnimsg's."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def has_uvloop() -> bool:
    """Say whether uvloop is installed."""
    return find_spec("uvloop") is not None


def new_loop(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes a loop: `asyncio`, `uvloop`, or `best` for uvloop where it is installed."""
    if name == "uvloop" or (name == "best" and has_uvloop()):
        import uvloop  # noqa: PLC0415 - it may not be installed

        return uvloop.new_event_loop
    return asyncio.new_event_loop
