"""A stream of any length: nothing lost, nothing mixed, nothing held back, nothing piled up."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.adapters import (
    FakeTransport,
    ManualClock,
    TinyAdapter,
    accepted,
    account_engine,
    close,
    references,
    results,
    texts,
    tiny,
)
from support.audit import OutcomeJournal
from support.virtual import VirtualLoop

from omnimsg import (
    Accepted,
    Channel,
    Failure,
    Limits,
    Location,
    Message,
    NotSent,
    Outcome,
    Policy,
    Reason,
    Retry,
    RetryPolicy,
    Scope,
)
from omnimsg.adapter import CodeRow, CodeTable, Request, Response, Verdict
from omnimsg.engine.attempt.runner import AttemptRunner

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Iterable,
        Iterator,
    )

    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal

pytestmark = pytest.mark.anyio

WINDOW = 8


def stream(
    wire: FakeTransport,
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    kind: type[TinyAdapter] = TinyAdapter,
    deadline: float = 10.0,
    window: int = WINDOW,
    clock: Clock | None = None,
    journal: Journal | None = None,
    **limits: Any,
) -> AsyncGenerator[Outcome, None]:
    """Send a stream through a wire; the way out is closed when the stream is.

    One place more than the window: it is kept for high priority.
    """
    adapter = tiny(kind=kind, **limits)
    policy = Policy(retry=RetryPolicy(base=0), limits=Limits(concurrency=window + 1))
    account = account_engine(adapter, wire, journal=journal, policy=policy, clock=clock)
    ahead = (window + 2) * adapter.capabilities.max_messages
    return _closing(account, account.stream(messages, deadline, ahead=ahead))


async def _closing(
    account: AccountEngine, outcomes: AsyncGenerator[Outcome, None]
) -> AsyncGenerator[Outcome, None]:
    try:
        async with aclosing(outcomes):
            async for each in outcomes:
                yield each
    finally:
        await close(account)


async def collect(outcomes: AsyncIterator[Outcome]) -> list[Outcome]:
    """Take everything."""
    return [each async for each in outcomes]


class Channelled(TinyAdapter):
    """A provider that knows of channels that are not enabled."""

    codes = CodeTable(
        (
            CodeRow(
                "no-channel",
                "message",
                Reason.CHANNEL_NOT_ENABLED,
                Verdict.ACCOUNT,
                description="no such channel",
                source="Tiny",
            ),
        )
    )

    def group(self, message: Message) -> None:
        """Mix the channels."""


class Gate:
    """A reply that waits until the test opens it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        """Wait, then accept."""
        await self.open.wait()
        return accepted(request)


async def settled() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_every_message_has_its_outcome_and_its_position(asynchronous: bool) -> None:
    """Outcomes may come in any order, but each says where its message stood."""

    async def slowly() -> AsyncIterator[Message]:
        for each in texts(1000):
            yield each

    outcomes = await collect(
        stream(FakeTransport(), slowly() if asynchronous else iter(texts(1000)))
    )

    assert {f"r{number}": number for number in range(1000)} == {
        each.reference: each.position for each in outcomes
    }
    assert 1000 == len(outcomes)


async def test_an_empty_stream_ends() -> None:
    """No message, no request, no wait."""
    wire = FakeTransport()

    assert [] == await collect(stream(wire, []))
    assert [] == wire.requests


async def test_a_hundred_and_one_messages_are_two_requests() -> None:
    """A list is cut by the provider's limit, not by the window."""
    wire = FakeTransport()

    await collect(stream(wire, texts(101)))

    assert [100, 1] == [len(references(each)) for each in wire.requests]


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
async def test_requests_are_full_where_messages_wait(limit: int) -> None:
    """No request is smaller than it need be, whatever the provider's limit."""
    wire = FakeTransport()

    await collect(stream(wire, texts(3000), max_messages=limit))

    assert -(-3000 // limit) == len(wire.requests)
    assert wire.most <= WINDOW


async def test_two_messages_of_one_reference_never_share_a_request() -> None:
    """Their answers could not be told apart."""
    wire = FakeTransport()
    same = [attrs.evolve(each, reference="same") for each in texts(3)]

    outcomes = await collect(stream(wire, [*same, *texts(2)]))

    assert all(len(set(references(each))) == len(references(each)) for each in wire.requests)
    assert 3 == sum("same" in references(each) for each in wire.requests)
    assert [0, 1, 2, 3, 4] == sorted(each.position or 0 for each in outcomes)


class Grouped(TinyAdapter):
    """Notes the groups of every request."""

    def sending(self, messages: Any, context: Any) -> Request:
        """Note them."""
        assert 1 == len({self.group(each) for each in messages})
        return super().sending(messages, context)


@settings(deadline=None)  # an event loop for each example: what it takes says nothing
@given(
    st.lists(
        st.tuples(st.sampled_from([Channel.SMS, Channel.WHATSAPP]), st.sampled_from("abcdef")),
        max_size=60,
    ),
    st.integers(1, 8),
)
def test_groups_and_references_never_mix_and_nothing_is_lost(
    given_: list[tuple[Channel, str]], limit: int
) -> None:
    """For any mixture, each message leaves exactly once, in a request of its own kind."""
    messages = [
        Message("+37255500001", "hello", reference=reference, channel=channel)
        for channel, reference in given_
    ]
    wire = FakeTransport()

    outcomes = asyncio.run(
        collect(stream(wire, messages, kind=Grouped, max_messages=limit, window=2))
    )

    assert list(range(len(messages))) == sorted(each.position or 0 for each in outcomes)
    assert {Accepted} >= {type(each) for each in outcomes}
    sent = [references(each) for each in wire.requests]
    assert Counter(each.reference for each in messages) == Counter(
        ref for each in sent for ref in each
    )
    assert all(len(each) <= limit and len(set(each)) == len(each) for each in sent)


async def test_a_slow_input_is_not_held_back_until_a_batch_is_full() -> None:
    """A message leaves as soon as it is read while nothing else is under way."""
    wire = FakeTransport()
    more = asyncio.Event()

    async def slowly() -> AsyncIterator[Message]:
        first, second = texts(2)
        yield first
        await more.wait()
        yield second

    async with aclosing(stream(wire, slowly())) as outcomes:
        first = await anext(outcomes)
        more.set()
        second = await anext(outcomes)

    assert ["r0", "r1"] == [first.reference, second.reference]
    assert 2 == len(wire.requests)


async def test_messages_gather_while_the_window_is_busy() -> None:
    """With one request under way at a time, what arrives meanwhile travels together."""
    gate = Gate()
    wire = FakeTransport(gate)

    async def all_of() -> AsyncIterator[Message]:
        for each in texts(30):
            yield each
            await asyncio.sleep(0)

    collecting = asyncio.create_task(collect(stream(wire, all_of(), window=1)))
    await settled()
    gate.open.set()
    await collecting

    assert [1, 29] == [len(references(each)) for each in wire.requests]


async def test_messages_of_one_request_have_waited_about_as_long() -> None:
    """What waited much longer than another travels without it: their ttls are not the same."""
    gate, clock = Gate(), ManualClock()
    wire = FakeTransport(gate)

    async def unhurried() -> AsyncIterator[Message]:
        for each in texts(4):
            yield each
            await asyncio.sleep(0)
            clock.now += 0.6

    collecting = asyncio.create_task(collect(stream(wire, unhurried(), window=1, clock=clock)))
    await settled()
    gate.open.set()
    await collecting

    assert [["r0"], ["r1", "r2"], ["r3"]] == [references(each) for each in wire.requests]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_of_the_input_comes_after_all_outcomes(asynchronous: bool) -> None:
    """What was read before it has left, and is reported first."""

    def failing() -> Iterator[Message]:
        yield from texts(150)
        raise LookupError("line 151")

    async def failing_slowly() -> AsyncIterator[Message]:
        for each in failing():
            yield each

    outcomes = stream(FakeTransport(), failing_slowly() if asynchronous else failing())

    assert 150 == len({(await anext(outcomes)).reference for _ in range(150)})
    with pytest.raises(LookupError, match="line 151"):
        await anext(outcomes)


async def test_an_input_that_is_cancelled_within_does_not_hang() -> None:
    """A cancellation that the input raises by itself ends the stream like any other error."""

    async def cancelled() -> AsyncIterator[Message]:
        yield texts(1)[0]
        raise asyncio.CancelledError

    outcomes = stream(FakeTransport(), cancelled())

    assert "r0" == (await anext(outcomes)).reference
    with pytest.raises(asyncio.CancelledError):
        await anext(outcomes)


async def test_something_that_is_no_message_is_an_error_of_the_input() -> None:
    """It comes after the outcomes too, and hangs nothing."""
    outcomes = stream(FakeTransport(), [*texts(1), "+37255500001"])  # type: ignore[list-item]

    assert "r0" == (await anext(outcomes)).reference
    with pytest.raises(TypeError, match="Message"):
        await anext(outcomes)


async def test_a_mistake_of_the_engine_loses_no_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks while a batch is on its way, its messages may have left, and it is said."""
    monkeypatch.setattr(AttemptRunner, "send", lambda *_: 1 / 0)

    outcomes = await collect(stream(FakeTransport(), texts(250)))

    assert {"ambiguous": 250} == Counter(each.kind for each in outcomes)
    assert "the engine raised ZeroDivisionError" in caplog.text


async def test_nobody_taking_outcomes_stops_the_reading() -> None:
    """The stream reads no further ahead than its window needs."""
    pulled = 0

    def counted() -> Iterator[Message]:
        nonlocal pulled
        for each in texts(50_000):
            pulled += 1
            yield each

    async with aclosing(stream(FakeTransport(), counted(), max_messages=10)) as outcomes:
        await anext(outcomes)
        await settled()
        first = pulled
        await settled()

        assert first == pulled
    # Done, under way and waiting: none of it grows with the stream.
    assert pulled <= (2 * WINDOW + WINDOW + 1) * 10 + 2 * 10 + 1


async def test_nobody_taking_outcomes_stops_the_reading_of_refused_messages() -> None:
    """A stream of nothing but refusals is read no faster than they are taken."""
    pulled = 0

    def counted() -> Iterator[Message]:
        nonlocal pulled
        for number in range(50_000):
            pulled += 1
            yield Message("+37255500001", Location(latitude=1, longitude=1), reference=f"r{number}")

    async with aclosing(stream(FakeTransport(), counted())) as outcomes:
        refused = await anext(outcomes)
        await settled()

        assert isinstance(refused, NotSent)
        assert Reason.UNSUPPORTED_CONTENT is refused.reason
        assert pulled <= 2 * (WINDOW + 2) * 100


async def test_patience_starts_when_it_is_a_messages_turn() -> None:
    """A caller who takes outcomes slowly does not make the messages behind them too late."""
    async with aclosing(
        stream(FakeTransport(), texts(100), max_messages=1, deadline=0.05)
    ) as outcomes:
        first = await anext(outcomes)
        await asyncio.sleep(0.06)
        rest = [each async for each in outcomes]

    assert {Accepted} == {type(each) for each in (first, *rest)}
    assert 99 == len(rest)


async def test_a_retry_that_waits_for_a_slot_ends_at_its_deadline() -> None:
    """A message of a stream has a deadline from its turn on; nothing has to come back first."""
    go = asyncio.Event()

    async def reply(request: Request) -> Response:
        if references(request) == ["r0"]:
            return results({"r0": "slow-down"})
        await go.wait()
        return accepted(request)

    wire = FakeTransport(reply)
    outcomes = stream(wire, texts(2), window=1, deadline=0.05, max_messages=1)

    with anyio.fail_after(5):
        first = await anext(outcomes)
    go.set()
    rest = await collect(outcomes)

    assert isinstance(first, NotSent)
    assert ("r0", Reason.DEADLINE_EXCEEDED) == (first.reference, first.reason)
    assert [("r1", Accepted)] == [(each.reference, type(each)) for each in rest]
    assert [["r0"], ["r1"]] == [references(each) for each in wire.requests]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close streams without much of a wait."""
    monkeypatch.setattr("omnimsg.engine.sending.stream.CLOSE_TIMEOUT", 0.02)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Read what an operator is told."""
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


@pytest.mark.usefixtures("impatient")
async def test_breaking_out_ends_everything() -> None:
    """No request, task or reading goes on behind a caller who has left."""
    gate = Gate()
    wire = FakeTransport(gate)
    gate.open.set()

    async with aclosing(stream(wire, texts(10_000), max_messages=10)) as outcomes:
        async for _ in outcomes:
            gate.open.clear()
            break

    requests = len(wire.requests)
    await settled()
    assert requests == len(wire.requests)
    assert 0 == wire.under_way


async def test_breaking_out_lets_what_is_under_way_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What had left is known in the end, nothing new leaves, and the loss is said once."""
    gate = Gate()
    first = True

    async def reply(request: Request) -> Response:
        nonlocal first
        if first:
            first = False
            return accepted(request)
        asyncio.get_running_loop().call_later(0.01, gate.open.set)
        return await gate(request)

    diary = OutcomeJournal()
    wire = FakeTransport(reply)

    async with aclosing(stream(wire, texts(10_000), max_messages=10, journal=diary)) as outcomes:
        await anext(outcomes)
        await wire.asked(WINDOW)

    assert {"accepted": 10 * len(wire.requests)} == Counter(each.kind for each in diary.outcomes)
    (said,) = warnings(caplog)
    untaken = 10 * len(wire.requests) - 1
    assert f"nobody took {untaken} outcomes ({untaken} accepted); 0 more" in said


async def test_an_error_in_the_body_of_the_loop_is_said_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error passes, and the outcomes that nobody took are counted by kind."""
    said = {"r0": "ok", "r1": "no-such-number", "r2": "ok"}

    async def careless() -> None:
        async with aclosing(stream(FakeTransport(lambda _: results(said)), texts(3))) as outcomes:
            async for _ in outcomes:
                raise LookupError

    with pytest.raises(LookupError):
        await careless()

    (warning,) = warnings(caplog)
    assert "nobody took 2 outcomes (1 accepted, 1 rejected)" in warning


async def test_a_stream_taken_to_its_end_warns_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Closing it then has nothing to say."""
    async with aclosing(stream(FakeTransport(), texts(1000))) as outcomes:
        assert 1000 == len(await collect(outcomes))

    assert [] == warnings(caplog)


@pytest.mark.usefixtures("impatient")
async def test_cancelling_the_caller_ends_everything(caplog: pytest.LogCaptureFixture) -> None:
    """A caller who is cancelled waits for what is under way only so long; that it left is said."""
    wire = FakeTransport(Gate())
    collecting = asyncio.create_task(collect(stream(wire, texts(10_000))))
    await settled()

    collecting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await collecting
    assert WINDOW == wire.most
    assert 0 == wire.under_way
    (warning,) = warnings(caplog)
    assert f"{100 * WINDOW} more messages are still on their way" in warning


async def test_cancelling_twice_waits_for_nothing() -> None:
    """Who insists is let go at once, and leaves no request behind."""
    wire = FakeTransport(Gate())
    collecting = asyncio.create_task(collect(stream(wire, texts(10_000))))
    await settled()

    collecting.cancel()
    await settled()
    assert not collecting.done()
    collecting.cancel()

    await settled()
    assert collecting.cancelled()
    assert 0 == wire.under_way


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 301])
async def test_an_account_in_trouble_costs_a_few_requests(status: int) -> None:
    """Fifty thousand messages with a wrong key or address are all unsent, and none is refused."""
    wire = FakeTransport(lambda _: Response(status))
    count: Counter[Any] = Counter()
    numbers = set()

    async for each in stream(wire, (text for text in texts(50_000))):
        assert isinstance(each, NotSent)
        count[each.scope, each.retry] += 1
        numbers.add((each.position, each.reference))

    assert {(Scope.ACCOUNT, Retry.AFTER_FIX): 50_000} == count
    assert {(number, f"r{number}") for number in range(50_000)} == numbers
    assert len(wire.requests) <= WINDOW


async def test_a_channel_that_is_not_enabled_stops_no_other() -> None:
    """Every text leaves, whatever becomes of the WhatsApp messages in between."""
    whatsapp = {f"r{number}" for number in range(0, 5000, 2)}
    messages = [
        attrs.evolve(each, channel=Channel.WHATSAPP) if each.reference in whatsapp else each
        for each in texts(5000)
    ]

    def reply(request: Request) -> Response:
        return results(
            {each: "no-channel" if each in whatsapp else "ok" for each in references(request)}
        )

    wire = FakeTransport(reply)
    outcomes = await collect(stream(wire, messages, kind=Channelled))

    assert {each.reference for each in outcomes if each.kind == "not_sent"} == whatsapp
    assert 2500 == sum(isinstance(each, Accepted) for each in outcomes)
    asked = sum(each in whatsapp for request in wire.requests for each in references(request))
    assert asked < len(whatsapp) / 2


async def test_a_single_stray_answer_costs_its_own_batch_only() -> None:
    """One redirect among thousands of good answers is no trouble of the account."""
    answers = iter([Response(307)])
    wire = FakeTransport(lambda request: next(answers, None) or accepted(request))

    kinds = Counter(each.kind for each in await collect(stream(wire, texts(5000))))

    assert {"not_sent": 100, "accepted": 4900} == kinds


async def test_trouble_ends_when_the_account_is_mended(caplog: pytest.LogCaptureFixture) -> None:
    """A stream that lives long sends again without a restart, and says so."""
    clock, mended = ManualClock(), False
    wire = FakeTransport(lambda request: accepted(request) if mended else Response(401))
    go = asyncio.Event()

    async def one_by_one() -> AsyncIterator[Message]:
        for each in texts(40):
            yield each
            await go.wait()
            go.clear()

    kinds = []
    async with aclosing(
        stream(wire, one_by_one(), max_messages=1, window=1, clock=clock)
    ) as outcomes:
        async for outcome in outcomes:
            kinds.append(outcome.kind)
            mended = len(kinds) >= 10
            clock.now += 0.0 if len(kinds) < 10 else 5.0
            go.set()

    assert ["not_sent"] * 10 == kinds[:10]
    assert ["accepted"] * 30 == kinds[10:]
    assert 2 + 30 == len(wire.requests)
    started, ended = warnings(caplog)
    assert "account 'main' is in trouble: unauthorized (HTTP 401)" in started
    assert "account 'main' takes messages again" == ended


async def test_what_is_not_tried_shows_nothing_of_another_message() -> None:
    """The failure is the account's: no code, answer or field of the message that met it first."""
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "no-money")))

    outcomes = await collect(stream(wire, texts(2000)))

    asked = {each for request in wire.requests for each in references(request)}
    (failure,) = {
        repr(each.failure): each.failure
        for each in outcomes
        if isinstance(each, NotSent) and each.reference not in asked
    }.values()
    assert failure == Failure(
        reason=Reason.INSUFFICIENT_FUNDS,
        retry=Retry.AFTER_FIX,
        detail="not tried: account 'main' was refused earlier: insufficient funds",
    )
    assert failure.raw is None


async def test_memory_does_not_grow_with_the_stream() -> None:
    """Twenty thousand messages leave no more behind than two thousand."""
    alive: list[int] = []

    def made(count: int) -> Iterator[Message]:
        for number in range(count):
            if number % 1000 == 999:
                gc.collect()
                alive.append(sum(isinstance(each, Message) for each in gc.get_objects()))
            yield Message("+37255500001", "hello", reference=f"r{number}")

    async for _ in stream(FakeTransport(), made(20_000), max_messages=10):
        pass

    assert max(alive) - alive[0] <= (3 * WINDOW + 3) * 10


@pytest.mark.parametrize("pause", [0.1, 0.0], ids=["between two rows", "at its yield"])
@pytest.mark.parametrize("seconds_of_cleanup", [1.0, 3600.0])
def test_the_clean_up_of_the_input_is_waited_for_but_not_for_ever(
    seconds_of_cleanup: float, pause: float, caplog: pytest.LogCaptureFixture
) -> None:
    """A cursor whose close hangs must not keep the caller, who hears of it, wherever it stands."""
    loop = VirtualLoop()

    async def rows() -> AsyncGenerator[Message, None]:
        try:
            for each in texts(10_000):
                yield each
                if pause:
                    await asyncio.sleep(pause)
        finally:
            await asyncio.sleep(seconds_of_cleanup)

    given = rows()

    async def story() -> float:
        account = account_engine(tiny(), FakeTransport(), clock=loop)
        async with aclosing(account.stream(given, 10.0)) as outcomes:
            async for _ in outcomes:
                break
            began = loop.now
        waited = loop.now - began
        await close(account)
        return waited

    with closing(loop):
        waited = loop.drive(story())

    assert min(seconds_of_cleanup, 5.0) == pytest.approx(waited, abs=0.1)
    assert (seconds_of_cleanup > 5) == ("still cleans up 5 s after" in caplog.text)


async def test_an_input_is_closed_by_the_task_that_reads_it() -> None:
    """What it holds open, such as a scope of anyio, no other task may leave."""
    tasks: list[asyncio.Task[Any] | None] = []

    async def rows() -> AsyncGenerator[Message, None]:
        with anyio.CancelScope():
            tasks.append(asyncio.current_task())
            try:
                for each in texts(10_000):
                    yield each
            finally:
                tasks.append(asyncio.current_task())

    given = rows()
    account = account_engine(tiny(), FakeTransport())
    async with aclosing(account.stream(given, 10.0)) as outcomes:
        async for _ in outcomes:
            break
    await close(account)

    assert 2 == len(tasks)
    assert tasks[0] is tasks[1]


async def test_an_input_is_closed_after_a_row_that_is_no_message() -> None:
    """The error ends the stream, and nobody else closes the generator."""
    closed: list[bool] = []

    async def rows() -> AsyncGenerator[Any, None]:
        try:
            yield texts(1)[0]
            yield "not a message"
        finally:
            closed.append(True)

    account = account_engine(tiny(), FakeTransport())
    given = rows()
    with pytest.raises(TypeError):
        _ = [each async for each in account.stream(given, 10.0)]
    await close(account)

    assert [True] == closed
