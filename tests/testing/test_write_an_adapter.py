"""The adapter of docs/write-an-adapter.md passes the conformance suite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from omnimsg.testing import AdapterConformance

PAGE = Path(__file__).parents[2] / "docs" / "write-an-adapter.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKS = sorted(name for name in dir(AdapterConformance) if name.startswith("test_"))


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Run the page's code blocks in order in one namespace, and return the namespace."""
    namespace: dict[str, Any] = {"__name__": "pigeon"}
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        exec(block, namespace)  # noqa: S102 - the page's own code
    return namespace


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_passes(page: dict[str, Any], check: str) -> None:
    """The example passes each check of the suite."""
    getattr(page["TestPigeon"](), check)()
