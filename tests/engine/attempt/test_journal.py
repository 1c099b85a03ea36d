"""The journal knows before the first byte and after the last word, whatever happens between."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    batcher,
    references,
    results,
    send_batch,
    submitted,
    texts,
    tiny,
)

from omnimsg import Accepted, Ambiguous, Message, NotSent, Outcome, Reason, Retry
from omnimsg.adapter import Request, Response
from omnimsg.engine.attempt import journal_writer
from omnimsg.engine.deadline import Deadline

pytestmark = pytest.mark.anyio

Step = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Take no time."""


class Diary:
    """Notes what it is told, in one list with the requests.

    Args:
        intending: What happens while an intent is recorded.
        settling: What happens while outcomes are recorded.
    """

    def __init__(self, *, intending: Step = nothing, settling: Step = nothing) -> None:
        self._intending = intending
        self._settling = settling
        self.told: list[Any] = []

    async def intend(self, account: str, messages: Sequence[Message]) -> None:
        """Note an intent."""
        await self._intending()
        self.told.append(("intend", account, [each.reference for each in messages]))

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self._settling()
        self.told.append(("settle", *((each.reference, each.kind) for each in outcomes)))

    def wire(self, reply: Callable[[Request], Any] = accepted) -> FakeTransport:
        """Build a wire whose requests are noted too."""

        def noted(request: Request) -> Any:
            self.told.append(("request", references(request)))
            return reply(request)

        return FakeTransport(noted)


async def send(
    diary: Diary, wire: FakeTransport, count: int = 1, *, deadline: float = 10.0, **limits: Any
) -> list[Outcome]:
    """Send a batch with a journal."""
    way = batcher(tiny(**limits), wire, journal=diary)
    return await send_batch(way, texts(count), deadline)


async def stuck(_: object = None) -> Any:
    """Wait for ever."""
    await asyncio.Event().wait()


async def broken() -> None:
    """Fail as a database does: quoting what it was given."""
    raise OSError("INSERT ... '+37255500001'")


async def cancelled_in(diary: Diary, wire: FakeTransport, *, after: Awaitable[Any]) -> None:
    """Send, and cancel after something has happened."""
    sending = asyncio.create_task(send(diary, wire))
    await after
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_the_intent_comes_first_and_the_outcome_last() -> None:
    """Intend, request, settle."""
    diary = Diary()

    await send(diary, diary.wire(), 2)

    assert [
        ("intend", "main", ["r0", "r1"]),
        ("request", ["r0", "r1"]),
        ("settle", ("r0", "accepted"), ("r1", "accepted")),
    ] == diary.told


async def test_each_attempt_has_its_own_pair() -> None:
    """A retried member is intended again, and only it."""
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
    """What is cut before it is written is intended only as it leaves."""
    diary = Diary()

    await send(diary, diary.wire(), 2, max_bytes=130)

    for reference in ("r0", "r1"):
        mine = [each[0] for each in diary.told if reference in str(each)]
        assert ["intend", "request", "settle"] == mine


async def test_an_intent_that_fails_keeps_everything_back(caplog: pytest.LogCaptureFixture) -> None:
    """Without a record nothing leaves, and the outcome says so."""
    diary = Diary(intending=broken)

    outcomes = await send(diary, diary.wire(), 2)

    assert {(NotSent, Retry.NEVER)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    # It may have been recorded all the same: then this closes it.
    assert [("settle", ("r0", "not_sent"), ("r1", "not_sent"))] == diary.told
    assert "the journal raised OSError at test_journal.py:" in caplog.text


async def test_a_slow_intent_ends_with_the_deadline_and_keeps_everything_back() -> None:
    """The caller's patience covers the journal; what it may have recorded by then is closed."""
    diary = Diary(intending=stuck)

    (outcome,) = await send(diary, diary.wire(), deadline=0.02)

    assert isinstance(outcome, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, Retry.NEVER) == (outcome.reason, outcome.retry)
    assert [("settle", ("r0", "not_sent"))] == diary.told


async def test_an_intent_that_ignores_its_cancellation_holds_nobody_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets a few seconds to stop, for the sake of order, and not more."""
    monkeypatch.setattr(journal_writer, "LAST_WORDS", 0.02)
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    diary = Diary(intending=stubborn)

    (outcome,) = await send(diary, diary.wire(), deadline=0.02)

    assert isinstance(outcome, NotSent)
    assert [("settle", ("r0", "not_sent"))] == diary.told
    go.set()


async def test_an_error_that_comes_after_the_deadline_is_not_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody waits for the journal's error any more, and asyncio does not log it either."""

    async def failing_late() -> None:
        try:
            await stuck()
        finally:
            await broken()

    diary = Diary(intending=failing_late)

    (outcome,) = await send(diary, diary.wire(), deadline=0.02)
    gc.collect()

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert "never retrieved" not in caplog.text


async def test_an_intent_that_cancels_itself_keeps_everything_back() -> None:
    """The journal's cancellation is not the caller's."""

    async def give_up() -> None:
        raise asyncio.CancelledError

    diary = Diary(intending=give_up)

    (outcome,) = await send(diary, diary.wire())

    assert isinstance(outcome, NotSent)
    assert ["settle"] == [each[0] for each in diary.told]


async def test_an_outcome_that_cannot_be_recorded_still_reaches_the_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is shouted, for after a crash the message would count as ambiguous."""
    diary = Diary(settling=broken)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    (record,) = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert "lost 1 outcomes of account 'main'" in record.getMessage()
    assert "raised OSError" in record.getMessage()


async def test_a_journal_that_never_comes_back_does_not_hold_the_caller_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait for it is bounded, and what it did not record is shouted."""
    monkeypatch.setattr(journal_writer, "LAST_WORDS", 0.02)
    diary = Diary(settling=stuck)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    assert "the journal is too slow and lost 1 outcomes" in caplog.text


async def test_a_journal_that_cancels_itself_is_shouted(caplog: pytest.LogCaptureFixture) -> None:
    """Its cancellation is not the caller's."""

    async def give_up() -> None:
        raise asyncio.CancelledError

    diary = Diary(settling=give_up)

    outcomes = await send(diary, diary.wire())

    assert [Accepted] == [type(each) for each in outcomes]
    assert "the journal was cancelled and lost 1 outcomes" in caplog.text


async def test_cancelled_after_the_request_left_is_ambiguous() -> None:
    """The journal is told what nobody waits for any more."""
    diary = Diary()
    wire = diary.wire(stuck)

    await cancelled_in(diary, wire, after=wire.asked())

    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]


async def test_who_waits_hears_of_a_client_that_is_closed_twice() -> None:
    """The second cancellation meets the journal at work; the outcome reaches the caller too."""
    recording = asyncio.Event()

    async def slowly() -> None:
        recording.set()
        await asyncio.sleep(0.02)

    diary = Diary(settling=slowly)
    wire = diary.wire(stuck)
    way = batcher(tiny(), wire, journal=diary)
    caller = submitted(way, texts(1)[0], 10)
    await wire.asked()

    closing = [asyncio.create_task(way.aclose(Deadline.after(0)))]
    await recording.wait()
    closing.append(asyncio.create_task(way.aclose(Deadline.after(0))))
    await asyncio.wait(closing, timeout=20)

    assert caller.done()
    assert "ambiguous" == caller.result().kind
    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]


async def test_cancelled_before_the_request_left_is_not_sent() -> None:
    """A message that waited for a connection is not a message that may have been sent."""
    diary = Diary()
    wire = diary.wire(stuck)
    wire._writes = False

    await cancelled_in(diary, wire, after=wire.asked())

    assert ("settle", ("r0", "not_sent")) == diary.told[-1]


async def test_cancelled_while_the_intent_is_recorded_is_not_sent() -> None:
    """Half an intent may have been recorded, so that its end is recorded too."""
    reached = asyncio.Event()

    async def slowly() -> None:
        reached.set()
        await stuck()

    diary = Diary(intending=slowly)
    wire = diary.wire()

    await cancelled_in(diary, wire, after=reached.wait())

    assert [("settle", ("r0", "not_sent"))] == diary.told


async def test_cancelled_while_the_outcome_is_recorded_is_recorded() -> None:
    """A known outcome is not lost to a cancellation, however it is made."""
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
    """What is refused before a request exists was never about to leave."""
    diary = Diary()
    way = batcher(tiny(), diary.wire(), journal=diary)

    (outcome,) = await send_batch(way, texts(1), -1)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert [] == diary.told


async def test_an_ambiguous_outcome_is_recorded_as_what_it_is() -> None:
    """Nothing is made nicer for the record."""
    diary = Diary()

    outcomes = await send(diary, diary.wire(lambda _: Response(500)))

    assert [Ambiguous] == [type(each) for each in outcomes]
    assert ("settle", ("r0", "ambiguous")) == diary.told[-1]
