"""Serve a sandbox for as long as a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.sandbox.server import Sandbox


async def serve(sandbox: Sandbox, started: Callable[[Sandbox], object] | None = None) -> None:
    """Serve until cancelled.

    Args:
        sandbox: A sandbox that has not been started.
        started: Called with the sandbox once it listens and its address is known.
    """
    async with sandbox:
        if started is not None:
            started(sandbox)
        await anyio.sleep_forever()
