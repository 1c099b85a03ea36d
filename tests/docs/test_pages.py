"""The docs: tables are fresh, examples run, links lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tomllib
from functools import partial
from pathlib import Path

import anyio
import pytest

from omnimsg.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EXAMPLE = re.compile(
    r"<!-- run(?P<where>: sandbox)? -->\n```(?P<kind>python|sh)\n(?P<code>.*?)```\n"
    r"(?:\n```text\n(?P<said>.*?)```\n)?",
    re.DOTALL,
)
FENCE = re.compile(r"```(?P<kind>\w*)\n(?P<text>.*?)```", re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\((?!https?://|#|mailto:)(?P<target>[^)#\s]+)[^)]*\)")


def _examples() -> list[pytest.param]:  # type: ignore[valid-type]  # pytest's own class
    return [
        pytest.param(found, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, found in enumerate(EXAMPLE.finditer(page.read_text(encoding="utf-8")), 1)
    ]


def test_generated_tables_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds exactly what the code would generate."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    stale = [page.name for page, text in generate.pages() if page.read_text("utf-8") != text]

    assert stale == [], "run: python docs/generate.py"


@pytest.mark.anyio
@pytest.mark.parametrize("example", _examples())
async def test_an_example_runs(example: re.Match[str], tmp_path: Path) -> None:
    """Every example marked to be run ends without an error, and prints what stands below it."""
    script = tmp_path / "example.txt"
    script.write_text(example["code"], encoding="utf-8")
    runner = {"sh": ["sh", "-eu"], "python": [sys.executable, "-W", "error"]}
    command = [*runner[example["kind"]], str(script)]
    # The command and the interpreter under test, whatever else is installed.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = partial(
        anyio.run_process,
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "COLUMNS": "80"},
        check=False,
    )

    if example["where"]:
        async with Sandbox() as running:
            (tmp_path / "omnimsg.toml").write_text(running.config_toml(), encoding="utf-8")
            done = await run()
    else:
        done = await run()

    assert (done.returncode, done.stderr.decode()) == (0, "")
    if example["said"] is not None:
        assert example["said"] == done.stdout.decode()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_toml_is_toml(page: Path) -> None:
    """Every TOML block of a page can be read."""
    blocks = [
        found["text"]
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["kind"] == "toml"
    ]

    read = [tomllib.loads(block) for block in blocks]

    assert len(read) == len(blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    targets = [found["target"] for found in LINK.finditer(page.read_text(encoding="utf-8"))]

    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []
