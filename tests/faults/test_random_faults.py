"""All faults at random at once: no outcome is contradicted by a handset."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest
from support.audit import doubles, outcome_of, slips

from omnimsg import Accepted, Ambiguous, Client, Message, Outcome, Rejected, SendError
from omnimsg.domain.message import Priority

from .conftest import MANY

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Iterable, Sequence

    from .conftest import Run

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

DEADLINE = 120.0


async def ragged(messages: Sequence[Message], chance: random.Random) -> AsyncIterator[Message]:
    """Yield messages in bursts, so that batches have all sizes."""
    left = iter(messages)
    while burst := [each for _, each in zip(range(chance.randint(1, 30)), left, strict=False)]:
        for message in burst:
            yield message
        await anyio.sleep(chance.uniform(0.0, 0.004))


async def streamed(
    client: Client, messages: Sequence[Message], chance: random.Random
) -> list[Outcome]:
    """Send a stream."""
    source = ragged(messages, chance)
    return [each async for each in client.send_many(source, deadline=DEADLINE)]


async def called(client: Client, messages: Iterable[Message]) -> list[Outcome]:
    """Send each message by a caller of its own, and check that it gets its own outcome."""
    return await asyncio.gather(*(_call(client, each) for each in messages))


async def _call(client: Client, message: Message) -> Outcome:
    try:
        outcome: Outcome = await client.send(message, deadline=DEADLINE)
    except SendError as error:
        outcome = outcome_of(error)
    assert message.reference == outcome.reference
    return outcome


async def check_that_it_rained(run: Run, outcomes: Iterable[Outcome]) -> None:
    """Check that a large run has met every fault and every kind of outcome."""
    if run.size < MANY:
        return
    kinds = (
        {Accepted, Ambiguous} if run.route == "bird-batches" else {Accepted, Ambiguous, Rejected}
    )
    assert kinds <= {type(each) for each in outcomes}
    assert all((await run.remote.fired()).values())


@pytest.mark.large
async def test_a_stream(run: Run) -> None:
    """Every message of a stream has one outcome, and its handset agrees with it."""
    messages = run.messages()
    async with await run.client() as client:
        outcomes = await streamed(client, messages, run.chance())

    assert [] == slips(messages, outcomes, await run.remote.phones(), run.book)
    assert set(range(run.size)) == {each.position for each in outcomes}
    await check_that_it_rained(run, outcomes)


async def test_many_callers(run: Run) -> None:
    """Each caller gets the outcome of its own message, and the handset agrees with it."""
    messages = run.messages()
    async with await run.client() as client:
        outcomes = await called(client, messages)

    assert [] == slips(messages, outcomes, await run.remote.phones(), run.book)
    await check_that_it_rained(run, outcomes)


async def test_callers_beside_streams(run: Run) -> None:
    """Streams and callers of every priority share an account without mixing up outcomes."""
    messages = [
        attrs.evolve(message, priority=list(Priority)[number % 3])
        for number, message in enumerate(run.messages())
    ]
    parts = [messages[start::6] for start in range(6)]
    async with await run.client() as client:
        several = await asyncio.gather(
            *(called(client, part) for part in parts[:3]),
            *(streamed(client, part, run.chance()) for part in parts[3:]),
        )

    outcomes = [each for part in several for each in part]
    assert [] == slips(messages, outcomes, await run.remote.phones(), run.book)


async def test_resending(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With `on_ambiguous="resend"` only announced messages arrive more than once."""
    messages = run.messages()
    async with await run.client(on_ambiguous="resend") as client:
        outcomes = await streamed(client, messages, run.chance())

    phones = await run.remote.phones()
    doubled = {each.reference for each in doubles(messages, phones)}
    announced = {each for event in run.retries for each in event.doubtful}
    kinds = Counter(each.kind for each in outcomes)
    with capsys.disabled():
        print(  # noqa: T201 - measures the cost of `resend`
            f"\n{run.route}, seed {run.seed}: of {run.size} messages {len(announced)} were sent"
            f" again in doubt, and {len(doubled)} arrived more than once; {dict(kinds)}"
        )
    assert [] == slips(messages, outcomes, phones, run.book, resent=True)
    assert doubled <= announced
    # Not every announced message is sent again: the deadline or the breaker may prevent it.
    assert {each.reference for each in messages if run.book.resent(each.reference)} <= announced
