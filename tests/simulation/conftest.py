"""The seeds that the simulation runs, and the warning where it cannot run.

This module does not import simloom, which needs Python 3.12.
"""

from __future__ import annotations

import gc
import sys

import pytest

# The number of seeds in the suite, and of those that share one test.
SEEDS = 200
CHUNK = 25
# The number of seeds of the worlds of routes, and of the worlds of legs.
ROUTE_SEEDS = LEG_SEEDS = 20

_USUAL = {"seeds": SEEDS, "route_seeds": ROUTE_SEEDS, "leg_seeds": LEG_SEEDS}

IS_POSSIBLE = sys.version_info >= (3, 12)

collect_ignore = (
    []
    if IS_POSSIBLE
    else [
        "test_worlds.py",
        "test_routes.py",
        "test_legs.py",
        "test_harness.py",
        "test_planted.py",
    ]
)


@pytest.fixture(autouse=True)
def unwatched_past() -> None:
    """Exclude objects of earlier tests from the garbage collection that ends each universe.

    There are hundreds of universes, and in a process that has run thousands of tests each such
    collection takes a good part of a second. Existing garbage is kept too, so that its warnings are
    not attributed to another test.
    """
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test of worlds its part of the seeds, and each test of faults one fault."""
    if "findable" in metafunc.fixturenames:
        _give_faults(metafunc)
    fixture = next((each for each in _USUAL if each in metafunc.fixturenames), "")
    if not fixture:
        return
    config, usual = metafunc.config, _USUAL[fixture]
    one: int | None = config.getoption("--seed")
    if one is not None:
        parts = [range(one, one + 1)]
    else:
        count = config.getoption("--seeds") or usual
        parts = [range(at, min(at + CHUNK, count)) for at in range(0, count, CHUNK)]
    ids = [f"{part.start}-{part.stop - 1}" for part in parts]
    metafunc.parametrize(fixture, parts, ids=ids)


def _give_faults(metafunc: pytest.Metafunc) -> None:
    from simulation.planted import FAULTS  # noqa: PLC0415 - needs Python 3.12

    asked = metafunc.config.getoption("--planted")
    # Faults that take hundreds of seeds are too slow for the suite.
    faults = [each for each in FAULTS if asked or each.is_shown]
    metafunc.parametrize("findable", faults, ids=[each.name for each in faults])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Warn if no world was simulated."""
    if not IS_POSSIBLE:
        version = ".".join(map(str, sys.version_info[:2]))
        terminalreporter.write_line(
            f"NO WORLD WAS SIMULATED: tests/simulation needs Python 3.12, and this is {version}",
            yellow=True,
            bold=True,
        )
