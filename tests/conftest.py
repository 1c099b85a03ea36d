"""Fixtures, options and the profiles of hypothesis for all tests.

Hypothesis fails no test for the time that an example takes: that depends on what else the machine
does. `HYPOTHESIS_PROFILE=slow` is for a slow or busy machine: then it fails none for the time that
making examples takes either. With `CI` set, that profile is the default.
"""

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `filter_too_much` and `data_too_large` stay: they depend on the strategy, not on the machine.
settings.register_profile("usual", deadline=None)
settings.register_profile("slow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("slow" if os.environ.get("CI") else "usual")
)

# aiohttp reads the system's certificates when it is imported, a tenth of the start of each process
# of a test; no test trusts one of them.
os.environ["SSL_CERT_FILE"] = os.devnull

# A shell that starts the tests in the background lets them ignore SIGINT, and each process that a
# test interrupts would inherit that and never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent
# Folders whose tests run through much of the library and name little of it.
WHOLE_RUNS = {
    *(TESTS / each for each in ("benchmarks", "browser", "conformance", "contract")),
    *(TESTS / each for each in ("docs", "e2e", "faults", "simulation")),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says how long the fault tests run, and which worlds the simulation runs."""
    parser.addoption(
        "--seeds",
        type=int,
        default=0,
        metavar="N",
        help=(
            "run tests/faults on N seeds, each with 5,000 messages; by default small but for one;"
            " run the storm of tests/delivery on N seeds, each with 10,000 messages;"
            " run N worlds of tests/simulation, by default 200"
        ),
    )
    worlds = parser.getgroup("simulation", "worlds of tests/simulation")
    worlds.addoption("--seed", type=int, help="run the world of this seed alone")
    worlds.addoption("--shape", help="give every seed a world of this shape")
    worlds.addoption("--plant", help="plant this fault in the product first")
    worlds.addoption(
        "--planted",
        type=int,
        default=0,
        metavar="N",
        help="plant each fault, and try N seeds until a world fails; by default some and few",
    )
    worlds.addoption("--tape", help="run the world of a tape that a failure has left; with --shape")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run one worker more than there are cores: many tests wait for processes and for timers."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count as covered what a test names: neither generated examples nor whole runs."""
    for item in items:
        is_whole_run = not WHOLE_RUNS.isdisjoint(item.path.parents)
        if is_whole_run or item.get_closest_marker("hypothesis"):
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Leave all modules and tests out of each collection of garbage from now on."""
    gc.freeze()


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only, because aiohttp supports no other event loop."""
    return "asyncio"
