"""Checks as coroutines: each opens what it checks in an event loop of its own.

A check becomes a plain function, so that pytest runs it without a plugin for asynchronous tests,
and connections are opened, used and closed in one loop.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from omnimsg.testing.assertions import fail, rule_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")
Check: TypeAlias = "Callable[..., Coroutine[Any, Any, None]]"
ToTest: TypeAlias = "Callable[[Check], Callable[[Any], None]]"


class InEventLoop:
    """Has checks that run in an event loop.

    Attributes:
        time_limit: Seconds that a check may take, with what it opens.
    """

    time_limit: ClassVar[float] = 60.0


def opening(*names: str) -> ToTest:
    """Make a decorator that calls a check with what methods of its suite have opened.

    As with `omnimsg.testing.assertions.check`, a failure begins with the rule of the check.

    Args:
        names: The methods. Each returns an asynchronous context manager.
    """

    def decorate(check: Check) -> Callable[[Any], None]:
        rule = rule_of(check)

        async def run(self: InEventLoop) -> None:
            limit = asyncio.timeout(self.time_limit)
            try:
                async with limit, AsyncExitStack() as stack:
                    managers = (getattr(self, name)() for name in names)
                    opened = [await stack.enter_async_context(each) for each in managers]
                    await check(self, *opened)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                late = f"the check did not end in {self.time_limit:g} s"
                raise AssertionError(f"{rule}\n{late}") from error
            except AssertionError as error:
                found = AssertionError(f"{rule}\n{error}")
                raise found.with_traceback(error.__traceback__) from None

        def test(self: InEventLoop) -> None:
            asyncio.run(run(self))

        update_wrapper(test, check)
        # With it pytest would look for fixtures with the names of the check's parameters.
        del vars(test)["__wrapped__"]
        return test

    return decorate


async def at_once(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Make calls that overlap, and repeat those that raise afterwards, as omnimsg does.

    A failed check is raised, not repeated.
    """
    found = await asyncio.gather(*(each() for each in calls), return_exceptions=True)
    for each in found:
        if isinstance(each, AssertionError):
            raise each
    return [
        await call() if isinstance(each, BaseException) else each
        for call, each in zip(calls, found, strict=True)
    ]


def expect(expected: object, actual: object, what: str) -> None:
    """Fail a check if something is not as expected.

    Args:
        expected: What is right.
        actual: What was found.
        what: What was compared.
    """
    if expected != actual:
        fail(f"{what}: expected {expected!r}, found {actual!r}")
