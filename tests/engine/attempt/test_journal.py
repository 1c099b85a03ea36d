"""A journal records each intent before the request and each outcome after it, in all cases."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import closing
from typing import TYPE_CHECKING, Any

import anyio
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
from support.diary import Diary, send
from support.log_records import logged_fields
from support.sending import settled
from support.virtual import VirtualLoop

from omnimsg import Accepted, Ambiguous, NotSent, Outcome, Reason, Retry
from omnimsg.adapter import Request, Response
from omnimsg.engine.attempt import journal_writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.anyio


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


async def test_a_request_waits_for_its_intent() -> None:
    """No request leaves before its intent is recorded, which may take until the deadline."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        reached.set()
        await go.wait()

    diary = Diary(intending=slowly)
    sending = asyncio.create_task(send(diary, diary.wire()))
    await reached.wait()
    await settled()
    before = [*diary.told]

    go.set()
    await sending

    assert [] == before
    assert ["intend", "request", "settle"] == [each[0] for each in diary.told]


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


def test_a_slow_intent_ends_before_its_outcome_is_recorded() -> None:
    """A journal's calls about one attempt do not overlap, so one connection can serve them."""

    async def rolled_back_late() -> None:
        try:
            await stuck()
        finally:
            await asyncio.sleep(1)
            diary.told.append(("rolled back",))

    diary = Diary(intending=rolled_back_late)

    send_too_late(diary)

    assert [("rolled back",), ("settle", ("r0", "not_sent"))] == diary.told


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
    """A journal that takes too long to record an outcome is cancelled, and the loss is logged."""
    monkeypatch.setattr(journal_writer, "SETTLE_TIMEOUT", 0.02)
    is_cancelled = asyncio.Event()

    async def stuck_until_cancelled() -> None:
        try:
            await stuck()
        finally:
            is_cancelled.set()

    diary = Diary(settling=stuck_until_cancelled)

    outcomes = await send(diary, diary.wire())
    await settled()

    assert [Accepted] == [type(each) for each in outcomes]
    assert is_cancelled.is_set()
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
