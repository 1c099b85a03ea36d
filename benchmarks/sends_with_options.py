"""Workloads of omnimsg beyond plain texts: senders, templates, journals, many deadlines."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from floor import CALLERS
from omnimsg import Channel, Client, Message, Template
from plain_sends import in_batches, messages, one_a_request, stream
from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from omnimsg import Attempt, Outcome
    from sample import Work

SENDER = "+27825550100"
TTL = 3600

# The range of the callers' deadlines in seconds; no two are equal.
SHORTEST, LONGEST = 5.0, 10.0
SEED = 11


class NoJournal:
    """A journal that records nothing, so that only the overhead of having one is measured."""

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[Outcome | None]:
        """Let every message be sent."""
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record nothing."""


def with_options(count: int) -> Iterator[Message]:
    """Yield texts that have a sender and a ttl."""
    for to, text, reference in lines(count):
        yield Message(to, text, reference=reference, sender=SENDER, ttl=TTL)


def of_templates(count: int) -> Iterator[Message]:
    """Yield WhatsApp messages of a template with one parameter."""
    for to, text, reference in lines(count):
        template = Template("table_ready", "en", body=(text,))
        yield Message(to, template, channel=Channel.WHATSAPP, reference=reference)


@asynccontextmanager
async def options(base_url: str) -> AsyncIterator[Work]:
    """`send_many`, batches of 100, each message with a sender and a ttl."""
    async with in_batches(base_url) as client:
        yield lambda count: stream(client, with_options(count))


@asynccontextmanager
async def templates(base_url: str) -> AsyncIterator[Work]:
    """`send_many`, batches of 100, each message a template."""
    async with in_batches(base_url) as client:
        yield lambda count: stream(client, of_templates(count))


@asynccontextmanager
async def journal(base_url: str) -> AsyncIterator[Work]:
    """`send_many`, one message a request, with a journal that does nothing."""
    async with one_a_request(base_url, journal=NoJournal()) as client:
        yield lambda count: stream(client, messages(count))


@asynccontextmanager
async def journal_batches(base_url: str) -> AsyncIterator[Work]:
    """`send_many`, batches of 100, with a journal that does nothing."""
    async with in_batches(base_url, journal=NoJournal()) as client:
        yield lambda count: stream(client, messages(count))


@asynccontextmanager
async def deadlines(base_url: str) -> AsyncIterator[Work]:
    """`await send` by 1,000 callers as in `callers`, but no two deadlines are equal."""
    async with in_batches(base_url) as client:
        yield lambda count: _with_deadlines(client, count)


async def _with_deadlines(client: Client, count: int) -> int:
    waiting = messages(count)
    seconds = random.Random(SEED)  # noqa: S311 - not used for security
    accepted = 0

    async def call() -> None:
        nonlocal accepted
        for message in waiting:
            await client.send(message, deadline=seconds.uniform(SHORTEST, LONGEST))
            accepted += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return accepted
