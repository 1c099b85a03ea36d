"""What all checks of stores use: opening a store in an event loop, calls at once, comparing."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from unittest import SkipTest

from omnimsg.testing.assertions import fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from omnimsg.delivery.store import Store

T = TypeVar("T")
S = TypeVar("S", bound="StoreHarness")


class StoreHarness(ABC):
    """Opens the stores that the checks need.

    Attributes:
        time_limit: Seconds that a check may take, opening the store included.
    """

    time_limit: ClassVar[float] = 60.0

    @abstractmethod
    def open_store(self) -> AbstractAsyncContextManager[Store]:
        """Open an empty store, and close it when the check has ended."""

    def open_second(self) -> AbstractAsyncContextManager[Store]:
        """Open the data of the store that is open already again, as another process does.

        By default the checks of shared stores are skipped.
        """
        raise SkipTest("`open_second` is not overridden: the store is for one process")


def with_store(check: Callable[[S, Store], Coroutine[Any, Any, None]]) -> Callable[[S], None]:
    """Run a check with a new store, in an event loop of its own."""

    async def opened(self: S) -> None:
        async with self.open_store() as store:
            await check(self, store)

    return _as_test(check, opened)


def with_two_stores(
    check: Callable[[S, Store, Store], Coroutine[Any, Any, None]],
) -> Callable[[S], None]:
    """Run a check with two stores that share their data, in an event loop of its own."""

    async def opened(self: S) -> None:
        async with self.open_store() as store, self.open_second() as second:
            await check(self, store, second)

    return _as_test(check, opened)


def _as_test(
    check: Callable[..., object], opened: Callable[[S], Coroutine[Any, Any, None]]
) -> Callable[[S], None]:
    async def limited(self: S) -> None:
        try:
            async with asyncio.timeout(self.time_limit):
                await opened(self)
        except TimeoutError as error:
            raise AssertionError(f"the check did not end in {self.time_limit:g} s") from error

    def test(self: S) -> None:
        asyncio.run(limited(self))

    update_wrapper(test, check)
    # With it pytest would look for fixtures with the names of the check's parameters.
    del vars(test)["__wrapped__"]
    return test


async def at_once(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Make calls that overlap; one that raises is repeated afterwards, as omnimsg does."""
    found = await asyncio.gather(*(each() for each in calls), return_exceptions=True)
    return [
        await call() if isinstance(each, BaseException) else each
        for call, each in zip(calls, found, strict=True)
    ]


def expect(expected: object, actual: object, what: str) -> None:
    """Fail a check if something is not as expected.

    Args:
        expected: What a store must give.
        actual: What it has given.
        what: What was compared.
    """
    if expected != actual:
        fail(f"{what}: expected {expected!r}, found {actual!r}")
