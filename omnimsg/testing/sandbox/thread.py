"""`SandboxThread`: a sandbox in a thread with its own event loop.

The sandbox works the same for a test that blocks its own event loop, or has none.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from anyio.from_thread import start_blocking_portal

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class SandboxThread:
    """Serves a sandbox from a thread.

    Args:
        sandbox: A sandbox that has not been started; by default one with all installed emulators.

    Attributes:
        sandbox: The sandbox. It is not thread-safe: use it only through `call` and `begin`.
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox: Sandbox = Sandbox() if sandbox is None else sandbox
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._process = 0

    def start(self) -> None:
        """Start the thread, and serve."""
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            stack.enter_context(portal.wrap_async_context_manager(self.sandbox))
            self._portal, self._process = portal, os.getpid()
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Stop serving, and end the thread. A second call has no effect."""
        portal, self._portal = self._portal, None
        # After a fork, the thread exists only in the parent process.
        if portal is not None and self._process == os.getpid():
            self._stack.close()

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function in the sandbox's thread, and return its result.

        Raises:
            RuntimeError: The sandbox does not run in this process.
        """
        return self._running().call(function, *arguments)

    def begin(self, function: Callable[..., Awaitable[T]], *arguments: object) -> Future[T]:
        """Run a coroutine function in the sandbox's event loop; return a future for any thread.

        Raises:
            RuntimeError: The sandbox does not run in this process.
        """
        return self._running().start_task_soon(function, *arguments)

    def _running(self) -> BlockingPortal:
        if self._portal is None:
            raise RuntimeError("the sandbox has been stopped")
        if self._process != os.getpid():
            raise RuntimeError(
                "this process was forked after the sandbox had started, and cannot ask it; send"
                " here, and look at the phones in the process of the test"
            )
        return self._portal
