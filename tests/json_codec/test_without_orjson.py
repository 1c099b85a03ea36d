"""The library where orjson cannot be imported, each time in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from omnimsg import json_codec

ROOT = Path(__file__).parents[2]

# Of each room the tests that lean on JSON; whole folders take minutes.
TESTS = [
    "tests/domain/test_serialization.py",
    "tests/adapter/test_callback.py",
    "tests/adapter/test_tolerant_json.py",
    "tests/clickatell/unit/test_encode.py",
    "tests/messente/unit/test_encode.py",
    "tests/bird/unit/test_encode.py",
    "tests/conformance/test_clickatell.py",
    "tests/e2e/test_checkup.py",
    "tests/e2e/test_swap.py",
]

# None makes an import fail, as where there is no wheel.
BLOCKED = "import sys; sys.modules['orjson'] = None; "


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=170,
        cwd=ROOT,
        check=False,
    )


def test_orjson_is_called_without_a_detour() -> None:
    """Each request is written and each answer read with it: the names are its own functions."""
    assert (json_codec.dumps, json_codec.loads) == (orjson.dumps, orjson.loads)
    assert "orjson" == json_codec.LIBRARY


@pytest.mark.timeout(180)
def test_the_tests_of_what_leans_on_json_pass() -> None:
    """The domain, adapters, the conformance suite, and all providers through the sandbox."""
    ran = _run("-m", "pytest", "-p", "support.without_orjson", "-q", "-n0", "--tb=short", *TESTS)

    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-1000:]


def test_the_demo_runs() -> None:
    """Sandbox, emulators, adapters, transport, callbacks and command, in a few seconds."""
    code = "from omnimsg.cli import main; sys.exit(main(['demo']))"

    ran = _run("-c", BLOCKED + code)

    assert (0, True) == (ran.returncode, "all as expected" in ran.stdout), ran.stderr
