"""The tests of a store on "Receive reports and replies", in a pytest run of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import examples
from support.inner_runs import import_what_stays

from omnimsg.testing import StoreConformance

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]
import_what_stays()

DOCS = Path(__file__).parents[2] / "docs"

(EXAMPLE,) = [each for each in examples.examples(DOCS / "receive.md") if each.mark == "test"]
CHECKS = [name for name in dir(StoreConformance) if name.startswith("test_")]


def test_the_tests_of_a_store_are_run(pytester: pytest.Pytester) -> None:
    """Pytest runs each check of the suite without a plugin; those of shared stores are skipped."""
    pytester.makepyfile(test_store=EXAMPLE.program)

    without = ("randomly", "cacheprovider", "asyncio", "anyio")

    result = pytester.runpytest_inprocess(*(f"-pno:{each}" for each in without))

    outcomes = result.parseoutcomes()
    assert {"passed": len(CHECKS) - 4, "skipped": 4} == outcomes
