"""The code blocks of README and of the docs, as the programs that are run and type-checked.

A comment before a block, which readers do not see, says what is done with it:

    <!-- run -->            it is a program, in Python or sh
    <!-- run: sandbox -->   the same, where an omnimsg.toml leads to a sandbox
    <!-- serve: NAME -->    it is a web service, which a test of its own serves
    <!-- test: NAME -->     it is a module of tests, which pytest runs; it fails if NAME says so
    <!-- fragment -->       its lines stand in a block of the same page that is run or served
    <!-- one program -->    before the first block: all Python blocks of the page are one program

Further lines of the comment are code that is run with the block: imports, values, a coroutine
around it. The block replaces the line `# the example` among them, with the indentation of that
line; where there is none, the block comes last.

What stands between `<!-- generated: ... -->` and `<!-- end -->` comes from code with its own tests.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>run|serve|test|fragment|one program)(?:: (?P<argument>[\w-]+))?"
    r"(?:\n(?P<hidden>(?:(?!-->).)*?))?[ \n]-->\n)?"
    r"^```(?P<kind>python|sh)\n(?P<code>.*?)^```\n"
    r"(?:\n```text\n(?P<output>.*?)```\n)?",
    re.MULTILINE | re.DOTALL,
)
_PLACE = re.compile(r"^( *)# the example\n", re.MULTILINE)


@attrs.frozen(kw_only=True)
class Example:
    """One block of Python or sh.

    Attributes:
        page: The page that it is on.
        number: Its number among the blocks of the page, from 1.
        kind: `python` or `sh`.
        mark: What is done with it; `None` where nothing says so.
        argument: What follows the mark after a colon.
        code: What readers see.
        program: The same with what the comment adds.
        output: The text block below it: what the program prints.
    """

    page: Path
    number: int
    kind: str
    mark: str | None
    argument: str | None
    code: str
    program: str
    output: str | None

    @property
    def name(self) -> str:
        """What tests call it."""
        return f"{self.page.stem}-{self.number}"


def visible_text(page: Path) -> str:
    """Return a page without its generated parts."""
    return _GENERATED.sub("", page.read_text(encoding="utf-8"))


def examples(page: Path) -> list[Example]:
    """Return the blocks of a page, in order."""
    found = [
        Example(
            page=page,
            number=number,
            kind=each["kind"],
            mark=each["mark"],
            argument=each["argument"],
            code=each["code"],
            program=_with_hidden(each["code"], each["hidden"]),
            output=each["output"],
        )
        for number, each in enumerate(_BLOCK.finditer(visible_text(page)), 1)
    ]
    return _marked_alike(found) if any(each.mark == "one program" for each in found) else found


def programs() -> Iterator[tuple[str, str]]:
    """Return the Python programs of all pages, each with a name; fragments are parts of others."""
    for page in PAGES:
        python = [each for each in examples(page) if each.kind == "python"]
        if any(each.mark == "one program" for each in python):
            yield page.stem, "\n".join(each.program for each in python)
            continue
        for each in python:
            if each.mark != "fragment":
                yield each.name, each.program


def _with_hidden(code: str, hidden: str | None) -> str:
    if hidden is None:
        return code
    hidden = hidden.rstrip() + "\n"
    place = _PLACE.search(hidden)
    if place is None:
        return f"{hidden}\n{code}"
    indented = textwrap.indent(code, place[1])
    return hidden[: place.start()] + indented + hidden[place.end() :]


def _marked_alike(found: list[Example]) -> list[Example]:
    """Give the mark of the first block to the other Python blocks."""
    return [
        attrs.evolve(each, mark="one program") if each.kind == "python" else each for each in found
    ]
