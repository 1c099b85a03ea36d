"""`omnimsg completion`: print a completion script for a shell."""

from typing import Literal

from omnimsg.cli.exit_codes import OK
from omnimsg.cli.streams import write_text


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> int:
    """Print a completion script for a shell.

    For bash, in your own account:

    omnimsg completion bash > ~/.local/share/bash-completion/completions/omnimsg

    Args:
        shell: The shell to print the script for.
    """
    from omnimsg.cli.app import build  # noqa: PLC0415 - the script names every command

    write_text(build([]).generate_completion(shell=shell))
    return OK
