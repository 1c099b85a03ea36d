"""The examples of "Test your application", each in a pytest run of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import examples
import pytest
from support.inner_runs import import_what_stays

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ["pytester"]
import_what_stays()

DOCS = Path(__file__).parents[2] / "docs"

PAGE = DOCS / "test-your-application.md"
EXAMPLES: Mapping[str, examples.Example] = {
    each.argument: each for each in examples.examples(PAGE) if each.mark == "test" and each.argument
}
CONFTEST = EXAMPLES["conftest"].code
RUN = [name for name in EXAMPLES if name != "conftest"]
OPTION = re.search(
    r"```toml\n(\[tool\.pytest\.ini_options\]\nomnimsg_env .*?)```",
    PAGE.read_text("utf-8"),
    re.DOTALL,
)
# Django's settings are global to a process, so its example runs in a process of its own.
APART = {"django"}


@pytest.mark.parametrize("name", RUN)
def test_an_example_does_what_the_page_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An example passes; one that the page shows to fail fails with the text shown below it."""
    for variable in ("OMNIMSG_CONFIG", "OMNIMSG_URL"):
        monkeypatch.delenv(variable, raising=False)
    assert OPTION is not None
    example = EXAMPLES[name]
    pytester.makepyprojecttoml(OPTION[1] if name in APART else "")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(**{f"test_{name.replace('-', '_')}": example.program})
    run = pytester.runpytest_subprocess if name in APART else pytester.runpytest_inprocess

    result = run("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")

    outcomes = result.parseoutcomes()
    if name.startswith("fails-"):
        assert {"failed": 1} == outcomes
        shown = [line for line in result.outlines if line.startswith("E  ")]
        assert example.output == "".join(f"{line}\n" for line in shown)
    else:
        assert {"passed": example.code.count("def test_")} == outcomes
