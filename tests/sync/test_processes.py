"""The synchronous client in forked processes, and at the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.adapters import texts, tiny
from support.forks import fork, succeeded
from support.thread_server import accept, server_in_thread

from omnimsg import sync
from omnimsg.sync.loop_thread import LoopThread
from omnimsg.transport import TransportKind

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers import Server

# Python 3.12 warns where a process with threads forks; that is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def ids_of(client: sync.Client, start: int) -> list[str | None]:
    """Send twenty messages, one after another, and return the ids that the provider gave them."""
    return [client.send(each, deadline=10).provider_id for each in texts(20, start=start)]


def expected(start: int) -> list[str]:
    """Return the ids of these messages."""
    return [f"id-r{number}" for number in range(start, start + 20)]


@needs_fork
def test_parent_and_child_have_loops_and_connections_of_their_own() -> None:
    """Parent and child have event loops, connections and outcomes of their own."""
    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        ids_of(client, 0)
        child = fork(lambda: ids_of(client, 100) == expected(100))
        ids = ids_of(client, 200)
        is_well = succeeded(child)
        ids += ids_of(client, 300)

    assert is_well
    assert [*expected(200), *expected(300)] == ids
    assert 2 == server.connections


@needs_fork
def test_a_process_forks_amid_a_stream() -> None:
    """After a fork the parent continues its stream, and reading it in the child is an error."""
    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        stream = client.send_many(texts(300))
        count = len([next(stream) for _ in range(5)])

        def work() -> bool:
            found = ids_of(client, 1000) == expected(1000)
            with pytest.raises(RuntimeError, match="forked during a stream"):
                next(stream)
            return found

        child = fork(work)
        count += len(list(stream))
        is_well = succeeded(child)

    assert is_well
    assert 300 == count


@needs_fork
def test_a_child_may_drop_the_stream_of_its_parent(caplog: pytest.LogCaptureFixture) -> None:
    """A child that closes its parent's stream logs nothing about the parent's outcomes."""
    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        stream = client.send_many(texts(300))
        count = len([next(stream) for _ in range(5)])

        def work() -> bool:
            found = ids_of(client, 1000) == expected(1000)
            stream.close()
            return found and not [each for each in caplog.records if each.name == "omnimsg.sync"]

        child = fork(work)
        count += len(list(stream))
        is_well = succeeded(child)

    assert is_well
    assert 300 == count


def test_a_thread_that_cannot_be_had_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the loop's thread cannot start, the call fails, and the next call starts it."""
    loop_thread = LoopThread()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", raise_no_thread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            loop_thread.start()
    loop = loop_thread.start()
    is_running = loop.is_running()
    loop_thread.stop()

    assert is_running
    assert loop.is_closed()


def raise_no_thread(_: threading.Thread) -> None:
    """Raise the error of a system that has no thread left."""
    raise RuntimeError("can't start new thread")


@needs_fork
def test_a_process_forks_while_its_threads_send() -> None:
    """Children forked while other threads send can send and close."""
    with server_in_thread(accept) as server, sync.Client([tiny(server.url)]) as client:
        stop = threading.Event()

        def send(start: int) -> None:
            while not stop.is_set():
                ids_of(client, start)

        threads = [threading.Thread(target=send, args=(1000 * each,)) for each in range(1, 5)]
        for each in threads:
            each.start()

        def work() -> bool:
            found = ids_of(client, 100) == expected(100)
            client.close(deadline=5)
            return found

        children = [succeeded(fork(work)) for _ in range(20)]
        stop.set()
        for each in threads:
            each.join()

    assert [True] * 20 == children


SCRIPT = """
import atexit
import sys
from support.adapters import texts, tiny
from omnimsg.sync import Client

client = Client([tiny(sys.argv[1])])
atexit.register(lambda: print(client.send(texts(1, start=1)[0]).id))
print(client.send(texts(1)[0]).id)
"""

AT_THE_END = """
import atexit
import sys
import attrs
from support.adapters import texts, tiny
from omnimsg.sync import Client
from omnimsg.transport import create_http_transport

def transport(options):
    network = attrs.evolve(options.network, transport=%r)
    return create_http_transport(attrs.evolve(options, network=network))

client = Client([tiny(sys.argv[1].replace("127.0.0.1", "localhost"))], transport=transport)
atexit.register(lambda: print(client.send(texts(1)[0]).id))
"""

FORKING = """
import os
import sys
from support.adapters import texts, tiny
from omnimsg.sync import Client

client = Client([tiny(sys.argv[1])])
client.send(texts(1)[0])
child = os.fork()
print(client.send(texts(1, start=1 if child else 2)[0]).id, flush=True)
if child:
    os.waitpid(child, 0)
"""

LEFT_BEHIND = """
import sys
import threading
import time
from support.adapters import texts, tiny
from omnimsg.sync import Client

client = Client([tiny(sys.argv[1])])
thread = threading.Thread(target=lambda: list(client.events()), daemon=True)
thread.start()
while not client._client._delivery.handlers.want_events:
    time.sleep(0.001)
stream = client.send_many(texts(150))
print(next(stream).kind)
"""


def run(script: str, server: Server, folder: Path) -> tuple[int, list[str], str]:
    """Run a script with the server's address; return its exit code, words and errors."""
    done = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-W",
            "always",
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            script,
            server.url,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, sorted(done.stdout.split()), done.stderr


def test_a_process_that_ends_closes_what_is_open(tmp_path: Path) -> None:
    """A process ends cleanly without `close`, and functions of `atexit` can still send."""
    with server_in_thread(accept) as server:
        ended = run(SCRIPT, server, tmp_path)

    assert (0, ["main:id-r0", "main:id-r1"], "") == ended


@pytest.mark.parametrize("transport", list(TransportKind))
def test_a_host_is_found_while_the_process_ends(tmp_path: Path, transport: TransportKind) -> None:
    """A function of `atexit` may make the first connection, and look up the name of its host."""
    with server_in_thread(accept) as server:
        ended = run(AT_THE_END % transport.value, server, tmp_path)

    assert (0, ["main:id-r0"], "") == ended


@needs_fork
def test_a_forked_process_ends_like_any_other(tmp_path: Path) -> None:
    """A parent and its forked child both end without a warning."""
    with server_in_thread(accept) as server:
        ended = run(FORKING, server, tmp_path)

    assert (0, ["main:id-r1", "main:id-r2"], "") == ended


def test_a_process_ends_whatever_still_waits(tmp_path: Path) -> None:
    """A thread in `events` and an unfinished stream do not keep the process alive."""
    with server_in_thread(accept) as server:
        code, said, errors = run(LEFT_BEHIND, server, tmp_path)

    assert (0, ["accepted"]) == (code, said)
    assert "Traceback" not in errors
