"""Batches that are refused as a whole, and messages that are resent in doubt."""

from __future__ import annotations

from collections import Counter

import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    accepted,
    close,
    references,
    results,
    texts,
)
from support.sending import all_of, engine

from omnimsg import (
    Accepted,
    Ambiguous,
    Breaker,
    NotSent,
    OnAmbiguous,
    RetryEvent,
    Scope,
)
from omnimsg.adapter import Request, Response

pytestmark = pytest.mark.anyio


async def test_a_batch_that_is_refused_for_one_member_is_cut_down_to_it() -> None:
    """A batch refused for one message is split until only that message is refused."""

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
    """A batch with an ambiguous answer is not split: all its messages are ambiguous."""
    wire = FakeTransport(lambda _: Response(status, b"?"))
    account = engine(wire)

    outcomes = await all_of(account, *[account.submit(each, 10) for each in texts(4)])

    assert {Ambiguous} == {type(each) for each in outcomes}
    assert 1 == len(wire.requests)


async def test_a_message_sent_again_in_doubt_is_only_bettered_by_an_acceptance() -> None:
    """A message resent in doubt stays ambiguous after a refusal."""
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
    """A 429 to a resend pauses the account, and the message stays ambiguous."""
    replies = iter([results({"r0": "who-knows"}), Response(429, b"", {"Retry-After": "3600"})])
    wire = FakeTransport(lambda _: next(replies))
    account = engine(wire, clock=ManualClock(), on_ambiguous=OnAmbiguous.RESEND)

    outcome = await account.submit(texts(1)[0], 10)
    wait = account.preview(texts(1, start=1)[0]).wait
    await close(account)

    assert isinstance(outcome, Ambiguous)
    assert (300, 0.5) == (wait, account.health().pace)


async def test_the_answers_to_a_message_sent_again_in_doubt_may_open_a_circuit() -> None:
    """Each answer to a resend counts for the circuit, not the doubt of an earlier attempt."""
    codes = iter(["who-knows", "no-money", "no-money"])
    wire = FakeTransport(lambda _: results({"r0": next(codes)}))
    account = engine(wire, on_ambiguous=OnAmbiguous.RESEND, breaker=Breaker(failures=3))

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert ["account 'main'"] == list(account.health().open_circuits)


async def test_a_message_sent_again_in_doubt_may_be_accepted() -> None:
    """A message resent in doubt and then accepted is `Accepted`."""
    answers = iter(["who-knows"])
    wire = FakeTransport(
        lambda request: results(dict.fromkeys(references(request), next(answers, "ok")))
    )
    account = engine(wire, on_ambiguous=OnAmbiguous.RESEND)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Accepted)


async def test_what_is_in_doubt_is_held_by_default() -> None:
    """By default, an ambiguous message is not resent."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "who-knows")))
    account = engine(wire)

    (outcome,) = await all_of(account, account.submit(texts(1)[0], 10))

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(wire.requests)
