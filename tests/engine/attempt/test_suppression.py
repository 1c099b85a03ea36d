"""The suppression list is asked before every request; an error of it is no permission."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    Choosy,
    FakeTransport,
    Listing,
    TinyAdapter,
    accepted,
    close,
    references,
    results,
    texts,
    tiny,
)
from support.audit import Book
from support.sending import AT_ONCE, all_of, collect, settled
from support.virtual import VirtualLoop

from omnimsg import (
    Accepted,
    Ambiguous,
    Breaker,
    Consent,
    Limits,
    NotSent,
    OnAmbiguous,
    Policy,
    Reason,
    Rejected,
    Retry,
    Scope,
)
from omnimsg.adapter import Request, Response
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import ConsentChange, Message, Outcome
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal

pytestmark = pytest.mark.anyio


class List:
    """A suppression list that a test fills, and that keeps its calls."""

    def __init__(self, *opted_out: str) -> None:
        self.opted_out = set(opted_out)
        self.asked: list[list[str]] = []
        self.is_asked = asyncio.Event()
        self.is_told = asyncio.Event()
        self.told: list[ConsentChange] = []
        self.error: BaseException | None = None
        self.seconds = 0.0
        self.answer: Any = None

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Answer after `seconds`, or raise `error`."""
        assert "main" == account
        self.asked.append([each.reference for each in messages])
        self.is_asked.set()
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        if self.answer is not None:
            return self.answer  # type: ignore[no-any-return]
        return [each.reference in self.opted_out for each in messages]

    async def record(self, change: ConsentChange) -> None:
        """Keep a change after `seconds`, or raise `error`."""
        self.is_told.set()
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.told.append(change)


def engine(
    wire: FakeTransport,
    suppression: List,
    *,
    kind: type[TinyAdapter] = Choosy,
    consents: ConsentQueue | None = None,
    journal: Journal | None = None,
    clock: Clock | None = None,
    **policy: Any,
) -> AccountEngine:
    """Build an account with a suppression list."""
    return AccountEngine(
        tiny(kind=kind),
        lambda: wire,
        policy=Policy(**{"retry": AT_ONCE, **policy}),
        journal=journal,
        consents=consents or ConsentQueue(suppression),
        clock=clock,
    )


async def send(account: AccountEngine, messages: Sequence[Message]) -> list[Outcome]:
    """Send messages in one request."""
    return await all_of(account, *(account.submit(each, 10) for each in messages))


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the kinds of outcomes."""
    return [each.kind for each in outcomes]


@pytest.mark.parametrize("has_journal", [False, True])
async def test_who_has_opted_out_is_not_texted(*, has_journal: bool) -> None:
    """Only the suppressed message of a request is not sent, and the journal does not record it."""
    wire, book = FakeTransport(), Book()
    account = engine(wire, List("r1"), journal=book if has_journal else None)

    outcomes = await send(account, texts(3))

    assert ["accepted", "not_sent", "accepted"] == kinds(outcomes)
    assert ["r0", "r2"] == references(wire.requests[0])
    refused = outcomes[1]
    assert isinstance(refused, NotSent)
    assert (Reason.SUPPRESSED, Retry.NEVER, Scope.MESSAGE) == (
        refused.reason,
        refused.retry,
        refused.scope,
    )
    assert "r1" not in book.told
    assert (["r0", "r2"] if has_journal else []) == sorted(book.told)


async def test_nothing_leaves_where_all_have_opted_out() -> None:
    """A batch whose recipients are all suppressed makes no request."""
    wire = FakeTransport()

    outcomes = await send(engine(wire, List("r0", "r1")), texts(2))

    assert ["not_sent", "not_sent"] == kinds(outcomes)
    assert [] == wire.requests


async def test_it_is_asked_before_every_attempt() -> None:
    """The list is asked before each attempt: a recipient may opt out between two."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.opted_out.add("r1")
        return results(dict.fromkeys(references(request), "slow-down"))

    wire = FakeTransport(answer)
    outcomes = await send(engine(wire, suppression), texts(2))

    assert [["r0", "r1"], ["r0", "r1"]] == suppression.asked[:2]
    assert [["r0", "r1"], ["r0"], ["r0"]] == [references(each) for each in wire.requests]
    assert [Reason.RATE_LIMITED, Reason.SUPPRESSED] == [
        each.reason for each in outcomes if not isinstance(each, Accepted)
    ]


async def test_it_is_asked_for_a_stream() -> None:
    """The list is asked about every message of a stream."""
    suppression = List("r1", "r150")
    wire = FakeTransport()
    account = engine(wire, suppression)

    outcomes = await collect(account.stream(texts(200), 10))
    await close(account)

    assert {"r1", "r150"} == {each.reference for each in outcomes if isinstance(each, NotSent)}
    assert 200 == len({each for batch in suppression.asked for each in batch})
    assert 198 == sum(len(references(each)) for each in wire.requests)


async def test_it_is_asked_for_the_parts_of_a_split_request() -> None:
    """The list is asked again for each part of a split request."""
    suppression = List()
    wire = FakeTransport(
        lambda request: Response(413, b"") if len(references(request)) > 1 else accepted(request)
    )

    outcomes = await send(engine(wire, suppression), texts(2))

    assert ["accepted", "accepted"] == kinds(outcomes)
    assert [["r0", "r1"], ["r0"], ["r1"]] == suppression.asked


@pytest.mark.parametrize(
    "answer", [[True], [True] * 3, 7, None], ids=["too few", "too many", "none", "raises"]
)
async def test_an_error_is_no_permission(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """If the list fails or breaks its contract, nothing is sent; the error's text is not logged."""
    suppression = List()
    suppression.answer = answer
    suppression.error = LookupError("+37255500001") if answer is None else None
    wire = FakeTransport()

    outcomes = await send(engine(wire, suppression), texts(2))

    assert [(Reason.UNKNOWN, Retry.AFTER_FIX)] * 2 == [
        (each.reason, each.retry) for each in outcomes if isinstance(each, NotSent)
    ]
    assert [] == wire.requests
    assert "the suppression list raised" in caplog.text


async def test_a_timeout_of_its_own_is_an_error() -> None:
    """A `TimeoutError` that the list raises is not reported as a passed deadline."""
    suppression = List()
    suppression.error = TimeoutError()

    (outcome,) = await send(engine(FakeTransport(), suppression), texts(1))

    assert isinstance(outcome, NotSent)
    assert Reason.UNKNOWN is outcome.reason


def test_it_has_until_the_deadline() -> None:
    """A message whose deadline passes while the list is asked is not sent, and says why."""
    suppression = List()
    suppression.seconds = 60
    wire = FakeTransport()
    loop = VirtualLoop()

    with closing(loop):
        account = engine(wire, suppression, clock=loop)
        (outcome,) = loop.drive(send(account, texts(1)))

    assert isinstance(outcome, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, Retry.NEVER) == (outcome.reason, outcome.retry)
    assert "suppression list" in outcome.failure.detail
    assert [] == wire.requests


class Stubborn(List):
    """A list that goes on for a minute, also when it is cancelled."""

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Answer after a minute."""
        await self._go_on()
        return await super().suppressed(account, messages)

    async def record(self, change: ConsentChange) -> None:
        """Keep a change after a minute."""
        await self._go_on()
        await super().record(change)

    @staticmethod
    async def _go_on() -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + 60
        while (left := until - loop.time()) > 0:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(left)


def test_one_that_ignores_its_cancellation_has_until_the_deadline_too() -> None:
    """A list that goes on after its cancellation does not keep a message beyond its deadline."""
    loop = VirtualLoop()

    async def story() -> tuple[Outcome, float]:
        account = engine(FakeTransport(), Stubborn(), clock=loop)
        began = loop.time()
        outcome = await account.submit(texts(1)[0], 10)
        took = loop.time() - began
        await asyncio.sleep(100)
        return outcome, took

    outcome, took = loop.drive_to_end(story())

    assert isinstance(outcome, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, 10) == (outcome.reason, round(took))


def test_one_that_stores_for_ever_keeps_no_outcome_back(caplog: pytest.LogCaptureFixture) -> None:
    """The outcome of a refused message waits a few seconds at most for the list."""
    loop = VirtualLoop()
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), "opted-out")))

    class Storing(Stubborn):
        suppressed = List.suppressed  # answers at once

    async def story() -> tuple[Outcome, float]:
        account = engine(wire, Storing(), clock=loop)
        began = loop.time()
        outcome = await account.submit(texts(1)[0], 30)
        took = loop.time() - began
        await asyncio.sleep(100)
        return outcome, took

    outcome, took = loop.drive_to_end(story())

    assert ("rejected", 5) == (outcome.kind, round(took))
    assert "the suppression list raised TimeoutError" in caplog.text


async def test_what_is_cancelled_while_it_is_asked_was_not_sent() -> None:
    """A message whose account closes while the list is asked is not sent."""
    suppression = List()
    suppression.seconds = 60
    account = engine(FakeTransport(), suppression)
    waiting = account.submit(texts(1)[0], 100)
    await suppression.is_asked.wait()

    await close(account)

    outcome = await waiting
    assert isinstance(outcome, NotSent)
    assert Reason.CANCELLED is outcome.reason


async def test_a_cancellation_of_its_own_is_an_error() -> None:
    """A `CancelledError` that the list raises fails one message; the next one leaves at once."""
    suppression = List()
    suppression.error = asyncio.CancelledError()
    wire = FakeTransport()
    account = engine(wire, suppression, limits=Limits(concurrency=1))
    waiting = account.submit(texts(1)[0], 10)
    await suppression.is_asked.wait()
    behind = account.submit(texts(1, start=1)[0], 10)
    outcome = await waiting
    suppression.error = None
    turns = 0
    while not behind.done():
        turns += 1
        await asyncio.sleep(0)
        assert turns < 1000
    await close(account)

    assert isinstance(outcome, NotSent)
    assert Reason.UNKNOWN is outcome.reason
    assert "accepted" == behind.result().kind


async def test_a_cancellation_of_its_own_changes_no_outcome() -> None:
    """A `CancelledError` from `record` does not change the provider's refusal."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.error = asyncio.CancelledError()
        return results(dict.fromkeys(references(request), "opted-out"))

    (outcome,) = await send(engine(FakeTransport(answer), suppression), texts(1))

    assert isinstance(outcome, Rejected)


async def test_a_doubt_stays_a_doubt() -> None:
    """A message in doubt whose recipient opts out before the resend stays ambiguous."""
    suppression = List()

    def answer(request: Request) -> Response:
        if request.method == "GET":
            return Response(200, b'{"there": false}')
        suppression.opted_out.add("r0")
        return results(dict.fromkeys(references(request), "who-knows"))

    wire = FakeTransport(answer)
    account = engine(wire, suppression, kind=Listing, on_ambiguous=OnAmbiguous.RESEND)

    (outcome,) = await send(account, texts(1))

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(wire.requests)


async def test_what_was_not_sent_says_nothing_about_the_provider() -> None:
    """A resend that the list prevents does not count for the circuit breaker."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.opted_out.add("r0")
        raise TransportFault(Reason.CONNECTION_LOST, "gone")

    account = engine(
        FakeTransport(answer),
        suppression,
        on_ambiguous=OnAmbiguous.RESEND,
        breaker=Breaker(failures=2),
    )

    (outcome,) = await send(account, texts(1))

    assert isinstance(outcome, Ambiguous)
    assert {} == account.health().open_circuits


@pytest.mark.parametrize("error", [LookupError(), TimeoutError()])
async def test_an_error_after_a_doubt_leaves_the_doubt(error: Exception) -> None:
    """If the list fails before a resend, the outcome stays ambiguous."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.error = error
        return results(dict.fromkeys(references(request), "who-knows"))

    wire = FakeTransport(answer)
    account = engine(wire, suppression, on_ambiguous=OnAmbiguous.RESEND)

    (outcome,) = await send(account, texts(1))

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(wire.requests)


async def test_a_refusal_that_is_an_opt_out_is_told() -> None:
    """A refusal for an opt-out is recorded in the list with its recipient."""
    suppression = List()
    words = {"r0": "ok", "r1": "opted-out", "r2": "no-such-number"}
    wire = FakeTransport(
        lambda request: results({each: words[each] for each in references(request)})
    )

    outcomes = await send(engine(wire, suppression), texts(3))

    (told,) = suppression.told
    assert (Consent.OPTED_OUT, "+37255000001", "r1") == (told.consent, told.address, told.reference)
    assert [Reason.OPTED_OUT, Reason.INVALID_RECIPIENT] == [
        each.reason for each in outcomes if isinstance(each, Rejected)
    ]


async def test_a_request_that_is_refused_as_a_whole_opts_nobody_out() -> None:
    """Of a batch refused as a whole, only the message refused alone is recorded as an opt-out."""
    suppression = List()

    def answer(request: Request) -> Response:
        asked = references(request)
        word = "opted-out" if "r1" in asked else "ok"
        return attrs.evolve(
            results(dict.fromkeys(asked, word)), status=400 if word != "ok" else 200
        )

    outcomes = await send(engine(FakeTransport(answer), suppression), texts(3))

    assert ["r1"] == [each.reference for each in suppression.told]
    assert ["accepted", "rejected", "accepted"] == kinds(outcomes)


async def test_a_list_that_cannot_be_told_changes_no_outcome() -> None:
    """An error from `record` does not change the provider's refusal."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.error = LookupError()
        return results(dict.fromkeys(references(request), "opted-out"))

    (outcome,) = await send(engine(FakeTransport(answer), suppression), texts(1))

    assert isinstance(outcome, Rejected)
    assert [] == suppression.told


def test_a_list_that_cannot_be_told_in_time_delays_no_outcome() -> None:
    """An outcome waits a few seconds at most for the list to record its opt-out."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.seconds = 3600
        return results(dict.fromkeys(references(request), "opted-out"))

    loop = VirtualLoop()
    began = loop.now
    consents = ConsentQueue(suppression)
    with closing(loop):
        account = engine(FakeTransport(answer), suppression, consents=consents, clock=loop)
        (outcome,) = loop.drive(send(account, texts(1)))
        took = loop.now - began
        loop.drive(consents.aclose(0))
        loop.settle()

    assert isinstance(outcome, Rejected)
    assert 10 > took


async def test_what_is_cancelled_while_it_is_told_has_its_outcome() -> None:
    """A message whose account closes while `record` runs gets the provider's refusal."""
    suppression = List()

    def answer(request: Request) -> Response:
        suppression.seconds = 60
        return results(dict.fromkeys(references(request), "opted-out"))

    consents = ConsentQueue(suppression)
    account = engine(FakeTransport(answer), suppression, consents=consents)
    waiting = account.submit(texts(1)[0], 100)
    await suppression.is_told.wait()

    await close(account)
    outcome = await waiting
    await consents.aclose(0)
    await settled()

    assert isinstance(outcome, Rejected)
