"""The parts of one account for each event loop, and for each process, in which it is used."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakSet

import anyio
import attrs

from omnimsg.domain.errors import OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.loop_parts import LoopParts
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Request, Response
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.shared_parts import SharedParts
    from omnimsg.transport import Sink, Transport, WriteMark

_instances: WeakSet[PartsByLoop] = WeakSet()

# In a forked process, the event loops of its parent in which accounts were used.
_inherited_loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


class PartsByLoop:
    """Builds parts for an event loop when it is first used, and keeps them until the loop ends.

    Args:
        shared: What all event loops of the account share.
        open_transport: Builds the transport of one event loop.
    """

    def __init__(self, shared: SharedParts, open_transport: Callable[[], Transport]) -> None:
        self._shared = shared
        self._account = shared.adapter.account.name
        self._open_transport = open_transport
        self._first_transport = open_transport()
        # Not a caller's context: parts that are built later serve many callers.
        self._context = contextvars.copy_context()
        # Once it is closed: takes the calls of event loops other than that of `current`.
        self._refusing: LoopParts | None = None
        self._parts: dict[asyncio.AbstractEventLoop, LoopParts] = {}
        # Threads, each with a loop of its own, may use the account for the first time at once.
        self._lock = threading.RLock()
        _instances.add(self)

    @cached_property
    def current(self) -> LoopParts:
        """The parts that the last call used. Read it once per call: another thread may replace it.

        The first parts are built when the account is first used: a process with many accounts uses
        few of them.
        """
        with self._lock:
            # Stored here: `cached_property` stores the value after the lock is released.
            built: LoopParts | None = vars(self).get("current")
            if built is None:
                built = vars(self)["current"] = self._build(self._shared, self._first_transport)
            return built

    def here(self, operation: str) -> LoopParts:
        """Return the parts of the running event loop.

        Args:
            operation: The name of the operation, for the error.

        Raises:
            OperationError: There is work under way in a loop that runs in another thread.
        """
        parts, loop = self.current, asyncio.get_running_loop()
        if parts.loop is loop:
            return parts
        with self._lock:
            return self._refusing or self._enter(operation, loop)

    async def aclose(self, deadline: Deadline) -> None:
        """Close the parts of every event loop, for good."""
        loop = asyncio.get_running_loop()
        with self._lock:
            others: list[tuple[asyncio.AbstractEventLoop, LoopParts]] = []
            if self._refusing is None:
                self.current = own = self._find_or_build(loop)
                others = [each for each in self._parts.items() if each[1] is not own]
                # The other loops may go on to send while this one waits for them.
                self._refusing = self._build(self._shared, _Closed())
                self._refusing.scheduler.refuse()
                own.admission.close()
            own = self.current
        try:
            for other, parts in others:
                if not parts.is_closed:
                    await _close_elsewhere(other, parts, deadline)
        finally:
            if own.loop is None or own.loop is loop:
                await own.aclose(deadline)
            else:
                await _close_elsewhere(own.loop, own, deadline)

    def abandon_inherited(self) -> None:
        """Stop, in a forked process, the work that its parent has begun and goes on with."""
        # A thread that held the lock did not survive the fork.
        self._lock = threading.RLock()
        inherited, self._parts = self._parts, {}
        for loop, parts in inherited.items():
            parts.abandon_inherited()
            _inherited_loops.add(loop)

    def _enter(self, operation: str, loop: asyncio.AbstractEventLoop) -> LoopParts:
        for other, others_parts in list(self._parts.items()):
            if other.is_closed():
                self._parts.pop(other, None)
                if not others_parts.is_closed:
                    others_parts.abandon()
            elif other is not loop and other.is_running() and others_parts.is_busy:
                failure = _used_elsewhere(other, others_parts, loop)
                raise OperationError(operation, self._account, failure)
        if loop in _inherited_loops:
            # The threads that resolve names did not survive the fork.
            _inherited_loops.discard(loop)
            loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        self.current = parts = self._find_or_build(loop)
        if parts.loop is None:
            self._parts[loop] = parts
            parts.enter(loop)
        return parts

    def _find_or_build(self, loop: asyncio.AbstractEventLoop) -> LoopParts:
        current = self.current
        for parts in (self._parts.get(loop), current):
            if parts is not None and parts.loop in {None, loop} and not parts.is_closed:
                return parts
        shared = attrs.evolve(self._shared, limiter=current.limiter)
        return self._build(shared, self._open_transport())

    def _build(self, shared: SharedParts, transport: Transport) -> LoopParts:
        return self._context.copy().run(LoopParts, shared, transport)


class _Closed:
    """A transport that has been closed."""

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Refuse the request."""
        del request, within, mark, sink
        raise TransportFault(Reason.CANCELLED, "the client is closed")

    async def aclose(self) -> None:
        """Do nothing."""


async def _close_elsewhere(
    loop: asyncio.AbstractEventLoop, parts: LoopParts, deadline: Deadline
) -> None:
    """Close the parts of another event loop.

    A loop that runs in another thread closes them itself. One that does not run may run again: its
    parts take nothing more, and are closed when the loop ends.
    """
    if loop.is_closed():
        parts.abandon()
        return
    if not loop.is_running():
        parts.admission.close()
        return
    closing = asyncio.run_coroutine_threadsafe(parts.aclose(deadline), loop)
    with anyio.move_on_after(max(0.0, deadline.remaining())):
        await asyncio.wrap_future(closing)


def _used_elsewhere(
    other: asyncio.AbstractEventLoop, parts: LoopParts, loop: asyncio.AbstractEventLoop
) -> Failure:
    return Failure(
        reason=Reason.MISCONFIGURED,
        retry=Retry.SAFE,
        fault=Fault.CALLER,
        detail=(
            f"the client has messages or requests under way in the event loop of thread"
            f" {parts.thread_name!r} (0x{id(other):x}), so it cannot be used in the event loop of"
            f" thread {threading.current_thread().name!r} (0x{id(loop):x}); build a client for each"
        ),
    )


def _abandon_inherited() -> None:
    for each in list(_instances):
        each.abandon_inherited()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_inherited)
