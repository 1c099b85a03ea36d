"""Time that passes only while there is nothing else to do, so that hours take no time at all."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import selectors
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

import omnimsg.engine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

_real = time.monotonic
_MANY = 1000
_MOMENT = 1e-8


class Stuck(Exception):  # noqa: N818 - a finding, not an error of the loop
    """Everybody waits for somebody else."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now: float = 1000.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self.now

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end, on this loop's clock alone.

        Raises:
            Stuck: It waits for what can never happen.
        """
        with patch.object(time, "monotonic", self.time):
            return self.run_until_complete(work)

    async def _turns(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        self.drive(self._turns())


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: where there is nothing to read, it is later."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck
            self._loop.now += timeout
        # Timers fire up to a nanosecond early, and whoever then looks at a clock that stands still
        # would look for ever: a real one goes on with every turn.
        self._turns = 0 if timeout else self._turns + 1
        if self._turns > _MANY:
            self._loop.now += _MOMENT
        return ready


@contextmanager
def virtual_engine() -> Iterator[None]:
    """Have the engine read the clock that is on the wall when it looks.

    Its classes take a clock and have the real one as a default, which they were given when they
    were defined.
    """
    changed: list[tuple[Any, Any, Any]] = []
    try:
        for function in _functions():
            changed.append((function, function.__defaults__, function.__kwdefaults__))
            function.__defaults__ = tuple(map(_instead, function.__defaults__ or ())) or None
            function.__kwdefaults__ = {
                name: _instead(value) for name, value in (function.__kwdefaults__ or {}).items()
            } or None
        yield
    finally:
        for function, plain, named in changed:
            function.__defaults__, function.__kwdefaults__ = plain, named


def _now() -> float:
    return time.monotonic()


def _instead(value: object) -> object:
    return _now if value is _real else value


def _functions() -> Iterator[Any]:
    """Find what was given the real clock as a default."""
    for module in pkgutil.walk_packages(omnimsg.engine.__path__, "omnimsg.engine."):
        for thing in vars(import_module(module.name)).values():
            for function in (thing, *vars(thing).values()) if inspect.isclass(thing) else (thing,):
                if inspect.isfunction(function) and _has_clock(function):
                    yield function


def _has_clock(function: Callable[..., object]) -> bool:
    given = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return any(value is _real for value in given)
