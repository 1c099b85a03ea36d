"""Callbacks in the synchronous client: WSGI receiver, handlers in threads, `wait`."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import orjson
import pytest
from support.servers import answer
from support.thread_server import server_in_thread

from omnimsg import ConfigError, Status, StatusEvent, sync
from omnimsg.delivery import delivery
from omnimsg.delivery.request import HANDLED
from omnimsg.sync import wsgi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.delivery.request import Answer, CallbackRequest
    from omnimsg.sync.wsgi import Application

SECRET = "q7Jt0_kMZx3wVfB9yRc1Aw"
PATH = f"/callbacks/clickatell/{SECRET}"


EMPTY = {"Content-Type": "text/plain", "Content-Length": "0"}


def report(code: int, number: int = 1) -> bytes:
    """Write Clickatell's report about message `m1`, `m2`, ..."""
    return orjson.dumps(
        {
            "event": {
                "messageStatusUpdate": [
                    {
                        "channel": "sms",
                        "messageId": f"m{number}",
                        "clientMessageId": f"r{number}",
                        "timestamp": 1893456000123 + code,
                        "statusCode": code,
                        "status": "DEVICE_ACK",
                    }
                ]
            }
        }
    )


@pytest.fixture
def server() -> Iterator[str]:
    """Serve a provider that finds nothing."""
    with server_in_thread(answer(404, b"{}")) as server:
        yield server.url


def configuration(server: str, **callbacks: Any) -> dict[str, Any]:
    """Configure an account of Clickatell with callbacks."""
    account = {
        "provider": "clickatell",
        "base_url": server,
        "api_key": "a-key",
        "callback_secrets": [SECRET],
    }
    callbacks["public_url"] = "https://hooks.example.com/callbacks"
    return {"accounts": {"clickatell": account}, "callbacks": callbacks}


@pytest.fixture
def client(server: str) -> Iterator[sync.Client]:
    """Build a client for Clickatell with callbacks; look-ups find nothing."""
    with sync.Client.from_config(configuration(server)) as client:
        yield client


class Seen:
    """A receiver that takes every request, and keeps its path."""

    path = ""

    async def respond(self, request: CallbackRequest) -> Answer:
        """Take the request."""
        self.path = request.path
        return HANDLED


def ignore(_: object) -> None:
    """Handle an event by ignoring it."""


def call(
    application: Application, path: str, body: bytes = b"", method: str = "POST", **more: Any
) -> tuple[str, dict[str, str]]:
    """Call a WSGI application as a server does, and return its status and headers."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body + b"the next request"),
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "127.0.0.1",
        **more,
    }
    setup_testing_defaults(environ)
    said: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
        said.append((status, dict(headers)))
        return lambda _: None

    checked: Any = validator(application)
    result = checked(environ, start_response)
    assert b"" == b"".join(result)
    result.close()
    return said[0]


def test_a_callback_reaches_the_handler_in_a_worker_thread(client: sync.Client) -> None:
    """A handler runs in a worker thread, and may call the client."""
    found = []

    def handle(event: object) -> None:
        found.append((event, client.health()["clickatell"].under_way, threading.current_thread()))

    receiver = client.receiver(handle)
    status, _ = call(receiver, PATH, report(5))

    assert "204 No Content" == status
    ((event, under_way, thread),) = found
    assert isinstance(event, StatusEvent)
    assert (0, True) == (under_way, thread is not threading.main_thread())
    assert (("clickatell",), 1, 0) == (
        receiver.accounts,
        receiver.handled,
        receiver.refused.total(),
    )


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_handler_that_exits_ends_nothing(client: sync.Client, error: type[BaseException]) -> None:
    """A handler that raises `SystemExit` gets the event again, and the event loop goes on."""
    errors: list[BaseException] = [error()]

    def handle(_: object) -> None:
        while errors:
            raise errors.pop()

    receiver = client.receiver(handle)
    statuses = [call(receiver, PATH, report(5))[0] for _ in range(2)]

    assert ["503 Service Unavailable", "204 No Content"] == statuses


@pytest.mark.parametrize(
    ("method", "path", "more", "expected"),
    [
        ("GET", PATH, {}, (405, {"Allow": "POST", **EMPTY})),
        ("POST", "/callbacks/bird", {}, (404, EMPTY)),
        ("POST", PATH[:-1] + "x", {}, (401, EMPTY)),
        ("POST", PATH, {"CONTENT_LENGTH": "9999999"}, (413, EMPTY)),
        ("POST", PATH, {"CONTENT_LENGTH": "500"}, (400, EMPTY)),
    ],
    ids=["method", "account", "secret", "too large", "cut off"],
)
def test_what_is_no_callback_is_refused(
    client: sync.Client, method: str, path: str, more: Any, expected: Any
) -> None:
    """An invalid callback is refused with the asynchronous receiver's status and an empty body."""
    receiver = client.receiver(ignore)

    status, headers = call(receiver, path, report(5), method, **more)

    assert expected == (int(status.split()[0]), headers)


def test_a_body_without_a_length_is_read_where_the_server_ends_it(client: sync.Client) -> None:
    """A body without a length is read if the server sets `wsgi.input_terminated`."""
    found: list[Any] = []
    receiver = client.receiver(found.append)
    body: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(report(5))}

    unended, _ = call(receiver, PATH, **body)
    body["wsgi.input_terminated"] = True
    ended, _ = call(receiver, PATH, **body)

    assert ("204 No Content", "204 No Content") == (unended, ended)
    assert ["unparsed", "status"] == [each.kind for each in found]


@pytest.mark.parametrize(
    "how", [{"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "+7"}]
)
def test_a_body_that_the_server_does_not_end_is_refused(client: sync.Client, how: Any) -> None:
    """A body in chunks that the server leaves undecoded is refused, not taken for an empty one."""
    found: list[Any] = []
    receiver = client.receiver(found.append)

    status, headers = call(receiver, PATH, report(5), **how)

    assert ("400 Bad Request", EMPTY, []) == (status, headers, found)


@pytest.mark.parametrize("name", ["gunicorn.socket", "werkzeug.socket"])
def test_a_body_that_comes_too_slowly_keeps_no_thread(server: str, name: str) -> None:
    """The thread that reads a body ends with the time for it; the answer can still be written."""
    connection, peer = socket.socketpair()
    ended = threading.Event()

    class Input(BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            try:
                return super().read(size)
            finally:
                ended.set()

    body = Input(socket.SocketIO(connection, "r"))
    more: dict[str, Any] = {name: connection, "wsgi.input": body, "CONTENT_LENGTH": "500"}
    with (
        connection,
        peer,
        sync.Client.from_config(configuration(server, read_timeout=0.05)) as client,
    ):
        peer.sendall(b"{")

        status, headers = call(client.receiver(ignore), PATH, **more)
        has_ended = ended.wait(5)
        connection.sendall(b"408")

        assert ("408 Request Timeout", EMPTY, True) == (status, headers, has_ended)
        assert b"408" == peer.recv(9)


def test_as_many_handlers_run_at_once_as_are_configured(client: sync.Client) -> None:
    """`callbacks.concurrency` limits the handlers, and no smaller pool of threads does."""
    all_run = threading.Barrier(50, timeout=5)
    receiver = client.receiver(lambda _: all_run.wait())

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda n: call(receiver, PATH, report(5, n))[0], range(50)))

    assert ["204 No Content"] * 50 == answers


def test_a_body_is_read_while_handlers_are_busy(server: str) -> None:
    """A body that is there is read at once, however many handlers run."""
    are_busy, is_read = threading.Barrier(41, timeout=5), threading.Event()
    may_end = threading.Event()

    def handle(_: object) -> None:
        if not is_read.is_set():
            are_busy.wait()
            may_end.wait(5)

    class Input(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            is_read.set()
            return super().read(size)

    with (
        sync.Client.from_config(configuration(server, concurrency=40)) as client,
        ThreadPoolExecutor(41) as threads,
    ):
        receiver = client.receiver(handle)
        busy = [threads.submit(call, receiver, PATH, report(5, number)) for number in range(40)]
        are_busy.wait()
        body = report(5, 40)
        more: dict[str, Any] = {"wsgi.input": Input(body)}
        late = threads.submit(call, receiver, PATH, body, "POST", **more)
        was_read = is_read.wait(3)
        may_end.set()
        answers = {each.result()[0] for each in (*busy, late)}

    assert (True, {"204 No Content"}) == (was_read, answers)


def test_the_path_is_taken_as_it_came(client: sync.Client) -> None:
    """The path is the server's raw one, if it passes one, else the decoded path."""
    receiver = client.receiver(ignore)

    raw, _ = call(receiver, "/", report(5), RAW_URI=f"{PATH}?x=1")
    mounted, _ = call(receiver, f"/{SECRET}", report(6), SCRIPT_NAME="/callbacks/clickatell")

    assert ("204 No Content", "204 No Content") == (raw, mounted)


def test_it_is_mounted_beside_an_application(client: sync.Client) -> None:
    """A mounted receiver handles its own paths, and the application all others."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("418 I'm a Teapot", [("Content-Type", "text/plain")])
        return []

    both = client.receiver(ignore).mount(application, "/callbacks")

    assert "204 No Content" == call(both, PATH, report(5))[0]
    assert "418 I'm a Teapot" == call(both, "/callbacksx", method="GET")[0]


def test_a_handler_that_raises_has_not_handled_the_event(client: sync.Client) -> None:
    """If a handler raises, the provider is told to send the event again."""

    def handle(_: object) -> None:
        raise ValueError

    refused, headers = call(client.receiver(handle), PATH, report(5))

    assert ("503 Service Unavailable", "5") == (refused, headers["Retry-After"])


def test_a_handler_that_hangs_does_not_hold_the_answer(server: str) -> None:
    """A handler over its time limit is left to its thread: the provider is told to repeat."""
    gate, ended = threading.Event(), threading.Event()

    def handle(_: object) -> None:
        gate.wait(5)
        ended.set()

    source = configuration(server, handler_timeout=0.05)
    with sync.Client.from_config(source) as client:
        refused, _ = call(client.receiver(handle), PATH, report(5))
        has_ended = ended.is_set()
        gate.set()

    assert ("503 Service Unavailable", False) == (refused, has_ended)


@pytest.mark.parametrize(
    "more",
    [
        {"PATH_INFO": "/r\xc3\xbcf/bird", "SCRIPT_NAME": "/app"},
        {"PATH_INFO": "/bird", "SCRIPT_NAME": "/app/r\xc3\xbcf"},
        {"PATH_INFO": "/bird", "RAW_URI": "/app/r%C3%BCf/bird?a=1"},
        {"PATH_INFO": "/bird", "REQUEST_URI": "/app/r%C3%BCf/bird?a=1"},
    ],
)
def test_the_path_of_a_request_is_the_one_that_was_called(more: dict[str, Any]) -> None:
    """The whole path is read, percent-encoded, from the server's raw address or from WSGI's."""
    receiver: Any = Seen()

    status, _ = call(wsgi.Receiver(receiver), "/", **more)

    assert ("204 No Content", "/app/r%C3%BCf/bird") == (status, receiver.path)


def test_a_change_of_a_status_is_told_in_a_worker_thread(client: sync.Client) -> None:
    """A function decorated with `on_status` is called in a worker thread."""
    found = []

    @client.on_status
    def changed(change: Any) -> None:
        found.append((change.status.status, threading.current_thread()))

    call(client.receiver(), PATH, report(5))

    assert callable(changed)
    assert [(Status.DELIVERED, True)] == [
        (status, thread is not threading.main_thread()) for status, thread in found
    ]


def test_two_threads_build_the_delivery_part_once(
    client: sync.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery part of a client is built once, even if two threads need it first."""
    told: list[str] = []
    is_built_twice = threading.Event()
    built: list[delivery.Delivery] = []
    other = threading.Thread(
        target=lambda: client.on_status(lambda change: told.append(change.status.status))
    )

    class Slow(delivery.Delivery):
        def __init__(self, *given: Any, **named: Any) -> None:
            built.append(self)
            if len(built) == 1:
                other.start()
                is_built_twice.wait(0.2)  # times out: there is no second one
            else:
                is_built_twice.set()
            super().__init__(*given, **named)

    monkeypatch.setattr(delivery, "Delivery", Slow)
    receiver = client.receiver(ignore)
    other.join()
    call(receiver, PATH, report(5))

    assert 1 == len(built)
    assert ["delivered"] == told


def test_a_coroutine_function_is_no_handler(client: sync.Client) -> None:
    """A coroutine function is refused as a handler of the synchronous client."""

    async def handle(_: object) -> None:
        """Do nothing."""

    for register in (client.receiver, client.on_status):
        with pytest.raises(TypeError, match=r"a handler of omnimsg\.sync is a plain function"):
            register(handle)


def test_a_handler_that_returns_a_coroutine_has_not_handled(client: sync.Client) -> None:
    """A handler that returns a coroutine has not handled the event, which is to be sent again."""

    class Handler:
        async def __call__(self, event: object) -> None:
            """Do nothing."""

    receiver = client.receiver(Handler())

    status, _ = call(receiver, PATH, report(5))

    assert "503 Service Unavailable" == status


def test_events_are_gone_through_in_a_thread(client: sync.Client) -> None:
    """An event from `events` is handled once the loop asks for the next one."""
    receiver = client.receiver()
    found = []

    def listen() -> None:
        with closing(client.events()) as events:
            for event in events:
                found.append(event)
                if len(found) == 2:
                    break

    thread = threading.Thread(target=listen)
    thread.start()
    answers = []
    for number in range(1000):
        status, _ = call(receiver, PATH, report(5, number))
        if found:  # before that, the thread has not called `events`
            answers.append(status)
        if len(answers) == 2:
            break
    thread.join()

    assert ["204 No Content", "503 Service Unavailable"] == answers
    assert 2 == len(found)


def test_a_thread_waits_for_a_report(client: sync.Client) -> None:
    """A report ends `wait`, and `tracked` has the status without a look-up."""
    receiver = client.receiver()
    waiting = threading.Thread(
        target=lambda: found.append(client.wait("clickatell:m1", timeout=20).status)
    )
    found: list[Status] = []
    waiting.start()
    call(receiver, PATH, report(5))
    waiting.join()
    tracked = client.tracked("clickatell:m1")

    assert [Status.DELIVERED] == found
    assert tracked is not None
    assert tracked.status is not None
    assert (Status.DELIVERED, 0) == (tracked.status.status, len(client.doubts()))


def test_wait_raises_a_timeout_error(client: sync.Client) -> None:
    """`wait` raises the `TimeoutError` of the asynchronous client."""
    with pytest.raises(
        TimeoutError, match=r"message clickatell:m1 is .*not delivered after 0\.05 s"
    ):
        client.wait("clickatell:m1", timeout=0.05)


def test_closing_ends_what_other_threads_wait_for(client: sync.Client) -> None:
    """A `wait` ends with an error and a loop over `events` without, as in the asynchronous one."""
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(client.wait, "clickatell:m1", timeout=3600)
        looping = threads.submit(list, client.events())
        client.close()
        error, events = waiting.exception(20), looping.result(20)

    assert "wait through account 'clickatell' failed: cancelled: the client is closed" == str(error)
    assert [] == events


def test_a_receiver_needs_a_secret() -> None:
    """A receiver without a secret is refused, with the name of the missing key."""
    client = sync.Client.from_config(
        {"accounts": {"clickatell": {"provider": "clickatell", "api_key": "a-key"}}}
    )

    with pytest.raises(ConfigError, match="callback_secrets"):
        client.receiver()
