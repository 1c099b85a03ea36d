"""See whether code touches the world: the clock, chance, the environment, files, sockets.

A profile hook sees every call, of Python and of C, so nothing has to be patched and nothing can
hide behind `from time import time`.
"""

from __future__ import annotations

import gc
import random
import sys
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# The modules of C functions, and the functions of them that depend on more than their arguments.
_BUILT_IN: dict[str, frozenset[str]] = {
    "time": frozenset(
        [
            *("time", "time_ns", "monotonic", "monotonic_ns", "process_time", "sleep"),
            *("perf_counter", "perf_counter_ns", "thread_time"),
        ]
    ),
    "posix": frozenset(["urandom", "getrandom", "getpid", "open", "stat", "listdir", "scandir"]),
    "nt": frozenset(["urandom", "getpid", "open", "stat", "listdir", "scandir"]),
    "io": frozenset({"open"}),
    "_io": frozenset({"open"}),
}
_CLOCKS = frozenset({"now", "utcnow", "today"})
_CHANCE = frozenset({"random", "getrandbits", "seed"})
_MODULES = frozenset(
    {"asyncio", "http.client", "secrets", "socket", "ssl", "subprocess", "tempfile"}
)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Note what the code inside takes from outside its arguments.

    Yields:
        The calls seen, by name; filled while the code runs.
    """
    seen: list[str] = []

    def hook(frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401 - any callable
        if event == "c_call":
            name = _built_in(called)
        elif event == "call":
            name = _python(frame)
        else:
            return
        if name is not None and name not in seen:
            seen.append(name)

    before, collecting = sys.getprofile(), gc.isenabled()
    # A collection in the middle would run other people's callbacks, and they may read a clock.
    gc.disable()
    sys.setprofile(hook)
    try:
        yield seen
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()


def state(value: object, depth: int = 12) -> object:
    """Copy all that an object holds into plain tuples that compare by content."""
    if depth == 0 or isinstance(value, (str, bytes, int, float, type(None), type)):
        return value
    if isinstance(value, Secret):
        return hash(value.reveal())
    if isinstance(value, dict):
        return tuple((state(key, depth - 1), state(each, depth - 1)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *(state(each, depth - 1) for each in value))
    if isinstance(value, (set, frozenset)):
        return frozenset(map(repr, value))
    kind: Any = type(value)
    if attrs.has(kind):
        return tuple(
            (each.name, state(getattr(value, each.name), depth - 1)) for each in attrs.fields(kind)
        )
    members = getattr(value, "__dict__", None)
    return (
        (id(value), repr(value))
        if members is None
        else (type(value).__name__, state(dict(members), depth - 1))
    )


def _built_in(called: Any) -> str | None:  # noqa: ANN401 - any callable
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if name in _CLOCKS and isinstance(owner, type) and issubclass(owner, date):
        return f"{'datetime' if issubclass(owner, datetime) else 'date'}.{name}"
    if name in _CHANCE and isinstance(owner, random.Random):
        return f"random.{name}"
    module = getattr(called, "__module__", None) or ""
    return f"{module}.{name}" if name in _BUILT_IN.get(module, ()) else None


def _python(frame: FrameType) -> str | None:
    module = frame.f_globals.get("__name__", "")
    if module in _MODULES:
        return f"{module}.{frame.f_code.co_name}"
    if module == "os" and frame.f_code.co_qualname.startswith("_Environ."):
        return "os.environ"
    return None
