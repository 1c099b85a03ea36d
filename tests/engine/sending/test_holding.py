"""Messages of an account with an open circuit: held, or failed at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    accepted,
    close,
    references,
    results,
    seconds,
    texts,
)
from support.routed import Routed, outcome_of, saying
from support.sending import all_of, engine, settled

from omnimsg import (
    Accepted,
    AccountTrouble,
    Client,
    Held,
    Message,
    NotSent,
    Observer,
    Outcome,
    OutcomeUnclaimed,
    Policy,
    Reason,
    RetryPolicy,
    Scope,
)
from omnimsg.adapter import Response

NO_RETRY = RetryPolicy(attempts=1)

pytestmark = pytest.mark.anyio


async def test_messages_of_an_account_in_trouble_are_held_until_it_is_over() -> None:
    """Held messages are sent when a probe after the pause is accepted."""
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
    """Held messages are sent after any acceptance, without waiting for the end of the pause."""
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
    """Held messages are sent in their order; the first one is the probe."""
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
    """A held message whose deadline passes is not sent, and its failure says why it was held."""
    wire = FakeTransport(lambda _: Response(401))
    account = engine(wire, account_trouble=AccountTrouble.HOLD)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 0.3))

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert "unauthorized" in outcome.failure.detail


def test_each_held_message_ends_at_its_own_deadline() -> None:
    """A held message ends when its deadline passes, not only at the end of the pause."""
    policy = Policy(account_trouble="hold", retry=NO_RETRY)
    routed = Routed(saying("no-money"), policies={"a": policy})
    ended: list[tuple[float, int]] = []

    async def story(client: Client) -> None:
        started = routed.loop.time()

        async def send(message: Message, deadline: float) -> None:
            await outcome_of(client, message, deadline=deadline)
            ended.append((round(routed.loop.time() - started, 3), client.health()["a"].held))

        await asyncio.gather(*map(send, texts(3), (3.0, 1.0, 2.0)))

    routed.run(story)

    assert [(1.0, 2), (2.0, 1), (3.0, 0)] == ended


def test_a_held_message_whose_caller_is_gone_is_not_sent() -> None:
    """A held message whose caller is cancelled ends then, and its deadline has no effect."""
    policy = Policy(account_trouble="hold", retry=NO_RETRY)
    unclaimed: list[str] = []

    class Watching(Observer):
        def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
            unclaimed.append(event.message.reference)

    routed = Routed(saying("no-money"), policies={"a": policy}, observers=[Watching()])

    async def story(client: Client) -> tuple[Outcome, int, list[str]]:
        given_up, waiting = (
            asyncio.create_task(outcome_of(client, each, deadline=deadline))
            for each, deadline in zip(texts(2), (2.0, 20.0), strict=True)
        )
        await asyncio.sleep(1)
        given_up.cancel()
        await asyncio.sleep(0.5)
        seen = client.health()["a"].held, [*unclaimed]
        await asyncio.sleep(2)
        routed.wires["a"].reply = accepted
        return await waiting, *seen

    outcome, held, ended = routed.run(story)

    assert ("accepted", 1, ["r0"]) == (outcome.kind, held, ended)
    assert ["r1"] == references(routed.wires["a"].requests[-1])


def test_all_reasons_for_which_messages_are_held_are_told() -> None:
    """Messages of one request that are held for different reasons name all of them, in order."""
    told: list[tuple[str, ...]] = []

    class Watching(Observer):
        def held(self, event: Held) -> None:
            told.append(event.reasons)

    policy = Policy(account_trouble="hold", retry=NO_RETRY)
    words = {"r0": "no-money", "r1": "no-channel"}
    reply = lambda request: results({each: words[each] for each in references(request)})  # noqa: E731
    routed = Routed(reply, policies={"a": policy}, observers=[Watching()])

    async def story(client: Client) -> list[Outcome]:
        return await asyncio.gather(*(outcome_of(client, each, deadline=1.0) for each in texts(2)))

    outcomes = routed.run(story)

    assert [("channel not enabled", "insufficient funds")] == told
    assert all("channel not enabled, insufficient funds" in e.failure.detail for e in outcomes)


async def test_by_default_an_account_in_trouble_fails_at_once() -> None:
    """By default, messages of an account with an open circuit fail at once."""
    account = engine(FakeTransport(lambda _: Response(401)))

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, NotSent)
    assert (Scope.ACCOUNT, Reason.UNAUTHORIZED) == (outcome.scope, outcome.reason)


@pytest.mark.parametrize("turns", range(6))
async def test_what_is_refused_while_the_account_closes_has_an_outcome(turns: int) -> None:
    """A message refused while its account closes has an outcome instead of being held."""
    answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    account = engine(
        FakeTransport(lambda _: answer), account_trouble=AccountTrouble.HOLD, retry=NO_RETRY
    )
    waiting = account.submit(texts(1)[0], 1000)
    await settled()

    closing = asyncio.create_task(account.aclose(seconds(0)))
    for _ in range(turns):
        await asyncio.sleep(0)
    if not answer.done():
        answer.set_result(Response(401))
    await closing

    assert waiting.done()


def test_the_deadline_of_a_held_message_touches_no_other() -> None:
    """A message is held once in a pause, however many deadlines of others pass meanwhile.

    Else a thousand callers with deadlines of their own would be held a million times.
    """
    held: Counter[str] = Counter()

    class Watching(Observer):
        def held(self, event: Held) -> None:
            held.update(event.references)

    policy = Policy(account_trouble="hold", retry=NO_RETRY)
    routed = Routed(saying("no-money"), policies={"a": policy}, observers=[Watching()])

    async def story(client: Client) -> list[Outcome]:
        calls = []
        for each in texts(60):
            calls.append(asyncio.create_task(outcome_of(client, each, deadline=12.0)))
            await asyncio.sleep(0.05)
        return await asyncio.gather(*calls)

    outcomes = routed.run(story)

    assert {Reason.DEADLINE_EXCEEDED} == {each.failure.reason for each in outcomes}
    assert max(held.values()) <= 4
