"""Wrap the application's store: a `CancelledError` of its own becomes an ordinary error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Names, Tracked

T = TypeVar("T")


class StoreCancelledError(Exception):
    """The store waited for something that was cancelled; the task that asked it was not."""


class GuardedStore:
    """Passes each call on, and raises `StoreCancelledError` for a foreign `CancelledError`.

    Otherwise a caller would take it for its own cancellation, and end.

    Args:
        store: The application's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, names: Names) -> Tracked | None:
        """Return the state of a message."""
        return await _guarded(self._store.find(names))

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the state of a message."""
        return await _guarded(self._store.update(names, change))

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent."""
        return await _guarded(self._store.doubts())

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Give doubts up."""
        return await _guarded(self._store.give_up(since))

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""
        return await _guarded(self._store.is_handled(key))

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled."""
        await _guarded(self._store.set_handled(key, at, until))


async def _guarded(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except asyncio.CancelledError as error:
        if is_own_cancellation(error):
            raise
        raise StoreCancelledError from None
