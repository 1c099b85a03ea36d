"""Checks before a connection is opened, and closing a client while calls wait."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections import Counter
from typing import TYPE_CHECKING

import anyio
import pytest
from support.adapters import NUMBER, TEXT, accepted, texts, tiny
from support.reporting import PUBLIC_URL, Silent, deliver
from support.routed import Routed
from support.sending import settled
from support.servers import Server, answer, hold, stall

from omnimsg import (
    AmbiguousError,
    CallbackOptions,
    Channel,
    Client,
    ConfigError,
    Event,
    InvalidValue,
    Leg,
    LegChanged,
    LegState,
    Limits,
    Message,
    NotSentError,
    Observer,
    OperationError,
    Policy,
    sync,
)
from omnimsg.delivery.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omnimsg.delivery.tracked import Names, Tracked

pytestmark = pytest.mark.anyio


async def test_an_id_of_dots_is_no_id() -> None:
    """An id of two dots is refused before a connection is opened."""
    async with Server(answer(200)) as server, Client([tiny(server.url)]) as client:
        with pytest.raises(InvalidValue, match="id: must not be empty"):
            await client.cancel("main:..")

    assert 0 == server.connections


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_a_client_is_not_pickled(take: Callable[[object], object]) -> None:
    """A client that is given to another process, or copied, is refused with what to do.

    The error named a function inside omnimsg, or a secret that cannot be pickled.
    """
    for client in (Client([tiny("https://api.example")]), sync.Client([tiny("https://a.example")])):
        with pytest.raises(TypeError, match=r"a client cannot be pickled or copied.*build one in"):
            take(client)


async def test_a_client_whose_scope_is_cancelled_closes_its_sessions() -> None:
    """A client in a cancelled scope of anyio closes its connections."""
    async with Server(hold) as server:
        client = Client([tiny(server.url)])
        with anyio.CancelScope() as scope:
            async with client, anyio.create_task_group() as group:
                group.start_soon(client.balance)
                await server.arrived.wait()
                scope.cancel()
        with anyio.fail_after(5):
            await server.left.wait()

    assert scope.cancelled_caught


@pytest.mark.parametrize("how", ["scope", "task"])
async def test_a_cancelled_close_ends_what_waits_for_reports(how: str) -> None:
    """Closing that is cancelled still ends `wait` and the loops over `events`."""
    client = Client([tiny()])
    waiting = asyncio.create_task(client.wait("main:1", timeout=1000))
    loop = asyncio.create_task(_first(client.events()))
    await settled()

    if how == "scope":
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.aclose()
    else:
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
    await settled()
    ended = waiting.done(), loop.done()
    waiting.cancel()
    loop.cancel()
    given = await asyncio.gather(waiting, loop, return_exceptions=True)

    assert (True, True) == ended
    assert [OperationError, None] == [type(given[0]), given[1]]
    assert "the client is closed" in str(given[0])


class SlowAtLast(MemoryStore, Observer):
    """A store that keeps changes waiting from when a second leg has reached the recipient.

    Attributes:
        go_on: Ends the wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self._is_slow = False

    def leg_changed(self, event: LegChanged) -> None:
        """Be slow from now on, where a second leg was delivered."""
        self._is_slow = event.state is LegState.REACHED_TWICE

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the stored message."""
        if self._is_slow:
            await self.go_on.wait()
        return await super().update(names, change)


def test_a_close_that_is_cancelled_while_it_waits_for_legs_ends_all_waits() -> None:
    """Closing that is cancelled after the accounts are closed ends `wait` all the same."""
    store = SlowAtLast()
    wires = Routed(
        *(accepted, accepted),
        kind=Silent,
        store=store,
        observers=[store],
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
    )
    leg = Leg(channel=Channel.SMS, account="b")
    message = Message(NUMBER, TEXT, channel=Channel.WHATSAPP, ttl=10, fallback=(leg,))

    async def story(client: Client) -> tuple[bool, object]:
        receiver = client.receiver()
        await client.send(message)
        waiting = asyncio.create_task(client.wait("a:other", timeout=1000))
        await asyncio.sleep(20)
        for account in "ab":
            report = {"id": f"id-{message.reference}", "state": "delivered"}
            await deliver(receiver, report, path=f"/callbacks/{account}")
        with anyio.move_on_after(0.05) as scope:
            await client.aclose()
        await settled()
        ended = waiting.done()
        store.go_on.set()
        waiting.cancel()
        (given,) = await asyncio.gather(waiting, return_exceptions=True)
        return scope.cancelled_caught and ended, given

    ended, given = wires.run(story)

    assert (True, OperationError) == (ended, type(given))


async def _first(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)


async def test_a_closed_client_takes_no_account() -> None:
    """A client that is closed, or is closing, refuses another account, which would still send."""
    async with Server(hold) as server:
        client = Client([tiny(server.url)])
        asking = asyncio.ensure_future(client.balance(deadline=20))
        await server.arrived.wait()
        closing = asyncio.ensure_future(client.aclose(deadline=0.2))
        await settled()

        with pytest.raises(ConfigError, match="'b' cannot be added: the client is closed"):
            client.add_account(tiny(server.url, name="b"))
        await closing
        with pytest.raises(ConfigError, match="the client is closed"):
            client.add_account(tiny(server.url, name="b"))
        await asyncio.gather(asking, return_exceptions=True)


async def test_whoever_waits_hears_that_the_client_is_closed() -> None:
    """Closing with a deadline of 0 ends all waiting sends: `NotSent`, or ambiguous in flight."""
    policies = {"a": Policy(limits=Limits(concurrency=1))}
    async with Server(stall) as server:
        client = Client([tiny(server.url, name="a")], policies=policies)
        sending = [asyncio.create_task(client.send(each)) for each in texts(350)]
        await server.arrived.wait()
        await client.aclose(deadline=0)
        ended = await asyncio.gather(*sending, return_exceptions=True)

    kinds = Counter(type(each) for each in ended)
    assert {AmbiguousError: 100, NotSentError: 250} == kinds
