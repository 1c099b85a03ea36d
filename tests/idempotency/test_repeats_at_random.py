"""One message sent several times and cancelled at random times, in virtual time.

A seed repeats what it found. It covers the moments for which no test was written.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import NUMBER, TEXT, Reply, TinyAdapter, references, results
from support.routed import Routed, outcome_of

from omnimsg import (
    Accepted,
    Ambiguous,
    Breaker,
    Channel,
    Leg,
    Limits,
    Message,
    Policy,
    RetryPolicy,
    Route,
)
from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from omnimsg import Client, Outcome
    from omnimsg.adapter import Request, Response

WORDS = ("ok", "ok", "slow-down", "no-such-number", "no-money", "who-knows")
MOMENTS = (0.0, 0.0, 0.01, 0.5, 2.0)


class Alone(TinyAdapter):
    """Tiny with one message per request."""

    capabilities = attrs.evolve(TinyAdapter.capabilities, max_messages=1)


class World:
    """A client, its providers, and callers that send one message.

    Args:
        chance: The source of all random choices.
        options: Options of the client.
        account: The account that the callers name.
        fields: Fields of the message.

    Attributes:
        texted: How many requests may have delivered the message.
    """

    def __init__(
        self,
        chance: random.Random,
        *,
        account: str | None = None,
        fields: dict[str, Any],
        **options: Any,
    ) -> None:
        self._chance = chance
        self._account = account
        self._message = Message(NUMBER, TEXT, reference="order-71", **fields)
        self.texted = 0
        policy = Policy(
            retry=RetryPolicy(attempts=chance.choice((1, 3)), base=0.3),
            limits=Limits(concurrency=chance.choice((1, 8))),
            breaker=Breaker(failures=1000),
        )
        kind = chance.choice((TinyAdapter, Alone))
        policies = dict.fromkeys("abc", policy)
        wires = [self._wire() for _ in "abc"]
        self._routed = Routed(*wires, kind=kind, policies=policies, **options)

    def live(self) -> tuple[list[Outcome], Outcome, int]:
        """Return the outcomes of five callers and a last one, and `texted` before the last one."""

        async def story(client: Client) -> tuple[list[Outcome], Outcome, int]:
            calls = [asyncio.create_task(self._call(client)) for _ in range(5)]
            cancelling = [asyncio.create_task(self._cancel(each)) for each in calls]
            ended = await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.gather(*cancelling)
            await asyncio.sleep(100)
            before = self.texted
            last = await outcome_of(client, self._message, account=self._account)
            found: Any = [each for each in ended if not isinstance(each, asyncio.CancelledError)]
            return found, last, before

        lived: tuple[list[Outcome], Outcome, int] = self._routed.run(story)
        return lived

    async def _call(self, client: Client) -> Outcome:
        await asyncio.sleep(self._chance.choice(MOMENTS))
        deadline = self._chance.choice((0.4, 3, 10))
        return await outcome_of(client, self._message, account=self._account, deadline=deadline)

    async def _cancel(self, call: asyncio.Task[Outcome]) -> None:
        await asyncio.sleep(self._chance.choice(MOMENTS))
        for _ in range(self._chance.randrange(20)):
            await asyncio.sleep(0)
        if self._chance.random() < 0.6:
            call.cancel()

    def _wire(self) -> Reply:
        async def reply(request: Request) -> Response:
            word = self._chance.choice((*WORDS, "lost"))
            self.texted += word in {"ok", "who-knows", "lost"}
            await asyncio.sleep(self._chance.choice(MOMENTS))
            if word == "lost":
                raise TransportFault(Reason.CONNECTION_LOST, "no answer")
            return results(dict.fromkeys(references(request), word))

        return reply


WAYS: dict[str, dict[str, Any]] = {
    "account": {},
    "route": {"routes": [Route(accounts=("a",), ttl=60)]},
    "failover": {"routes": [Route(accounts=("a", "b"))]},
    "legs": {
        "account": "b",
        "fields": {"channel": Channel.WHATSAPP, "fallback": (Leg(channel="sms", account="c"),)},
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_texted_twice_and_nothing_is_lost(way: str) -> None:
    """For any calls and cancellations, the message is sent at most once and no outcome is false."""
    wrong: Counter[str] = Counter()
    for seed in range(150):
        options = {"fields": {}, **WAYS[way]}
        world = World(random.Random(seed), **options)  # noqa: S311 - repeatable
        outcomes, last, before = world.live()
        is_there = isinstance(last, (Accepted, Ambiguous))
        wrong["texted twice"] += world.texted > 1
        wrong["sent again"] += bool(before) and world.texted > before
        wrong["doubt without a request"] += is_there and not world.texted
        wrong["denied"] += bool(before) and not is_there
        wrong["accepted by nobody"] += not world.texted and any(
            isinstance(each, Accepted) for each in outcomes
        )

    assert {} == dict(+wrong)
