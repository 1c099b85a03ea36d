"""One way account for everything of an account: sharing, priorities, patience, holding, cutting."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import orjson
import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    accepted,
    account_engine,
    close,
    references,
    result,
    results,
    texts,
    tiny,
)

from omnimsg import (
    Accepted,
    AccountTrouble,
    Ambiguous,
    Breaker,
    InvalidValue,
    Limits,
    NotSent,
    OnAmbiguous,
    Policy,
    Priority,
    Reason,
    Retry,
    RetryEvent,
    RetryPolicy,
    Scope,
)
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg import Outcome
    from omnimsg.engine.account import AccountEngine

pytestmark = pytest.mark.anyio

AT_ONCE = RetryPolicy(base=0)


def engine(
    transport: FakeTransport,
    *,
    on_retry: Any = None,
    clock: Any = None,
    max_messages: int = 100,
    **policy: Any,
) -> AccountEngine:
    """Build an account with a policy; a retry does not wait."""
    decided = Policy(**{"retry": AT_ONCE, **policy})
    adapter = tiny(max_messages=max_messages)
    return account_engine(adapter, transport, policy=decided, on_retry=on_retry, clock=clock)


async def all_of(account: AccountEngine, *futures: asyncio.Future[Outcome]) -> list[Outcome]:
    """Wait for outcomes, and close."""
    try:
        with anyio.fail_after(20):
            return await asyncio.gather(*futures)
    finally:
        await close(account)


async def settled() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_what_is_handed_over_in_one_turn_shares_requests() -> None:
    """Without a timer: the next turn of the loop sends it, as full as the provider takes."""
    wire = FakeTransport()
    account = engine(wire)

    outcomes = await all_of(account, *[account.submit(each, 10) for each in texts(250)])

    assert [100, 100, 50] == [len(references(each)) for each in wire.requests]
    assert [f"r{number}" for number in range(250)] == [each.reference for each in outcomes]


async def test_a_single_message_waits_for_nobody() -> None:
    """While there is room it leaves alone."""
    wire = FakeTransport()
    account = engine(wire)

    for each in texts(3):
        await account.submit(each, 10)
    await all_of(account)

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


async def test_lingering_gathers_what_comes_within_it() -> None:
    """Except where it is urgent, or a request is full before."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(linger=0.03))
    urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)

    waiting = []
    for each in texts(3):
        waiting.append(account.submit(each, 10))
        await asyncio.sleep(0.002)
    waiting.append(account.submit(urgent, 10))
    await all_of(account, *waiting)

    assert [["r900"], ["r0", "r1", "r2"]] == [references(each) for each in wire.requests]


async def test_a_full_batch_and_a_retry_do_not_linger() -> None:
    """No other message could join them."""
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
    """A campaign that came first fills neither the queue nor the last place."""
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
    """Whatever came first."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(concurrency=1))
    ranks = [Priority.LOW, Priority.NORMAL, Priority.HIGH]
    messages = [
        attrs.evolve(each, priority=rank) for each, rank in zip(texts(3), ranks, strict=True)
    ]

    await all_of(account, *[account.submit(each, 10) for each in messages])

    assert [["r2"], ["r1"], ["r0"]] == [references(each) for each in wire.requests]


async def test_what_waits_too_long_is_told_so_when_it_is() -> None:
    """The patience of a call covers the queue, and nothing leaves after it."""
    wire = FakeTransport(lambda _: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    account = engine(wire, limits=Limits(concurrency=1))
    first = account.submit(texts(1)[0], 30)
    await settled()

    outcome = await account.submit(texts(1, start=1)[0], 0.02)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert 1 == len(wire.requests)
    first.cancel()
    await close(account)


@pytest.mark.parametrize("timeouts", [(10, 20, 30), (30, 20, 10)])
async def test_callers_of_different_timeouts_do_not_share_a_request(
    timeouts: tuple[float, ...],
) -> None:
    """The shortest timeout would cut the others short, whoever came first."""
    wire = FakeTransport()
    account = engine(wire)

    await all_of(
        account,
        *[account.submit(each, timeout) for each, timeout in zip(texts(3), timeouts, strict=True)],
    )

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


class TimedTransport(FakeTransport):
    """Keeps how many seconds each request may take."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[float] = []

    async def exchange(self, request: Request, *, within: float, **more: Any) -> Response:
        """Note the seconds, and answer."""
        self.within.append(within)
        return await super().exchange(request, within=within, **more)


@pytest.mark.parametrize("ttl", [None, 60])
@pytest.mark.parametrize("timeouts", [(10.0, 9.5), (9.5, 10.0)])
async def test_the_earliest_deadline_of_a_batch_limits_its_request(
    timeouts: tuple[float, float], ttl: int | None
) -> None:
    """Messages of nearly the same timeout share a request; nobody waits longer than was asked."""
    wire = TimedTransport()
    account = engine(wire, clock=ManualClock())

    await all_of(
        account,
        *[
            account.submit(each, timeout)
            for each, timeout in zip(texts(2, ttl=ttl), timeouts, strict=True)
        ],
    )

    assert [["r0", "r1"]] == [references(each) for each in wire.requests]
    assert [9.5] == wire.within


@pytest.mark.parametrize(("max_messages", "spread"), [(1, 7), (3, 1)])
async def test_callers_leave_in_the_order_in_which_they_came(
    max_messages: int, spread: int
) -> None:
    """Nobody is overtaken by who comes later, however many wait, nor by who waits less long."""
    wire, timeouts = FakeTransport(), [30 - number // 5 % spread for number in range(300)]

    await _sent_while_busy(wire, timeouts, max_messages)

    sent = [reference for each in wire.requests for reference in references(each)]
    assert [f"r{number}" for number in range(300)] == sent


async def test_who_comes_later_takes_no_turn_of_who_came_before() -> None:
    """With many timeouts a message may join a request that waits, and moves nobody's turn."""
    wire, timeouts = FakeTransport(), [30 - number // 5 % 7 for number in range(300)]

    await _sent_while_busy(wire, timeouts, 3)

    sent = [[int(each[1:]) for each in references(request)] for request in wire.requests]
    assert sorted(sent) == sent
    assert 110 > len(sent)
    for steps in ({timeouts[each] for each in request} for request in sent):
        assert 1 == len(steps)


async def test_callers_of_many_deadlines_share_requests() -> None:
    """Deadlines that differ by a tenth or less do not keep messages apart."""
    wire = FakeTransport()
    account = engine(wire, max_messages=100, limits=Limits(concurrency=1))
    timeouts = [5 + number * 37 % 300 / 60 for number in range(300)]

    sent = zip(texts(300), timeouts, strict=True)
    await all_of(account, *[account.submit(each, timeout) for each, timeout in sent])

    assert 300 == sum(len(references(each)) for each in wire.requests)
    assert 10 > len(wire.requests)


async def test_a_caller_who_sends_one_after_the_other_needs_one_task() -> None:
    """The task that has brought an outcome takes the message that follows upon it."""
    started: list[str] = []

    def note(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        started.append(work.__qualname__)
        return asyncio.Task(work, loop=loop, **more)

    account = engine(FakeTransport())
    asyncio.get_running_loop().set_task_factory(note)
    for each in texts(5):
        await account.submit(each, 5.0)
    asyncio.get_running_loop().set_task_factory(None)

    assert ["Scheduler._work"] == started


async def test_a_message_of_another_turn_is_sent_though_a_task_rests() -> None:
    """What is handed over while the last task rests leaves, however many were handed over."""
    wire = FakeTransport()
    account = engine(wire, max_messages=1)
    first, *others = texts(4)

    await account.submit(first, 5.0)
    await all_of(account, *[account.submit(each, 5.0) for each in others])

    assert 4 == len(wire.requests)


async def test_many_at_once_leave_at_once_while_tasks_come_and_go() -> None:
    """Others who send one message after the other do not keep the scheduler from its work."""
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
    """Hand messages over while the only slot is taken, five in each turn of the loop."""
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


async def test_a_batch_that_is_refused_for_one_member_is_cut_down_to_it() -> None:
    """A refusal proves that nothing was sent; the others are sent once."""

    def reply(request: Request) -> Response:
        return Response(422, b"{}") if "r37" in references(request) else accepted(request)

    wire = FakeTransport(reply)
    account = engine(wire)

    outcomes = await all_of(account, *[account.submit(each, 10) for each in texts(100)])

    (refused,) = (each for each in outcomes if not isinstance(each, Accepted))
    assert isinstance(refused, NotSent)
    assert ("r37", Scope.ACCOUNT) == (refused.reference, refused.scope)
    assert 99 == sum(isinstance(each, Accepted) for each in outcomes)
    taken = Counter(
        reference
        for each in wire.requests
        if "r37" not in references(each)
        for reference in references(each)
    )
    assert {1} == set(taken.values())


@pytest.mark.parametrize("status", [500, 503, 408, 200])
async def test_a_batch_that_may_have_been_processed_is_never_cut(status: int) -> None:
    """It is one request, and nothing is proven."""
    wire = FakeTransport(lambda _: Response(status, b"?"))
    account = engine(wire)

    outcomes = await all_of(account, *[account.submit(each, 10) for each in texts(4)])

    assert {Ambiguous} == {type(each) for each in outcomes}
    assert 1 == len(wire.requests)


async def test_a_message_sent_again_in_doubt_is_only_bettered_by_an_acceptance() -> None:
    """A later refusal does not undo what an earlier attempt may have done."""
    answers = iter(["who-knows", "no-such-number"])
    events: list[RetryEvent] = []
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "slow-down")))
    )
    account = engine(wire, on_ambiguous=OnAmbiguous.RESEND, on_retry=events.append)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert 3 == len(wire.requests)
    assert [("r0",), ("r0",)] == [each.doubtful for each in events]


async def test_the_answer_to_a_message_sent_again_in_doubt_may_pause_the_account() -> None:
    """The message stays in doubt, and the account is throttled all the same."""
    replies = iter([results({"r0": "who-knows"}), Response(429, b"", {"Retry-After": "3600"})])
    wire = FakeTransport(lambda _: next(replies))
    account = engine(wire, clock=ManualClock(), on_ambiguous=OnAmbiguous.RESEND)

    outcome = await account.submit(texts(1)[0], 10)
    wait = account.preview(texts(1, start=1)[0]).wait
    await close(account)

    assert isinstance(outcome, Ambiguous)
    assert (300, 0.5) == (wait, account.health().pace)


async def test_the_answers_to_a_message_sent_again_in_doubt_may_open_a_circuit() -> None:
    """Each attempt counts for what it was answered, and not for the doubt of an earlier one."""
    codes = iter(["who-knows", "no-money", "no-money"])
    wire = FakeTransport(lambda _: results({"r0": next(codes)}))
    account = engine(wire, on_ambiguous=OnAmbiguous.RESEND, breaker=Breaker(failures=3))

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert ["account 'main'"] == list(account.health().open_circuits)


async def test_a_message_sent_again_in_doubt_may_be_accepted() -> None:
    """Then that is what is known of it."""
    answers = iter(["who-knows"])
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "ok")))
    )
    account = engine(wire, on_ambiguous=OnAmbiguous.RESEND)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Accepted)


async def test_what_is_in_doubt_is_held_by_default() -> None:
    """Nobody has said that a text too many is better than one too few."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "who-knows")))
    account = engine(wire)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(wire.requests)


async def test_messages_of_an_account_in_trouble_are_held_until_it_is_over() -> None:
    """They leave when a batch that tries is taken."""
    clock, mended = ManualClock(), False
    wire = FakeTransport(lambda request: accepted(request) if mended else Response(401))
    account = engine(wire, clock=clock, account_trouble=AccountTrouble.HOLD)
    waiting = [account.submit(each, 1000) for each in texts(5)]
    await settled()
    assert not any(each.done() for each in waiting)

    mended = True
    clock.now += 6
    waiting.append(account.submit(texts(1, start=5)[0], 1000))
    outcomes = await all_of(account, *waiting)

    assert {"accepted": 6} == Counter(each.kind for each in outcomes)


async def test_held_messages_leave_as_soon_as_the_account_is_known_to_be_well() -> None:
    """The next acceptance proves it; they do not wait for the pause to end."""
    wire = FakeTransport()
    wire.reply = lambda request: Response(401) if len(wire.requests) == 1 else accepted(request)
    account = engine(wire, clock=ManualClock(), account_trouble=AccountTrouble.HOLD)
    held = account.submit(texts(1)[0], 1000)
    await settled()
    held_before = account.health().held

    await account.submit(texts(1, start=1)[0], 1000)
    await settled()
    is_done = held.done()
    await close(account)

    assert 1 == held_before
    assert is_done
    assert isinstance(held.result(), Accepted)


async def test_held_messages_leave_in_their_order() -> None:
    """The first that was held probes the account, and the others follow it."""
    clock, is_well = ManualClock(), False
    wire = FakeTransport(lambda request: accepted(request) if is_well else Response(401))
    account = engine(wire, clock=clock, account_trouble=AccountTrouble.HOLD)
    waiting = []
    for each in texts(4):
        waiting.append(account.submit(each, 1000))
        await settled()
    wire.requests.clear()

    is_well = True
    clock.now += 6
    waiting.append(account.submit(texts(1, start=4)[0], 1000))
    await all_of(account, *waiting)

    assert [["r0"], ["r1"], ["r2"], ["r3"], ["r4"]] == [references(each) for each in wire.requests]


async def test_messages_are_held_no_longer_than_their_deadline() -> None:
    """Then they are too late, and say why they waited."""
    wire = FakeTransport(lambda _: Response(401))
    account = engine(wire, account_trouble=AccountTrouble.HOLD)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 0.03))

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert "unauthorized" in outcome.failure.detail


async def test_by_default_an_account_in_trouble_fails_at_once() -> None:
    """Somebody has to hear of it."""
    account = engine(FakeTransport(lambda _: Response(401)))

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, NotSent)
    assert (Scope.ACCOUNT, Reason.UNAUTHORIZED) == (outcome.scope, outcome.reason)


async def test_a_provider_that_fails_is_not_asked_for_a_while() -> None:
    """What is not tried is safe to try again, and says when."""
    wire = FakeTransport(lambda _: Response(500))
    account = engine(wire, breaker=Breaker(failures=2, pause=30), retry=RetryPolicy(attempts=1))
    for each in texts(2):
        await account.submit(each, 10)

    (outcome,) = await all_of(account, account.submit(texts(1, start=2)[0], 10))

    assert isinstance(outcome, NotSent)
    assert (Reason.PROVIDER_UNAVAILABLE, Retry.SAFE) == (outcome.reason, outcome.retry)
    assert 0 < (outcome.retry_after or 0) <= 30
    assert 2 == len(wire.requests)


async def test_a_pause_stops_everything_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A provider that asks for an hour is asked again after five minutes, and an operator hears."""
    wire = FakeTransport(lambda _: Response(429, b"", {"Retry-After": "3600"}))
    account = engine(wire)
    first = await account.submit(texts(1)[0], 10)

    second = await account.submit(texts(1, start=1)[0], 0.02)
    await close(account)

    assert isinstance(first, NotSent)
    assert (Reason.RATE_LIMITED, 3600.0) == (first.reason, first.retry_after)
    assert isinstance(second, NotSent)
    assert (Reason.RATE_LIMITED, Retry.SAFE) == (second.reason, second.retry)
    assert 1 == len(wire.requests)
    assert "was told to wait: nothing leaves for 300 s" in caplog.text


async def test_a_throttled_message_of_a_batch_does_not_pause_the_account() -> None:
    """A rate limit that the provider reports for some messages of a request is about them alone."""
    entries = [result("r0", "ok"), {**result("r1", "slow-down"), "after": 3600}]
    wire = FakeTransport()
    wire.reply = lambda request: (
        Response(200, orjson.dumps({"results": entries}))
        if len(wire.requests) == 1
        else accepted(request)
    )
    account = engine(wire)
    first = await asyncio.gather(*[account.submit(each, 10) for each in texts(2)])

    (next_one,) = await all_of(account, account.submit(texts(1, start=2)[0], 1))

    assert [Accepted, NotSent, Accepted] == [type(each) for each in (*first, next_one)]


@pytest.mark.parametrize("turns", range(12))
@pytest.mark.parametrize("answer", ["ok", "slow-down"])
async def test_closing_at_any_moment_leaves_nobody_waiting(turns: int, answer: str) -> None:
    """Whatever had been begun just then: each has an outcome, and it is what the provider said."""
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


async def test_a_refused_channel_does_not_slow_the_others_down() -> None:
    """Its suspicion could only be lifted by its own messages; a suspected account waits."""
    together = {}
    for code in ("no-channel", "no-money"):
        codes = iter([code])
        go = asyncio.Event()

        async def reply(
            request: Request, codes: Iterator[str] = codes, go: asyncio.Event = go
        ) -> Response:
            said = next(codes, "ok")
            if said == "ok":
                await go.wait()
            return results(dict.fromkeys(references(request), said))

        wire = FakeTransport(reply)
        account = engine(wire, limits=Limits(concurrency=5))
        await account.submit(texts(1)[0], 10)
        some = [account.submit(each, 10) for each in texts(400, start=1)]
        await settled()
        urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)
        some.append(account.submit(urgent, 10))
        await settled()
        together[code] = len(wire.requests) - 1
        go.set()
        await all_of(account, *some)

    assert {"no-channel": 5, "no-money": 2} == together


async def test_a_batch_is_as_old_as_its_request_also_where_a_member_left_it() -> None:
    """It left after the pace was slowed down, so what it says of the pace is news."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        await go.wait()
        return results(dict.fromkeys(references(request), "slow-down"))

    wire = FakeTransport(reply)
    account = engine(wire, limits=Limits(concurrency=1), retry=RetryPolicy(attempts=1))
    first = account.submit(texts(1)[0], 10)
    await wire.asked()
    taken_back, *rest = [account.submit(each, 10) for each in texts(3, start=1)]
    taken_back.cancel()
    await settled()
    go.set()

    await all_of(account, first, *rest)

    assert 0.25 == account.health().pace


@pytest.mark.parametrize("patience", [float("nan"), "soon", None])
async def test_a_patience_that_is_no_number_is_refused(patience: Any) -> None:
    """It would compare with nothing, and everybody would wait for it."""
    account = engine(FakeTransport())

    with pytest.raises(InvalidValue, match="deadline"):
        account.submit(texts(1)[0], patience)
    with pytest.raises(InvalidValue, match="deadline"):
        await anext(account.stream(texts(1), patience))
    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Accepted)


async def test_a_hook_that_raises_costs_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, without what it was told."""

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
    """And takes nothing more."""
    wire = FakeTransport()
    account = engine(wire, limits=Limits(concurrency=1))
    waiting = [account.submit(each, 10) for each in texts(250)]

    await close(account, 10)
    late = await account.submit(texts(1, start=900)[0], 10)

    assert {"accepted": 250} == Counter(each.result().kind for each in waiting)
    assert isinstance(late, NotSent)
    assert (Reason.CANCELLED, Scope.ACCOUNT) == (late.reason, late.scope)
