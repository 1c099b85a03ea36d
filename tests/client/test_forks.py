"""After a fork, the child leaves its parent's connections alone and opens its own."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import pytest
from support.adapters import texts, tiny
from support.forks import fork, succeeded
from support.thread_server import accept, server_in_thread, wait_for

from omnimsg import Accepted, Client, Limits, Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.servers import Visit

    from omnimsg import Attempt, Message, Outcome

pytestmark = [
    pytest.mark.usefixtures("each_transport"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Python 3.12 warns where a process with threads forks; the child here is careful.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


class Pids:
    """A journal that keeps the process that settled each message."""

    def __init__(self) -> None:
        self.settled: list[int] = []

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Let every message be sent."""
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Keep the process."""
        self.settled += [os.getpid()] * len(outcomes)


async def ids_of(client: Client, start: int) -> list[str | None]:
    """Send twenty messages, one after another, and return the ids that the provider gave them."""
    return [(await client.send(each, deadline=10)).provider_id for each in texts(20, start=start)]


def expected(start: int) -> list[str]:
    """Return the ids of these messages."""
    return [f"id-r{number}" for number in range(start, start + 20)]


@pytest.mark.parametrize("same_loop", [False, True], ids=["new loop", "same loop"])
def test_parent_and_child_have_connections_of_their_own(same_loop: bool) -> None:
    """Parent and child have connections of their own, and each gets its own outcomes."""
    with server_in_thread(accept) as server:
        client, loop = Client([tiny(server.url)]), asyncio.new_event_loop()
        loop.run_until_complete(ids_of(client, 0))

        def work() -> bool:
            if same_loop:
                return loop.run_until_complete(ids_of(client, 100)) == expected(100)

            async def send_and_close() -> bool:
                async with client:
                    return await ids_of(client, 100) == expected(100)

            return asyncio.run(send_and_close())

        child = fork(work)
        ids = loop.run_until_complete(ids_of(client, 200))
        is_well = succeeded(child)
        ids += loop.run_until_complete(ids_of(client, 300))
        loop.run_until_complete(client.aclose())
        loop.close()

    assert is_well
    assert [*expected(200), *expected(300)] == ids
    assert 2 == server.connections


def test_a_name_is_resolved_in_the_child_of_a_loop() -> None:
    """A forked child resolves host names, although the resolver's threads did not survive."""
    with server_in_thread(accept) as server:
        client = Client([tiny(server.url.replace("127.0.0.1", "localhost"))])
        loop = asyncio.new_event_loop()
        loop.run_until_complete(ids_of(client, 0))
        child = fork(lambda: loop.run_until_complete(ids_of(client, 100)) == expected(100))
        is_well = succeeded(child)
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    assert is_well


def test_send_in_a_child_of_a_running_loop_raises_at_once() -> None:
    """In a child forked from a running loop, `send` raises at once; the parent goes on."""

    async def story(client: Client) -> tuple[bool, list[str | None]]:
        await ids_of(client, 0)

        def work() -> bool:
            call = client.send(texts(1, start=500)[0], deadline=10)
            try:
                call.send(None)
            except RuntimeError as error:
                return str(error) == "no running event loop"
            return False

        return succeeded(fork(work)), await ids_of(client, 100)

    with server_in_thread(accept) as server:
        loop, client = asyncio.new_event_loop(), Client([tiny(server.url)])
        is_well, ids = loop.run_until_complete(story(client))
        loop.run_until_complete(client.aclose())
        loop.close()

    assert is_well
    assert expected(100) == ids


def test_what_the_parent_has_begun_is_the_parents() -> None:
    """A child sends none of the messages that its parent has in flight or waiting."""
    go_on = threading.Event()

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    policy = Policy(limits=Limits(concurrency=1))
    with server_in_thread(accept_later, accept) as server:
        journal = Pids()
        client = Client(
            [tiny(server.url, max_messages=1)], policies={"main": policy}, journal=journal
        )
        loop = asyncio.new_event_loop()

        async def hand_over() -> list[asyncio.Task[Accepted]]:
            sending = [asyncio.create_task(client.send(each, deadline=10)) for each in texts(3)]
            await asyncio.to_thread(wait_for, server.arrived)
            return sending

        async def take(sending: list[asyncio.Task[Accepted]]) -> list[str | None]:
            ended = await asyncio.gather(*sending, return_exceptions=True)
            return [
                each.provider_id if isinstance(each, Accepted) else type(each).__name__
                for each in ended
            ]

        sending = loop.run_until_complete(hand_over())

        def work() -> bool:
            copies = loop.run_until_complete(take(sending))
            own = asyncio.run(client.send(texts(1, start=9)[0], deadline=10))
            settled = journal.settled.count(os.getpid())
            return (copies, own.provider_id, settled) == (["AmbiguousError"] * 3, "id-r9", 1)

        child = fork(work)
        is_well = succeeded(child)
        go_on.set()
        ids = loop.run_until_complete(take(sending))
        loop.run_until_complete(client.aclose())
        loop.close()

    assert is_well
    assert ["id-r0", "id-r1", "id-r2"] == ids
    assert 4 == len(server.requests)
