"""Retries: which messages are sent again, how often and when, and which never are."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

import orjson
import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st
from support.adapters import (
    FakeTransport,
    ManualClock,
    accepted,
    account_engine,
    close,
    references,
    result,
    results,
    seconds,
    send_batch,
    texts,
    tiny,
)
from support.log_records import logged_fields
from support.sending import engine, settled

from omnimsg import (
    Accepted,
    Ambiguous,
    Client,
    Limits,
    NotSent,
    NotSentError,
    OnAmbiguous,
    Policy,
    Reason,
    Rejected,
    Retry,
    RetryPolicy,
)
from omnimsg.adapter import Request, Response
from omnimsg.domain.failure import Failure
from omnimsg.engine.observers import Observers
from omnimsg.engine.sending.retry import Retrier
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from omnimsg import Outcome
    from omnimsg.engine.clock import Clock

pytestmark = pytest.mark.anyio

NOW = RetryPolicy(base=0)
KINDS = {"ok": Accepted, "no-such-number": Rejected, "who-knows": Ambiguous, "slow-down": NotSent}


def retrier() -> Retrier:
    """Build a `Retrier` that does not wait between attempts."""
    return Retrier("main", Policy(retry=NOW), Observers())


async def send(
    wire: FakeTransport,
    count: int,
    *,
    policy: RetryPolicy = NOW,
    deadline: float = 10.0,
    clock: Clock | None = None,
) -> list[Outcome]:
    """Send a batch through a transport."""
    account = account_engine(tiny(), wire, policy=Policy(retry=policy), clock=clock)
    return await send_batch(account, texts(count), deadline)


def scripted(words: list[list[str]]) -> FakeTransport:
    """Build a transport that answers attempt n with `words[n]`, by position in the batch."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        turn = words[len(wire.requests) - 1]
        return results({ref: turn[int(ref[1:])] for ref in references(request)})

    wire.reply = reply
    return wire


class Naps:
    """Notes the waits of retries, and moves the clock instead of waiting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds: list[float] = []
        self.clock = ManualClock()
        monkeypatch.setattr("omnimsg.engine.sending.retry.anyio.sleep", self)

    async def __call__(self, seconds: float) -> None:
        """Note the wait, and move the clock by it."""
        self.seconds.append(seconds)
        self.clock.now += seconds


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> Naps:
    """Replace the waits of retries."""
    return Naps(monkeypatch)


async def test_only_the_failed_members_are_sent_again() -> None:
    """Only the messages of a batch that were not sent and are safe to retry are sent again."""
    wire = scripted(
        [["ok", "slow-down", "no-such-number", "who-knows", "slow-down"], ["", "ok", "", "", "ok"]]
    )

    outcomes = await send(wire, 5)

    assert [Accepted, Accepted, Rejected, Ambiguous, Accepted] == [type(each) for each in outcomes]
    assert [["r0", "r1", "r2", "r3", "r4"], ["r1", "r4"]] == [
        references(each) for each in wire.requests
    ]


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_the_first_attempt_counts(attempts: int) -> None:
    """`attempts` is the total number of requests, the first one included."""
    wire = scripted([["slow-down"]] * attempts)

    (outcome,) = await send(wire, 1, policy=RetryPolicy(attempts=attempts, base=0))

    assert isinstance(outcome, NotSent)
    assert attempts == len(wire.requests)


async def test_the_happy_path_never_touches_tenacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a message to retry, no tenacity object is built."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("tenacity was built")

    monkeypatch.setattr(tenacity, "AsyncRetrying", refuse)

    for words in (["ok", "ok"], ["no-such-number", "who-knows"]):
        outcomes = await send(scripted([words]), 2)
        assert [KINDS[each] for each in words] == [type(each) for each in outcomes]


def limited(after: float | None) -> Response:
    """Build a 429 for the whole request."""
    return Response(429, b"", {} if after is None else {"Retry-After": str(after)})


async def test_retry_after_is_obeyed_in_full(naps: Naps) -> None:
    """`Retry-After` is obeyed in full, even if it exceeds the policy's longest wait."""
    wire = FakeTransport(lambda _: limited(7))

    policy = RetryPolicy(attempts=3, base=0.5, longest=1.0)
    await send(wire, 1, policy=policy, deadline=100, clock=naps.clock)

    assert [7.0, 7.0] == naps.seconds


@pytest.mark.parametrize(
    "after", [1_795_000_000, "9" * 400, f"Mon, {'9' * 20} Jan 2020 00:00:00 GMT"]
)
async def test_a_retry_after_that_is_no_wait_is_cut(after: float | str, naps: Naps) -> None:
    """A `Retry-After` of an epoch time or nonsense is limited to the longest pause."""
    wire = FakeTransport(lambda _: Response(429, b"", {"Retry-After": str(after)}))

    policy = RetryPolicy(attempts=2, base=0)
    (outcome,) = await send(wire, 1, policy=policy, deadline=1000, clock=naps.clock)

    assert isinstance(outcome, NotSent)
    assert Reason.RATE_LIMITED is outcome.reason
    assert outcome.retry_after is None or math.isfinite(outcome.retry_after)
    assert 2 == len(wire.requests)
    assert all(each <= 300 for each in naps.seconds)


async def test_retry_after_is_obeyed_for_a_message_that_is_resent_in_doubt(naps: Naps) -> None:
    """A message resent in doubt waits as long as its last answer asks."""
    entries = [
        [{**result(each, "who-knows"), "after": 3} for each in ("r0", "r1")],
        [{**result("r0", "slow-down"), "after": 7}, result("r1", "ok")],
        [result("r0", "ok")],
    ]
    replies = iter([Response(200, orjson.dumps({"results": each})) for each in entries])
    wire = FakeTransport(lambda _: next(replies))
    policy = Policy(retry=NOW, on_ambiguous=OnAmbiguous.RESEND)
    account = account_engine(tiny(), wire, policy=policy, clock=naps.clock)

    outcomes = await send_batch(account, texts(2), 100)

    assert [Accepted, Accepted] == [type(each) for each in outcomes]
    assert [3.0, 7.0] == naps.seconds


async def test_a_rejected_message_is_not_sent_again_beside_one_in_doubt() -> None:
    """`OnAmbiguous.RESEND` resends only the ambiguous messages of a batch."""
    wire = scripted([["who-knows", "no-such-number"], ["ok"]])
    policy = Policy(retry=NOW, on_ambiguous=OnAmbiguous.RESEND)

    outcomes = await send_batch(account_engine(tiny(), wire, policy=policy), texts(2), 10)

    assert [Accepted, Rejected] == [type(each) for each in outcomes]
    assert [["r0", "r1"], ["r0"]] == [references(each) for each in wire.requests]


async def test_the_parts_of_a_retry_that_is_split_are_not_retried_anew() -> None:
    """The parts of a split retry count as the same attempt and get no attempts of their own."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        if len(wire.requests) == 2:
            return Response(422, b"{}")
        return results(dict.fromkeys(references(request), "slow-down"))

    wire.reply = reply

    outcomes = await send(wire, 2, policy=RetryPolicy(attempts=2, base=0))

    assert [NotSent, NotSent] == [type(each) for each in outcomes]
    assert [["r0", "r1"], ["r0", "r1"], ["r0"], ["r1"]] == [
        references(each) for each in wire.requests
    ]


async def test_a_wait_beyond_the_deadline_is_not_begun(naps: Naps) -> None:
    """If the provider asks for a wait beyond the deadline, the caller is told at once."""
    wire = FakeTransport(lambda _: limited(11))

    (outcome,) = await send(wire, 1, deadline=10)

    assert isinstance(outcome, NotSent)
    assert (Reason.RATE_LIMITED, 11.0, Retry.SAFE) == (
        outcome.reason,
        outcome.retry_after,
        outcome.retry,
    )
    assert 1 == len(wire.requests)
    assert [] == naps.seconds


async def test_our_own_wait_does_not_pass_the_deadline_either(naps: Naps) -> None:
    """If the backoff would pass the deadline, there is no further attempt."""
    wire = FakeTransport(lambda _: limited(None))

    (outcome,) = await send(
        wire, 1, policy=RetryPolicy(attempts=9, base=1e9, longest=1e9), deadline=10
    )

    assert isinstance(outcome, NotSent)
    assert 1 == len(wire.requests)
    assert [] == naps.seconds


async def test_one_member_that_must_wait_too_long_does_not_hold_up_the_others(naps: Naps) -> None:
    """A message that must wait beyond its deadline keeps its outcome; the others are retried."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        if len(wire.requests) > 1:
            return accepted(request)
        said = [{**result(f"r{number}", "slow-down"), "after": 60 * number} for number in range(2)]
        return Response(200, orjson.dumps({"results": said}))

    wire.reply = reply

    outcomes = await send(wire, 2)

    assert [Accepted, NotSent] == [type(each) for each in outcomes]
    assert isinstance(outcomes[1], NotSent)
    assert 60 == outcomes[1].retry_after
    assert ["r0"] == references(wire.requests[1])
    assert [0.0] == naps.seconds


async def test_an_attempt_waits_for_all_messages_of_the_one_before() -> None:
    """None is sent again while another request of the last attempt, which was split, has it."""
    wire, go = FakeTransport(), asyncio.Event()

    async def reply(request: Request) -> Response:
        sent = references(request)
        if len(wire.requests) == 1:
            return results(dict.fromkeys(sent, "slow-down"))
        if len(wire.requests) == 2:
            return Response(422, b"{}")
        if "r1" in sent:
            await go.wait()
        return results(dict.fromkeys(sent, "slow-down" if len(wire.requests) <= 4 else "ok"))

    wire.reply = reply
    sending = asyncio.create_task(send(wire, 2))
    await wire.asked(4)
    await settled()
    meanwhile = [references(each) for each in wire.requests]

    go.set()
    outcomes = await sending

    assert [["r0", "r1"], ["r0", "r1"], ["r0"], ["r1"]] == meanwhile
    assert [["r0", "r1"]] == [references(each) for each in wire.requests[4:]]
    assert [Accepted, Accepted] == [type(each) for each in outcomes]


async def test_a_retry_that_nobody_waits_for_any_more_is_not_sent() -> None:
    """A message whose caller was cancelled while its retry waited for a slot leaves no more."""
    wire, go = FakeTransport(), asyncio.Event()

    async def reply(request: Request) -> Response:
        if len(wire.requests) == 1:
            return limited(None)
        await go.wait()
        return accepted(request)

    wire.reply = reply
    account = engine(wire, limits=Limits(concurrency=1, linger=0), max_messages=1)
    first = account.submit(texts(1)[0], 10)
    await wire.asked(1)
    second = account.submit(texts(1, start=1)[0], 10)
    await wire.asked(2)
    await settled()

    first.cancel()
    go.set()
    await second
    await settled()
    await close(account)

    assert [["r0"], ["r1"]] == [references(each) for each in wire.requests]


async def test_a_wait_can_be_cancelled() -> None:
    """Cancelling the caller during a retry's wait ends the wait, without a further request."""
    wire = FakeTransport(lambda _: limited(5))
    sending = asyncio.create_task(send(wire, 1))
    await wire.asked()
    await asyncio.sleep(0.01)

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    assert 1 == len(wire.requests)


async def test_a_second_attempt_can_be_cancelled() -> None:
    """Cancelling the caller during the second attempt raises `CancelledError` to the caller."""
    wire = FakeTransport()

    async def reply(_: Request) -> Response:
        if len(wire.requests) == 1:
            return limited(None)
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    wire.reply = reply
    sending = asyncio.create_task(send(wire, 1))
    await wire.asked(2)

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    assert 2 == len(wire.requests)


async def test_a_retry_that_does_not_stop_when_the_client_closes_is_ambiguous(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A retry that ignores its cancellation on closing is ambiguous, whatever it answers later."""
    monkeypatch.setattr("omnimsg.engine.sending.tasks.CLEANUP_SECONDS", 0.01)
    wire, go = FakeTransport(), asyncio.Event()

    async def reply(request: Request) -> Response:
        if len(wire.requests) == 1:
            return limited(None)
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue
        return accepted(request)

    wire.reply = reply
    account = account_engine(tiny(), wire)
    caller = account.submit(texts(1)[0], 10)
    await wire.asked(2)

    await close(account)
    go.set()
    outcome = await caller

    assert isinstance(outcome, Ambiguous)
    assert (Reason.CANCELLED, Retry.UNSAFE) == (outcome.reason, outcome.retry)


async def test_the_log_says_what_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """A retry logs one line with the account, the attempt and the provider's code."""
    await send(scripted([["slow-down", "slow-down"], ["ok", "ok"]]), 2)

    (record,) = [each for each in caplog.records if each.name == "omnimsg.engine"]
    assert logging.INFO == record.levelno
    said = record.getMessage()
    assert said.startswith(
        "trying again through account 'main' in 0.00 s, attempt 2 of 3, messages 2:"
    )
    assert said.endswith("rate_limited, code 'slow-down', HTTP 200")
    fields = logged_fields(record)
    assert 2 == len(fields.pop("references"))
    assert {
        "account": "main",
        "provider": "tiny",
        "count": 2,
        "attempt": 2,
        "attempts": 3,
        "wait": 0.0,
        "reason": "rate_limited",
        "code": "slow-down",
        "http_status": 200,
    } == fields


async def test_a_faulted_request_is_tried_again_only_if_nothing_left() -> None:
    """The same transport fault is retried before the first byte and not after it."""
    for writes, requests, retry in ((False, 3, Retry.SAFE), (True, 1, Retry.UNSAFE)):

        def lost(_: Request) -> Response:
            raise TransportFault(Reason.TIMEOUT, "no answer in time")

        wire = FakeTransport(lost, writes=writes)

        (outcome,) = await send(wire, 1)

        assert not isinstance(outcome, Accepted)
        assert (requests, retry) == (len(wire.requests), outcome.retry)


@given(
    st.lists(
        st.lists(st.sampled_from(list(KINDS)), min_size=3, max_size=3), min_size=4, max_size=4
    ),
    st.integers(1, 4),
)
def test_every_message_ends_with_its_first_final_outcome(
    words: list[list[str]], attempts: int
) -> None:
    """A message is sent until it is accepted, rejected or ambiguous, and not again after that."""
    wire = scripted(words)

    outcomes = asyncio.run(send(wire, 3, policy=RetryPolicy(attempts=attempts, base=0)))

    sent = [references(each) for each in wire.requests]
    for number, outcome in enumerate(outcomes):
        mine = [turn[number] for turn in words[:attempts]]
        final = next((at for at, each in enumerate(mine) if each != "slow-down"), attempts - 1)
        assert f"r{number}" == outcome.reference
        assert KINDS[mine[final]] is type(outcome)
        assert final + 1 == sum(f"r{number}" in each for each in sent)
    assert all(sent)


async def test_an_operation_is_asked_again_until_it_says_something_else() -> None:
    """An operation is repeated while its failure is safe to retry, up to the allowed attempts."""
    later = Failure(reason=Reason.PROVIDER_ERROR, retry=Retry.SAFE)
    never = Failure(reason=Reason.NOT_FOUND, retry=Retry.NEVER)

    for said, expected in (
        ([later, "here"], "here"),
        ([later, never], never),
        ([later, later, later, "unheard"], later),
        ([never, "unheard"], never),
    ):
        left = iter(said)

        async def ask(left: object = left) -> object:
            return next(left)  # type: ignore[call-overload]

        given = await retrier().operation(ask, seconds(10))
        assert expected is given


async def test_a_value_that_happens_to_have_a_retry_is_no_failure() -> None:
    """An operation's value with an attribute `retry` is not retried: only a `Failure` is."""

    class Value:
        retry = Retry.SAFE

    asked = []

    async def ask() -> Value:
        asked.append(1)
        return Value()

    await retrier().operation(ask, seconds(10))

    assert [1] == asked


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": -1}, {"longest": -0.1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    """A retry policy without an attempt, or with a negative wait, is refused."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # type: ignore[arg-type]


async def test_a_client_takes_a_policy() -> None:
    """A client's `retry` takes precedence over the policies of its accounts."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "slow-down")))
    own = {"main": Policy(retry=RetryPolicy(attempts=9, base=0))}
    for for_all, expected in ((None, 9), (RetryPolicy(attempts=2, base=0), 2)):
        wire.requests.clear()
        async with Client(
            [tiny()], policies=own, retry=for_all, transport=lambda _: wire
        ) as client:
            with pytest.raises(NotSentError):
                await client.send(texts(1)[0])

        assert expected == len(wire.requests)
