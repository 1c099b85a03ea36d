"""The pool and the connections of the transport over `asyncio.Protocol`, without a network."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from support.virtual import VirtualLoop

from omnimsg.transport import WriteMark
from omnimsg.transport.protocol.connection import Connection
from omnimsg.transport.protocol.errors import ConnectionBrokenError, TunnelRefusedError
from omnimsg.transport.protocol.origin import Origin
from omnimsg.transport.protocol.pool import Pool
from omnimsg.transport.protocol.tunnel import Tunnel

if TYPE_CHECKING:
    from omnimsg.transport.protocol.connection import Owner

pytestmark = pytest.mark.anyio

A, B, C = (Origin("http", f"{name}.example", 80, f"{name}.example") for name in "abc")


class Wire(asyncio.Transport):
    """A transport without a network; `abort` tells the protocol in the next iteration.

    Attributes:
        turns: For how many more iterations the protocol is not told.
        written: What was written.
        is_broken: Whether a write raises an error.
        is_told: Whether the protocol knows that it is closed.
    """

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.turns = 0
        self.written: list[bytes] = []
        self.is_broken = False
        self.is_told = False
        self._protocol = protocol
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the data, or fail."""
        if self.is_broken:
            raise RuntimeError
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        """Return whether it was aborted."""
        return self._is_closing

    def abort(self) -> None:
        """Close it."""
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        if self.turns:
            self.turns -= 1
            asyncio.get_running_loop().call_soon(self._tell)
            return
        self.is_told = True
        self._protocol.connection_lost(None)


class Net:
    """Makes connections without a network.

    Attributes:
        pool: A pool that makes its connections here.
        may_connect: Cleared where connecting takes long.
        refuses: Whether the host closes each connection while it is made.
        is_down: Whether no connection can be made.
    """

    def __init__(self, *, connections: int = 1, keepalive: float = 60.0) -> None:
        self.may_connect = asyncio.Event()
        self.may_connect.set()
        self.refuses = self.is_down = False
        self.pool = Pool(
            asyncio.get_running_loop(),
            max_connections=connections,
            keepalive=keepalive,
            dial=self._dial,
        )

    async def _dial(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, origin: Origin
    ) -> Connection:
        connection = Connection(loop, owner, origin, 100)
        await self.may_connect.wait()
        if self.is_down:
            raise ConnectionRefusedError
        connection.connection_made(Wire(connection))
        if self.refuses:
            connection.connection_lost(None)
        return connection


async def begun(task: asyncio.Task[Connection]) -> asyncio.Task[Connection]:
    """Let a task run until it waits, and return it."""
    await asyncio.sleep(0)
    return task


async def test_a_connection_that_was_made_during_the_closing_is_closed() -> None:
    """Closing a pool does not leave a connection open that was being made."""
    net = Net()
    net.may_connect.clear()
    connecting = await begun(asyncio.create_task(net.pool.acquire(A)))
    await net.pool.aclose()
    net.may_connect.set()

    with pytest.raises(ConnectionBrokenError):
        await connecting


@pytest.mark.parametrize(
    ("trouble", "error"),
    [("refuses", ConnectionBrokenError), ("is_down", ConnectionRefusedError)],
    ids=["closed at once", "not made"],
)
async def test_a_connection_that_fails_takes_no_slot(trouble: str, error: type[Exception]) -> None:
    """The next caller gets the slot of a connection that could not be made, or broke at once."""
    net = Net()
    setattr(net, trouble, True)
    with pytest.raises(error):
        await net.pool.acquire(A)
    setattr(net, trouble, False)

    connection = await asyncio.wait_for(net.pool.acquire(A), 5)

    assert connection.is_open
    await net.pool.aclose()


async def test_closing_ends_whoever_waits() -> None:
    """A pool that is closed has closed its connections, and refuses the callers in its queue."""
    net = Net(connections=2)
    wires = [(await net.pool.acquire(A)).transport for _ in range(2)]
    waiting = await begun(asyncio.create_task(net.pool.acquire(A)))
    for turns, wire in enumerate(wires):
        assert isinstance(wire, Wire)
        wire.turns = 5 * turns
    await net.pool.aclose()
    are_told = [isinstance(wire, Wire) and wire.is_told for wire in wires]

    with pytest.raises(ConnectionBrokenError):
        await asyncio.wait_for(waiting, 5)
    assert [True, True] == are_told


@pytest.mark.parametrize("is_late", [True, False], ids=["cancelled later", "cancelled before"])
@pytest.mark.parametrize("way", ["released", "closed"])
async def test_what_was_handed_to_a_cancelled_caller_goes_to_the_next(
    way: str, *, is_late: bool
) -> None:
    """Neither the connection nor the slot is lost if its new caller is cancelled at that moment."""
    net = Net()
    first = await net.pool.acquire(A)
    cancelled = await begun(asyncio.create_task(net.pool.acquire(A)))
    if not is_late:
        cancelled.cancel()
    if way == "released":
        net.pool.release(first)
    else:
        first.abort()
    cancelled.cancel()
    await asyncio.wait([cancelled])

    found = await asyncio.wait_for(net.pool.acquire(A), 5)

    assert cancelled.cancelled()
    assert (way == "released") is (found is first)
    await net.pool.aclose()


async def test_the_connection_that_was_idle_longest_makes_room() -> None:
    """At the limit, a connection to another origin replaces the one that was idle longest."""
    net = Net(connections=2)
    older, newer = await net.pool.acquire(A), await net.pool.acquire(B)
    net.pool.release(older)
    await asyncio.sleep(0.002)
    net.pool.release(newer)

    await net.pool.acquire(C)

    assert [False, True] == [older.is_open, newer.is_open]
    await net.pool.aclose()


async def test_an_expired_connection_is_closed_before_its_slot_is_used() -> None:
    """An idle connection that is too old is not used again, and keeps no slot."""
    net = Net(keepalive=0.001)
    old = await net.pool.acquire(A)
    net.pool.release(old)
    net.pool.abandon()  # as if its timer came late
    old.idle_since -= 1

    new = await asyncio.wait_for(net.pool.acquire(A), 5)

    assert [False, True] == [old.is_open, new.is_open]
    await net.pool.aclose()


def test_each_idle_connection_is_closed_when_its_own_time_is_over() -> None:
    """One timer closes each connection that was idle for `keepalive` seconds, and no other."""
    loop = VirtualLoop()

    async def states() -> list[list[bool]]:
        net = Net(connections=2, keepalive=10)
        first, second = await net.pool.acquire(A), await net.pool.acquire(B)
        net.pool.release(first)
        await asyncio.sleep(4)
        net.pool.release(second)
        found = []
        for seconds in (5, 2, 2, 2):
            await asyncio.sleep(seconds)
            found.append([first.is_open, second.is_open])
        third = await net.pool.acquire(A)
        net.pool.release(third)
        for seconds in (9, 2):
            await asyncio.sleep(seconds)
            found.append([third.is_open])
        await net.pool.aclose()
        return found

    found = loop.drive_to_end(states())

    assert [[True, True], [False, True], [False, True], [False, False], [True], [False]] == found


async def test_without_keepalive_a_connection_is_closed_after_its_answer() -> None:
    """A pool that keeps no connection closes each one, and its slot is free for the next."""
    net = Net(keepalive=0)
    first = await net.pool.acquire(A)
    net.pool.release(first)

    second = await asyncio.wait_for(net.pool.acquire(A), 5)

    assert [False, True] == [first.is_open, second.is_open]
    await net.pool.aclose()


async def test_a_connection_that_breaks_in_use_leaves_the_idle_ones() -> None:
    """A connection that is closed in use frees its own slot only."""
    net = Net(connections=2)
    broken, idle = await net.pool.acquire(A), await net.pool.acquire(A)
    net.pool.release(idle)
    broken.connection_lost(ConnectionResetError())

    found = [await asyncio.wait_for(net.pool.acquire(A), 5) for _ in range(2)]

    assert [True, False] == [each is idle for each in found]
    assert all(each.is_open for each in found)
    await net.pool.aclose()


async def test_a_closed_connection_is_not_kept_in_memory() -> None:
    """The pool drops a connection that is closed."""
    net = Net()
    connection = await net.pool.acquire(A)
    kept = weakref.ref(connection)
    connection.abort()
    await net.pool.aclose()

    del connection
    gc.collect()

    assert kept() is None


async def test_a_connection_that_cannot_be_written_to_is_closed() -> None:
    """An error of the event loop's transport ends the request and the connection."""
    net = Net()
    connection = await net.pool.acquire(A)
    wire = connection.transport
    assert isinstance(wire, Wire)
    wire.is_broken = True

    with pytest.raises(RuntimeError):
        connection.send(b"GET / HTTP/1.1\r\n\r\n", WriteMark())

    assert not connection.is_open
    await net.pool.aclose()


@pytest.mark.parametrize("is_written", [True, False])
async def test_a_connection_is_used_again_only_if_its_request_is_written(is_written: bool) -> None:
    """After an early answer, the rest of the request must not run into the next one."""
    net = Net()
    connection = await net.pool.acquire(A)
    head = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n"
    answer = connection.begin(head, WriteMark(), streamed=frozenset(), is_head=False)
    if is_written:
        await connection.write(b"{}")
        connection.end_request()
    connection.data_received(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
    await answer

    found = await asyncio.wait_for(net.pool.acquire(A), 5)

    assert (is_written, is_written) == (found is connection, connection.is_open)
    await net.pool.aclose()


async def opened(answer: bytes) -> object:
    """Ask a proxy for a tunnel, and return its refusal; `None` if it opens the tunnel."""
    tunnel = Tunnel(asyncio.get_running_loop())
    tunnel.connection_made(Wire(tunnel))
    opening = asyncio.create_task(tunnel.open("a.example", 443, None))
    await asyncio.sleep(0)
    tunnel.data_received(answer)
    (found,) = await asyncio.wait_for(asyncio.gather(opening, return_exceptions=True), 5)
    return found


@pytest.mark.parametrize(
    ("last", "status"), [("200 OK", None), ("299 OK", None), ("300 No", 300), ("407 No", 407)]
)
async def test_an_interim_response_of_a_proxy_is_skipped(last: str, status: int | None) -> None:
    """The answer to CONNECT may come together with an interim response before it."""
    found = await opened(f"HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 {last}\r\n\r\n".encode())

    assert status == (found.status if isinstance(found, TunnelRefusedError) else found)


async def test_a_tunnel_in_which_the_proxy_speaks_first_is_refused() -> None:
    """Bytes behind a 2xx head are not the host's, which waits for the client in TLS."""
    found = await opened(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH_9.6\r\n")

    assert isinstance(found, TunnelRefusedError)
    assert found.status is None


async def test_an_interim_response_leaves_nothing_in_the_answer() -> None:
    """Its header lines are not those of the answer, and its coding is not that of the body."""
    net = Net()
    connection = await net.pool.acquire(A)
    answer = connection.send(b"GET / HTTP/1.1\r\n\r\n", WriteMark())
    connection.data_received(b"HTTP/1.1 103 Wait\r\nX: 1\r\nContent-Encoding: gzip\r\n\r\n")
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    response = await answer

    assert (200, b"{}", None) == (response.status, response.body, response.header("x"))
    await net.pool.aclose()


async def test_interim_responses_are_counted_for_each_answer() -> None:
    """A connection may be used for any number of answers with an interim response each."""
    net = Net()
    for _ in range(150):
        connection = await net.pool.acquire(A)
        answer = connection.send(b"GET / HTTP/1.1\r\n\r\n", WriteMark())
        connection.data_received(b"HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 204 OK\r\n\r\n")
        await answer

    assert connection.is_open
    await net.pool.aclose()


async def test_a_connection_that_was_switched_is_not_used_again() -> None:
    """After 101 the connection speaks another protocol, with and without an Upgrade line."""
    found: list[tuple[int, bool]] = []
    for line in (b"", b"Connection: upgrade\r\nUpgrade: h2c\r\n"):
        net = Net()
        connection = await net.pool.acquire(A)
        answer = connection.send(b"GET / HTTP/1.1\r\n\r\n", WriteMark())
        connection.data_received(b"HTTP/1.1 101 Switching Protocols\r\n" + line + b"\r\n")
        found.append(((await answer).status, connection.is_open))
        await net.pool.aclose()

    assert [(101, False), (101, False)] == found
