"""A receiver in one thread wakes what waits in the event loop of another."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import FakeTransport, texts, tiny
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.routed import saying
from support.sending import settled

from omnimsg import CallbackOptions, Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


async def wait(client: Client) -> str:
    """Wait for a message, and return its status."""
    return (await client.wait("main:m1", timeout=20)).status.value


async def settle(client: Client) -> str:
    """Wait for proof of a doubtful message, and return its id."""
    return str((await client.send(texts(1)[0], settle=20)).id)


@contextmanager
def loop_in_thread() -> Iterator[Callable[[Any], Any]]:
    """Run an event loop in another thread, which refuses calls that would not wake it.

    Yields a function that starts a coroutine there, and returns its future.
    """
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def reporting_client() -> Client:
    """Build a client whose sends are in doubt until they are reported."""
    return Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(saying("who-knows")),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
    )


REPORT = {"state": "delivered", "id": "m1", "ref": "r0"}
REPLY = {"text": "Hello", "from": "+37255500001"}


@pytest.mark.parametrize(("work", "expected"), [(wait, "delivered"), (settle, "main:m1")])
def test_a_report_that_another_thread_receives_ends_a_wait(
    work: Callable[[Client], Awaitable[str]], expected: str
) -> None:
    """What waits in another event loop goes on at once."""
    client = reporting_client()
    receiver = client.receiver()

    with loop_in_thread() as there:
        waiting = there(work(client))
        there(settled()).result(20)
        answered = asyncio.run(deliver(receiver, REPORT))
        found = waiting.result(20)
        there(client.aclose()).result(20)

    assert (204, expected) == (answered, found)


def test_an_event_that_another_thread_receives_is_handled_by_a_loop() -> None:
    """The loop gets it at once, and the provider its answer when the loop is done with it."""
    client = reporting_client()
    receiver = client.receiver()

    async def read() -> list[str]:
        return [event.kind async for event in client.events()]

    with loop_in_thread() as there:
        reading = there(read())
        there(settled()).result(20)
        answered = asyncio.run(deliver(receiver, REPORT))
        there(client.aclose()).result(20)
        kinds = reading.result(20)

    assert (204, ["status"]) == (answered, kinds)


@pytest.mark.parametrize(
    ("has_handler", "expected"), [(True, [503, 204]), (False, [503, 503])], ids=["other", "none"]
)
def test_a_loop_of_an_event_loop_that_was_closed_is_dropped(
    *, has_handler: bool, expected: list[int]
) -> None:
    """A loop that was left in it does not fail every later event, where there is another handler.

    The event that finds it comes again, so that none is lost where there is no other one.
    """
    client = reporting_client()
    receiver = client.receiver((lambda _: None) if has_handler else None)
    events = client.events()

    async def leave_at_first_event() -> None:
        delivering = asyncio.ensure_future(deliver(receiver, REPLY))
        await anext(events)
        delivering.cancel()
        await asyncio.wait([delivering])

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave_at_first_event())
    loop.close()

    assert expected == [asyncio.run(deliver(receiver, REPLY)) for _ in range(2)]
