"""A journal records each intent before the request and each outcome after it, in all cases."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    account_engine,
    close,
    references,
    results,
    seconds,
    send_batch,
    texts,
    tiny,
)
from support.audit import OutcomeJournal
from support.log_records import logged_fields
from support.sending import collect
from support.virtual import VirtualLoop

from omnimsg import Accepted, Ambiguous, Attempt, Message, NotSent, Outcome, Reason, Retry
from omnimsg.adapter import Request, Response
from omnimsg.domain.failure import Failure
from omnimsg.engine.attempt import journal_writer

if TYPE_CHECKING:
    from omnimsg.engine.clock import Clock

pytestmark = pytest.mark.anyio

Step = Callable[[], Awaitable[None]]
Answers = Callable[[Sequence[Message]], Sequence[Outcome | None]]


async def nothing() -> None:
    """Take no time."""


def go_on(messages: Sequence[Message]) -> Sequence[Outcome | None]:
    """Let every message be sent."""
    return [None] * len(messages)


class Diary:
    """A journal that notes its calls, in one list with the requests.

    Args:
        intending: What happens while an intent is recorded.
        settling: What happens while outcomes are recorded.
        answers: What it answers to an intent, one entry per message.

    Attributes:
        told: Its calls and the requests, in order.
        attempts: The attempts that were intended.
        settled: The attempts whose outcomes were recorded.
    """

    def __init__(
        self, *, intending: Step = nothing, settling: Step = nothing, answers: Answers = go_on
    ) -> None:
        self._intending = intending
        self._settling = settling
        self._answers = answers
        self.attempts: list[Attempt] = []
        self.settled: list[Attempt] = []
        self.told: list[Any] = []

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        """Note an intent."""
        await self._intending()
        self.attempts.append(attempt)
        self.told.append(("intend", attempt.account, [each.reference for each in messages]))
        return self._answers(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self._settling()
        self.settled.append(attempt)
        self.told.append(("settle", *((each.reference, each.kind) for each in outcomes)))

    def wire(self, reply: Callable[[Request], Any] = accepted) -> FakeTransport:
        """Build a transport whose requests are noted too."""

        def noted(request: Request) -> Any:
            self.told.append(("request", references(request)))
            return reply(request)

        return FakeTransport(noted)


async def send(
    diary: Diary, wire: FakeTransport, count: int = 1, *, clock: Clock | None = None, **limits: Any
) -> list[Outcome]:
    """Send a batch with a journal."""
    account = account_engine(tiny(**limits), wire, journal=diary, clock=clock)
    return await send_batch(account, texts(count))


def send_too_late(diary: Diary, then: Callable[[], object] = int) -> Outcome:
    """Send a message whose deadline passes, in virtual time, and return its outcome."""
    loop = VirtualLoop()
    with closing(loop):
        (outcome,) = loop.drive(send(diary, diary.wire(), clock=loop))
        then()
        loop.settle()
        return outcome


async def stuck(_: object = None) -> Any:
    """Wait for ever."""
    await asyncio.Event().wait()


async def broken() -> None:
    """Fail with an error that quotes a number, as a database's may."""
    raise OSError("INSERT ... '+37255500001'")


async def cancelled_in(diary: Diary, wire: FakeTransport, *, after: Awaitable[Any]) -> None:
    """Send, and cancel the send after something has happened."""
    sending = asyncio.create_task(send(diary, wire))
    await after
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_the_intent_comes_first_and_the_outcome_last() -> None:
    """The journal is called before the request with the intent, and after it with the outcomes."""
    diary = Diary()

    await send(diary, diary.wire(), 2)

    assert [
        ("intend", "main", ["r0", "r1"]),
        ("request", ["r0", "r1"]),
        ("settle", ("r0", "accepted"), ("r1", "accepted")),
    ] == diary.told


async def test_each_attempt_has_its_own_pair() -> None:
    """Each attempt has an intent and outcomes of its own, for the retried messages only."""
    diary = Diary()

    def reply(request: Request) -> Response:
        first = references(request) == ["r0", "r1"]
        return results(
            {each: "slow-down" if first and each == "r1" else "ok" for each in references(request)}
        )

    await send(diary, diary.wire(reply), 2)

    assert [
        ("intend", "main", ["r0", "r1"]),
        ("request", ["r0", "r1"]),
        ("settle", ("r0", "accepted"), ("r1", "not_sent")),
        ("intend", "main", ["r1"]),
        ("request", ["r1"]),
        ("settle", ("r1", "accepted")),
    ] == diary.told


async def test_a_batch_that_is_cut_is_intended_by_its_parts() -> None:
    """The parts of a batch that was split for its size each have an intent and outcomes."""
    diary = Diary()

    await send(diary, diary.wire(), 2, max_bytes=130)

    for reference in ("r0", "r1"):
        mine = [each[0] for each in diary.told if reference in str(each)]
        assert ["intend", "request", "settle"] == mine


async def test_a_batch_that_is_refused_as_a_whole_is_recorded_as_safe_to_retry() -> None:
    """A batch refused as a whole is recorded as not sent and safe to retry, then sent in parts."""
    journal = OutcomeJournal()

    def reply(request: Request) -> Response:
        return Response(422, b"{}") if len(references(request)) > 1 else accepted(request)

    await send_batch(account_engine(tiny(), FakeTransport(reply), journal=journal), texts(2))

    assert [
        ("r0", "not_sent", Retry.SAFE),
        ("r1", "not_sent", Retry.SAFE),
        ("r0", "accepted", None),
        ("r1", "accepted", None),
    ] == [
        (each.reference, each.kind, None if isinstance(each, Accepted) else each.retry)
        for each in journal.outcomes
    ]


async def test_a_batch_that_is_refused_as_a_whole_while_the_account_closes_was_not_sent() -> None:
    """Callers of a batch refused as a whole while the account closes get the recorded `NotSent`."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        reached.set()
        await go.wait()

    wire = FakeTransport(lambda _: Response(422, b"{}"))
    account = account_engine(tiny(), wire, journal=Diary(settling=slowly))
    waiting = [account.submit(each, 10) for each in texts(2)]
    await reached.wait()

    closing = asyncio.create_task(account.aclose(seconds(0)))
    for _ in range(10):
        await asyncio.sleep(0)
    go.set()
    await closing

    assert [("not_sent", Retry.SAFE)] * 2 == [
        (outcome.kind, None if isinstance(outcome, Accepted) else outcome.retry)
        for outcome in await asyncio.gather(*waiting)
    ]


async def test_an_intent_that_fails_keeps_everything_back(caplog: pytest.LogCaptureFixture) -> None:
    """If the intent cannot be recorded, nothing is sent, and the callers get `NotSent`."""
    diary = Diary(intending=broken)

    outcomes = await send(diary, diary.wire(), 2)

    assert {(NotSent, Retry.AFTER_FIX)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    # The intent may have been recorded in spite of the error: then this ends it.
    assert [("settle", ("r0", "not_sent"), ("r1", "not_sent"))] == diary.told
    assert "the journal raised OSError at test_journal.py:" in caplog.text


def test_a_slow_intent_ends_with_the_deadline_and_keeps_everything_back() -> None:
    """A message whose intent is not recorded by its deadline is not sent, and that is recorded."""
    diary = Diary(intending=stuck)

    outcome = send_too_late(diary)

    assert isinstance(outcome, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, Retry.NEVER) == (outcome.reason, outcome.retry)
    assert [("settle", ("r0", "not_sent"))] == diary.told


def test_an_intent_that_ignores_its_cancellation_holds_nobody_for_ever() -> None:
    """An intent that ignores its cancellation delays the outcome by a few seconds at most."""
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    diary = Diary(intending=stubborn)
    told: list[Any] = []

    def stop() -> None:
        told.extend(diary.told)
        go.set()

    outcome = send_too_late(diary, stop)

    assert isinstance(outcome, NotSent)
    assert [("settle", ("r0", "not_sent"))] == told


def test_an_error_that_comes_after_the_deadline_is_not_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A journal's error after the deadline is not logged by asyncio as never retrieved."""

    async def failing_late() -> None:
        try:
            await stuck()
        finally:
            await broken()

    diary = Diary(intending=failing_late)

    outcome = send_too_late(diary)
    gc.collect()

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert "never retrieved" not in caplog.text


async def test_an_intent_that_cancels_itself_keeps_everything_back() -> None:
    """A journal's `intend` that raises `CancelledError` leaves the message unsent."""

    async def give_up() -> None:
        raise asyncio.CancelledError

    diary = Diary(intending=give_up)

    (outcome,) = await send(diary, diary.wire())

    assert isinstance(outcome, NotSent)
    assert ["settle"] == [each[0] for each in diary.told]


async def test_an_outcome_that_cannot_be_recorded_still_reaches_the_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If an outcome cannot be recorded, the caller gets it, and a critical line is logged."""
    diary = Diary(settling=broken)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    (record,) = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert "lost 1 outcomes of account 'main'" in record.getMessage()
    assert "raised OSError" in record.getMessage()
    references = [each.reference for each in outcomes]
    assert {"account": "main", "count": 1, "references": references} == logged_fields(record)


async def test_a_journal_that_never_comes_back_does_not_hold_the_caller_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait for a journal to record an outcome is bounded, and the loss is logged."""
    monkeypatch.setattr(journal_writer, "SETTLE_TIMEOUT", 0.02)
    diary = Diary(settling=stuck)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    assert "the journal is too slow and lost 1 outcomes" in caplog.text


async def test_a_journal_that_cancels_itself_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A `settle` that raises `CancelledError` is logged, and the caller gets the outcome."""

    async def give_up() -> None:
        raise asyncio.CancelledError

    diary = Diary(settling=give_up)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    assert "the journal was cancelled and lost 1 outcomes" in caplog.text


async def test_cancelled_after_the_request_left_is_ambiguous() -> None:
    """A message cancelled after its request left is recorded as ambiguous."""
    diary = Diary()
    wire = diary.wire(stuck)

    await cancelled_in(diary, wire, after=wire.asked())

    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]


async def test_who_waits_hears_of_a_client_that_is_closed_twice() -> None:
    """Closing an account twice while an outcome is recorded still gives the caller its outcome."""
    recording = asyncio.Event()

    async def slowly() -> None:
        recording.set()
        await asyncio.sleep(0.02)

    diary = Diary(settling=slowly)
    wire = diary.wire(stuck)
    account = account_engine(tiny(), wire, journal=diary)
    caller = account.submit(texts(1)[0], 10)
    await wire.asked()

    closing = [asyncio.create_task(close(account))]
    await recording.wait()
    closing.append(asyncio.create_task(close(account)))
    await asyncio.wait(closing, timeout=20)

    assert caller.done()
    assert "ambiguous" == caller.result().kind
    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]


async def test_cancelled_before_the_request_left_is_not_sent() -> None:
    """A message cancelled while it waits for a connection is recorded as not sent."""
    diary = Diary()
    wire = diary.wire(stuck)
    wire.writes = False

    await cancelled_in(diary, wire, after=wire.asked())

    assert ("settle", ("r0", "not_sent")) == diary.told[-1]


async def test_cancelled_while_the_intent_is_recorded_is_not_sent() -> None:
    """A message cancelled while its intent is recorded is not sent, and that is recorded."""
    reached = asyncio.Event()

    async def slowly() -> None:
        reached.set()
        await stuck()

    diary = Diary(intending=slowly)
    wire = diary.wire()

    await cancelled_in(diary, wire, after=reached.wait())

    assert [("settle", ("r0", "not_sent"))] == diary.told


async def test_cancelled_while_the_outcome_is_recorded_is_recorded() -> None:
    """A cancellation by asyncio or anyio while an outcome is recorded does not lose the outcome."""
    for cancel in ("asyncio", "anyio"):
        reached, go = asyncio.Event(), asyncio.Event()

        async def slowly(reached: asyncio.Event = reached, go: asyncio.Event = go) -> None:
            reached.set()
            await go.wait()

        diary = Diary(settling=slowly)

        async with anyio.create_task_group() as tasks:
            sending: asyncio.Task[Any] | None = None
            if cancel == "asyncio":
                sending = asyncio.create_task(send(diary, diary.wire()))
            else:
                tasks.start_soon(send, diary, diary.wire())
            await reached.wait()
            if sending is not None:
                sending.cancel()
            else:
                tasks.cancel_scope.cancel()
            asyncio.get_running_loop().call_later(0.01, go.set)
            if sending is not None:
                with pytest.raises(asyncio.CancelledError):
                    await sending

        assert ("settle", ("r0", "accepted")) == diary.told[-1]


async def test_a_message_that_never_gets_that_far_is_not_recorded() -> None:
    """A message that is refused before its request is built is not recorded in the journal."""
    diary = Diary()
    account = account_engine(tiny(), diary.wire(), journal=diary)

    (outcome,) = await send_batch(account, texts(1), -1)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert [] == diary.told


async def test_an_ambiguous_outcome_is_recorded_as_what_it_is() -> None:
    """An ambiguous outcome is recorded as ambiguous."""
    diary = Diary()

    outcomes = await send(diary, diary.wire(lambda _: Response(500)))

    assert [Ambiguous] == [type(each) for each in outcomes]
    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]


def known(reference: str) -> Accepted:
    """Build the outcome of a message that an earlier worker sent."""
    return Accepted(reference=reference, account="main", provider_id=f"earlier-{reference}")


def taken(reference: str) -> NotSent:
    """Build the outcome of a message that another worker is sending."""
    failure = Failure(reason=Reason.CANCELLED, retry=Retry.NEVER, detail="another worker has it")
    return NotSent(reference=reference, account="main", failure=failure)


async def test_a_message_that_the_journal_ends_does_not_leave_and_fails_no_other() -> None:
    """A message for which the journal returns an outcome is not sent; the others are."""
    ended: dict[str, Outcome] = {"r1": taken("r1"), "r3": known("r3")}
    diary = Diary(answers=lambda messages: [ended.get(each.reference) for each in messages])

    outcomes = await send(diary, diary.wire(), 5)

    assert [("request", ["r0", "r2", "r4"])] == [
        each for each in diary.told if each[0] == "request"
    ]
    assert [ended["r1"], ended["r3"]] == [outcomes[1], outcomes[3]]
    assert ["accepted"] * 3 == [outcomes[index].kind for index in (0, 2, 4)]


async def test_the_journal_may_know_a_message_from_another_account() -> None:
    """An outcome at another account ends a message as well: it was sent, or is in doubt, there."""
    failure = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE)
    doubt = Ambiguous(reference="r0", account="another", failure=failure)
    diary = Diary(answers=lambda messages: [doubt, *[None] * (len(messages) - 1)])

    outcomes = await send(diary, diary.wire(), 2)

    assert (doubt, "accepted") == (outcomes[0], outcomes[1].kind)
    assert [("request", ["r1"])] == [each for each in diary.told if each[0] == "request"]


async def test_an_outcome_that_the_journal_keeps_never_changes() -> None:
    """A stream stores the positions of its messages in copies of the journal's outcomes."""
    kept = attrs.evolve(known("r1"), position=17)
    diary = Diary(answers=lambda messages: [None, *[kept] * (len(messages) - 1)])
    account = account_engine(tiny(), diary.wire(), journal=diary)

    outcomes = await collect(account.stream(texts(2), 10))
    await close(account)

    assert {0, 1} == {each.position for each in outcomes}
    assert 17 == kept.position


async def test_the_journal_is_not_told_the_outcomes_that_it_gave() -> None:
    """The journal is not given the outcomes that it returned itself."""
    diary = Diary(answers=lambda messages: [taken("r0"), *[None] * (len(messages) - 1)])

    await send(diary, diary.wire(), 2)

    assert ("settle", ("r1", "accepted")) == diary.told[-1]


async def test_a_batch_that_the_journal_ends_whole_makes_no_request() -> None:
    """A batch whose outcomes all come from the journal makes no request and is not settled."""
    diary = Diary(answers=lambda messages: [taken(each.reference) for each in messages])

    outcomes = await send(diary, diary.wire(), 3)

    assert [taken(f"r{number}") for number in range(3)] == outcomes
    assert [("intend", "main", ["r0", "r1", "r2"])] == diary.told


async def test_an_outcome_of_the_journal_says_nothing_about_the_provider() -> None:
    """Outcomes that the journal returns make no request and open no circuit."""
    diary = Diary(answers=lambda messages: [known(each.reference) for each in messages])
    refusing = FakeTransport(lambda _: Response(401))
    account = account_engine(tiny(), refusing, journal=diary)

    try:
        for message in texts(2):
            await account.submit(message, 10)
    finally:
        await close(account)

    assert [] == refusing.requests
    assert {} == account.health().open_circuits


@pytest.mark.parametrize(
    "answers",
    [
        lambda _: [],
        lambda _: None,
        lambda messages: [True] * len(messages),
        lambda messages: [known("another")] * len(messages),
    ],
    ids=["too few", "nothing", "no outcome", "another message's"],
)
async def test_an_answer_that_breaks_the_contract_keeps_everything_back(
    answers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent if `intend` returns anything but one outcome or `None` for each message."""
    diary = Diary(answers=answers)

    outcomes = await send(diary, diary.wire(), 2)

    assert {(NotSent, Retry.AFTER_FIX)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    assert not [each for each in diary.told if each[0] == "request"]
    assert "the journal" in caplog.text


async def test_each_attempt_has_a_token_that_its_outcomes_carry() -> None:
    """Each attempt has a token of its own, and its outcomes are recorded with that token."""
    diary = Diary()
    words = iter(["slow-down", "ok"])
    wire = diary.wire(lambda request: results(dict.fromkeys(references(request), next(words))))

    await send(diary, wire)

    first, second = diary.attempts
    assert diary.attempts == diary.settled
    assert first.token != second.token
    assert [("main", 1), ("main", 2)] == [(each.account, each.number) for each in diary.attempts]


async def test_two_workers_with_one_ledger_send_each_message_once() -> None:
    """Two workers with one journal send each message once; a refusal affects no other message."""
    ledger: dict[str, str] = {}

    class Ledger(Diary):
        async def intend(
            self, attempt: Attempt, messages: Sequence[Message]
        ) -> Sequence[Outcome | None]:
            await super().intend(attempt, messages)
            answers: list[Outcome | None] = []
            for message in messages:
                owner = ledger.setdefault(message.reference, attempt.token)
                answers.append(None if owner == attempt.token else taken(message.reference))
            return answers

    wire = FakeTransport()
    workers = [account_engine(tiny(), wire, journal=Ledger()) for _ in range(2)]
    first, second = texts(200), texts(200, start=100)

    outcomes = await asyncio.gather(
        *(
            send_batch(worker, messages)
            for worker, messages in zip(workers, (first, second), strict=True)
        )
    )

    sent = [reference for request in wire.requests for reference in references(request)]
    kinds = [each.kind for each in chain(*outcomes)]
    assert sorted(set(sent)) == sorted(sent)
    assert 300 == len(sent)
    assert (300, 100) == (kinds.count("accepted"), kinds.count("not_sent"))
