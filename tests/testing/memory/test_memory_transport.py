"""The memory transport keeps the contract of every transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from omnimsg import Reason
from omnimsg.adapter import Answer, Request, Response
from omnimsg.testing import MemoryTransport
from omnimsg.transport import SinkFault, TransportFault, TransportOptions, WriteMark
from omnimsg.transport.files import MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.transport import Transport

pytestmark = pytest.mark.anyio

GET = Request("GET", "/x")
FILE = Request("GET", "/file", answer=Answer.SINK)
OPTIONS = TransportOptions(
    base_url="https://api.tiny.example",
    hosts=frozenset({"api.tiny.example"}),
    authorization={"Authorization": "Tiny s3cret"},
    connections=1,
)


def transport_to(
    respond: Callable[[Request], Response], connect: Callable[[Request], None] | None = None
) -> Transport:
    """Build a transport from its factory, as a client does."""
    return MemoryTransport.factory(respond, connect=connect)(OPTIONS)


async def fault_of(
    transport: Transport, request: Request = GET, *, within: float = 5.0
) -> tuple[Reason, bool]:
    """Exchange a request that fails; return the reason and whether the write mark was set."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request, within=within, mark=mark)
    assert "s3cret" not in caught.value.detail
    return caught.value.reason, mark.written


async def test_the_mark_is_set_before_the_provider_sees_the_request() -> None:
    """The write mark is set before the function is called, which may be a coroutine."""
    mark, seen = WriteMark(), []

    async def respond(_: Request) -> Response:
        seen.append(mark.written)
        await asyncio.sleep(0)
        return Response(201, b"{}")

    transport = MemoryTransport(respond, OPTIONS)
    response = await transport.exchange(GET, within=5.0, mark=mark)

    assert ([True], Response(201, b"{}")) == (seen, response)
    assert [GET] == transport.requests


async def test_a_lost_answer_was_written_and_a_refused_connection_was_not() -> None:
    """A fault of the response is after the write mark, and one of the connection before it."""

    def lose(_: Request) -> Response:
        raise TransportFault(Reason.CONNECTION_LOST, "lost")

    def refuse(_: Request) -> None:
        raise TransportFault(Reason.CONNECTION_FAILED, "refused")

    lost = await fault_of(transport_to(lose))
    refused = await fault_of(transport_to(lose, refuse))

    assert (Reason.CONNECTION_LOST, True) == lost
    assert (Reason.CONNECTION_FAILED, False) == refused


async def test_an_exchange_ends_within_its_time() -> None:
    """A late answer is a timeout fault, and the task is not left cancelled."""

    async def stall(_: Request) -> Response:
        await asyncio.Event().wait()
        return Response(200)

    late = await fault_of(MemoryTransport(stall, OPTIONS), within=0.02)
    never = await fault_of(MemoryTransport(stall, OPTIONS), within=0.0)

    task = asyncio.current_task()
    assert (Reason.TIMEOUT, True) == late
    assert (Reason.TIMEOUT, False) == never
    assert task is not None
    assert 0 == task.cancelling()


async def test_a_time_out_of_the_caller_or_of_the_function_is_its_own() -> None:
    """A timeout of the caller or of the function is not turned into a fault."""

    async def stall(_: Request) -> Response:
        await asyncio.Event().wait()
        return Response(200)

    def time_out(_: Request) -> Response:
        raise TimeoutError("of the function")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await MemoryTransport(stall, OPTIONS).exchange(GET, within=5.0, mark=WriteMark())
    with pytest.raises(TimeoutError, match="of the function"):
        await transport_to(time_out).exchange(GET, within=5.0, mark=WriteMark())


async def test_credentials_are_not_for_other_hosts() -> None:
    """An authenticated request to another host is refused before anything is written."""
    request = Request("GET", "https://other.example/x", authenticated=True)

    fault = await fault_of(transport_to(lambda _: Response(200)), request)
    allowed = await transport_to(lambda _: Response(204)).exchange(
        attrs.evolve(request, authenticated=False), within=5.0, mark=WriteMark()
    )

    assert (Reason.MISCONFIGURED, False) == fault
    assert 204 == allowed.status


async def test_closing_waits_for_the_answer_and_then_refuses() -> None:
    """Closing awaits the request in flight; later requests are refused."""
    speak = asyncio.Event()

    async def slowly(_: Request) -> Response:
        await speak.wait()
        return Response(200)

    transport = MemoryTransport(slowly, OPTIONS)
    exchange = asyncio.create_task(transport.exchange(GET, within=5.0, mark=WriteMark()))
    await asyncio.sleep(0)
    closing = asyncio.create_task(transport.aclose())
    await asyncio.sleep(0)
    was_closed = closing.done()
    speak.set()
    with anyio.fail_after(5):
        response = await exchange
        await closing
    fault = await fault_of(transport)

    assert (False, 200) == (was_closed, response.status)
    assert (Reason.CANCELLED, False) == fault


async def test_a_file_goes_to_its_sink() -> None:
    """A success is written into the sink, and the body of an error into the response."""
    statuses = [200, 404]
    transport = transport_to(lambda _: Response(statuses.pop(0), b"the file"))
    sink = MemorySink()

    responses = [
        await transport.exchange(FILE, within=5.0, mark=WriteMark(), sink=sink) for _ in range(2)
    ]

    assert [b"", b"the file"] == [each.body for each in responses]
    assert b"the file" == sink.value()


async def test_a_sink_that_cannot_be_written_is_no_fault_of_the_connection() -> None:
    """A failing sink raises a SinkFault with the operating system's error."""

    class FullSink:
        async def write(self, chunk: bytes) -> None:
            raise OSError(28, "full")

    with pytest.raises(SinkFault) as caught:
        await transport_to(lambda _: Response(200, b"x")).exchange(
            FILE, within=5.0, mark=WriteMark(), sink=FullSink()
        )

    assert 28 == caught.value.error.errno
