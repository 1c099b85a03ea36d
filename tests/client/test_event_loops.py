"""One client in several event loops: connections belong to a loop, limits to the account."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import ManualClock, texts, tiny
from support.servers import answer, hold, reset
from support.thread_server import accept, accept_after, server_in_thread, wait_for

from omnimsg import (
    Accepted,
    Breaker,
    Client,
    Limits,
    Network,
    NotSentError,
    Observer,
    OperationError,
    OutcomeKnown,
    Policy,
    Reason,
    Retry,
    RetryPolicy,
    Route,
)
from omnimsg.engine.loop_parts import LoopParts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers import Server, Visit

    from omnimsg import Outcome


pytestmark = pytest.mark.usefixtures("each_transport")


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a provider that accepts every message."""
    with server_in_thread(accept) as server:
        yield server


async def send(client: Client, number: int) -> str | None:
    """Send the message of this number, and return the provider's id."""
    return (await client.send(texts(1, start=number)[0], deadline=5)).provider_id


async def stream(client: Client, start: int, count: int) -> set[str | None]:
    """Send a stream of messages, and return the provider's ids."""
    messages = texts(count, start=start)
    return {
        each.provider_id async for each in client.send_many(messages) if isinstance(each, Accepted)
    }


def test_a_client_is_used_in_one_loop_after_another(server: Server) -> None:
    """A client works in several loops, one after another, and each loop closes its connections."""
    client = Client([tiny(server.url)])

    ids = [asyncio.run(send(client, number)) for number in range(4)]
    streamed = asyncio.run(stream(client, 4, 250))
    gc.collect()  # an unclosed connection is a warning, which pytest makes an error

    assert [f"id-r{number}" for number in range(4)] == ids
    assert {f"id-r{number}" for number in range(4, 254)} == streamed
    assert 5 <= server.connections


def test_operations_are_used_in_one_loop_after_another() -> None:
    """Operations work in several loops, one after another, and fail on a closed client."""
    with server_in_thread(answer(200, b'{"left":"1","items":["1"]}')) as server:
        client = Client([tiny(server.url)])

        async def ask() -> tuple[str, list[str]]:
            listed = [str(each.id) async for each in client.history()]
            return str((await client.balance()).amount), listed

        found = [asyncio.run(ask()) for _ in range(2)]
        asyncio.run(client.aclose())
        with pytest.raises(OperationError, match="the client is closed"):
            asyncio.run(client.balance())

    assert [("1", ["main:1"])] * 2 == found


def test_a_stream_may_be_built_before_the_loop_runs(server: Server) -> None:
    """A stream may be created outside an event loop, and belongs to the loop that reads it."""
    client = Client([tiny(server.url)])
    asyncio.run(send(client, 0))
    outcomes = client.send_many(texts(3, start=1))

    async def read() -> int:
        return len([each async for each in outcomes])

    assert 3 == asyncio.run(read())


def test_two_loops_that_take_turns_keep_their_connections(server: Server) -> None:
    """Two loops used alternately keep their connections."""
    client = Client([tiny(server.url)])
    loops = [asyncio.new_event_loop() for _ in range(2)]

    ids = [loops[number % 2].run_until_complete(send(client, number)) for number in range(6)]
    loops[0].run_until_complete(client.aclose())
    for loop in loops:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    assert [f"id-r{number}" for number in range(6)] == ids
    assert 2 == server.connections


def test_a_stream_moves_to_no_account_that_is_at_work_in_another_loop() -> None:
    """A message cannot fail over to an account that is in use by another loop, and is `NotSent`."""
    go_on = threading.Event()

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    once = Policy(retry=RetryPolicy(attempts=1))
    with server_in_thread(accept_later) as server:
        client = Client(
            [tiny(name="a"), tiny(server.url, name="b")],
            default="a",
            routes=[Route(accounts=("a", "b"))],
            policies={"a": once, "b": once},
        )
        message = texts(1, start=9)[0]
        other = threading.Thread(target=lambda: asyncio.run(client.send(message, account="b")))
        other.start()
        wait_for(server.arrived)

        async def read() -> list[Outcome]:
            async with asyncio.timeout(20):
                return [each async for each in client.send_many(texts(3))]

        outcomes = asyncio.run(read())
        go_on.set()
        other.join()
        asyncio.run(client.aclose())

    said = {(each.kind, tuple(earlier.account for earlier in each.earlier)) for each in outcomes}
    assert 3 == len(outcomes)
    assert {("not_sent", ("a", "b"))} == said


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_was_closed_without_a_word_is_left_alone(server: Server) -> None:
    """Connections of a loop that was closed without a shutdown are left alone."""
    client = Client([tiny(server.url)])
    for number in range(3):
        loop = asyncio.new_event_loop()
        assert f"id-r{number}" == loop.run_until_complete(send(client, number))
        loop.close()
    asyncio.run(client.aclose())
    gc.collect()

    assert 3 == server.connections


def test_limits_and_circuits_outlive_the_loop() -> None:
    """Rates and open circuits stay when a loop ends."""
    clock = ManualClock()
    policy = Policy(
        limits=Limits(requests_per_second=0.1),
        retry=RetryPolicy(attempts=1),
        breaker=Breaker(failures=2),
    )
    with server_in_thread(reset) as server:
        client = Client([tiny(server.url)], policies={"main": policy}, clock=clock)

        async def fail(number: int) -> None:
            clock.now += 20
            with pytest.raises(Exception, match=r"the connection to \S+ broke"):
                await send(client, number)

        waits = []
        for number in range(2):
            asyncio.run(fail(number))
            waits.append(client.preview(texts(1)[0]).wait)
        health = client.health()["main"]

    assert [True, True] == [wait > 5 for wait in waits]
    assert ["the provider of account 'main'"] == list(health.open_circuits)
    assert 2 == len(server.requests)


class Known(Observer):
    """An observer that collects final outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Collect the outcomes."""
        self.outcomes += event.outcomes


def test_what_waits_when_a_loop_ends_has_an_outcome() -> None:
    """When a loop ends, waiting messages are not sent and those in flight are ambiguous."""
    known = Known()
    policy = Policy(limits=Limits(concurrency=1))
    with server_in_thread(hold) as server:
        client = Client(
            [tiny(server.url, max_messages=1)], policies={"main": policy}, observers=[known]
        )

        async def hand_over() -> None:
            for each in texts(3):
                asyncio.create_task(client.send(each))  # noqa: RUF006 - the loop ends with it
            await asyncio.to_thread(wait_for, server.arrived)

        asyncio.run(hand_over())

    assert [
        ("ambiguous", Retry.UNSAFE),
        ("not_sent", Retry.SAFE),
        ("not_sent", Retry.SAFE),
    ] == sorted(
        (each.kind, each.retry) for each in known.outcomes if not isinstance(each, Accepted)
    )


def test_work_under_way_in_another_thread_is_named() -> None:
    """A call while another thread's loop uses the account raises an error naming both threads."""
    go_on = threading.Event()
    sent: list[str | None] = []

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    with server_in_thread(accept_later, accept) as server:
        client = Client([tiny(server.url)])
        other = threading.Thread(
            target=lambda: sent.append(asyncio.run(send(client, 0))), name="other"
        )
        other.start()
        try:
            wait_for(server.arrived)
            with pytest.raises(NotSentError) as unsent:
                asyncio.run(send(client, 1))
            with pytest.raises(OperationError, match="build a client for each"):
                asyncio.run(stream(client, 1, 1))
            with pytest.raises(OperationError) as unasked:
                asyncio.run(client.balance())
        finally:
            go_on.set()
            other.join()
        sent.append(asyncio.run(send(client, 2)))

    for caught in (unsent, unasked):
        assert Retry.SAFE is caught.value.retry
        assert "'other'" in str(caught.value)
        assert "'MainThread'" in str(caught.value)
    assert ["id-r0", "id-r2"] == sent
    assert 2 == len(server.requests)


def test_loops_of_two_threads_use_a_client_in_turn(server: Server) -> None:
    """Loops of two threads can use a client in turn, and closing it closes both's connections."""
    policies = {"main": Policy(network=Network(keepalive=60))}
    client = Client([tiny(server.url)], policies=policies)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(number: int) -> str | None:
        return asyncio.run_coroutine_threadsafe(send(client, number), loop).result()

    async def here() -> list[str | None]:
        ids = [there(0), await send(client, 1), await asyncio.to_thread(there, 2)]
        ids.append(await send(client, 3))
        await client.aclose()
        return ids

    ids = asyncio.run(here())
    with pytest.raises(NotSentError, match="the client is closed"):
        there(4)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    gc.collect()

    assert [f"id-r{number}" for number in range(4)] == ids
    assert 2 == server.connections


def test_a_loop_sends_nothing_while_another_thread_closes_the_client() -> None:
    """Closing from another thread waits for what is in flight, and refuses what comes after.

    No thread uses the event loop of another one, and a second closing ends too.
    """
    go_on = threading.Event()
    closers = [
        threading.Thread(target=lambda: asyncio.run(client.aclose(), debug=True)) for _ in range(2)
    ]

    async def go() -> tuple[list[Reason], list[Outcome], str | None]:
        first = asyncio.create_task(send(client, 0))
        await asyncio.to_thread(wait_for, server.arrived)
        closers[0].start()
        refused: list[Reason] = []
        for number in range(1, 2000):
            with suppress(TimeoutError):
                try:
                    # Until the client is being closed, the request never leaves.
                    async with asyncio.timeout(0):
                        await send(client, number)
                except NotSentError as error:
                    refused.append(error.reason)
                    break
            await asyncio.sleep(0.001)
        try:
            async with asyncio.timeout(20):
                await client.balance()
        except OperationError as error:
            refused.append(error.reason)
        outcomes = [each async for each in client.send_many(texts(2))]
        closers[1].start()
        go_on.set()
        return refused, outcomes, await first

    with server_in_thread(accept_after(go_on)) as server:
        client = Client([tiny(server.url)])
        try:
            refused, outcomes, first = asyncio.run(go(), debug=True)
        finally:
            go_on.set()
        for each in closers:
            each.join(20)

    assert [Reason.CANCELLED] * 2 == refused
    assert ["not_sent"] * 2 == [each.kind for each in outcomes]
    assert "id-r0" == first
    assert [False, False] == [each.is_alive() for each in closers]
    assert 1 == len(server.requests)


def test_threads_build_the_parts_of_an_account_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The parts of an account are built once, even if several threads need them first."""
    client = Client([tiny("http://127.0.0.1:1")])
    built = []
    together, first = threading.Barrier(4), threading.Event()

    def build_slowly(*args: Any, **options: Any) -> Any:
        built.append(threading.current_thread())
        first.wait(0.05)  # time for the other threads to ask
        return LoopParts(*args, **options)

    def ask() -> None:
        together.wait()
        client.preview(texts(1)[0])

    monkeypatch.setattr("omnimsg.engine.parts_by_loop.LoopParts", build_slowly)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert 1 == len(built)
