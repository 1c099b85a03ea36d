"""Wrap the application's store: a `CancelledError` of its own becomes an ordinary error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from datetime import datetime

    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Names, Tracked

T = TypeVar("T")
Guarded: TypeAlias = "Coroutine[Any, Any, T]"


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

    def find(self, names: Names) -> Guarded[Tracked | None]:
        """Return the state of a message."""
        return _guarded(self._store.find(names))

    def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Guarded[Tracked]:
        """Change the state of a message."""
        return _guarded(self._store.update(names, change))

    def doubts(self) -> Guarded[Sequence[Tracked]]:
        """Return the messages that may have been sent."""
        return _guarded(self._store.doubts())

    def give_up(self, since: datetime) -> Guarded[Sequence[Tracked]]:
        """Give doubts up."""
        return _guarded(self._store.give_up(since))

    def is_handled(self, key: str) -> Guarded[bool]:
        """Return whether an event was handled before."""
        return _guarded(self._store.is_handled(key))

    def set_handled(self, key: str, at: datetime, until: datetime) -> Guarded[None]:
        """Remember that an event was handled."""
        return _guarded(self._store.set_handled(key, at, until))


async def _guarded(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except asyncio.CancelledError as error:
        if is_own_cancellation(error):
            raise
        raise StoreCancelledError from None
