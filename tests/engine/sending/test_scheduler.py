"""One way out for everything of an account: sharing, priorities, patience, holding, cutting."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from support.adapters import (
    Clock,
    FakeTransport,
    accepted,
    batcher,
    references,
    results,
    submitted,
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
    Rejected,
    Retry,
    RetryEvent,
    RetryPolicy,
    Scope,
)
from omnimsg.adapter import Request, Response
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.sending.stream import send_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg import Outcome
    from omnimsg.engine.sending.scheduler import Scheduler

pytestmark = pytest.mark.anyio

AT_ONCE = RetryPolicy(base=0)


def way(wire: FakeTransport, *, hook: Any = None, clock: Any = None, **policy: Any) -> Scheduler:
    """Build a way out with a policy; a retry does not wait."""
    given = {"retry": AT_ONCE, **policy}
    more = {name: value for name, value in (("hook", hook), ("clock", clock)) if value is not None}
    return batcher(tiny(), wire, policy=Policy(**given), **more)


async def all_of(out: Scheduler, *futures: asyncio.Future[Outcome]) -> list[Outcome]:
    """Wait for outcomes, and close."""
    try:
        with anyio.fail_after(20):
            return await asyncio.gather(*futures)
    finally:
        await out.aclose(Deadline.after(0))


async def settled() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_what_is_handed_over_in_one_turn_shares_requests() -> None:
    """Without a timer: the next turn of the loop sends it, as full as the provider takes."""
    wire = FakeTransport()
    out = way(wire)

    outcomes = await all_of(out, *[submitted(out, each, 10) for each in texts(250)])

    assert [100, 100, 50] == [len(references(each)) for each in wire.requests]
    assert [f"r{number}" for number in range(250)] == [each.reference for each in outcomes]


async def test_a_single_message_waits_for_nobody() -> None:
    """While there is room it leaves alone."""
    wire = FakeTransport()
    out = way(wire)

    for each in texts(3):
        await submitted(out, each, 10)
    await all_of(out)

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


async def test_lingering_gathers_what_comes_within_it() -> None:
    """Except where it is urgent, or a request is full before."""
    wire = FakeTransport()
    out = way(wire, limits=Limits(linger=0.03))
    urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)

    waiting = []
    for each in texts(3):
        waiting.append(submitted(out, each, 10))
        await asyncio.sleep(0.002)
    waiting.append(submitted(out, urgent, 10))
    await all_of(out, *waiting)

    assert [["r900"], ["r0", "r1", "r2"]] == [references(each) for each in wire.requests]


async def test_what_is_urgent_leaves_before_what_waits() -> None:
    """A campaign that came first fills neither the queue nor the last place."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        if "r900" not in references(request):
            await go.wait()
        return accepted(request)

    wire = FakeTransport(reply)
    out = way(wire, limits=Limits(concurrency=2))
    campaign = [submitted(out, each, 30) for each in texts(500)]
    await settled()

    urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)
    first = await submitted(out, urgent, 30)

    assert isinstance(first, Accepted)
    assert 2 == len(wire.requests)
    go.set()
    await all_of(out, *campaign)


async def test_low_priority_goes_last() -> None:
    """Whatever came first."""
    wire = FakeTransport()
    out = way(wire, limits=Limits(concurrency=1))
    ranks = [Priority.LOW, Priority.NORMAL, Priority.HIGH]
    messages = [
        attrs.evolve(each, priority=rank) for each, rank in zip(texts(3), ranks, strict=True)
    ]

    await all_of(out, *[submitted(out, each, 10) for each in messages])

    assert [["r2"], ["r1"], ["r0"]] == [references(each) for each in wire.requests]


async def test_what_waits_too_long_is_told_so_when_it_is() -> None:
    """The patience of a call covers the queue, and nothing leaves after it."""
    wire = FakeTransport(lambda _: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    out = way(wire, limits=Limits(concurrency=1))
    first = submitted(out, texts(1)[0], 30)
    await settled()

    outcome = await submitted(out, texts(1, start=1)[0], 0.02)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert 1 == len(wire.requests)
    first.cancel()
    await out.aclose(Deadline.after(0))


async def test_callers_of_different_patience_do_not_share_a_request() -> None:
    """The impatient one would cut the others short."""
    wire = FakeTransport()
    out = way(wire)

    await all_of(out, *[submitted(out, each, 10 + 10 * n) for n, each in enumerate(texts(3))])

    assert [1, 1, 1] == [len(references(each)) for each in wire.requests]


async def test_a_full_queue_takes_no_more() -> None:
    """The caller is told to wait for room, and is let in when there is some."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        await go.wait()
        return accepted(request)

    out = way(FakeTransport(reply), limits=Limits(concurrency=1, queue=3))
    first = submitted(out, texts(1, start=100)[0], 30)
    await settled()
    waiting = [submitted(out, each, 30) for each in texts(3)]
    another = texts(1, start=3)[0]

    assert out.intake.submit(another, 30) is None
    room = asyncio.create_task(out.intake.room(another, 30))
    go.set()
    assert 29 < await room <= 30
    outcomes = await all_of(out, first, *waiting, submitted(out, another, 30))
    assert {"accepted": 5} == Counter(each.kind for each in outcomes)


async def test_a_batch_that_is_refused_for_one_member_is_cut_down_to_it() -> None:
    """A refusal proves that nothing was sent; the others are sent once."""

    def reply(request: Request) -> Response:
        return Response(422, b"{}") if "r37" in references(request) else accepted(request)

    wire = FakeTransport(reply)
    out = way(wire)

    outcomes = await all_of(out, *[submitted(out, each, 10) for each in texts(100)])

    assert ["r37"] == [each.reference for each in outcomes if isinstance(each, Rejected)]
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
    out = way(wire)

    outcomes = await all_of(out, *[submitted(out, each, 10) for each in texts(4)])

    assert {Ambiguous} == {type(each) for each in outcomes}
    assert 1 == len(wire.requests)


async def test_a_message_sent_again_in_doubt_is_only_bettered_by_an_acceptance() -> None:
    """A later refusal does not undo what an earlier attempt may have done."""
    answers = iter(["who-knows", "no-such-number"])
    events: list[RetryEvent] = []
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "slow-down")))
    )
    out = way(wire, on_ambiguous=OnAmbiguous.RESEND, hook=events.append)

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert 3 == len(wire.requests)
    assert [("r0",), ("r0",)] == [each.doubtful for each in events]


async def test_a_message_sent_again_in_doubt_may_be_accepted() -> None:
    """Then that is what is known of it."""
    answers = iter(["who-knows"])
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "ok")))
    )
    out = way(wire, on_ambiguous=OnAmbiguous.RESEND)

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, Accepted)


async def test_what_is_in_doubt_is_held_by_default() -> None:
    """Nobody has said that a text too many is better than one too few."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "who-knows")))
    out = way(wire)

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(wire.requests)


async def test_messages_of_an_account_in_trouble_are_held_until_it_is_over() -> None:
    """They leave when a batch that tries is taken."""
    clock, mended = Clock(), False
    wire = FakeTransport(lambda request: accepted(request) if mended else Response(401))
    out = way(wire, clock=clock, account_trouble=AccountTrouble.HOLD)
    waiting = [submitted(out, each, 1000) for each in texts(5)]
    await settled()
    assert not any(each.done() for each in waiting)

    mended = True
    clock.now += 6
    waiting.append(submitted(out, texts(1, start=5)[0], 1000))
    outcomes = await all_of(out, *waiting)

    assert {"accepted": 6} == Counter(each.kind for each in outcomes)


async def test_messages_are_held_no_longer_than_their_deadline() -> None:
    """Then they are too late, and say why they waited."""
    wire = FakeTransport(lambda _: Response(401))
    out = way(wire, account_trouble=AccountTrouble.HOLD)

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 0.03))

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert "unauthorized" in outcome.failure.detail


async def test_by_default_an_account_in_trouble_fails_at_once() -> None:
    """Somebody has to hear of it."""
    out = way(FakeTransport(lambda _: Response(401)))

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, NotSent)
    assert (Scope.ACCOUNT, Reason.UNAUTHORIZED) == (outcome.scope, outcome.reason)


async def test_a_provider_that_fails_is_not_asked_for_a_while() -> None:
    """What is not tried is safe to try again, and says when."""
    wire = FakeTransport(lambda _: Response(500))
    policy = {"breaker": Breaker(failures=2, pause=30), "retry": RetryPolicy(attempts=1)}
    out = way(wire, **policy)
    for each in texts(2):
        await submitted(out, each, 10)

    (outcome,) = await all_of(out, submitted(out, texts(1, start=2)[0], 10))

    assert isinstance(outcome, NotSent)
    assert (Reason.PROVIDER_UNAVAILABLE, Retry.SAFE) == (outcome.reason, outcome.retry)
    assert 0 < (outcome.retry_after or 0) <= 30
    assert 2 == len(wire.requests)


async def test_a_pause_stops_everything_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A provider that asks for an hour gets it, and an operator hears of it."""
    wire = FakeTransport(lambda _: Response(429, b"", {"Retry-After": "3600"}))
    out = way(wire)
    first = await submitted(out, texts(1)[0], 10)

    second = await submitted(out, texts(1, start=1)[0], 0.02)
    await out.aclose(Deadline.after(0))

    assert isinstance(first, NotSent)
    assert (Reason.RATE_LIMITED, 3600.0) == (first.reason, first.retry_after)
    assert isinstance(second, NotSent)
    assert Reason.DEADLINE_EXCEEDED is second.reason
    assert 1 == len(wire.requests)
    assert "was told to wait: nothing leaves for 3600 s" in caplog.text


@pytest.mark.parametrize("turns", range(12))
@pytest.mark.parametrize("answer", ["ok", "slow-down"])
async def test_closing_at_any_moment_leaves_nobody_waiting(turns: int, answer: str) -> None:
    """Whatever had been begun just then: each has an outcome, and it is what the provider said."""
    known = {}

    def reply(request: Request) -> Response:
        known.update(dict.fromkeys(references(request)))
        return results(dict.fromkeys(references(request), answer))

    wire = FakeTransport(reply)
    out = way(wire, limits=Limits(concurrency=2), retry=RetryPolicy(base=0, attempts=100))
    waiting = [submitted(out, each, 10) for each in texts(300)]
    for _ in range(turns):
        await asyncio.sleep(0)

    await out.aclose(Deadline.after(0))

    assert [True] * 300 == [each.done() for each in waiting]
    for each in (each.result() for each in waiting):
        assert isinstance(each, Accepted if answer == "ok" and each.reference in known else NotSent)


async def test_room_that_comes_free_is_given_to_whoever_waits_for_it() -> None:
    """Also where it comes of a message that was too late, and where its first taker has gone."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        await go.wait()
        return accepted(request)

    out = way(FakeTransport(reply), limits=Limits(concurrency=1, queue=1))
    first, late, *others = texts(5)
    under_way = submitted(out, first, 30)
    await settled()
    too_late = submitted(out, late, 0.05)
    waiting = [asyncio.create_task(out.intake.room(each, 30)) for each in others]
    await settled()

    outcome = await too_late
    waiting[0].cancel()
    with anyio.fail_after(10):
        await waiting[1]
    go.set()
    await under_way
    waiting[2].cancel()
    await out.aclose(Deadline.after(0))

    assert isinstance(outcome, NotSent)
    assert waiting[1].result() > 0


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
        out = way(wire, limits=Limits(concurrency=5))
        await submitted(out, texts(1)[0], 10)
        some = [submitted(out, each, 10) for each in texts(400, start=1)]
        await settled()
        urgent = attrs.evolve(texts(1, start=900)[0], priority=Priority.HIGH)
        some.append(submitted(out, urgent, 10))
        await settled()
        together[code] = len(wire.requests) - 1
        go.set()
        await all_of(out, *some)

    assert {"no-channel": 5, "no-money": 2} == together


async def test_a_batch_is_as_old_as_its_request_also_where_a_member_left_it() -> None:
    """It left after the pace was slowed down, so what it says of the pace is news."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        await go.wait()
        return results(dict.fromkeys(references(request), "slow-down"))

    wire = FakeTransport(reply)
    out = way(wire, limits=Limits(concurrency=1), retry=RetryPolicy(attempts=1))
    first = submitted(out, texts(1)[0], 10)
    await wire.asked()
    taken_back, *rest = [submitted(out, each, 10) for each in texts(3, start=1)]
    taken_back.cancel()
    await settled()
    go.set()

    await all_of(out, first, *rest)

    assert 0.25 == out._limiter.pace


@pytest.mark.parametrize("patience", [float("nan"), "soon", None])
async def test_a_patience_that_is_no_number_is_refused(patience: Any) -> None:
    """It would compare with nothing, and everybody would wait for it."""
    out = way(FakeTransport())

    with pytest.raises(InvalidValue, match="deadline"):
        out.intake.submit(texts(1)[0], patience)
    with pytest.raises(InvalidValue, match="deadline"):
        await anext(send_stream(out, texts(1), deadline=patience, ahead=10))
    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, Accepted)


async def test_a_hook_that_raises_costs_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, without what it was told."""

    def hook(_: RetryEvent) -> None:
        raise LookupError("r0")

    answers = iter(["slow-down"])
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "ok")))
    )
    out = way(wire, hook=hook)

    (outcome,) = await all_of(out, submitted(out, texts(1)[0], 10))

    assert isinstance(outcome, Accepted)
    assert "the retry hook raised LookupError" in caplog.text


async def test_closing_sends_what_waits() -> None:
    """And takes nothing more."""
    wire = FakeTransport()
    out = way(wire, limits=Limits(concurrency=1))
    waiting = [submitted(out, each, 10) for each in texts(250)]

    await out.aclose(Deadline.after(10))
    late = await submitted(out, texts(1, start=900)[0], 10)

    assert {"accepted": 250} == Counter(each.result().kind for each in waiting)
    assert isinstance(late, NotSent)
    assert (Reason.CANCELLED, Scope.ACCOUNT) == (late.reason, late.scope)
