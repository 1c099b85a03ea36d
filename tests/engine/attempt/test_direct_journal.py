"""A `DirectJournal` is called without awaiting, and keeps the promises of any journal."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    account_engine,
    references,
    seconds,
    send_batch,
    texts,
    tiny,
)

from omnimsg import Accepted, Attempt, Message, NotSent, Outcome, Reason, Retry
from omnimsg.engine.attempt.direct_writer import DirectWriter
from omnimsg.engine.journal import DirectJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.adapter import Request

pytestmark = pytest.mark.anyio

ATTEMPT = Attempt(account="main", number=1, token="t1")


def at_once(written: asyncio.Future[bool | None]) -> None:
    """Record the intent at once."""
    written.set_result(True)


def never(_: asyncio.Future[bool | None]) -> None:
    """Leave the intent unrecorded."""


def not_at_all(written: asyncio.Future[bool | None]) -> None:
    """Fail to record the intent, with an error that quotes a number as a disk's may."""
    written.set_exception(OSError("the line of '+37255500001'"))


class Ledger(DirectJournal):
    """A journal that notes its calls, in one list with the requests.

    Args:
        write: Called with the future of each intent.
        takes: Whether outcomes can be recorded.

    Attributes:
        told: Its calls and the requests, in order.
        written: The futures of the intents.
        has_begun: Set by the first intent.
    """

    def __init__(
        self, write: Callable[[asyncio.Future[bool | None]], None] = at_once, *, takes: bool = True
    ) -> None:
        self._write = write
        self._takes = takes
        self.told: list[Any] = []
        self.written: list[asyncio.Future[bool | None]] = []
        self.has_begun = asyncio.Event()

    def begin_intent(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> asyncio.Future[bool | None]:
        """Note an intent."""
        self.told.append(("begin", attempt.account, [each.reference for each in messages]))
        written: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self.written.append(written)
        self.has_begun.set()
        self._write(written)
        return written

    def end_intent(self, messages: Sequence[Message]) -> None:
        """Note the end of an intent."""
        self.told.append(("end", [each.reference for each in messages]))

    def take_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        if not self._takes:
            raise OSError("the line of '+37255500001'")
        self.told.append(("outcomes", *((each.reference, each.kind) for each in outcomes)))

    def wire(self) -> FakeTransport:
        """Build a transport whose requests are noted too."""

        def noted(request: Request) -> Any:
            self.told.append(("request", references(request)))
            return accepted(request)

        return FakeTransport(noted)


async def send(ledger: Ledger, count: int = 1, *, deadline: float = 10.0) -> list[Outcome]:
    """Send a batch with a journal."""
    account = account_engine(tiny(), ledger.wire(), journal=ledger)
    return await send_batch(account, texts(count), deadline)


async def test_the_intent_comes_first_and_the_outcome_last() -> None:
    """The journal gets a batch's intent before the request, and its outcomes after it."""
    ledger = Ledger()

    await send(ledger, 2)

    assert [
        ("begin", "main", ["r0", "r1"]),
        ("end", ["r0", "r1"]),
        ("request", ["r0", "r1"]),
        ("outcomes", ("r0", "accepted"), ("r1", "accepted")),
    ] == ledger.told


async def test_a_request_waits_for_its_intent() -> None:
    """No request leaves before its intent is recorded."""
    ledger = Ledger(never)
    sending = asyncio.create_task(send(ledger))
    await ledger.has_begun.wait()
    before = [*ledger.told]

    ledger.written[0].set_result(True)
    await sending

    assert [("begin", "main", ["r0"])] == before
    assert ["begin", "end", "request", "outcomes"] == [each[0] for each in ledger.told]


async def test_an_intent_that_fails_keeps_everything_back(caplog: pytest.LogCaptureFixture) -> None:
    """If the intent cannot be recorded, nothing is sent, and no log quotes the error."""
    ledger = Ledger(not_at_all)

    outcomes = await send(ledger, 2)

    assert {(NotSent, Retry.AFTER_FIX)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    assert ["begin", "outcomes"] == [each[0] for each in ledger.told]
    assert "the journal raised OSError" in caplog.text
    assert "+372" not in caplog.text


async def test_a_slow_intent_ends_with_the_deadline_and_keeps_everything_back() -> None:
    """A message whose intent is not recorded by the deadline is not sent; the intent is ended."""
    ledger = Ledger(never)

    (outcome,) = await send(ledger, deadline=0.02)

    assert isinstance(outcome, NotSent)
    assert (Reason.DEADLINE_EXCEEDED, Retry.NEVER) == (outcome.reason, outcome.retry)
    assert ["begin", "end", "outcomes"] == [each[0] for each in ledger.told]


async def test_cancelled_while_the_intent_is_recorded_is_not_sent() -> None:
    """A message cancelled while its intent is recorded is not sent, and the intent is ended."""
    ledger = Ledger(never)
    sending = asyncio.create_task(send(ledger))
    await ledger.has_begun.wait()

    sending.cancel()
    await asyncio.wait([sending])

    assert sending.cancelled()
    assert ledger.written[0].cancelled()
    assert [
        ("begin", "main", ["r0"]),
        ("end", ["r0"]),
        ("outcomes", ("r0", "not_sent")),
    ] == ledger.told


async def test_an_outcome_that_cannot_be_recorded_still_reaches_the_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An outcome that cannot be recorded reaches the caller; the log does not quote the error."""
    ledger = Ledger(takes=False)

    (outcome,) = await send(ledger)

    assert isinstance(outcome, Accepted)
    assert "the journal raised OSError" in caplog.text
    assert "lost 1 outcomes of account 'main'" in caplog.text
    assert "+372" not in caplog.text


async def test_a_forked_process_records_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child records no outcomes of its parent's attempts."""
    ledger = Ledger()
    writer = DirectWriter(ledger, "main")
    await writer.intend(ATTEMPT, texts(1), seconds(10))

    monkeypatch.setattr(os, "getpid", lambda: -1)
    await writer.settle(ATTEMPT, [])

    assert ["begin", "end"] == [each[0] for each in ledger.told]
