"""The simulation runs wherever it can, and is missed where it cannot."""

from __future__ import annotations

import importlib.util
import sys

import pytest


@pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="NO WORLD WAS SIMULATED: simloom needs Python 3.12, so 200 worlds were left out",
)
def test_the_simulator_is_installed() -> None:
    """The extra `test` brings simloom to every Python that it runs on."""
    assert importlib.util.find_spec("simloom") is not None
