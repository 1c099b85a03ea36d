"""The virtual environment of the peers, the libraries that omnimsg is compared with.

They are never installed beside omnimsg. Their versions are in `peers.txt`. The environment is
created on first use, in a folder that git ignores, and again when the versions change.
"""

from __future__ import annotations

import subprocess
import venv

from processes import HERE

PEERS = ("apprise_json", "messente_api", "twilio_async")

WANTED = HERE / "peers.txt"
_FOLDER = HERE.parent / ".venv-peers"
_INSTALLED = _FOLDER / "installed.txt"


def interpreter() -> str:
    """Return the Python interpreter that has the peers; install them first if necessary."""
    python = _FOLDER / "bin" / "python"
    wanted = WANTED.read_text(encoding="utf-8")
    if not _INSTALLED.exists() or _INSTALLED.read_text(encoding="utf-8") != wanted:
        venv.create(_FOLDER, clear=True, with_pip=True)
        subprocess.run(  # noqa: S603 - our own list
            [python, "-m", "pip", "install", "--quiet", "--requirement", WANTED], check=True
        )
        _INSTALLED.write_text(wanted, encoding="utf-8")
    return str(python)


def versions() -> dict[str, str]:
    """Return the pinned versions of the peers."""
    pinned = [line for line in WANTED.read_text(encoding="utf-8").splitlines() if "==" in line]
    return dict(line.split("==") for line in pinned)
