"""The simulation's dependency is installed wherever it can be; elsewhere a skip reports it."""

from __future__ import annotations

import importlib.util
import sys

import pytest


@pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="NO WORLD WAS SIMULATED: simloom needs Python 3.12, so 200 worlds were left out",
)
def test_the_simulator_is_installed() -> None:
    """The extra `test` installs simloom on every Python that simloom supports."""
    assert importlib.util.find_spec("simloom") is not None
