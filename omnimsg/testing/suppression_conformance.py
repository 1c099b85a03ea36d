"""The conformance suite for suppression lists: checks of what omnimsg relies on in one."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.message import Message
from omnimsg.domain.opt_out import Consent, ConsentChange
from omnimsg.testing.in_event_loop import InEventLoop, ToTest, at_once, expect, opening

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from omnimsg.engine.suppression import Suppression

with_list: ToTest = opening("open_suppression")
with_two_lists: ToTest = opening("open_suppression", "open_second")

_NUMBER, _MAILBOX = "+37255500001", "ola@example.test"
_OUT, _IN, _NO_MARKETING = Consent.OPTED_OUT, Consent.OPTED_IN, Consent.MARKETING_OPTED_OUT


class SuppressionConformance(InEventLoop, ABC):
    """Check that a suppression list does everything that omnimsg relies on.

    Derive a test class (pytest collects it by its name, `Test...`), and open an empty list. Each
    check is a plain function that opens it in an event loop of its own. No check is about which
    messages are marketing, or whether a list is one for all accounts.

    ```python
    class TestMine(SuppressionConformance):
        def open_suppression(self): ...  # an async context manager with an empty list
        def open_second(self): ...       # if processes share it: the same data once more
    ```
    """

    @abstractmethod
    def open_suppression(self) -> AbstractAsyncContextManager[Suppression]:
        """Open an empty list, and close it when the check has ended."""

    def open_second(self) -> AbstractAsyncContextManager[Suppression]:
        """Open the data of the list that is open already again, as another process does.

        By default the check of shared lists is skipped.
        """
        raise SkipTest("`open_second` is not overridden: the list is for one process")

    @with_list
    async def test_each_message_has_an_answer(self, suppression: Suppression) -> None:
        """The answers are in the order of the messages; only who has opted out is suppressed."""
        for address in (_NUMBER, _MAILBOX):
            await suppression.record(_change(_OUT, address=address))
        contact = ProviderContact(id="c-1")
        people = ("+37255500002", _NUMBER, contact, _MAILBOX, "uwe@example.test", _NUMBER)

        answers = await suppression.suppressed("main", [Message(each, "Hello") for each in people])

        expect([False, True, False, True, False, True], list(answers), "who is suppressed")

    @with_list
    async def test_the_latest_change_counts(self, suppression: Suppression) -> None:
        """The times of changes decide, whatever the order in which they arrive."""
        changes = list(enumerate((_OUT, _IN, _OUT, _IN)))
        for number, order in enumerate(itertools.permutations(changes)):
            address = f"+372555{number:05}"
            for seconds, consent in order:
                await suppression.record(_change(consent, seconds, address=address))
            expect(False, await _is_suppressed(suppression, address), f"after the order {order}")
            await suppression.record(_change(_OUT, 9, address=address))
            expect(True, await _is_suppressed(suppression, address), "after a further opt-out")

    @with_list
    async def test_a_change_may_come_twice(self, suppression: Suppression) -> None:
        """A change that is repeated changes nothing, and one opt-in undoes all opt-outs."""
        for seconds, consent in enumerate((_OUT, _OUT, _OUT, _IN)):
            await suppression.record(_change(consent, seconds))
            await suppression.record(_change(consent, seconds))

        expect(False, await _is_suppressed(suppression, _NUMBER), "after three opt-outs, an opt-in")

    @with_list
    async def test_less_marketing_is_no_opt_in(self, suppression: Suppression) -> None:
        """Who opts out of marketing after having opted out of everything gets nothing."""
        await suppression.record(_change(_OUT))
        await suppression.record(_change(_NO_MARKETING, 1))

        expect(True, await _is_suppressed(suppression, _NUMBER), "after both opt-outs")

    @with_list
    async def test_a_change_may_lack_the_address(self, suppression: Suppression) -> None:
        """A change without an address is no error, and suppresses nobody."""
        await suppression.record(_change(_OUT, address=None))

        expect(False, await _is_suppressed(suppression, _NUMBER), "after an opt-out of nobody")

    @with_list
    async def test_changes_at_once_lose_nothing(self, suppression: Suppression) -> None:
        """Of changes that arrive at once the latest counts."""
        changes = [_change(each, seconds) for seconds, each in enumerate((_OUT, _IN) * 3)]
        for order in (changes[::-1], changes):
            await at_once(*(partial(suppression.record, each) for each in order))

            expect(False, await _is_suppressed(suppression, _NUMBER), "after opting in at last")

    @with_two_lists
    async def test_a_second_list_knows_what_the_first_was_told(
        self, suppression: Suppression, second: Suppression
    ) -> None:
        """A process does not text whom another one knows to have opted out."""
        await suppression.record(_change(_OUT))

        expect(True, await _is_suppressed(second, _NUMBER), "in the other process")


def _change(
    consent: Consent, seconds: float = 0, *, address: str | None = _NUMBER
) -> ConsentChange:
    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=seconds)
    return ConsentChange(consent=consent, account="main", at=at, address=address)


async def _is_suppressed(suppression: Suppression, address: str) -> bool:
    (answer,) = await suppression.suppressed("main", [Message(address, "Hello")])
    return answer
