"""The `omnimsg` command. Needs the extra: `pip install 'omnimsg[cli]'`.

Every command exits with

* 0 when everything succeeded,
* 1 when something was refused, failed or was not sent,
* 2 when the command line or the configuration is wrong, and nothing was tried,
* 3 when a message may or may not have been sent: do not repeat it blindly.

With `--json` a command prints one JSON object a line on standard output and nothing else there;
the docstring of each command's module describes the object. These forms are stable: members are
added, never renamed. An error is one line on standard error, with one line of advice below it,
which a terminal shows broken between words; several mistakes in a configuration are several lines,
and so is the advice about them.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The arguments after the command's name; those of `sys.argv` unless given.

    Returns:
        The exit code.
    """
    missing = [name for name in ("cyclopts", "rich") if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"error: the command needs {' and '.join(missing)}: pip install 'omnimsg[cli]'\n"
        )
        return 2
    # Only now: without the extra this module cannot be imported.
    from omnimsg.cli.app import run  # noqa: PLC0415

    return run(sys.argv[1:] if arguments is None else arguments)
