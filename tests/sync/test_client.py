"""`sync.Client`: the methods of the asynchronous client, callable from any thread."""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_overloads

import orjson
import pytest
from support.adapters import KEY, TEXT, result, texts, tiny
from support.servers import Visit, answer
from support.thread_server import accept, accept_after, server_in_thread, wait_for
from support.waiting import wait_until

import omnimsg
from omnimsg import (
    ConfigError,
    HandedOver,
    InvalidValue,
    Limits,
    Observer,
    OperationError,
    Policy,
    RejectedError,
    Upload,
    sync,
)
from omnimsg.sync.loop_thread import LOOP_THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.servers import Server

# A value of a wrong type.
NO_NUMBER: Any = "soon"

# Names of the asynchronous methods, and of their synchronous counterparts.
NAMES = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}

# Patterns of the asynchronous client's types, and their synchronous counterparts.
TYPES = (
    (r"Iterable\[Message\] \| AsyncIterable\[Message\]", "Iterable[Message]"),
    (r"AsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"AsyncIterator\[", "Iterator["),
)


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a provider that accepts every message."""
    with server_in_thread(accept) as server:
        yield server


def public(kind: type) -> dict[str, Any]:
    """Return the public attributes of a class, by name."""
    kept = {"__init__", "__repr__", *NAMES, *NAMES.values()}
    return {
        name: inspect.getattr_static(kind, name)
        for name in dir(kind)
        if name in kept or not name.startswith("_")
        if inspect.getattr_static(kind, name) is not getattr(object, name, None)
    }


def signature(found: Any) -> str:
    """Write a signature and its overloads, with synchronous types."""
    function: Any = found.__func__ if isinstance(found, classmethod) else found
    function = function.fget if isinstance(function, property) else function
    written = "\n".join(
        str(inspect.signature(each)) for each in (function, *get_overloads(function))
    )
    for pattern, text in TYPES:
        written = re.sub(pattern, text, written)
    return f"{type(found).__name__}{written}"


def test_it_has_the_methods_of_the_asynchronous_client() -> None:
    """Names, parameters, defaults and types equal those of the asynchronous client."""
    asynchronous = {
        NAMES.get(name, name): signature(each) for name, each in public(omnimsg.Client).items()
    }

    synchronous = {name: signature(each) for name, each in public(sync.Client).items()}

    assert asynchronous == synchronous


(A_TEXT,) = texts(1)
WRONG: dict[str, tuple[Callable[[sync.Client], object], str]] = {
    "send, deadline": (lambda client: client.send(A_TEXT, deadline=NO_NUMBER), "deadline"),
    "send, settle": (lambda client: client.send(A_TEXT, settle=NO_NUMBER), "settle"),
    "send, account": (lambda client: client.send(A_TEXT, account="no"), "account"),
    "send_many, deadline": (
        lambda client: list(client.send_many([A_TEXT], deadline=NO_NUMBER)),
        "deadline",
    ),
    "send_many, account": (
        lambda client: list(client.send_many([A_TEXT], account="no")),
        "account",
    ),
    "plan": (lambda client: client.plan(A_TEXT, account="no"), "account"),
    "preview": (lambda client: client.preview(A_TEXT, account="no"), "account"),
    "check": (lambda client: client.check(deadline=NO_NUMBER), "deadline"),
    "add_account": (
        lambda client: client.add_account(tiny(name="b"), policy=NO_NUMBER),
        "policy",
    ),
    "remove_account": (lambda client: client.remove_account("main", deadline=NO_NUMBER), "dead"),
    "wait": (lambda client: client.wait("main:m1", timeout=NO_NUMBER), "timeout"),
    "finish_legs": (lambda client: client.finish_legs(timeout=NO_NUMBER), "timeout"),
    "close": (lambda client: client.close(deadline=NO_NUMBER), "deadline"),
}


@pytest.mark.parametrize(("call", "named"), WRONG.values(), ids=WRONG)
def test_an_argument_reaches_the_asynchronous_client(
    call: Callable[[sync.Client], object], named: str
) -> None:
    """A wrong argument is refused by its name, as by the asynchronous client: it is passed on."""
    with sync.Client([tiny()]) as client, pytest.raises((InvalidValue, ConfigError), match=named):
        call(client)


def test_a_message_is_sent_and_asked_for(server: Server) -> None:
    """`preview`, `send` and `health` return what those of the asynchronous client do."""
    with sync.Client([tiny(server.url)]) as client:
        (message,) = texts(1)
        preview = client.preview(message)
        accepted = client.send(message)
        health = client.health()

    assert preview.refusal is None
    assert "main:id-r0" == accepted.id
    assert ["main"] == list(health)
    assert "sync.Client(accounts=['main'], default='main')" == repr(client)
    assert ("main", ["main"]) == (client.default, list(client.accounts))


def test_the_other_operations_are_the_same() -> None:
    """`balance`, `history`, `cancel`, `mark_read` and `upload` work as in the asynchronous one."""
    documents: list[dict[str, Any]] = [
        {"left": "7"},
        {"items": ["1", "2"], "next": "second"},
        {"items": ["3"]},
        {"stopped": True},
        {"results": [result("9", "ok")]},
    ]
    acts = [answer(200, orjson.dumps(each)) for each in documents]
    with server_in_thread(*acts) as server, sync.Client([tiny(server.url)]) as client:
        amount = client.balance().amount
        ids = [str(each.id) for each in client.history()]
        stopped = client.cancel("main:1")
        (read,) = client.mark_read(iter(["main:9"]))
        with pytest.raises(OperationError, match="upload through account 'main' failed"):
            client.upload(Upload(b"x" * 2000, content_type="image/png", file_name="x.png"))

    assert (Decimal(7), ["main:1", "main:2", "main:3"], True) == (amount, ids, stopped)
    assert "accepted" == read.kind


def test_a_list_that_is_left_asks_for_no_further_page() -> None:
    """A history that is left early fetches no further page."""
    page = answer(200, b'{"items":["1"],"next":"second"}')
    with server_in_thread(page) as server, sync.Client([tiny(server.url)]) as client:
        for _ in client.history():
            break
        gc.collect()

    assert 1 == len(server.requests)


def test_an_error_is_the_same_and_leads_from_the_caller_to_the_cause() -> None:
    """The traceback of an error has the caller's line, and no frames of threads or futures."""

    async def refuse(visit: Visit) -> None:
        (message,) = orjson.loads(visit.received.body)["messages"]
        document = {"results": [result(message["ref"], "no-such-number")]}
        await answer(200, orjson.dumps(document))(visit)

    with server_in_thread(refuse) as server, sync.Client([tiny(server.url)]) as client:
        with pytest.raises(RejectedError) as caught:
            client.send(texts(1)[0])
        frames = traceback.extract_tb(caught.value.__traceback__)

    files = [each.filename.split("omnimsg/")[-1].rpartition("tests/")[-1] for each in frames]
    assert "sync/test_client.py" == files[0]
    assert {"sync/client.py", "sync/call.py"} == set(files[1:-1])
    assert "client.py" == files[-1]
    assert "main" == caught.value.account


def test_an_error_keeps_nothing_alive(server: Server) -> None:
    """An error is freed with its last reference, without the garbage collector."""
    with sync.Client([tiny(server.url)]) as client:
        gc.collect()
        gc.disable()
        try:
            with pytest.raises(ConfigError):
                client.send(texts(1)[0], account="other")
            errors = [each for each in gc.get_objects() if isinstance(each, ConfigError)]
            found = [each for each in errors if "other" in str(each)]
        finally:
            gc.enable()

    assert [] == found


CALLS: dict[str, Callable[[sync.Client], object]] = {
    "send": lambda client: client.send(texts(1)[0]),
    "send_many": lambda client: list(client.send_many(texts(1))),
    "status": lambda client: client.status("main:1"),
    "history": lambda client: list(client.history()),
    "close": lambda client: client.close(),
}


@pytest.mark.parametrize("name", CALLS)
def test_it_does_not_block_an_event_loop(name: str, server: Server) -> None:
    """A call in a running event loop raises `RuntimeError`, and nothing is sent."""
    client = sync.Client([tiny(server.url)])

    async def call() -> None:
        CALLS[name](client)

    with pytest.raises(RuntimeError, match=r"use omnimsg\.Client there and await it"):
        asyncio.run(call())
    client.close()

    assert [] == server.requests


def test_it_is_not_entered_in_an_event_loop() -> None:
    """`with` in a running event loop raises one error, not another one for the closing."""
    client = sync.Client([tiny()])

    async def enter() -> None:
        with client:
            client.send(texts(1)[0])

    with pytest.raises(RuntimeError, match=r"use omnimsg\.Client there and await it") as caught:
        asyncio.run(enter())
    client.close()

    assert caught.value.__context__ is None


def test_nothing_runs_before_the_first_call() -> None:
    """Building a client, `preview`, `health` and `on_status` start no thread."""
    before = LOOP_THREAD.loop
    client = sync.Client([tiny()])
    (message,) = texts(1)

    asked = client.preview(message).refusal, client.health()["main"].waiting
    client.on_status(lambda _: None)

    assert (None, 0) == asked
    assert before is LOOP_THREAD.loop


def test_threads_share_requests() -> None:
    """Messages that 63 threads send while a request is in flight share the next request."""
    go_on = threading.Event()

    policies = {"main": Policy(limits=Limits(concurrency=1))}
    with (
        server_in_thread(accept_after(go_on), accept) as server,
        sync.Client([tiny(server.url)], policies=policies) as client,
        ThreadPoolExecutor(64) as pool,
    ):
        first = pool.submit(client.send, texts(1)[0])
        wait_for(server.arrived)
        others = [pool.submit(client.send, each) for each in texts(63, start=1)]
        wait_until(lambda: client.health()["main"].waiting == 63)
        go_on.set()
        ids = [each.result().provider_id for each in (first, *others)]

    assert [f"id-r{number}" for number in range(64)] == ids
    assert 2 == len(server.requests)


def test_clients_share_one_event_loop(server: Server) -> None:
    """All clients and threads share one event loop of the process."""
    loops = []

    class Noting(Observer):
        def handed_over(self, event: HandedOver) -> None:
            loops.append(asyncio.get_running_loop())

    with (
        sync.Client([tiny(server.url)], observers=[Noting()]) as one,
        sync.Client([tiny(server.url)], observers=[Noting()]) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        for client in (one, other):
            pool.submit(client.send, texts(1)[0]).result()
            client.send(texts(1, start=1)[0])

    assert 4 == len(loops)
    assert 1 == len(set(loops))


def test_a_hand_over_is_told_in_the_context_of_its_caller(server: Server) -> None:
    """`handed_over` runs in the context of the calling thread."""
    request: ContextVar[str] = ContextVar("request", default="none")
    found = []

    class Noting(Observer):
        def handed_over(self, event: HandedOver) -> None:
            found.append((event.message.reference, request.get()))

    def send(client: sync.Client, number: int) -> None:
        request.set(f"request {number}")
        client.send(texts(1, start=number)[0])

    with (
        sync.Client([tiny(server.url)], observers=[Noting()]) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(lambda number: send(client, number), range(4)))

    assert [(f"r{number}", f"request {number}") for number in range(4)] == sorted(found)


def test_a_client_is_built_from_a_configuration(tmp_path: Any, monkeypatch: Any) -> None:
    """`from_config` takes a mapping, and `from_env` reads the configuration file."""
    account = f'provider = "clickatell"\napi_key = "{KEY}"\n'
    file = tmp_path / "omnimsg.toml"
    file.write_text(f'default = "a"\n[accounts.a]\n{account}[accounts.b]\n{account}')
    file.chmod(0o600)
    monkeypatch.chdir(tmp_path)

    mapped = sync.Client.from_config(
        {"accounts": {"a": {"provider": "clickatell", "api_key": KEY}}}
    )
    read = sync.Client.from_env(default="b")

    assert ("a", "b") == (mapped.default, read.default)


def test_a_closed_client_takes_nothing_more(server: Server) -> None:
    """A closed client refuses to send, and can be closed twice."""
    client = sync.Client([tiny(server.url)])
    client.send(texts(1)[0])
    client.close()
    client.close()

    with pytest.raises(omnimsg.NotSentError, match="the client is closed"):
        client.send(texts(1, start=1)[0])

    assert 1 == len(server.requests)
    assert TEXT in server.requests[0].body.decode()
