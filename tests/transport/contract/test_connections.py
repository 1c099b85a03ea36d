"""Connections: how many there are, which is used next, and when they are closed."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from support.servers import Server, Visit, answer, hold, refusing_port, stall
from support.transports import asked, both, lost

from omnimsg import Network, Reason
from omnimsg.adapter import Effect, Request
from omnimsg.transport import TransportFault, WriteMark

if TYPE_CHECKING:
    from support.transports import TransportTo

pytestmark = [pytest.mark.anyio, both]

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")


async def test_there_are_no_more_than_allowed(transport_to: TransportTo) -> None:
    """There are at most `connections` connections, and each request gets its own answer."""
    busy = most = 0

    async def counted(visit: Visit) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.001)
        busy -= 1
        await answer(200, visit.received.body)(visit)

    bodies = [str(number).encode() for number in range(40)]
    async with Server(counted) as server:
        transport = transport_to(server.url, connections=3)
        answers = await asyncio.gather(
            *(asked(transport, Request("POST", "/x", body)) for body in bodies)
        )

    assert bodies == [each.body for each in answers]
    assert (3, 3) == (most, server.connections)


async def test_who_waits_longest_is_next(transport_to: TransportTo) -> None:
    """Requests that wait for a connection are served in order."""
    async with Server(answer(200)) as server:
        transport = transport_to(server.url, connections=1)
        await asyncio.gather(
            *(asked(transport, Request("POST", f"/{number}", b"")) for number in range(20))
        )

    assert [f"POST /{number} HTTP/1.1" for number in range(20)] == [
        each.line for each in server.requests
    ]


async def test_who_stops_waiting_leaves_its_place(transport_to: TransportTo) -> None:
    """A cancelled request frees its connection, or its place among those that wait."""
    async with Server(stall, answer(200)) as server:
        transport = transport_to(server.url, connections=1)
        first = asyncio.create_task(transport.exchange(SEND, within=5.0, mark=WriteMark()))
        await server.arrived.wait()
        waiting = [asyncio.create_task(asked(transport, SEND)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        first.cancel()
        ended = await asyncio.gather(first, *waiting, return_exceptions=True)

    assert [True, True] == [isinstance(each, asyncio.CancelledError) for each in ended[:2]]
    assert [200, 200] == [each.status for each in ended[2:]]  # type: ignore[union-attr]


async def test_another_host_has_a_place_too(transport_to: TransportTo) -> None:
    """An idle connection to one host does not block a request to another."""
    async with Server(answer(200)) as server, Server(answer(201)) as other:
        transport = transport_to(server.url, connections=1)
        elsewhere = Request("GET", f"{other.url}/x")
        statuses = [(await asked(transport, each)).status for each in (SEND, elsewhere) * 3]

    assert [200, 201] * 3 == statuses


async def test_many_hosts_share_the_places(transport_to: TransportTo) -> None:
    """Requests to several hosts share the connections, and all are served."""
    async with Server(answer(200)) as server, Server(answer(201)) as other:
        transport = transport_to(server.url, connections=2)
        elsewhere = Request("GET", f"{other.url}/x")
        with anyio.fail_after(20):
            answers = await asyncio.gather(
                *(asked(transport, each) for each in (SEND, elsewhere) * 20)
            )

    assert [200, 201] * 20 == [each.status for each in answers]


async def test_an_unused_connection_is_closed(transport_to: TransportTo) -> None:
    """An idle connection is closed after `keepalive`, without a further request."""
    gone = asyncio.Event()

    async def watched(visit: Visit) -> None:
        await answer(200)(visit)
        await visit.reader.read()
        gone.set()

    async with Server(watched) as server:
        await asked(transport_to(server.url, network=Network(keepalive=0.05)), SEND)
        with anyio.fail_after(5):
            await gone.wait()


async def test_the_end_of_an_unused_connection_is_noticed(transport_to: TransportTo) -> None:
    """A connection that the server has closed is not used for a request."""

    async def once(visit: Visit) -> None:
        await answer(200)(visit)
        visit.writer.close()

    async with Server(once) as server:
        transport = transport_to(server.url)
        for _ in range(3):
            await asked(transport, SEND)
            await asyncio.sleep(0.02)

    assert [3, 3] == [server.connections, len(server.requests)]


@pytest.mark.parametrize("way", ["cancelled", "late"])
async def test_an_exchange_that_ends_early_closes_its_connection(
    transport_to: TransportTo, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A cancelled or timed-out exchange closes its connection, so a late answer is not mixed up."""
    loop = asyncio.get_running_loop()
    async with Server(hold, answer(201)) as server:
        transport = transport_to(server.url)
        exchange = asyncio.create_task(lost(transport, SEND, within=1000.0))
        await server.arrived.wait()
        if way == "late":
            with monkeypatch.context() as patch:
                patch.setattr(loop, "time", lambda read=loop.time: read() + 1000.0)
                assert Reason.TIMEOUT is await exchange
        else:
            exchange.cancel()
            await asyncio.gather(exchange, return_exceptions=True)
        with anyio.fail_after(5):
            await server.left.wait()
        after = await asked(transport, SEND)

    assert 201 == after.status


@pytest.mark.parametrize("first", ["127.0.0.2", "::1"])
async def test_a_host_has_several_addresses(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo, first: str
) -> None:
    """If one address of a host does not answer, the next one is tried."""
    family = socket.AF_INET6 if ":" in first else socket.AF_INET

    def resolve(_host: object, port: Any, *_: object, **__: object) -> list[Any]:
        return [
            (family, socket.SOCK_STREAM, 6, "", (first, port)[: 4 if ":" in first else 2]),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    async with Server(answer(200)) as server:
        transport = transport_to(f"http://localhost:{server.port}")
        response = await asked(transport, SEND)

    assert 200 == response.status
    assert f"localhost:{server.port}" == server.requests[0].headers["host"]


async def test_a_host_whose_addresses_fail_is_looked_up_again(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """After a connection that could not be made, the next one uses new addresses."""
    looked_up: list[str] = []

    async with Server(answer(200)) as server:
        ports = iter([refusing_port(), server.port])

        def resolve(host: str, *_: object, **__: object) -> list[Any]:
            looked_up.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", next(ports)))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        transport = transport_to("http://localhost:9")
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(SEND, within=5.0, mark=WriteMark())
        response = await asked(transport, SEND)

    assert (Reason.CONNECTION_FAILED, 200) == (caught.value.reason, response.status)
    assert ["localhost", "localhost"] == looked_up


async def test_an_address_needs_no_resolver(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """A host given as an IP address is not resolved."""

    def resolve(*_: object, **__: object) -> None:
        raise AssertionError

    async with Server(answer(200)) as server:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", resolve)
            response = await asked(transport_to(server.url), SEND)

    assert 200 == response.status


async def test_a_stale_connection_is_no_reason_for_a_doubt_where_it_can_be_asked_again(
    transport_to: TransportTo,
) -> None:
    """A GET on a connection that the server has just closed is repeated on a new one."""
    times = 0

    async def once(visit: Visit) -> None:
        nonlocal times
        times += 1
        if times == 2:
            visit.writer.transport.abort()
            return
        await answer(200)(visit)

    get = Request("GET", "/x")
    async with Server(once) as server:
        transport = transport_to(server.url)
        statuses = [(await asked(transport, get)).status for _ in range(2)]

    assert [200, 200] == statuses
    assert [2, 3] == [server.connections, len(server.requests)]


async def test_nothing_is_left_open_where_nobody_listens(transport_to: TransportTo) -> None:
    """A refused connection frees its place."""
    transport = transport_to(f"http://127.0.0.1:{refusing_port()}", connections=1)
    for _ in range(3):
        mark = WriteMark()
        with pytest.raises(TransportFault, match="connection refused"):
            await transport.exchange(SEND, within=5.0, mark=mark)
        assert not mark.written
