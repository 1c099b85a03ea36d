"""The library without orjson: tests and the demo run in a process that cannot import it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from omnimsg import json_codec

ROOT = Path(__file__).parents[2]

# From each folder the tests that depend on JSON; whole folders take minutes.
TESTS = [
    "tests/domain/test_serialization.py",
    "tests/adapter/test_callback.py",
    "tests/adapter/test_tolerant_json.py",
    "tests/clickatell/unit/test_encode.py",
    "tests/messente/unit/test_encode.py",
    "tests/bird/unit/test_encode.py",
    "tests/conformance/test_clickatell.py",
    "tests/e2e/test_checkup.py",
]

# `None` in `sys.modules` makes the import fail, as on a platform without a wheel.
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
    """With orjson, `dumps` and `loads` are orjson's own functions, without a wrapper."""
    assert (json_codec.dumps, json_codec.loads) == (orjson.dumps, orjson.loads)
    assert "orjson" == json_codec.LIBRARY


@pytest.mark.timeout(180)
def test_the_tests_of_code_that_depends_on_json_pass() -> None:
    """Without orjson, the tests of the code that depends on JSON pass."""
    ran = _run("-m", "pytest", "-p", "support.without_orjson", "-q", "-n0", "--tb=short", *TESTS)

    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-1000:]


def test_the_demo_runs() -> None:
    """Without orjson, `omnimsg demo` ends with every message as expected."""
    code = "from omnimsg.cli import main; sys.exit(main(['demo']))"

    ran = _run("-c", BLOCKED + code)

    assert (0, True) == (ran.returncode, "all as expected" in ran.stdout), ran.stderr
