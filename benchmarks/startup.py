"""Count the instructions of starting: importing the package, and the command's version and help.

Run `python benchmarks/startup.py`; it needs valgrind. The count of an empty Python is subtracted.
`import aiohttp` is the reference, because a program that sends imports it sooner or later.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")
_STARTS = {
    "import aiohttp": ["-c", "import aiohttp"],
    "import omnimsg": ["-c", "import omnimsg"],
    "from omnimsg import Client, Message": ["-c", "from omnimsg import Client, Message"],
    "omnimsg --version": ["-m", "omnimsg", "--version"],
    "omnimsg --help": ["-m", "omnimsg", "--help"],
}


def instructions(arguments: list[str]) -> int:
    """Count the instructions of one run of Python, after a run that compiles missing bytecode."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    # Set in many containers: without bytecode, each run would compile all modules.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *arguments], check=True, capture_output=True, env=environment
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    found = _TOTAL.search(done.stderr)
    assert found is not None, done.stderr
    return int(found[1].replace(",", ""))


def counted(names: Iterable[str] = tuple(_STARTS)) -> dict[str, int]:
    """Count the instructions of several starts, without those of an empty Python."""
    empty = instructions(["-c", ""])
    return {name: instructions(_STARTS[name]) - empty for name in names}


def main() -> None:
    """Print a line for each start."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    counts = counted()
    for name, count in counts.items():
        share = count / counts["import aiohttp"]
        print(f"{name:<36} {count / 1e6:>7,.0f} M instructions  {share:.2f}x")


if __name__ == "__main__":
    main()
