"""Ctrl-C and time limits of task queues: the call ends, and its exception has the outcome."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import texts, tiny
from support.servers import hold
from support.thread_server import accept, accept_after, server_in_thread, wait_for
from support.waiting import wait_until

from omnimsg import Limits, Message, Policy, sync
from omnimsg.engine.sending import stream
from omnimsg.sync import client as client_module
from omnimsg.sync.call import Call
from omnimsg.sync.interruption import LoopClient
from omnimsg.sync.loop_thread import LOOP_THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.servers import Server

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="this system has no signals for threads"
)


class TimeLimitError(Exception):
    """The exception that a task queue raises in a task that takes too long."""


@contextmanager
def time_limits() -> Iterator[None]:
    """Make a signal raise `TimeLimitError` in this thread."""

    def raise_error(*_: object) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGUSR1, raise_error)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


@contextmanager
def interrupted_when(
    is_time: Callable[[], object], then: Callable[[], object] = int
) -> Iterator[None]:
    """Raise `TimeLimitError` in this thread when `is_time` has returned in another."""
    main = threading.get_ident()

    def strike() -> None:
        is_time()
        signal.pthread_kill(main, signal.SIGUSR1)
        then()

    thread = threading.Thread(target=strike)
    with time_limits():
        thread.start()
        try:
            yield
        finally:
            thread.join()


@pytest.mark.parametrize("is_generated", [False, True])
def test_a_message_that_waits_is_taken_back(is_generated: bool) -> None:
    """An interrupted message in the queue is not sent, and the exception says so."""
    (message,) = texts(1, start=1)
    message = Message(message.to, message.content) if is_generated else message
    go_on = threading.Event()

    policies = {"main": Policy(limits=Limits(concurrency=1))}
    with (
        server_in_thread(accept_after(go_on), accept) as server,
        sync.Client([tiny(server.url, max_messages=1)], policies=policies) as client,
    ):
        first = threading.Thread(target=client.send, args=texts(1))
        first.start()
        wait_for(server.arrived)

        def wait() -> None:
            wait_until(lambda: bool(client.health()["main"].waiting))

        with interrupted_when(wait), pytest.raises(TimeLimitError) as caught:
            client.send(message)
        go_on.set()
        first.join()
        client.send(texts(1, start=2)[0])

    (note,) = caught.value.__notes__
    assert note.endswith(
        " was not sent by account 'main': cancelled: cancelled by the caller before the request"
        " left"
    )
    assert is_generated or note.startswith("message 'r1' was")
    assert 2 == len(server.requests)


def test_the_answer_to_a_message_under_way_is_heard() -> None:
    """The exception has the outcome that comes within the grace period after the interruption."""
    go_on = threading.Event()

    with (
        server_in_thread(accept_after(go_on)) as server,
        sync.Client([tiny(server.url)]) as client,
        interrupted_when(lambda: wait_for(server.arrived), go_on.set),
        pytest.raises(TimeLimitError) as caught,
    ):
        client.send(texts(1)[0])

    assert ["message 'r0' was accepted: main:id-r0"] == caught.value.__notes__


def test_a_message_that_another_caller_waits_for_is_still_sent() -> None:
    """Who is interrupted leaves the message to another thread that has handed it over as well."""
    go_on = threading.Event()
    with (
        server_in_thread(accept_after(go_on)) as server,
        sync.Client([tiny(server.url)]) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        message = texts(1)[0]
        other = pool.submit(client.send, message)
        wait_for(server.arrived)
        with (
            interrupted_when(lambda: time.sleep(0.3)),
            pytest.raises(TimeLimitError) as caught,
        ):
            client.send(message)
        go_on.set()
        accepted = other.result(20)

    assert "id-r0" == accepted.provider_id
    assert caught.value.__notes__ == [
        "message 'r0' is sent for another caller, who has handed it over as well"
    ]


@pytest.mark.anyio
async def test_the_answer_to_another_caller_is_heard_in_the_turn_in_which_it_comes() -> None:
    """A call that is interrupted as the answer comes, to another caller, says how it ended."""
    message = texts(1)[0]
    with server_in_thread(accept) as server:
        async with LoopClient([tiny(server.url)]) as client:
            first = asyncio.create_task(client.send(message))
            await asyncio.sleep(0)
            repeated = client.send(message)
            call = Call(repeated)
            call.task = asyncio.create_task(repeated)
            await first  # `call` is woken in the same turn of the loop as this test, after it
            is_pending = not call.task.done()
            note = await client.give_up(call, message, 0.0)

    assert is_pending
    assert "message 'r0' was accepted: main:id-r0" == note


def test_a_message_that_is_not_answered_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted message without an answer in the grace period may have been sent."""
    monkeypatch.setattr(client_module, "GRACE", 0.05)
    with server_in_thread(hold) as server:
        client = sync.Client([tiny(server.url)])
        with (
            interrupted_when(lambda: wait_for(server.arrived)),
            pytest.raises(TimeLimitError) as caught,
        ):
            client.send(texts(1)[0])
        client.close(deadline=0)

    (note,) = caught.value.__notes__
    assert note == (
        "message 'r0' may have been sent: it was in flight, and no answer came within"
        " 0.05 s; it is not sent again"
    )


def test_a_call_that_is_interrupted_while_it_begins_is_heard_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exception has the outcome even if the call is interrupted as it starts."""

    class LateError(RuntimeError):
        pass

    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        client.send(texts(1, start=1)[0])
        loop = LOOP_THREAD.start()
        call_soon = loop.call_soon_threadsafe

        def call_soon_and_raise(*given: Any) -> None:
            call_soon(*given)
            monkeypatch.undo()
            wait_until(lambda: len(server.requests) == 2)
            raise LateError

        monkeypatch.setattr(loop, "call_soon_threadsafe", call_soon_and_raise)
        with pytest.raises(LateError) as caught:
            client.send(texts(1)[0])

    assert ["message 'r0' was accepted: main:id-r0"] == caught.value.__notes__


@pytest.mark.parametrize("method", ["send", "balance"])
def test_a_call_that_is_interrupted_before_it_begins_is_not_begun(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Nothing is sent, and the exception of a send says so."""

    class EarlyError(RuntimeError):
        pass

    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        client.send(texts(1, start=1)[0])
        loop = LOOP_THREAD.start()

        def raise_error(*_: Any) -> None:
            monkeypatch.undo()
            raise EarlyError

        monkeypatch.setattr(loop, "call_soon_threadsafe", raise_error)
        arguments = texts(1) if method == "send" else []
        with pytest.raises(EarlyError) as caught:
            getattr(client, method)(*arguments)
        requests = len(server.requests)

    notes = getattr(caught.value, "__notes__", [])
    assert (["message 'r0' was not sent"] if method == "send" else []) == notes
    assert 1 == requests


def test_a_look_up_that_is_interrupted_ends() -> None:
    """An interrupted operation is cancelled."""
    with server_in_thread(hold) as server, sync.Client([tiny(server.url)]) as client:
        with interrupted_when(lambda: wait_for(server.arrived)), pytest.raises(TimeLimitError):
            client.balance()
        under_way = client.health()["main"].under_way

    assert 0 == under_way


def test_a_stream_that_is_interrupted_sends_nothing_more(
    server_that_holds: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted stream makes no further request."""
    monkeypatch.setattr(stream, "CLOSE_TIMEOUT", 0.02)
    client = sync.Client(
        [tiny(server_that_holds.url)], policies={"main": Policy(limits=Limits(concurrency=1))}
    )
    with (
        interrupted_when(lambda: wait_for(server_that_holds.arrived)),
        pytest.raises(TimeLimitError),
    ):
        list(client.send_many(texts(500)))
    client.close(deadline=0)

    assert 1 == len(server_that_holds.requests)


def test_a_stream_that_is_interrupted_while_its_input_is_read_sends_nothing_more(
    server_that_holds: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is interrupted while its input is read makes no further request.

    The exception of a time limit is not taken for an error of the input.
    """
    monkeypatch.setattr(stream, "CLOSE_TIMEOUT", 0.02)
    adapter = tiny(server_that_holds.url, max_messages=1)
    client = sync.Client([adapter], policies={"main": Policy(limits=Limits(concurrency=1))})

    def read() -> Iterator[Message]:
        yield from texts(2)
        wait_for(server_that_holds.arrived)
        signal.raise_signal(signal.SIGUSR1)

    with time_limits(), pytest.raises(TimeLimitError):
        list(client.send_many(read()))
    client.close(deadline=0)

    assert 1 == len(server_that_holds.requests)


@pytest.fixture
def server_that_holds() -> Iterator[Server]:
    """Serve a provider that never answers."""
    with server_in_thread(hold) as server:
        yield server


SCRIPT = """
import sys
from support.adapters import texts, tiny
from omnimsg.sync import Client

client = Client([tiny(sys.argv[1])])
client.send(texts(1)[0])
"""


def test_ctrl_c_ends_a_script_that_waits(tmp_path: Path) -> None:
    """Ctrl-C raises `KeyboardInterrupt` in the waiting line, and the process ends by SIGINT."""
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    with server_in_thread(hold) as server:
        script = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(file), server.url],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(server.arrived)
        script.send_signal(signal.SIGINT)
        _, errors = script.communicate(timeout=20)

    last, note = errors.splitlines()[-2:]
    assert "client.send(texts(1)[0])" in errors
    assert "KeyboardInterrupt" == last
    assert note.startswith("message 'r0' may have been sent")
    assert -signal.SIGINT == script.returncode
