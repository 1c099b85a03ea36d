"""`sync.Client.send_many`: input, outcomes, errors and leaving early."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import texts, tiny
from support.thread_server import accept, accept_after, server_in_thread, wait_for

from omnimsg import Accepted, ConfigError, sync
from omnimsg.sync import stream as stream_module
from omnimsg.sync.loop_thread import LOOP_THREAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from support.servers import Server

    from omnimsg import Message


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a provider that accepts every message."""
    with server_in_thread(accept) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[sync.Client]:
    """Build a client for the server."""
    with sync.Client([tiny(server.url)]) as client:
        yield client


def test_every_message_has_an_outcome(client: sync.Client, server: Server) -> None:
    """Every message has one outcome with its position, and requests are well filled."""
    outcomes = sorted(client.send_many(texts(5000)), key=lambda each: each.position or 0)

    assert list(range(5000)) == [each.position for each in outcomes]
    assert [f"id-r{number}" for number in range(5000)] == [
        each.provider_id for each in outcomes if isinstance(each, Accepted)
    ]
    assert 70 > len(server.requests)


def test_an_error_of_the_stream_is_raised_after_its_outcomes() -> None:
    """What ends the stream in the event loop is raised in the thread, after the outcomes so far."""
    found: list[object] = []

    async def numbers() -> AsyncIterator[int]:
        for each in range(3):
            yield each
        raise LookupError

    stream: Any = numbers()
    outcomes = stream_module.outcomes_of([], stream_module.Feed(), stream)
    with pytest.raises(LookupError):
        found.extend(outcomes)

    assert [0, 1, 2] == found


def test_the_input_is_read_in_the_calling_thread(client: sync.Client) -> None:
    """The input is read in the calling thread, outside any event loop."""
    threads = set()

    def rows() -> Iterator[Message]:
        for each in texts(300):
            threads.add(threading.get_ident())
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            yield each

    count = len(list(client.send_many(rows())))

    assert 300 == count
    assert {threading.get_ident()} == threads


def test_an_input_may_send_by_itself(client: sync.Client) -> None:
    """The input may use the same client while it is read."""

    def rows() -> Iterator[Message]:
        client.send(texts(1, start=900)[0])
        yield from texts(3)

    assert 3 == len(list(client.send_many(rows())))


def test_an_error_of_the_input_comes_last(client: sync.Client) -> None:
    """An exception of the input is raised after the outcomes of all messages read before it."""

    def rows() -> Iterator[Message]:
        yield from texts(250)
        raise ValueError("no such row")

    outcomes = client.send_many(rows())
    before = [next(outcomes) for _ in range(250)]
    with pytest.raises(ValueError, match="no such row"):
        next(outcomes)

    assert set(range(250)) == {each.position for each in before}


def test_a_wrong_account_is_an_error_at_once(client: sync.Client) -> None:
    """An unknown account is refused before the input is read."""
    with pytest.raises(ConfigError, match="no account 'other'"):
        client.send_many(texts(1), account="other")


def test_an_asynchronous_input_is_refused(client: sync.Client) -> None:
    """An asynchronous input is refused by `TypeError`."""

    async def rows() -> AsyncIterator[Message]:
        yield texts(1)[0]

    wrong: Any = rows()
    with pytest.raises(TypeError, match="this one is asynchronous"):
        client.send_many(wrong)


def test_no_more_is_read_than_fits(client: sync.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no outcomes are taken, the input is read no further than a limit."""
    monkeypatch.setattr(stream_module, "AHEAD", 100)
    read = []

    def rows() -> Iterator[Message]:
        for each in texts(1000):
            read.append(each)
            yield each

    with closing(client.send_many(rows())) as outcomes:
        taken = [next(outcomes) for _ in range(3)]
        ahead = len(read)

    assert 3 == len(taken)
    assert 100 >= ahead - len(taken)


def test_a_stream_that_is_left_sends_nothing_more(
    client: sync.Client, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that is left early sends no more; warnings count the outcomes not taken."""
    read = 0

    def rows() -> Iterator[Message]:
        nonlocal read
        for each in texts(3000):
            read += 1
            yield each

    with closing(client.send_many(rows())) as outcomes:
        next(outcomes)
    before = len(server.requests)
    client.send(texts(1, start=9000)[0])

    assert before + 1 == len(server.requests)
    said = " ".join(each.getMessage() for each in caplog.records)
    counts = re.findall(
        r"(\d+)(?: more)? outcomes were not taken|(\d+)(?: messages)? were read and not sent", said
    )
    assert read - 1 == sum(int(one or other) for one, other in counts)


def test_a_stream_that_nobody_holds_is_closed(client: sync.Client) -> None:
    """A stream that is garbage-collected is closed, also in a running event loop."""
    outcomes = client.send_many(texts(150))
    next(outcomes)

    async def let_go() -> None:
        nonlocal outcomes
        del outcomes
        gc.collect()

    asyncio.run(let_go())

    assert "id-r900" == client.send(texts(1, start=900)[0]).provider_id


def test_the_last_outcome_may_come_between_two_questions(
    client: sync.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outcome that comes between the check for one and the check for the end is not lost."""
    at_end = threading.Event()

    class Asked(stream_module.Outcomes):
        def __bool__(self) -> bool:
            found = super().__bool__()
            while at_end.is_set() and not self.is_over:
                time.sleep(0.001)
            return found

    def rows() -> Iterator[Message]:
        yield texts(1)[0]
        at_end.set()

    monkeypatch.setattr(stream_module, "Outcomes", Asked)
    references = [each.reference for each in client.send_many(rows())]

    assert ["r0"] == references


def test_a_stream_that_is_interrupted_at_once_ends(
    client: sync.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is interrupted before the event loop has started it ends."""
    loop = LOOP_THREAD.start()
    call_soon, calls = loop.call_soon_threadsafe, []

    def call_both(callback: Callable[..., object]) -> None:
        calls.append(callback)
        if len(calls) == 2:
            call_soon(lambda: [each() for each in calls])

    def rows() -> Iterator[Message]:
        yield from map(interrupt, range(1))

    def interrupt(_: int) -> Message:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "call_soon_threadsafe", call_both)
    with pytest.raises(KeyboardInterrupt):
        next(client.send_many(rows()))
    monkeypatch.undo()

    assert "id-r900" == client.send(texts(1, start=900)[0]).provider_id


def test_two_threads_send_streams_at_once(client: sync.Client) -> None:
    """Two threads with a stream each get their own outcomes."""
    counts = {}

    def send(start: int) -> None:
        references = {each.reference for each in client.send_many(texts(2000, start=start))}
        counts[start] = len(references & {f"r{start + number}" for number in range(2000)})

    threads = [threading.Thread(target=send, args=(start,)) for start in (0, 10_000)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {0: 2000, 10_000: 2000} == counts


def test_outcomes_come_while_the_input_waits() -> None:
    """A known outcome is returned before more of the input is read."""
    go_on = threading.Event()

    with (
        server_in_thread(accept_after(go_on), accept) as server,
        sync.Client([tiny(server.url)]) as client,
    ):

        def rows() -> Iterator[Message]:
            yield texts(1)[0]
            wait_for(server.arrived)
            go_on.set()
            while client.health()["main"].under_way:
                pass
            yield texts(1, start=1)[0]
            yield texts(1, start=2)[0]
            order.append("read to the end")

        order = []
        for outcome in client.send_many(rows()):
            order.append(outcome.reference)  # noqa: PERF401 - the input appends to it as well

    assert "r0" == order[0]
