"""The synchronous client with gevent, which turns threads into greenlets of one thread."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from support.servers import answer
from support.thread_server import accept, server_in_thread

from .test_processes import run

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers import Visit

pytestmark = pytest.mark.skipif(find_spec("gevent") is None, reason="gevent is not installed")

# Greenlets call while the event loop starts and while it runs, as requests reach a web server.
MANY = """
from gevent import monkey; monkey.patch_all()
import gevent
import sys
from support.adapters import texts, tiny
from omnimsg.sync import Client

client = Client([tiny(sys.argv[1])])
calls = []
for message in texts(200):
    calls.append(gevent.spawn(client.send, message))
    gevent.sleep(0)
gevent.joinall(calls)
print(*(call.value.id for call in calls))
"""

STREAM = """
from gevent import monkey; monkey.patch_all()
import sys
from support.adapters import texts, tiny
from omnimsg.sync import Client

with Client([tiny(sys.argv[1])]) as client:
    print(*(outcome.kind for outcome in client.send_many(texts(150))))
"""

INTERRUPTED = """
from gevent import monkey; monkey.patch_all()
import gevent
import sys
from urllib.request import urlopen
from support.adapters import texts, tiny
from omnimsg.sync import Client

server = sys.argv[1]
first, second = texts(2)
timeout = gevent.Timeout()

def send(client):
    try:
        client.send(second)
    except gevent.Timeout as error:
        print(error is timeout, *error.__notes__)

with Client([tiny(server)]) as client:
    client.send(first)
    sending = gevent.spawn(send, client)
    urlopen(server + "/until-it-has-arrived").close()
    sending.kill(timeout, block=False)
    gevent.sleep(0)
    urlopen(server + "/answer-it-now").close()
    sending.join()
"""


def test_greenlets_send_at_the_same_time(tmp_path: Path) -> None:
    """Greenlets share one event loop, and each gets its own outcome."""
    with server_in_thread(accept) as server:
        ended = run(MANY, server, tmp_path)

    assert (0, sorted(f"main:id-r{number}" for number in range(200)), "") == ended


def test_a_greenlet_reads_a_stream(tmp_path: Path) -> None:
    """A stream gives all outcomes, and the client closes at the end of the block."""
    with server_in_thread(accept) as server:
        ended = run(STREAM, server, tmp_path)

    assert (0, ["accepted"] * 150, "") == ended


def test_a_greenlet_is_interrupted(tmp_path: Path) -> None:
    """A timeout of gevent ends a call like Ctrl-C: the answer that comes soon is a note on it."""
    has_arrived, may_answer = asyncio.Event(), asyncio.Event()

    async def serve(visit: Visit) -> None:
        line, body = visit.received.line, visit.received.body
        if "/until-it-has-arrived" in line:
            await has_arrived.wait()
        elif "/answer-it-now" in line:
            may_answer.set()
        elif b'"r1"' in body:
            has_arrived.set()
            await may_answer.wait()
        await (accept(visit) if body else answer(200, b"")(visit))

    with server_in_thread(serve) as server:
        code, said, errors = run(INTERRUPTED, server, tmp_path)

    assert (0, "") == (code, errors)
    assert sorted(["True", "message", "'r1'", "was", "accepted:", "main:id-r1"]) == said
