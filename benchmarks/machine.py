"""Describe the machine of the figures, without its name, and the versions of the packages."""

from __future__ import annotations

import os
import platform
import subprocess
import sysconfig
from importlib.metadata import version
from pathlib import Path

from instructions import has_valgrind

_PACKAGES = ("omnimsg", "aiohttp", "orjson", "attrs", "tenacity", "uvloop", "httptools")


def kind() -> dict[str, str]:
    """Describe the machine and the Python on it."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    optimised = [each for each in ("--enable-optimizations", "--with-lto") if each in options]
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}"
        f" ({', '.join(optimised) or 'built without --enable-optimizations'})",
    }


def versions() -> dict[str, str]:
    """Return the versions of the measured packages and of valgrind."""
    found = {name: version(name) for name in _PACKAGES}
    if has_valgrind():
        done = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
        found["valgrind"] = done.stdout.strip().removeprefix("valgrind-")
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
