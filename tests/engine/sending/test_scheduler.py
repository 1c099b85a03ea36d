"""The scheduler: how messages of an account share requests, and the order they leave in."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    close,
    references,
    results,
    texts,
)
from support.routed import Routed, outcome_of

from omnimsg import (
    Accepted,
    Client,
    Limits,
    NotSent,
    Policy,
    Priority,
    Reason,
    RetryEvent,
    RetryPolicy,
    Scope,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Request, Response
from support.sending import all_of, engine, settled

pytestmark = pytest.mark.anyio


async def test_what_is_handed_over_in_one_turn_shares_requests() -> None:
    """Messages handed over in one iteration of the loop leave in full batches."""
    wire = FakeTransport()
    account = engine(wire)

    outcomes = await all_of(account, *[account.submit(each, 10) for each in texts(250)])

    assert [100, 100, 50] == [len(references(each)) for each in wire.requests]
    assert [f"r{number}" for number in range(250)] == [each.reference for each in outcomes]


async def test_a_single_message_waits_for_nobody() -> None:
    """A single message leaves alone and at once while there is a free slot."""
    wire = FakeTransport()
    account = engine(wire)

    for each in texts(3):
        await account.submit(each, 10)
    await all_of(account)

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


async def test_lingering_gathers_what_comes_within_it() -> None:
    """`linger` gathers the messages that come within it; an urgent one leaves at once."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(linger=0.3))
    urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)

    waiting = []
    for each in texts(3):
        waiting.append(account.submit(each, 10))
        await asyncio.sleep(0.002)
    waiting.append(account.submit(urgent, 10))
    await all_of(account, *waiting)

    assert [["r900"], ["r0", "r1", "r2"]] == [references(each) for each in wire.requests]


def test_nothing_lingers_while_the_client_closes() -> None:
    """Closing sends a lingering message at once, because no other can join it."""
    routed = Routed(accepted, policies={"a": Policy(limits=Limits(linger=30.0))})

    async def story(client: Client) -> tuple[str, float]:
        call = asyncio.create_task(outcome_of(client, *texts(1), deadline=100.0))
        await asyncio.sleep(0.5)
        began = routed.loop.now
        await client.aclose(deadline=5.0)
        took = routed.loop.now - began
        return (await call).kind, took

    assert ("accepted", 0.0) == routed.run(story)


@pytest.mark.parametrize(
    ("deadline", "ttl", "expected"),
    [(0.5, None, 0.05), (10.0, None, 1.0), (100.0, None, 1.0), (10.0, 1, 0.1), (0.5, 60, 0.05)],
)
def test_lingering_ends_well_before_the_message_does(
    deadline: float, ttl: int | None, expected: float
) -> None:
    """A message lingers for at most a tenth of its deadline or its ttl, and a second."""
    routed = Routed(accepted, policies={"a": Policy(limits=Limits(linger=30.0))})

    async def story(client: Client) -> tuple[str, float]:
        began = routed.loop.now
        message = attrs.evolve(texts(1)[0], ttl=ttl)
        outcome = await outcome_of(client, message, deadline=deadline)
        return outcome.kind, round(routed.loop.now - began, 6)

    assert ("accepted", expected) == routed.run(story)


async def test_a_full_batch_and_a_retry_do_not_linger() -> None:
    """A full batch and a retry do not linger, because no message could join them."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        word = "slow-down" if len(wire.requests) == 1 else "ok"
        return results({each: word if each == "r7" else "ok" for each in references(request)})

    wire.reply = reply
    account = engine(wire, limits=Limits(linger=30))

    waiting = [account.submit(each, 100) for each in texts(100)]
    await settled()
    is_done = all(each.done() for each in waiting)
    await close(account)

    assert is_done
    assert [100, 1] == [len(references(each)) for each in wire.requests]


async def test_what_is_urgent_leaves_before_what_waits() -> None:
    """A message of high priority leaves at once, even if a campaign fills the queue."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        if "r900" not in references(request):
            await go.wait()
        return accepted(request)

    wire = FakeTransport(reply)
    account = engine(wire, limits=Limits(concurrency=2))
    campaign = [account.submit(each, 30) for each in texts(500)]
    await settled()

    urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)
    first = await account.submit(urgent, 30)

    assert isinstance(first, Accepted)
    assert 2 == len(wire.requests)
    go.set()
    await all_of(account, *campaign)


async def test_low_priority_goes_last() -> None:
    """Messages leave by priority, whatever the order of arrival."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(concurrency=1))
    ranks = [Priority.LOW, Priority.NORMAL, Priority.HIGH]
    messages = [
        attrs.evolve(each, priority=rank) for each, rank in zip(texts(3), ranks, strict=True)
    ]

    await all_of(account, *[account.submit(each, 10) for each in messages])

    assert [["r2"], ["r1"], ["r0"]] == [references(each) for each in wire.requests]


@pytest.mark.parametrize(("max_messages", "spread"), [(1, 7), (3, 1)])
async def test_callers_leave_in_the_order_in_which_they_came(
    max_messages: int, spread: int
) -> None:
    """Messages of equal priority leave in order of arrival, whatever their timeouts."""
    wire, timeouts = FakeTransport(), [30 - number // 5 % spread for number in range(300)]

    await _sent_while_busy(wire, timeouts, max_messages)

    sent = [reference for each in wire.requests for reference in references(each)]
    assert [f"r{number}" for number in range(300)] == sent


async def test_who_comes_later_takes_no_turn_of_who_came_before() -> None:
    """A message that joins a waiting batch of its timeout does not delay earlier messages."""
    wire, timeouts = FakeTransport(), [30 - number // 5 % 7 for number in range(300)]

    await _sent_while_busy(wire, timeouts, 3)

    sent = [[int(each[1:]) for each in references(request)] for request in wire.requests]
    assert sorted(sent) == sent
    assert 110 > len(sent)
    for steps in ({timeouts[each] for each in request} for request in sent):
        assert 1 == len(steps)


async def test_a_caller_who_sends_one_after_the_other_needs_one_task() -> None:
    """A caller that sends one message after another uses one task of the scheduler."""
    started: list[str] = []

    def note(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        started.append(work.__qualname__)
        return asyncio.Task(work, loop=loop, **more)

    account = engine(FakeTransport())
    asyncio.get_running_loop().set_task_factory(note)
    for each in texts(5):
        await account.submit(each, 5.0)
    asyncio.get_running_loop().set_task_factory(None)

    assert ["Tasks.start.<locals>.run"] == started


async def test_a_message_of_another_turn_is_sent_though_a_task_rests() -> None:
    """Messages handed over while an idle task rests are all sent."""
    wire = FakeTransport()
    account = engine(wire, max_messages=1)
    first, *others = texts(4)

    await account.submit(first, 5.0)
    await all_of(account, *[account.submit(each, 5.0) for each in others])

    assert 4 == len(wire.requests)


async def test_many_at_once_leave_at_once_while_tasks_come_and_go() -> None:
    """A burst of messages leaves at once while other callers send one message after another."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        number = int(references(request)[0][1:])
        if number >= 900:
            await go.wait()
        for _ in range(number // 100 % 3):
            await asyncio.sleep(0)
        return accepted(request)

    wire = FakeTransport(reply)
    account = engine(wire, max_messages=1, limits=Limits(concurrency=50))

    async def call(start: int) -> None:
        for each in texts(100, start=start):
            await account.submit(each, 5.0)

    callers = [asyncio.create_task(call(start)) for start in (300, 400, 500, 600, 700, 800)]
    await wire.asked(20)
    burst = [account.submit(each, 5.0) for each in texts(10, start=900)]
    for _ in range(4):
        await asyncio.sleep(0)
    left = sum(references(each)[0] >= "r900" for each in wire.requests)
    go.set()
    await asyncio.gather(*callers)
    await all_of(account, *burst)

    assert 10 == left


async def _sent_while_busy(
    wire: FakeTransport, timeouts: Sequence[float], max_messages: int
) -> None:
    """Hand messages over while the only slot is taken, five in each iteration of the loop."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        await go.wait()
        return accepted(request)

    wire.reply = reply
    account = engine(wire, max_messages=max_messages, limits=Limits(concurrency=1))
    waiting = []
    for start in range(0, len(timeouts), 5):
        waiting += [
            account.submit(each, timeout)
            for each, timeout in zip(
                texts(5, start=start), timeouts[start : start + 5], strict=True
            )
        ]
        await settled()
    go.set()

    await all_of(account, *waiting)


@pytest.mark.parametrize("turns", range(12))
@pytest.mark.parametrize("answer", ["ok", "slow-down"])
async def test_closing_at_any_moment_leaves_nobody_waiting(turns: int, answer: str) -> None:
    """Closing at any moment gives each message an outcome that agrees with the answers."""
    known = {}

    def reply(request: Request) -> Response:
        known.update(dict.fromkeys(references(request)))
        return results(dict.fromkeys(references(request), answer))

    wire = FakeTransport(reply)
    account = engine(wire, limits=Limits(concurrency=2), retry=RetryPolicy(base=0, attempts=100))
    waiting = [account.submit(each, 10) for each in texts(300)]
    for _ in range(turns):
        await asyncio.sleep(0)

    await close(account)

    assert [True] * 300 == [each.done() for each in waiting]
    for each in (each.result() for each in waiting):
        assert isinstance(each, Accepted if answer == "ok" and each.reference in known else NotSent)


async def test_a_hook_that_raises_costs_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """An exception from `on_retry` is logged without its text and affects no message."""

    def hook(_: RetryEvent) -> None:
        raise LookupError("r0")

    answers = iter(["slow-down"])
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "ok")))
    )
    account = engine(wire, on_retry=hook)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Accepted)
    assert "an observer of retry_scheduled raised LookupError" in caplog.text


async def test_closing_sends_what_waits() -> None:
    """Closing sends the messages that wait, and refuses later ones."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(concurrency=1))
    waiting = [account.submit(each, 10) for each in texts(250)]

    await close(account, 10)
    late = await account.submit(texts(1, start=900)[0], 10)

    assert {"accepted": 250} == Counter(each.result().kind for each in waiting)
    assert isinstance(late, NotSent)
    assert (Reason.CANCELLED, Scope.ACCOUNT) == (late.reason, late.scope)
