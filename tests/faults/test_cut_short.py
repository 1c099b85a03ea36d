"""Runs that end midway, by cancellation or `aclose`: outcomes and journal stay true."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest
from support.audit import cut_short, outcome_of, slips

from omnimsg import Client, Message, Outcome, SendError

from .test_random_faults import DEADLINE, ragged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from .conftest import Run

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


@attrs.define
class Heard:
    """The outcomes that reached a caller.

    Attributes:
        outcomes: The outcomes, in the order of arrival.
        enough: The number of outcomes that sets `rung`.
    """

    enough: int
    outcomes: list[Outcome] = attrs.field(factory=list)
    rung: asyncio.Event = attrs.field(factory=asyncio.Event)

    def add(self, outcome: Outcome) -> None:
        """Note an outcome."""
        self.outcomes.append(outcome)
        if len(self.outcomes) >= self.enough:
            self.rung.set()


async def stream(client: Client, source: AsyncIterator[Message], heard: Heard) -> None:
    """Send a stream, and note its outcomes."""
    async with aclosing(client.send_many(source, deadline=DEADLINE)) as outcomes:
        async for outcome in outcomes:
            heard.add(outcome)


async def calls(client: Client, messages: Sequence[Message], heard: Heard) -> None:
    """Send each message by a caller of its own, and note the outcomes."""

    async def call(message: Message) -> None:
        try:
            heard.add(await client.send(message, deadline=DEADLINE))
        except SendError as error:
            heard.add(outcome_of(error))

    async with anyio.create_task_group() as group:
        for message in messages:
            group.start_soon(call, message)


async def test_a_cancelled_run(run: Run) -> None:
    """After a cancelled run all intents are settled, the outcomes are true, and nothing is sent."""
    messages, chance = run.messages(), run.chance()
    several, single = messages[::2], messages[1::2]
    heard = Heard(chance.randint(1, run.size * 3 // 4))
    async with await run.client() as client:

        async def everything() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(stream, client, ragged(several, chance), heard)
                group.start_soon(calls, client, single, heard)

        task = asyncio.create_task(everything())
        task.add_done_callback(lambda _: heard.rung.set())
        await heard.rung.wait()
        task.cancel()
        await asyncio.wait([task])

    phones = await run.remote.phones()
    known = {each.reference for each in heard.outcomes}
    told = [each for each in messages if each.reference in known]
    theirs = {str(each.to): phones[str(each.to)] for each in told if str(each.to) in phones}
    assert task.cancelled() or task.result() is None
    assert [] == cut_short(messages, phones, run.book)
    assert [] == slips(told, heard.outcomes, theirs, run.book)


async def test_a_closed_client(run: Run) -> None:
    """A client closed midway gives every message one outcome, and each outcome is true."""
    messages, chance = run.messages(), run.chance()
    several, single = messages[::2], messages[1::2]
    heard = Heard(chance.randint(1, run.size * 3 // 4))
    client = await run.client()
    async with anyio.create_task_group() as group:
        group.start_soon(stream, client, ragged(several, chance), heard)
        group.start_soon(calls, client, single, heard)
        await heard.rung.wait()
        await client.aclose(deadline=chance.choice([0.0, 0.02, 60.0]))

    phones = await run.remote.phones()
    assert [] == cut_short(messages, phones, run.book)
    assert [] == slips(messages, heard.outcomes, phones, run.book)
