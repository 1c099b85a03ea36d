"""The detection of impure code, also while the tests are profiled."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.testing.adapters.purity_guard import impure_calls

if TYPE_CHECKING:
    from types import FrameType


def _after() -> None:
    """Be called once the guard has ended, for a profiler to see."""


def test_a_profiler_in_c_goes_on() -> None:
    """Under cProfile, impure calls are found, and the profiler sees what comes after."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        found = impure_calls(time.monotonic)
        _after()
    finally:
        profiler.disable()

    assert ["time.monotonic"] == found
    assert _after.__name__ in pstats.Stats(profiler).get_stats_profile().func_profiles


def test_a_profiler_in_python_goes_on() -> None:
    """A function that another tool has given to `sys.setprofile` is called before and after."""
    seen: list[str] = []

    def hook(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.append(frame.f_code.co_name)

    sys.setprofile(hook)
    try:
        found = impure_calls(time.monotonic)
        _after()
    finally:
        sys.setprofile(None)

    assert ["time.monotonic"] == found
    assert _after.__name__ in seen


def test_an_error_is_passed_on() -> None:
    """What the code raises reaches the check that has called it."""

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        impure_calls(fail)
