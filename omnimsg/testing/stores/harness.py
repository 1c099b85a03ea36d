"""What opens the stores that the checks need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING
from unittest import SkipTest

from omnimsg.testing.in_event_loop import InEventLoop, ToTest, opening

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from omnimsg.delivery.store import Store

with_store: ToTest = opening("open_store")
with_two_stores: ToTest = opening("open_store", "open_second")


class StoreHarness(InEventLoop, ABC):
    """Opens the stores that the checks need."""

    @abstractmethod
    def open_store(self) -> AbstractAsyncContextManager[Store]:
        """Open an empty store, and close it when the check has ended."""

    def open_second(self) -> AbstractAsyncContextManager[Store]:
        """Open the data of the store that is open already again, as another process does.

        By default the checks of shared stores are skipped.
        """
        raise SkipTest("`open_second` is not overridden: the store is for one process")
