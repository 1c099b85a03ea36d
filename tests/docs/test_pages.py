"""The pages of the docs: generated parts are fresh, examples run, links resolve."""

from __future__ import annotations

import gc
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import docstrings
import examples
import generate
import pytest
from support.sandbox_fixtures import sandbox_in_thread

import omnimsg
from omnimsg.config import load_adapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg.adapter import Adapter
    from omnimsg.adapter.capabilities import ChannelCapabilities

ROOT = Path(__file__).parents[2]

PAGES: list[Path] = examples.PAGES
EXAMPLES = [each for page in PAGES for each in examples.examples(page)]
RUN = [each for each in EXAMPLES if each.mark == "run"]
# What these do lasts as long as the process: settings, handlers of logs, loops, other processes.
LASTING = ("celery", "django", "logging", "multiprocessing", "omnimsg.sync")
APART = [each for each in RUN if each.kind == "sh" or any(word in each.program for word in LASTING)]
HERE = [each for each in RUN if each not in APART]
FENCE = re.compile(r"```(?P<kind>\w*)\n(?P<text>.*?)```", re.DOTALL)
PYTHON_FENCE = re.compile(r"^ *(?:```|~~~) *\{?\.?py", re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```$|<!--.*?-->", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAVIGATION = re.compile(r"^ +- ([\w-]+\.md)$", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Pictures of the whole inbox page, which may be larger than the others.
WHOLE = {"inbox.png", "inbox-dark.png"}
NAMES: list[str] = vars(omnimsg)["__all__"]
HOST = f"{PROJECT['urls']['Source']}/blob/main/"


def test_generated_tables_are_fresh() -> None:
    """A page holds exactly what the code would generate."""
    stale = [page.name for page, text in generate.pages() if page.read_text("utf-8") != text]

    assert stale == [], "run: python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_is_run(page: Path) -> None:
    """Each Python block of a page is run, is served, or is part of a block that is."""
    found = [each for each in examples.examples(page) if each.kind == "python"]
    fences = PYTHON_FENCE.findall(examples.visible_text(page))

    unmarked = [each.code for each in found if each.mark is None]

    assert unmarked == [], "docs/examples.py lists the marks"
    assert len(found) == len(fences)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_fragment_stands_in_a_program(page: Path) -> None:
    """The lines of a fragment occur consecutively in a block of the same page that is run."""
    found = examples.examples(page)
    programs = [_lines(each.program) for each in found if each.mark not in (None, "fragment")]
    fragments = [_lines(each.code) for each in found if each.mark == "fragment"]

    strays = [each for each in fragments if not any(each in program for program in programs)]

    assert strays == []


def _lines(code: str) -> str:
    return "\n" + "\n".join(line.strip() for line in code.splitlines()) + "\n"


@pytest.mark.parametrize("example", HERE, ids=lambda each: each.name)
def test_an_example_runs(
    example: examples.Example,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An example ends without an error or a warning, and prints the output shown below it."""
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "example.txt"
    script.write_text(example.program, encoding="utf-8")

    with _surroundings(example, tmp_path):
        runpy.run_path(str(script), run_name="__main__")
    gc.collect()  # what the example has left open warns now, and not in another test

    printed = capsys.readouterr()
    assert ("", "") == (printed.err, caplog.text)
    if example.output is not None:
        assert example.output == printed.out


@pytest.mark.parametrize("example", APART, ids=lambda each: each.name)
def test_an_example_runs_in_a_process_of_its_own(example: examples.Example, tmp_path: Path) -> None:
    """An example of a shell, or one that changes its process, does so too."""
    if "curl" in example.program and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = tmp_path / "example.txt"
    script.write_text(example.program, encoding="utf-8")
    runner = {"sh": ["sh", "-eu"], "python": [sys.executable, "-W", "error"]}
    # Put the command and the interpreter under test before any other installed ones.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80"}

    with _surroundings(example, tmp_path) as added:
        done = subprocess.run(  # noqa: S603 - our own example
            [*runner[example.kind], str(script)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=environment | added,
        )

    assert (done.returncode, done.stderr) == (0, "")
    if example.output is not None:
        assert example.output == done.stdout


@contextmanager
def _surroundings(example: examples.Example, folder: Path) -> Iterator[dict[str, str]]:
    """Serve a sandbox to an example that asks for one; yield the variables that name it."""
    if example.argument != "sandbox":
        yield {}
        return
    with sandbox_in_thread() as running:
        (folder / "omnimsg.toml").write_text(running.config_toml(), encoding="utf-8")
        yield {"SANDBOX": running.url}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_toml_is_toml(page: Path) -> None:
    """Every TOML block of a page is valid TOML."""
    blocks = [
        found["text"]
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["kind"] == "toml"
    ]

    read = [tomllib.loads(block) for block in blocks]

    assert len(read) == len(blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_routes_can_send_what_they_match(page: Path) -> None:
    """No example routes by tags to accounts of which none can send a message with tags."""
    configs = [
        tomllib.loads(found["text"])
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["kind"] == "toml"
    ]

    useless = [
        route["name"]
        for config in configs
        for route in config.get("routes", [])
        if "tags" in route.get("match", {})
        and not any(
            "tags" in channel.fields
            for name in route["accounts"]
            for channel in _channels_of(config["accounts"][name]["provider"])
        )
    ]

    assert useless == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to a file of the project names an existing file and heading."""
    targets = [_in_project(page, target) for target in LINK.findall(_prose(page))]

    missing = [
        f"{file.name}#{anchor}"
        for file, anchor in filter(None, targets)
        if not _is_there(file, anchor)
    ]

    assert missing == []


def test_the_contents_of_the_design_name_every_decision() -> None:
    """The list of decisions has each heading below it, in order, indented by its level."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("## Decisions\n")[2]

    listed = re.findall(r"^( *)- \[(.+)\]\(#", text, re.MULTILINE)
    headings = re.findall(r"^##(#?) (.+)$", text, re.MULTILINE)

    assert [(4 * len(level), name) for level, name in headings] == [
        (len(indent), name) for indent, name in listed
    ]


def test_the_readme_reads_on_a_package_index() -> None:
    """Every link and picture of the README is absolute: a package index has no other files."""
    targets = LINK.findall(_prose(ROOT / "README.md"))

    relative = [each for each in targets if not each.startswith("https://")]

    assert (len(targets) > 10, relative) == (True, [])


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    """The site's navigation lists each page of the docs once."""
    listed = NAVIGATION.findall((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    assert sorted(page.name for page in PAGES if page.parent.name == "docs") == sorted(listed)


def test_the_site_asks_no_other_host() -> None:
    """The theme has no web font and no repository, about which it would ask GitHub's API."""
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    assert (True, False) == ("font: false" in site, "repo_url:" in site)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    """The index of the API reference links each name that the package exports."""
    index = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    assert f"| [`{name}`](" in index


@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_attributes_is_whole(name: str) -> None:
    """Where a docstring describes the fields of a public value, it describes all of them."""
    value = getattr(omnimsg, name)
    fields = attrs.fields_dict(value) if isinstance(value, type) and attrs.has(value) else {}
    described = docstrings.attributes(value) if fields else {}

    assert not described or set() == {each for each in fields if each[0] != "_"} - described.keys()


def _prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def _in_project(page: Path, target: str) -> tuple[Path, str] | None:
    """Return the file and the heading that a link names; `None` for a link to another host."""
    address, _, anchor = target.partition("#")
    if address.startswith(HOST):
        return ROOT / address.removeprefix(HOST), anchor
    if address.startswith(("https://", "http://", "mailto:")):
        return None
    return (page.parent / address if address else page), anchor


def _channels_of(provider: str) -> Iterable[ChannelCapabilities]:
    adapter: type[Adapter[Any]] = load_adapter(provider)
    return adapter.capabilities.channels.values()


def _is_there(file: Path, anchor: str) -> bool:
    return file.is_file() and (not anchor or anchor in _anchors(file))


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as the code host and the site generate them."""
    found: Counter[str] = Counter()
    anchors = set()
    for heading in HEADING.findall(_prose(page)):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        anchors.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return frozenset(anchors)


def test_every_picture_is_shown_and_small() -> None:
    """Each picture of docs/images is small and is shown on a page, with an alternative text."""
    images = {each.name: each.stat().st_size for each in (ROOT / "docs" / "images").glob("*.png")}
    texts = [page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md")]
    shown = {
        name
        for text in texts
        for name in re.findall(r"!\[[^\]]{15,}\]\(images/([\w-]+\.png)\)", text)
    }

    large = {name for name, size in images.items() if size > 60_000 and name not in WHOLE}

    assert (set(images), set()) == (shown, large), "run: python docs/pictures.py"
