"""Choose the event loop, asyncio's or uvloop's, and keep one awake.

omnimsg itself leaves the choice to the user.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def has_uvloop() -> bool:
    """Return whether uvloop is installed."""
    return find_spec("uvloop") is not None


def new_loop(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return a factory of event loops: `asyncio`, `uvloop`, or `best`: uvloop if installed."""
    if name == "uvloop" or (name == "best" and has_uvloop()):
        import uvloop  # noqa: PLC0415 - it may not be installed

        return uvloop.new_event_loop
    return asyncio.new_event_loop


@contextmanager
def stay_awake(*, awake: bool) -> Iterator[None]:
    """Keep the running event loop from sleeping within the block, if `awake`.

    For the process that talks to a measured one: the system call that sends to a sleeping process
    also wakes it, which costs the sender more than the sending, and would not across a network.
    """
    loop = asyncio.get_running_loop()

    def turn() -> None:
        if awake:
            loop.call_soon(turn)

    turn()
    try:
        yield
    finally:
        awake = False
