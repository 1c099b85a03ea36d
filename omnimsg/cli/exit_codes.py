"""The exit codes of every command."""

OK = 0
"""Everything succeeded."""
FAILED = 1
"""Something was refused, failed or was not sent."""
USAGE = 2
"""The command line or the configuration is wrong; nothing was tried."""
UNCERTAIN = 3
"""A message may or may not have been sent."""
INTERRUPTED = 130
"""Ctrl+C ended the command: 128 plus the number of SIGINT."""


def exit_code_of(kinds: set[str]) -> int:
    """Return the exit code for a set of outcome kinds."""
    if "ambiguous" in kinds:
        return UNCERTAIN
    return FAILED if kinds - {"accepted"} else OK
