"""Callbacks from the test sandbox to the application under test, of every kind."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.servers import Server, answer
from support.waiting import wait_until

from omnimsg import Channel, Client, InboundMessage, Interactive, Message, Reply, StatusEvent
from omnimsg.testing.sandbox.callback_request import Mount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omnimsg import Event
    from omnimsg.testing import TestSandbox

    Send = Callable[..., None]

TO = "+27820001000"
PROVIDERS = ["bird", "clickatell", "messente"]


def was_attempted(sandbox: TestSandbox) -> bool:
    """Return whether an attempt to call the application has ended."""
    return any(each["status"] or each["error"] for each in sandbox.callbacks)


class App:
    """An application that records what it receives."""

    def __init__(self, sandbox: TestSandbox) -> None:
        self.events: list[Event] = []
        self.client = Client.from_config(sandbox.config)

    async def handle(self, event: Event) -> None:
        """Record an event."""
        self.events.append(event)

    @property
    def texts(self) -> list[str | None]:
        """The texts of the inbound messages."""
        return [each.text for each in self.events if isinstance(each, InboundMessage)]

    @property
    def statuses(self) -> list[str]:
        """The accounts that reported a status, sorted."""
        return sorted({each.account for each in self.events if isinstance(each, StatusEvent)})

    def fastapi(self, path: str = "/callbacks") -> FastAPI:
        """Return a FastAPI application with the receiver, whose client closes at its end."""

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with self.client:
                yield

        app = FastAPI(lifespan=lifespan)
        app.mount(path, self.client.receiver(self.handle))
        return app


def ask_everybody(sandbox: TestSandbox, send: Send) -> None:
    """Send a message through each provider, and let the phone reply to each."""
    for number, provider in enumerate(PROVIDERS):
        phone = sandbox.phone(f"{TO}{number}")
        send(Message(f"{TO}{number}", "Table for two?", channel=Channel.SMS), account=provider)
        phone.reply(f"Yes, {provider}")


def test_a_test_client_is_called(sandbox: TestSandbox, send: Send) -> None:
    """A TestClient gets the reports and replies of every provider, and all of them verify."""
    app = App(sandbox)
    with TestClient(app.fastapi()) as client:
        sandbox.call_back_to(client)
        ask_everybody(sandbox, send)
        sandbox.wait_for_callbacks()

    assert PROVIDERS == app.statuses
    assert ["Yes, bird", "Yes, clickatell", "Yes, messente"] == sorted(map(str, app.texts))


def test_an_asgi_application_is_called_in_a_thread(sandbox: TestSandbox, send: Send) -> None:
    """In a test without an event loop, an ASGI application is called in a thread."""
    app = App(sandbox)
    sandbox.call_back_to(app.client.receiver(app.handle))
    ask_everybody(sandbox, send)
    sandbox.wait_for_callbacks()

    assert (PROVIDERS, 3) == (app.statuses, len(app.texts))


@pytest.mark.anyio
async def test_an_asgi_application_is_called_in_the_loop_of_the_test(sandbox: TestSandbox) -> None:
    """In an async test an ASGI application is called in the test's event loop."""
    app, loops = App(sandbox), set()

    async def handle(event: Event) -> None:
        loops.add(asyncio.get_running_loop())
        await app.handle(event)

    async with app.client:
        sandbox.call_back_to(app.client.receiver(handle))
        await app.client.send(Message(TO, "Hello"))
        sandbox.phone(TO).reply("STOP")
        with pytest.raises(RuntimeError, match=r"await sandbox\.async_wait_for_callbacks"):
            sandbox.wait_for_callbacks()
        await sandbox.async_wait_for_callbacks()

    assert (["STOP"], {asyncio.get_running_loop()}) == (app.texts, loops)


def test_the_receiver_may_be_at_another_path(sandbox: TestSandbox, send: Send) -> None:
    """With `path` callbacks go to another path, and still verify for the public address."""
    app = App(sandbox)
    with TestClient(app.fastapi("/hooks/sms")) as client:
        sandbox.call_back_to(client, path="/hooks/sms/")
        ask_everybody(sandbox, send)
        sandbox.wait_for_callbacks()

    assert (PROVIDERS, 3) == (app.statuses, len(app.texts))


def test_a_tap_reaches_the_application(sandbox: TestSandbox, send: Send) -> None:
    """A tapped button reaches the application with its payload."""
    app = App(sandbox)
    sandbox.call_back_to(app.client.receiver(app.handle))
    sandbox.phone(TO).open_window()
    buttons = Interactive("Table for two?", actions=(Reply("Yes", "yes-7"), Reply("No", "no-7")))
    send(Message(TO, buttons, channel=Channel.WHATSAPP), account="bird")

    sandbox.phone(TO).tap("Yes")
    sandbox.wait_for_callbacks()

    (tapped,) = [each.tapped for each in app.events if isinstance(each, InboundMessage)]
    assert tapped is not None
    assert "yes-7" == tapped.payload


def wsgi(seen: list[dict[str, Any]], status: str = "204 No Content") -> Callable[..., list[bytes]]:
    """Return a WSGI application that records each request."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start_response(status, [])
        return []

    return application


def test_a_wsgi_application_is_called(sandbox: TestSandbox, send: Send) -> None:
    """A WSGI application gets the provider's path, headers and body."""
    seen: list[dict[str, Any]] = []
    sandbox.call_back_to(wsgi(seen))
    send(Message(TO, "Hello"), account="bird")
    sandbox.wait_for_callbacks()

    first = seen[0]
    assert ("POST", "/callbacks/bird", "testserver") == (
        first["REQUEST_METHOD"],
        first["PATH_INFO"],
        first["HTTP_HOST"],
    )
    assert ("application/json", str(len(first["body"]))) == (
        first["CONTENT_TYPE"],
        first["CONTENT_LENGTH"],
    )
    assert "HTTP_MESSAGEBIRD_SIGNATURE" in first
    assert {204} == {each["status"] for each in sandbox.callbacks}


@pytest.mark.anyio
async def test_a_url_is_called(sandbox: TestSandbox) -> None:
    """Callbacks can go to a URL, with the path of the server at that URL."""
    async with Server(answer(204)) as server, Client.from_config(sandbox.config) as client:
        sandbox.call_back_to(f"{server.url}/hooks/")
        await client.send(Message(TO, "Hello"), account="bird")
        await sandbox.async_wait_for_callbacks()

    assert "POST /hooks/bird HTTP/1.1" == server.requests[0].line


def test_what_the_application_refuses_is_a_failure(sandbox: TestSandbox, send: Send) -> None:
    """A wait for refused callbacks fails and shows the attempts with their answers."""
    sandbox.call_back_to(wsgi([], "401 Unauthorized"))
    send(Message(TO, "Hello"), account="bird")

    wait_until(lambda: was_attempted(sandbox))

    with pytest.raises(AssertionError) as caught:
        sandbox.wait_for_callbacks(timeout=0)

    assert "The application has not taken every callback: " in str(caught.value)
    assert "bird status.accepted, attempt 1: 401" in str(caught.value)


def test_a_receiver_at_another_path_is_suggested(sandbox: TestSandbox, send: Send) -> None:
    """Where the application has no such path, the failure says how to name the receiver's."""
    sandbox.call_back_to(wsgi([], "404 Not Found"))
    send(Message(TO, "Hello"), account="bird")

    wait_until(lambda: was_attempted(sandbox))

    with pytest.raises(AssertionError, match=r"`call_back_to\(path=\.\.\.\)` says where"):
        sandbox.wait_for_callbacks(timeout=0)


def test_what_the_application_raises_is_the_cause_of_the_failure(
    sandbox: TestSandbox, send: Send
) -> None:
    """An error of any kind of application is the cause of the wait's failure."""
    boom = LookupError("boom")

    async def asgi(scope: Any, receive: Any, reply: Any) -> None:
        raise boom

    def application(environ: Any, start_response: Any) -> list[bytes]:
        raise boom

    app = FastAPI()

    @app.post("/callbacks/{account}")
    async def take(account: str) -> None:
        raise boom

    causes = []
    for each in (asgi, application, TestClient(app)):
        sandbox.reset()
        sandbox.call_back_to(each)
        send(Message(TO, "Hello"), account="bird")
        wait_until(lambda: was_attempted(sandbox))
        with pytest.raises(AssertionError) as caught:
            sandbox.wait_for_callbacks(timeout=0)
        causes.append(caught.value.__cause__)

    assert [boom, boom, boom] == causes


def test_a_callback_is_repeated_until_it_is_taken(sandbox: TestSandbox, send: Send) -> None:
    """The wait ends when the repetition of a refused callback is accepted."""
    app = App(sandbox)
    sandbox.fail("callback_bad_signature", provider="bird")
    sandbox.call_back_to(app.client.receiver(app.handle))
    send(Message(TO, "Hello"), account="bird")
    sandbox.wait_for_callbacks()

    assert {401, 204} == {each["status"] for each in sandbox.callbacks}


@pytest.mark.parametrize("target", [object(), None, 7])
def test_what_is_no_application_is_refused(sandbox: TestSandbox, target: object) -> None:
    """A target that is not an application or URL is a TypeError that lists the kinds."""
    with pytest.raises(TypeError, match="an ASGI or WSGI application, its TestClient or a URL"):
        sandbox.call_back_to(target)


@pytest.mark.parametrize("target", ["app", "service:app", "/callbacks", "localhost:8000"])
def test_a_text_that_is_no_url_is_refused(sandbox: TestSandbox, target: str) -> None:
    """A text without a scheme and a host is a ValueError that shows what a URL looks like."""
    with pytest.raises(ValueError, match=f"such as http://.*, not '{target}'"):
        sandbox.call_back_to(target)


def test_an_application_of_aiohttp_is_to_be_served(sandbox: TestSandbox) -> None:
    """An aiohttp application is a TypeError that says to serve it and give its URL."""
    with pytest.raises(TypeError, match="serve it, and give the URL"):
        sandbox.call_back_to(web.Application())


def test_without_a_target_waiting_for_callbacks_is_an_error(
    sandbox: TestSandbox, send: Send
) -> None:
    """After a reset there are no callbacks, and waiting for them is an error."""
    seen: list[dict[str, Any]] = []
    sandbox.call_back_to(wsgi(seen))
    sandbox.reset()
    send(Message(TO, "Hello"))

    with pytest.raises(RuntimeError, match="callbacks have no address"):
        sandbox.wait_for_callbacks()
    assert ([], []) == (seen, sandbox.callbacks)


def test_an_event_loop_that_has_ended_takes_nothing(sandbox: TestSandbox, send: Send) -> None:
    """A callback to an event loop that has ended is an attempt without an answer."""
    app = App(sandbox)

    async def test() -> None:
        sandbox.call_back_to(app.client.receiver(app.handle))

    asyncio.run(test())
    send(Message(TO, "Hello"))

    wait_until(lambda: was_attempted(sandbox))
    with pytest.raises(AssertionError, match="ConnectionRefusedError"):
        sandbox.wait_for_callbacks(timeout=0)


def test_a_reset_gives_up_what_is_not_answered(sandbox: TestSandbox, send: Send) -> None:
    """A reset aborts a callback that is never answered, so that later ones arrive."""
    never: list[asyncio.Event] = []

    async def stall(scope: Any, receive: Any, reply: Any) -> None:
        await receive()
        never.append(asyncio.Event())
        await never[-1].wait()

    sandbox.call_back_to(stall)
    send(Message(TO, "Hello"))
    wait_until(lambda: bool(never))
    with pytest.raises(AssertionError, match="callbacks wait"):
        sandbox.wait_for_callbacks(timeout=0)
    sandbox.reset()

    seen: list[dict[str, Any]] = []
    sandbox.call_back_to(wsgi(seen))
    send(Message(TO, "Hello"))
    sandbox.wait_for_callbacks()

    assert seen


@pytest.mark.parametrize(
    ("public_url", "path", "url", "target"),
    [
        ("http://a.test/callbacks", None, "http://a.test/callbacks/bird", "/callbacks/bird"),
        ("http://a.test/callbacks/", "/x/", "http://a.test/callbacks/bird?q=1", "/x/bird?q=1"),
        ("http://a.test", None, "http://a.test/bird", "/bird"),
        ("http://a.test", None, "http://a.test", "/"),
        ("http://a.test/callbacks", "/x", "https://b.test/own?q=1", "/own?q=1"),
        ("http://a.test/callbacks", "/x", "http://a.test/callbacksx", "/callbacksx"),
    ],
)
def test_the_path_in_the_application(
    public_url: str, path: str | None, url: str, target: str
) -> None:
    """`path` replaces the path of the public address; other addresses keep theirs."""
    assert target == Mount.of(public_url, path).target(url)
