"""What failures and pauses of a provider mean for the messages after them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
import orjson
import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    close,
    references,
    result,
    results,
    texts,
)

from omnimsg import (
    Accepted,
    Breaker,
    Limits,
    NotSent,
    Priority,
    Reason,
    Retry,
    RetryPolicy,
)
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

from support.sending import all_of, engine, settled

pytestmark = pytest.mark.anyio


async def test_a_provider_that_fails_is_not_asked_for_a_while() -> None:
    """While the circuit is open, messages are not sent and say when they can be retried."""
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
    """A pause of an hour that the provider asks for is cut to five minutes and logged."""
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
    assert "to wait: nothing is sent for 300 s" in caplog.text


async def test_a_throttled_message_of_a_batch_does_not_pause_the_account() -> None:
    """A rate limit reported for some messages of a batch does not pause the account."""
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


@pytest.mark.parametrize("status", [400, 500])
async def test_a_request_that_fails_otherwise_is_not_too_fast(status: int) -> None:
    """After a 429, each request that gets another answer raises the pace by a hundredth."""
    answers = iter([429, status, status])
    account = engine(
        FakeTransport(lambda _: Response(next(answers))), retry=RetryPolicy(attempts=1)
    )
    paces = []
    for each in texts(3):
        await account.submit(each, 10)
        paces.append(account.health().pace)
    await close(account)

    assert [0.5, 0.51, 0.52] == pytest.approx(paces)


async def test_a_refused_channel_does_not_slow_the_others_down() -> None:
    """One refusal of a channel leaves all slots in use; one of the account reduces them."""
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
    """A 429 to a request that left after a slow-down halves the pace again.

    The request left later than its messages were queued, and without a cancelled one.
    """
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
