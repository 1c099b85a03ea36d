"""Type-check the Python examples of the pages with mypy --strict and pyright.

`examples.py` says how a block becomes a program. Run it from anywhere: `python docs/typecheck.py`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from examples import programs

# What pages are generated from, and what examples import.
_MODULES = ("contents.py", "reported.py")
# Django has no types of its own; those that others write for it are larger than what we check.
_MYPY = "[mypy]\n[mypy-django.*]\nignore_missing_imports = True\n"


def main() -> int:
    """Check all programs; return the exit code of the first checker that complains."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, program in programs():
            module = re.sub(r"\W", "_", name.lower())
            (Path(folder) / f"example_{module}.py").write_text(program, encoding="utf-8")
        for each in _MODULES:
            shutil.copy(Path(__file__).with_name(each), folder)
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
