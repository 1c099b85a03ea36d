"""The conformance suite for stores: a right store passes, and each check fails for a wrong one."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from unittest import SkipTest

import pytest
from support.broken_stores import BROKEN
from support.sqlite_store import SqliteStore

from omnimsg import MemoryStore
from omnimsg.testing import StoreConformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import Store, Tracked

CHECKS = sorted(name for name in dir(StoreConformance) if name.startswith("test_"))


class TestSqliteStore(StoreConformance):
    """A store on a file that processes share passes."""

    store_class: ClassVar[type[SqliteStore]] = SqliteStore

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Open an empty file."""
        with tempfile.TemporaryDirectory() as folder:
            self.path = Path(folder) / "messages.db"
            yield self.store_class(self.path)

    @asynccontextmanager
    async def open_second(self) -> AsyncIterator[Store]:
        """Open the file again."""
        yield self.store_class(self.path)


class InMemory(StoreConformance):
    """A store that is not shared."""

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Return an empty store."""
        yield MemoryStore()


class NeverAnswers(MemoryStore):
    """A store that waits forever for a lock."""

    async def update(self, *_: object) -> Tracked:
        """Wait."""
        await asyncio.Event().wait()
        raise AssertionError


class Hanging(InMemory):
    """A spec with a store that waits forever."""

    time_limit: ClassVar[float] = 0.0

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Return the store."""
        yield NeverAnswers()


class TimesOut(MemoryStore):
    """A store whose database does not answer."""

    async def update(self, *_: object) -> Tracked:
        """Give up."""
        raise TimeoutError("of the database")


class TimingOut(InMemory):
    """A spec with that store."""

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Return the store."""
        yield TimesOut()


@pytest.mark.parametrize(
    ("store", "check"),
    BROKEN,
    ids=[f"{store.__name__.strip('_')}-{check}" for store, check in BROKEN],
)
def test_a_wrong_store_fails_the_check(store: type[SqliteStore], check: str) -> None:
    """A store that breaks a rule fails the check of that rule."""
    suite = type("Broken", (TestSqliteStore,), {"store_class": store})()

    with pytest.raises((AssertionError, sqlite3.IntegrityError)):
        getattr(suite, check)()


def test_every_check_can_fail() -> None:
    """There is a wrong store for each check of the suite."""
    assert set(CHECKS) == {check for _, check in BROKEN}


def test_a_store_that_is_not_shared_skips_the_checks_of_shared_ones() -> None:
    """Where no second store can be opened, the checks with two stores are skipped."""
    with pytest.raises(SkipTest, match="`open_second` is not overridden"):
        InMemory().test_a_second_store_finds_what_the_first_has_stored()


def test_a_check_that_never_ends_fails() -> None:
    """A store that never returns fails its check after the time limit."""
    rule = "A report with the reference settles a doubtful send, which then has an id."
    with pytest.raises(AssertionError, match=rf"^{rule}\nthe check did not end in 0 s"):
        Hanging().test_a_report_settles_a_doubt()


def test_a_timeout_of_the_store_is_its_own_error() -> None:
    """A `TimeoutError` of the store is not taken for the time limit of the check."""
    with pytest.raises(TimeoutError, match="of the database"):
        TimingOut().test_a_report_settles_a_doubt()


def test_a_failure_says_what_differs() -> None:
    """A failure begins with the rule, and says what was expected and what the store gave."""
    store = next(each for each, _ in BROKEN if each.__name__ == "_TellsDoubtsAsTheyWere")
    suite = type("Broken", (TestSqliteStore,), {"store_class": store})()

    with pytest.raises(AssertionError) as caught:
        suite.test_what_nothing_settled_is_given_up()

    rule, found = str(caught.value).splitlines()
    assert (
        "A doubt as old as the given time or older is given up once; a younger one is not." == rule
    )
    expected = (
        "their state: expected {<Handover.UNRESOLVED: 'unresolved'>}, found {<Handover.IN_DOUBT"
    )
    assert found.startswith(expected)
