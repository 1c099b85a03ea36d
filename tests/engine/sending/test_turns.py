"""The order of leaving: high priority first, then messages and operations in turn."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.adapters import FakeTransport, accepted, references, texts, tiny
from support.virtual import VirtualLoop

from omnimsg import Client, Limits, Policy, Priority
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

LIMITS = [Limits(concurrency=4), Limits(requests_per_second=20), Limits(concurrency=1)]


async def slow(request: Request) -> Response:
    """Answer a batch or a balance request after a tenth of a second."""
    await asyncio.sleep(0.1)
    if request.url == "/balance":
        return Response(200, b'{"left": "1.5"}')
    return accepted(request)


def left(limits: Limits, story: Callable[[Client], Coroutine[Any, Any, None]]) -> list[str]:
    """Return the requests of a story in order, one message in each; "?" is a balance."""
    loop = VirtualLoop()
    wire = FakeTransport(slow)

    async def told() -> None:
        async with Client(
            [tiny(max_messages=1)],
            policies={"main": Policy(limits=limits)},
            transport=lambda _: wire,
            clock=loop,
        ) as client:
            await story(client)

    with closing(loop):
        loop.drive(told())
    return ["?" if each.url == "/balance" else references(each)[0] for each in wire.requests]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_high_priority_goes_first_whatever_else_waits(limits: Limits) -> None:
    """A message of high priority leaves soon, even if 2,000 operations and 100 messages wait."""

    async def story(client: Client) -> None:
        waiting: list[asyncio.Task[Any]]
        waiting = [asyncio.create_task(client.balance(deadline=5000)) for _ in range(2000)]
        waiting += [asyncio.create_task(client.send(each, deadline=5000)) for each in texts(100)]
        await asyncio.sleep(1)
        (password,) = texts(1, start=1000, priority=Priority.HIGH)
        await client.send(password)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    names = left(limits, story)

    assert names.index("r1000") < 60


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_messages_and_operations_take_turns(limits: Limits) -> None:
    """While both messages and operations wait, they leave in turn."""

    async def story(client: Client) -> None:
        asked = [client.balance(deadline=5000) for _ in range(300)]
        sent = [client.send(each, deadline=5000) for each in texts(100)]
        await asyncio.gather(*asked, *sent)

    names = left(limits, story)

    messages = [index for index, name in enumerate(names) if name != "?"]
    assert 400 == len(names)
    assert 190 <= messages[-1] <= 210


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_high_priority_goes_before_an_operation_of_the_same_turn(limits: Limits) -> None:
    """A message of high priority leaves before an operation of the same loop iteration."""

    async def story(client: Client) -> None:
        (password,) = texts(1, start=1000, priority=Priority.HIGH)
        await asyncio.gather(client.balance(), client.send(password))

    names = left(limits, story)

    assert ["r1000", "?"] == names
