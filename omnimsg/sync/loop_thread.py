"""The event loop that all synchronous clients of a process share, in a thread of its own.

There is one for the process, however many threads and clients use it, so that messages that they
send at the same time share requests. It starts with the first call, not before: a process that
imports an application and forks workers has no thread when it forks. A process may also fork later:
its child starts an event loop of its own. When the process ends, open connections are closed.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading

import anyio

# Seconds that an ending process waits for connections to be closed.
_EXIT_TIMEOUT = 5.0

# Seconds that a fork waits for the event loop, which a callback may block.
_FORK_TIMEOUT = 1.0


class LoopThread:
    """Runs one event loop in a daemon thread, from the first use to the end of the process.

    Attributes:
        loop: The event loop; `None` before the first use, and at first in a forked child.
        is_over: Whether the process is ending.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        # Held while the process forks. Reentrant: the thread that forks may be inside `start`.
        self._lock = threading.RLock()
        self._started = threading.Event()
        self._forked = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop: anyio.Event | None = None
        self.is_over: bool = False
        # The event loops of parent processes, kept because their tasks would warn when collected.
        self._inherited: list[asyncio.AbstractEventLoop] = []

    def start(self) -> asyncio.AbstractEventLoop:
        """Return the event loop; start it if it does not run yet.

        Raises:
            RuntimeError: The process is ending, or no thread can be started.
        """
        if self.is_over:
            raise RuntimeError("the process is ending: omnimsg takes no more calls")
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="omnimsg", daemon=True)
                try:
                    self._thread.start()
                except BaseException:
                    # The system could not start a thread, or a signal handler raised before it did:
                    # the next call tries again.
                    if self._thread.ident is None:
                        self._thread = None
                    raise
        self._started.wait()
        assert self.loop is not None  # noqa: S101 - what has started has a loop
        return self.loop

    def is_current(self) -> bool:
        """Return whether the caller runs in the event loop's own thread."""
        return self._thread is threading.current_thread()

    def stop(self) -> None:
        """Cancel running tasks, close open connections, and end the thread for good."""
        self.is_over = True
        if self._thread is None or self.loop is None or self._stop is None:
            return
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_EXIT_TIMEOUT)

    def before_fork(self) -> None:
        """Hold the event loop between two callbacks.

        Inside a callback it may hold the lock of an import or of a log, for which the child would
        wait for ever.
        """
        self._lock.acquire()
        if self._thread is None or self.is_current():
            return
        is_held = threading.Event()
        self._forked.clear()
        if self._started.wait(_FORK_TIMEOUT) and self.loop is not None and not self.is_over:
            self.loop.call_soon_threadsafe(self._hold, is_held)
            is_held.wait(_FORK_TIMEOUT)

    def after_fork_in_parent(self) -> None:
        """Let the event loop go on."""
        self._forked.set()
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Reset the state: the thread does not exist in the child."""
        if self.loop is not None:
            self.loop.set_exception_handler(lambda *_: None)
            self._inherited.append(self.loop)
        self.loop = None
        self._lock = threading.RLock()
        self._started = threading.Event()
        self._forked = threading.Event()
        self._thread = self._stop = None

    def _hold(self, is_held: threading.Event) -> None:
        is_held.set()
        self._forked.wait(_FORK_TIMEOUT)

    def _run(self) -> None:
        if self.is_current():  # else its start was interrupted
            with asyncio.Runner() as runner:
                # Before it runs: from then on all greenlets find it (`runs_event_loop`).
                self.loop = runner.get_loop()
                runner.run(self._run_until_stopped())

    async def _run_until_stopped(self) -> None:
        # Makes anyio import the modules that it needs to close connections: an import while the
        # process ends would make Python forget that Ctrl-C ended it, and change its exit code.
        self._stop = anyio.Event()
        self._started.set()
        await self._stop.wait()


LOOP_THREAD = LoopThread()
# Registered at import, so that functions which an application registers later run before.
atexit.register(LOOP_THREAD.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOOP_THREAD.before_fork,
        after_in_parent=LOOP_THREAD.after_fork_in_parent,
        after_in_child=LOOP_THREAD.after_fork_in_child,
    )
