"""The conformance suite for journals: checks of what omnimsg relies on in a `Journal`."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.journal import Attempt
from omnimsg.testing.assertions import fail
from omnimsg.testing.in_event_loop import InEventLoop, ToTest, at_once, expect, opening

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.journal import Journal

with_journal: ToTest = opening("open_journal")
with_two_journals: ToTest = opening("open_journal", "open_second")

_NUMBERS = itertools.count(1)


class JournalConformance(InEventLoop, ABC):
    """Check that a journal does everything that omnimsg relies on.

    Derive a test class (pytest collects it by its name, `Test...`), and open a journal. Each check
    is a plain function that opens it in an event loop of its own. No check can see whether an
    intent survives a crash; and none is about fallback legs, because a journal may end what was
    accepted if the application has no messages with legs.

    ```python
    class TestMine(JournalConformance):
        def open_journal(self): ...  # an async context manager with an empty journal
        def open_second(self): ...   # if workers share it: that of another worker, on the same data
    ```
    """

    @abstractmethod
    def open_journal(self) -> AbstractAsyncContextManager[Journal]:
        """Open an empty journal, and close it when the check has ended."""

    def open_second(self) -> AbstractAsyncContextManager[Journal]:
        """Open the journal of another worker, on the data of the one that is open already.

        By default the checks of shared journals are skipped.
        """
        raise SkipTest("`open_second` is not overridden: the journal is for one worker")

    @with_journal
    async def test_new_messages_may_leave(self, journal: Journal) -> None:
        """`intend` returns one `None` for each message that it has not had."""
        answers = await journal.intend(_attempt(), _messages(3))

        expect([None] * 3, list(answers), "the answers to three new messages")

    @with_journal
    async def test_a_message_may_be_tried_again(self, journal: Journal) -> None:
        """What was not sent may leave again, in another attempt and through another account."""
        for number, account in ((1, "main"), (2, "main"), (1, "other")):
            attempt = _attempt(account, number)
            answers = await journal.intend(attempt, _messages(1))
            await journal.settle(attempt, [_not_sent("r0", account)])

            expect([None], list(answers), f"the answer to attempt {number} of account {account}")

    @with_journal
    async def test_attempts_overlap(self, journal: Journal) -> None:
        """Intents and outcomes of several attempts may be recorded at once."""
        pairs = [(_attempt(), each) for each in _messages(6)]

        answers = await at_once(*(partial(journal.intend, each, [one]) for each, one in pairs))
        await at_once(
            *(partial(journal.settle, each, [_accepted(one.reference)]) for each, one in pairs)
        )

        expect([[None]] * 6, list(map(list, answers)), "the answers to six messages")

    @with_journal
    async def test_an_outcome_may_come_before_its_intent(self, journal: Journal) -> None:
        """The outcome of an intent that was cancelled is recorded, and then the intent is."""
        attempt = _attempt()

        await journal.settle(attempt, [_not_sent("r0")])
        answers = await journal.intend(attempt, _messages(1))

        expect(1, len(answers), "the number of answers to one message")

    @with_journal
    async def test_a_second_outcome_may_come(self, journal: Journal) -> None:
        """A doubtful message may be found later: its second outcome is recorded."""
        attempt, messages = _attempt(), _messages(1)
        await journal.intend(attempt, messages)

        await journal.settle(attempt, [_doubtful("r0")])
        await journal.settle(attempt, [_accepted("r0")])

    @with_two_journals
    async def test_what_another_worker_has_does_not_leave(
        self, journal: Journal, second: Journal
    ) -> None:
        """What is under way in one worker is `CANCELLED` for the next; other messages leave."""
        messages = _messages(2)
        await journal.intend(_attempt(), messages[:1])

        taken, free = await second.intend(_attempt(), messages)

        _expect_taken(taken)
        expect(None, free, "the answer to the new message of the batch")

    @with_two_journals
    async def test_what_is_known_does_not_leave(self, journal: Journal, second: Journal) -> None:
        """What was accepted, or may have been sent, does not leave in another worker."""
        for outcome in (_accepted("r0"), _doubtful("r1")):
            attempt, message = _attempt(), _message(outcome.reference)
            await journal.intend(attempt, [message])
            await journal.settle(attempt, [outcome])

            _expect_ended(await second.intend(_attempt(), [message]), outcome)

    @with_two_journals
    async def test_the_last_outcome_counts(self, journal: Journal, second: Journal) -> None:
        """A doubtful message that was found later is accepted for the other worker too."""
        attempt, (message,) = _attempt(), _messages(1)
        await journal.intend(attempt, [message])
        for outcome in (_doubtful("r0"), _accepted("r0")):
            await journal.settle(attempt, [outcome])

        _expect_ended(await second.intend(_attempt(), [message]), _accepted("r0"))

    @with_two_journals
    async def test_one_of_two_workers_sends(self, journal: Journal, second: Journal) -> None:
        """Of two workers that intend the same messages at once, one may send each of them."""
        messages = _messages(6)

        answers = await at_once(
            *(
                partial(worker.intend, _attempt(), [each])
                for each in messages
                for worker in (journal, second)
            )
        )

        ended = [each for (each,) in answers if each is not None]
        for each in ended:
            _expect_taken(each)
        expected = sorted(each.reference for each in messages)
        expect(expected, sorted(each.reference for each in ended), "what one of both got")


def _attempt(account: str = "main", number: int = 1) -> Attempt:
    return Attempt(token=f"attempt-{next(_NUMBERS)}", account=account, number=number)


def _message(reference: str) -> Message:
    return Message("+37255500001", "Hello", reference=reference)


def _messages(count: int) -> list[Message]:
    return [_message(f"r{number}") for number in range(count)]


def _accepted(reference: str) -> Accepted:
    return Accepted(reference=reference, account="main", provider_id=f"m-{reference}")


def _doubtful(reference: str) -> Ambiguous:
    lost = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE)
    return Ambiguous(reference=reference, account="main", failure=lost)


def _not_sent(reference: str, account: str = "main") -> NotSent:
    refused = Failure(reason=Reason.CONNECTION_FAILED, retry=Retry.SAFE)
    return NotSent(reference=reference, account=account, failure=refused)


def _expect_taken(answer: Outcome | None) -> None:
    """Fail unless a message is for another worker, so that nothing else is tried."""
    if not isinstance(answer, NotSent):
        fail(f"the answer to what another worker has: expected a NotSent, found {answer!r}")
    expect(Reason.CANCELLED, answer.reason, "the reason why it does not leave")


def _expect_ended(answers: Sequence[Outcome | None], outcome: Outcome) -> None:
    """Fail unless the one message has its outcome, or is for another worker."""
    (answer,) = answers
    if isinstance(answer, NotSent):
        _expect_taken(answer)
    else:
        expect(outcome, answer, "the answer to what has an outcome")
