"""Type-check the Python examples of the pages with mypy --strict and pyright.

A block that uses names which it does not import is preceded by a comment that readers do not see:

    <!-- context: from omnimsg import Client; client: Client -->

The blocks of a page whose first block has `<!-- one program -->` before it are joined.

Run it from anywhere: `python docs/typecheck.py`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(
    r"(?:<!-- context: (?P<context>[^\n]*) -->\n)?^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# Django has no types of its own; those that others write for it are larger than what we check.
_MYPY = "[mypy]\n[mypy-django.*]\nignore_missing_imports = True\n"
_ONE_PROGRAM = "<!-- one program -->"


def examples() -> dict[str, str]:
    """Return the programs of all pages, by the name of a module for each."""
    found = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        programs = [_program(each["code"], each["context"]) for each in _BLOCK.finditer(text)]
        if _ONE_PROGRAM in text:
            programs = ["\n".join(programs)]
        stem = re.sub(r"\W", "_", page.stem.lower())
        found |= {f"{stem}_{number}": each for number, each in enumerate(programs, 1)}
    return found


def _program(code: str, context: str | None) -> str:
    """Make a block a program: with the names that it needs, and inside a coroutine for `await`."""
    before = "\n".join((context or "").split("; ")) + "\n"
    try:
        ast.parse(code)
        compile(code, "example", "exec")
    except SyntaxError:
        code = "async def example() -> None:\n" + textwrap.indent(code, "    ")
    return before + code


def main() -> int:
    """Check all programs; return the exit code of the first checker that complains."""
    with tempfile.TemporaryDirectory() as folder:
        for name, program in examples().items():
            (Path(folder) / f"example_{name}.py").write_text(program, encoding="utf-8")
        settings = Path(folder) / "mypy.ini"
        settings.write_text(_MYPY, encoding="utf-8")
        checks = (
            [sys.executable, "-m", "mypy", "--strict", f"--config-file={settings}", folder],
            [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, folder],
        )
        codes = [subprocess.run(each, cwd=folder, check=False).returncode for each in checks]  # noqa: S603
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
