"""A closed client ends all waits, leaves no timer behind, and records the opt-outs it knows of."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import FakeTransport, texts, tiny
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.routed import saying
from support.sending import settled
from support.virtual import VirtualLoop

from omnimsg import AmbiguousError, CallbackOptions, Client, OperationError
from omnimsg.delivery.memory_suppression import MemorySuppression

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from omnimsg import ConsentChange

pytestmark = pytest.mark.anyio


async def test_a_doubt_keeps_no_closed_client_alive() -> None:
    """The timer of a doubt does not keep a closed client alive."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))
    client.on_status(lambda _: None)  # this starts the tracking of messages
    with pytest.raises(AmbiguousError):
        await client.send(texts(1)[0])
    (doubt,) = await client.doubts()
    await client.aclose()

    is_kept = weakref.ref(client._delivery.tracker)  # noqa: SLF001 - what the timer would keep
    del client
    gc.collect()

    assert (None, "r0") == (is_kept(), doubt.reference)


class Database(MemorySuppression):
    """A slow suppression list whose first records of a known address fail.

    Attributes:
        failures: How many records fail.
    """

    failures = 0

    async def record(self, change: ConsentChange) -> None:
        """Record a change in a later iteration of the event loop, or fail."""
        await asyncio.sleep(0)
        if change.address is not None and self.failures:
            self.failures -= 1
            raise OSError
        await super().record(change)


async def opt_out(suppression: Database, *, seconds: float) -> None:
    """Report an opt-out before the answer to the send, wait some seconds, and close the client."""
    client = Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
        suppression=suppression,
    )
    receiver = client.receiver(lambda _: None)
    early = {"state": "failed", "reason": "opted_out", "id": "id-r0", "ref": "r0"}
    assert 204 == await deliver(receiver, early)
    await client.send(texts(1)[0])
    await asyncio.sleep(seconds)
    await client.aclose()


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 5), (3, 100)])
def test_an_opt_out_that_came_before_the_answer_is_recorded(failures: int, seconds: float) -> None:
    """An opt-out reported before the answer is recorded, even if the list fails at first.

    It is recorded too if the client closes right after the answer: the provider does not report
    it again.
    """
    suppression = Database()
    suppression.failures = failures

    with closing(VirtualLoop()) as loop:
        loop.drive(opt_out(suppression, seconds=seconds))

    assert texts(1)[0].to in suppression


async def settle(client: Client) -> object:
    """Send a message, and wait for the proof that it was sent."""
    return await client.send(texts(1)[0], settle=3600)


async def wait(client: Client) -> object:
    """Wait for the status of a message."""
    return await client.wait("main:id-r0", timeout=3600)


async def read_events(client: Client) -> object:
    """Iterate over the events, and return them."""
    return [each async for each in client.events()]


WAITS: list[tuple[Callable[[Client], Awaitable[object]], object]] = [
    (settle, AmbiguousError),
    (wait, OperationError),
    (read_events, list),
]


async def end_of(work: Callable[[Client], Awaitable[object]], client: Client) -> type:
    """Return the type of a result, or of the error in its place."""
    (found,) = await asyncio.gather(work(client), return_exceptions=True)
    return type(found)


@pytest.mark.parametrize(("work", "expected"), WAITS)
def test_closing_ends_what_another_loop_waits_for(
    work: Callable[[Client], Awaitable[object]], expected: object
) -> None:
    """A client that is closed in one event loop ends the waits in another, when that runs again."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))

    with closing(asyncio.new_event_loop()) as other:
        task = other.create_task(end_of(work, client))
        other.run_until_complete(settled())
        asyncio.run(client.aclose())
        found = other.run_until_complete(asyncio.wait_for(task, 20))

    assert expected is found


@pytest.mark.parametrize(("work", "expected"), WAITS)
def test_closing_ends_what_another_thread_waits_for(
    work: Callable[[Client], Awaitable[object]], expected: object
) -> None:
    """A client that is closed in one thread wakes the event loop of another that waits."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(job: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(job, loop)

    ended = there(end_of(work, client))
    there(settled()).result(20)
    asyncio.run(client.aclose())
    try:
        found = ended.result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    assert expected is found
