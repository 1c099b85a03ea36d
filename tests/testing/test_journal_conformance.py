"""The conformance suite for journals: right ones pass, and each check fails for a wrong one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar
from unittest import SkipTest

import pytest
from support.broken_journals import BROKEN, PlainJournal, Records

from omnimsg.testing import JournalConformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import Journal

CHECKS = sorted(name for name in dir(JournalConformance) if name.startswith("test_"))


class TestPlainJournal(JournalConformance):
    """A journal that workers share passes."""

    journal_class: ClassVar[type[PlainJournal]] = PlainJournal

    @asynccontextmanager
    async def open_journal(self) -> AsyncIterator[Journal]:
        """Open an empty journal."""
        self.records: Records = {}
        yield self.journal_class(self.records, "first")

    @asynccontextmanager
    async def open_second(self) -> AsyncIterator[Journal]:
        """Open the journal of another worker."""
        yield self.journal_class(self.records, "second")


class OfOneWorker(JournalConformance):
    """A journal that is not shared."""

    @asynccontextmanager
    async def open_journal(self) -> AsyncIterator[Journal]:
        """Open an empty journal."""
        yield PlainJournal({}, "first")


@pytest.mark.parametrize(
    ("journal", "check"),
    BROKEN,
    ids=[f"{journal.__name__.strip('_')}-{check}" for journal, check in BROKEN],
)
def test_a_wrong_journal_fails_the_check(journal: type[PlainJournal], check: str) -> None:
    """A journal that breaks a rule fails the check of that rule, which no right one fails."""
    suite = type("Broken", (TestPlainJournal,), {"journal_class": journal})()

    with pytest.raises((AssertionError, KeyError)):
        getattr(suite, check)()


def test_every_check_can_fail() -> None:
    """There is a wrong journal for each check of the suite."""
    assert set(CHECKS) == {check for _, check in BROKEN}


def test_a_journal_of_one_worker_skips_the_checks_of_shared_ones() -> None:
    """Where no second journal can be opened, the checks with two are skipped, with a reason."""
    with pytest.raises(SkipTest, match="`open_second` is not overridden"):
        OfOneWorker().test_one_of_two_workers_sends()
