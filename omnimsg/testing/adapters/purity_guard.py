"""Detect impure code: use of clocks, randomness, the environment, files, sockets or processes.

A profile hook sees every call of a Python or C function, so no function is patched, and calls
through `from time import time` are detected too.
"""

from __future__ import annotations

import gc
import random
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.secret import Secret
from omnimsg.own_thread import call_in_own_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# By module: the C functions whose result depends on more than their arguments.
_IMPURE_BUILTINS: dict[str, frozenset[str]] = {
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
_CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
_RANDOM_METHODS = frozenset({"random", "getrandbits", "seed"})
_IMPURE_MODULES = frozenset(
    {"asyncio", "http.client", "secrets", "socket", "ssl", "subprocess", "tempfile"}
)


def impure_calls(use: Callable[[], object]) -> list[str]:
    """Call a function, and return the names of the impure calls that it makes, each once.

    It runs in a thread of its own: a thread has one profiler at most, and one that runs here, such
    as cProfile, could not be continued afterwards.
    """
    calls: list[str] = []

    def hook(frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401 - any callable
        if event == "c_call":
            name = _impure_builtin(called)
        elif event == "call":
            name = _impure_python_function(frame)
        else:
            return
        if name is not None and name not in calls:
            calls.append(name)

    def watched() -> None:
        sys.setprofile(hook)
        try:
            use()
        finally:
            sys.setprofile(None)

    gc_was_enabled = gc.isenabled()
    # A garbage collection meanwhile would run unrelated callbacks, which may read a clock.
    gc.disable()
    try:
        call_in_own_thread(watched, "omnimsg-purity").result()
    finally:
        if gc_was_enabled:
            gc.enable()
    return calls


def snapshot(value: object, depth: int = 12) -> object:
    """Copy an object's contents into plain values that can be compared.

    Args:
        value: Any object.
        depth: The number of nested levels to copy; deeper objects are returned as they are.
    """
    if depth == 0 or isinstance(value, (str, bytes, int, float, type(None), type)):
        return value
    if isinstance(value, Secret):
        return hash(value.reveal())
    if isinstance(value, dict):
        return tuple(
            (snapshot(key, depth - 1), snapshot(each, depth - 1)) for key, each in value.items()
        )
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *(snapshot(each, depth - 1) for each in value))
    if isinstance(value, (set, frozenset)):
        return frozenset(map(repr, value))
    kind: Any = type(value)
    if attrs.has(kind):
        return tuple(
            (field.name, snapshot(getattr(value, field.name), depth - 1))
            for field in attrs.fields(kind)
        )
    members = getattr(value, "__dict__", None)
    return (
        (id(value), repr(value))
        if members is None
        else (type(value).__name__, snapshot(dict(members), depth - 1))
    )


def _impure_builtin(called: Any) -> str | None:  # noqa: ANN401 - any callable
    """Return the name of a C function if it is impure."""
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if name in _CLOCK_METHODS and isinstance(owner, type) and issubclass(owner, date):
        return f"{'datetime' if issubclass(owner, datetime) else 'date'}.{name}"
    if name in _RANDOM_METHODS and isinstance(owner, random.Random):
        return f"random.{name}"
    module = getattr(called, "__module__", None) or ""
    return f"{module}.{name}" if name in _IMPURE_BUILTINS.get(module, ()) else None


def _impure_python_function(frame: FrameType) -> str | None:
    """Return the name of the frame's function if it is impure."""
    module = frame.f_globals.get("__name__", "")
    if module in _IMPURE_MODULES:
        return f"{module}.{frame.f_code.co_name}"
    if module == "os" and frame.f_code.co_qualname.startswith("_Environ."):
        return "os.environ"
    return None
