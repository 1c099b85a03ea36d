"""The connection pool of one account: a limit, idle connections, and a queue of waiters."""

from __future__ import annotations

from collections import defaultdict, deque
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.transport.protocol.errors import ConnectionBrokenError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from omnimsg.transport.protocol.connection import Connection, Owner
    from omnimsg.transport.protocol.origin import Origin

    Dial: TypeAlias = Callable[[asyncio.AbstractEventLoop, Owner, Origin], Awaitable[Connection]]


class Pool:
    """Keeps a limited number of connections, and hands them out first come, first served.

    A caller gets an idle connection, or a free slot in which it makes one. When a connection is
    closed, its slot goes to the caller that has waited longest.

    Args:
        loop: The event loop of the connections.
        max_connections: The most connections that are open at once, idle ones included.
        keepalive: Seconds after which an unused connection is closed; 0 keeps none.
        dial: Makes a connection.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, max_connections: int, keepalive: float, dial: Dial
    ) -> None:
        self._free_slots = max_connections
        self._keepalive = keepalive
        self._dial = dial
        # The idle connections by origin, the most recently used last.
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._connections: set[Connection] = set()
        self._waiters: deque[tuple[asyncio.Future[Connection | None], Origin]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        # Connections that are being closed, until the event loop reports them closed.
        self._closing: set[Connection] = set()
        self._all_closed: asyncio.Future[None] | None = None
        self._loop = loop

    def take(self, origin: Origin) -> Connection | None:
        """Return the most recently used idle connection, or `None`."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if (
                self._loop.time() - connection.idle_since < self._keepalive
                # The event loop may close a transport before it tells the connection.
                and not connection.transport.is_closing()
            ):
                return connection
            connection.abort()
        return None

    async def acquire(self, origin: Origin, *, is_new: bool = False) -> Connection:
        """Return an idle connection, or make one as soon as a slot is free.

        Args:
            origin: The origin to connect to.
            is_new: Whether to skip idle connections, which the server may have closed.

        Raises:
            OSError: No connection can be made, or the pool is closed.
        """
        while True:
            if self._is_closed:
                raise ConnectionBrokenError
            connection = None if is_new else self.take(origin)
            if connection is not None:
                return connection
            if not self._free_slots:
                self._close_oldest_idle()
            if self._free_slots:
                self._free_slots -= 1
                return await self._make(origin)
            handed = await self._wait_in_queue(origin)
            if handed is None:
                return await self._make(origin)
            if handed.is_open:
                return handed

    def release(self, connection: Connection) -> None:
        """Take back a connection whose answer was whole."""
        if not self._keepalive or self._is_closed:
            connection.abort()
            return
        while self._waiters:
            waiter, origin = self._waiters[0]
            if waiter.done():
                self._waiters.popleft()
            elif origin is connection.origin:
                self._waiters.popleft()
                waiter.set_result(connection)
                return
            else:
                connection.abort()  # its slot goes to the waiter
                return
        connection.idle_since = self._loop.time()
        self._idle[connection.origin].append(connection)
        if self._timer is None:
            self._set_timer(connection.idle_since)

    def forget(self, connection: Connection) -> None:
        """Note that a connection is being closed."""
        self._closing.add(connection)
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        idle = self._idle.get(connection.origin)
        if idle and connection in idle:
            idle.remove(connection)
        self._release_slot()

    def lost(self, connection: Connection) -> None:
        """Note that a connection is closed."""
        self._closing.discard(connection)
        if self._all_closed is not None and not self._closing and not self._all_closed.done():
            self._all_closed.set_result(None)

    async def aclose(self) -> None:
        """Close all connections, those in use too, and wait until they are closed."""
        self._is_closed = True
        self.abandon()
        for waiter, _ in self._waiters:
            if not waiter.done():
                waiter.set_exception(ConnectionBrokenError())
        for each in list(self._connections):
            each.fail(ConnectionBrokenError())
        if self._closing:
            self._all_closed = self._loop.create_future()
            await self._all_closed

    def abandon(self) -> None:
        """Stop the timer; the connections are left to the garbage collector."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _make(self, origin: Origin) -> Connection:
        """Make a connection in the caller's slot, and release the slot if that fails."""
        try:
            connection = await self._dial(self._loop, self, origin)
        except BaseException:
            self._release_slot()
            raise
        if self._is_closed or not connection.is_open:
            connection.abort()
            self._release_slot()
            raise ConnectionBrokenError
        self._connections.add(connection)
        return connection

    async def _wait_in_queue(self, origin: Origin) -> Connection | None:
        """Wait for a connection to an origin, or for a slot to make one (`None`)."""
        future: asyncio.Future[Connection | None] = self._loop.create_future()
        waiter = future, origin
        self._waiters.append(waiter)
        try:
            return await future
        except BaseException:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            # The result may have been set just before the wait was cancelled: pass it on.
            if future.done() and not future.cancelled() and future.exception() is None:
                handed = future.result()
                if handed is None:
                    self._release_slot()
                elif handed.is_open:
                    self.release(handed)
            raise

    def _release_slot(self) -> None:
        while self._waiters:
            waiter, _ = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free_slots += 1

    def _close_oldest_idle(self) -> None:
        """Close the connection that was idle longest, to make room for one to another origin."""
        oldest = [idle[0] for idle in self._idle.values() if idle]
        if oldest:
            min(oldest, key=lambda each: each.idle_since).abort()

    def _set_timer(self, since: float) -> None:
        self._timer = self._loop.call_at(since + self._keepalive, self._close_expired)

    def _close_expired(self) -> None:
        """Close connections that were idle for too long; set the one timer for the oldest left."""
        self._timer = None
        latest, oldest = self._loop.time() - self._keepalive, inf
        for idle in self._idle.values():
            # A loop may fire a timer a little early: the next one closes what is not old enough.
            for connection in [each for each in idle if each.idle_since <= latest]:
                connection.abort()
            if idle:
                oldest = min(oldest, idle[0].idle_since)
        for origin in [each for each, idle in self._idle.items() if not idle]:
            del self._idle[origin]
        if oldest < inf:
            self._set_timer(oldest)
