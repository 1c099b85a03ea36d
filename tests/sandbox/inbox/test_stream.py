"""The event stream that notifies open pages of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import orjson
import pytest
from support.sandbox_fixtures import PACE

from omnimsg import Message
from omnimsg.sandbox import Sandbox
from omnimsg.sandbox.inbox import stream

from .conftest import PHONE

if TYPE_CHECKING:
    from support.sandbox_fixtures import Clock

    from omnimsg import Client

    from .conftest import Http

pytestmark = pytest.mark.anyio

NOTHING = {
    "era": 0,
    "all": False,
    "phones": [],
    "requests": False,
    "faults": False,
    "callbacks": False,
}


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll for changes a hundred times a second, so that no test waits."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.01)


async def next_event(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """Return the next event of a stream; fail after 30 seconds."""
    with anyio.fail_after(30):
        while True:
            line = await response.content.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                return dict(orjson.loads(line.removeprefix(b"data: ")))


async def event_that(response: aiohttp.ClientResponse, member: str) -> dict[str, Any]:
    """Return the next event with a given member that is set."""
    while not (event := await next_event(response))[member]:
        pass
    return event


async def test_a_new_page_is_told_to_ask_for_everything(http: Http) -> None:
    """The first event says that everything may have changed."""
    async with http.session.get("/_sandbox/events") as response:
        event = await next_event(response)

    assert "text/event-stream" == response.content_type
    assert {"all": True, "requests": True, "faults": True, "callbacks": True} == {
        name: value for name, value in event.items() if value is True
    }


async def test_a_message_is_told_of_at_once(client: Client, sandbox: Sandbox, http: Http) -> None:
    """A new message is an event with its phone and the mark for new requests."""
    sandbox.callbacks.switch_off()
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        await client.send(Message(PHONE, "Hello"), account="clickatell")
        event = await event_that(response, "phones")

    assert {**NOTHING, "phones": [PHONE], "requests": True} == event


async def test_a_status_is_told_of_when_it_comes(
    client: Client, sandbox: Sandbox, http: Http, clock: Clock
) -> None:
    """Each step of a message is an event of its phone, when the sandbox's clock reaches it."""
    sandbox.callbacks.switch_off()
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    seen = []
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        for _ in range(2):
            clock.now += PACE
            seen.append((await next_event(response))["phones"])

    assert [[PHONE], [PHONE]] == seen


@pytest.mark.parametrize("told", ["faults", "callbacks"])
async def test_other_changes_are_told_of(sandbox: Sandbox, http: Http, told: str) -> None:
    """A change of faults or of callbacks is an event with only that mark."""
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        if told == "faults":
            sandbox.faults.add("status")
        else:
            sandbox.callbacks.switch_off()
        event = await next_event(response)

    assert {**NOTHING, told: True} == event


async def test_a_reset_is_told_of(sandbox: Sandbox, http: Http) -> None:
    """A reset is an event with the new `era` and everything marked as changed."""
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        sandbox.reset()
        event = await next_event(response)

    assert (1, True, True) == (event["era"], event["all"], event["requests"])


async def test_of_many_changes_only_their_number_is_told(
    client: Client, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event over the limit of phones marks everything as changed and lists none."""
    monkeypatch.setattr(stream, "MAX_NUMBERS", 1)
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        messages = [Message(f"+2782000100{number}", "Hello") for number in range(3)]
        [outcome async for outcome in client.send_many(messages, account="clickatell")]
        event = await event_that(response, "all")

    assert (True, []) == (event["all"], event["phones"])


async def test_a_quiet_stream_shows_that_it_lives(
    sandbox: Sandbox, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream without events sends a comment as a heartbeat."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.02)
    sandbox.callbacks.switch_off()
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        with anyio.fail_after(30):
            while not (line := await response.content.readline()).startswith(b":"):
                pass

    assert b": still here\n" == line


async def test_streams_are_bounded_and_cleaned_up(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream over the limit is refused, and a closed stream frees its place."""
    monkeypatch.setattr(stream, "MAX_STREAMS", 1)
    async with http.session.get("/_sandbox/events") as response:
        await next_event(response)
        refused = await http.call("GET", "/_sandbox/events")
        response.close()

    with anyio.fail_after(30):
        while True:
            async with http.session.get("/_sandbox/events") as again:
                if again.status == 200:
                    event = await next_event(again)
                    break
            await anyio.sleep(0.01)

    assert (503, "events") == (refused[0], refused[1]["error"].partition(":")[0])
    assert event["all"] is True


async def test_a_sandbox_ends_with_pages_open() -> None:
    """Closing a sandbox ends the streams of open pages."""
    async with aiohttp.ClientSession() as session:
        async with Sandbox() as sandbox:
            response = await session.get(f"{sandbox.url}/_sandbox/events")
            await next_event(response)
        with anyio.fail_after(30):
            rest = await response.content.read()

    assert b"" == rest.strip()
