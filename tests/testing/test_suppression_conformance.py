"""The conformance suite for suppression lists: each check fails for a list that breaks its rule."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

import pytest
from support.broken_suppressions import BROKEN, Shared

from omnimsg.testing import SuppressionConformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import ConsentChange, Suppression

CHECKS = sorted(name for name in dir(SuppressionConformance) if name.startswith("test_"))


class TestSharedList(SuppressionConformance):
    """A list that processes share passes."""

    list_class: ClassVar[type[Shared]] = Shared

    @asynccontextmanager
    async def open_suppression(self) -> AsyncIterator[Suppression]:
        """Open an empty list."""
        self.changes: list[ConsentChange] = []
        yield self.list_class(self.changes)

    @asynccontextmanager
    async def open_second(self) -> AsyncIterator[Suppression]:
        """Open the list again."""
        yield self.list_class(self.changes)


@pytest.mark.parametrize(
    ("broken", "check"),
    BROKEN,
    ids=[f"{broken.__name__.strip('_')}-{check}" for broken, check in BROKEN],
)
def test_a_wrong_list_fails_the_check(broken: type[Shared], check: str) -> None:
    """A list that breaks a rule fails the check of that rule, which no right one fails."""
    suite = type("Broken", (TestSharedList,), {"list_class": broken})()

    with pytest.raises(AssertionError):
        getattr(suite, check)()


def test_every_check_can_fail() -> None:
    """There is a wrong list for each check of the suite."""
    assert set(CHECKS) == {check for _, check in BROKEN}
