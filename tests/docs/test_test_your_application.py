"""The examples of "Test your application" are run as a reader would, each in a run of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Imported before the runs in this process, which forget what they import.
from omnimsg.testing import FakeProvider
from omnimsg.testing.sandbox.session import SessionSandbox
from omnimsg.testing.sandbox.unawaited import noted_coroutines

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ["pytester"]
KEPT = (FakeProvider, SessionSandbox, noted_coroutines)

PAGE = Path(__file__).parents[2] / "docs" / "test-your-application.md"
EXAMPLE = re.compile(
    r"<!-- test: (?P<name>[\w-]+) -->\n```python\n(?P<code>.*?)```\n"
    r"(?:\n```text\n(?P<output>.*?)```\n)?",
    re.DOTALL,
)
OPTION = re.compile(r"```toml\n(\[tool\.pytest.*?)```", re.DOTALL)
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES: Mapping[str, re.Match[str]] = {each["name"]: each for each in EXAMPLE.finditer(TEXT)}
# What is needed for the whole of a process is run in one of its own.
APART = {"django"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_the_page_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It passes; or it fails with the text below it, where it is shown to fail."""
    for variable in ("OMNIMSG_CONFIG", "OMNIMSG_URL"):
        monkeypatch.delenv(variable, raising=False)
    example = EXAMPLES[name]
    options = OPTION.search(TEXT)
    assert options is not None
    pytester.makepyprojecttoml(options[1] if name in APART else "")
    pytester.makepyfile(**{f"test_{name.replace('-', '_')}": example["code"]})
    run = pytester.runpytest_subprocess if name in APART else pytester.runpytest_inprocess

    result = run("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")

    outcomes = result.parseoutcomes()
    if name.startswith("fails-"):
        assert {"failed": 1} == outcomes
        shown = [line for line in result.outlines if line.startswith("E  ")]
        assert example["output"].splitlines() == shown
    else:
        assert {"passed": example["code"].count("def test_")} == outcomes


def test_the_page_has_examples() -> None:
    """The pattern finds them, and each block of Python is one."""
    assert TEXT.count("```python") == len(EXAMPLES) > 8
