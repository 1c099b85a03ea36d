"""Many waiting messages: what one more or one less costs does not grow with their number."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
from support.adapters import TinyAdapter, texts
from support.routed import AT_ONCE, Routed, outcome_of, pausing, slowly

from omnimsg import Client, Limits, Outcome, Policy, Priority
from omnimsg.engine.sending.callers import Callers
from omnimsg.engine.sending.clearance import Clearance
from omnimsg.engine.sending.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from omnimsg.engine.sending.batch import Batch


class Alone(TinyAdapter):
    """Tiny, one message a request."""

    capabilities = attrs.evolve(TinyAdapter.capabilities, max_messages=1)


MANY = 300
MOMENT = 1e-4
ONE_SLOT = {"a": Policy(retry=AT_ONCE, limits=Limits(concurrency=1))}


def test_callers_cancelled_one_by_one_cost_no_search_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers that are cancelled one after another do not each cost a search of the queue."""
    searched = 0
    abandoned = Callers.abandoned

    def counting(self: Callers, keys: Sequence[asyncio.Future[Outcome]]) -> Sequence[int]:
        nonlocal searched
        searched += len(keys)
        return abandoned(self, keys)

    monkeypatch.setattr(Callers, "abandoned", counting)
    routed = Routed(slowly(1000.0, "ok"), policies=ONE_SLOT, kind=Alone)

    async def story(client: Client) -> int:
        calls = [
            asyncio.create_task(client.send(each, deadline=5000.0)) for each in texts(MANY + 1)
        ]
        await asyncio.sleep(1)
        for each in calls[1:]:
            each.cancel()
            await asyncio.sleep(MOMENT)
        await asyncio.sleep(1)
        return client.health()["a"].waiting

    waiting = routed.run(story)

    assert 0 == waiting
    assert searched < MANY**2 / 6


def test_callers_that_arrive_during_a_pause_cost_no_search_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that arrives while the account pauses does not cost a search of the whole queue."""
    searches = 0
    go_through = Queue.__iter__

    def counting(self: Queue) -> Iterator[Batch]:
        nonlocal searches
        searches += 1
        return go_through(self)

    monkeypatch.setattr(Queue, "__iter__", counting)
    routed = Routed(pausing(60.0), policies=ONE_SLOT, kind=Alone)

    async def story(client: Client) -> None:
        calls = []
        for each in texts(MANY):
            calls.append(asyncio.create_task(outcome_of(client, each, deadline=10.0)))
            await asyncio.sleep(MOMENT)
        await asyncio.wait(calls)

    routed.run(story)

    assert searches < MANY / 3


def test_a_message_that_waits_for_a_pause_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is hardly ever woken while a message waits for the end of its pause."""
    looks = 0
    fail_over_waiting = Clearance.fail_over_waiting

    def counting(self: Clearance, queue: Queue, wait: float) -> float:
        nonlocal looks
        looks += 1
        return fail_over_waiting(self, queue, wait)

    monkeypatch.setattr(Clearance, "fail_over_waiting", counting)
    routed = Routed(pausing(60.0), policies=ONE_SLOT, kind=Alone)

    urgent = [attrs.evolve(each, priority=Priority.HIGH) for each in texts(3)]

    async def story(client: Client) -> None:
        await asyncio.gather(*(outcome_of(client, each, deadline=100.0) for each in urgent))

    routed.run(story)

    assert looks < 50
