"""Prepare a command line for cyclopts: common flags, and values that begin with a dash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import App

_DEBUG = frozenset({"--debug"})
_VERBOSE = frozenset({"-v", "--verbose"})
_HELP = frozenset({"-h", "--help"})
_END_OF_FLAGS = "--"


class CommandLine(NamedTuple):
    """A command line without the flags that every command has.

    Attributes:
        arguments: The remaining arguments.
        debug: Whether an error prints its traceback.
        verbose: Whether every request is logged.
    """

    arguments: tuple[str, ...]
    debug: bool
    verbose: bool

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> CommandLine:
        """Remove the common flags. A value that looks like one must be written `--text=-v`."""
        end = arguments.index(_END_OF_FLAGS) if _END_OF_FLAGS in arguments else len(arguments)
        flags = set(arguments[:end])
        common = _DEBUG | _VERBOSE
        left = (*(each for each in arguments[:end] if each not in common), *arguments[end:])
        return cls(
            arguments=left,
            debug=not flags.isdisjoint(_DEBUG),
            verbose=not flags.isdisjoint(_VERBOSE),
        )


def join_dashed_values(app: App, arguments: Sequence[str]) -> list[str]:
    """Write `--text VALUE` as `--text=VALUE` where the value begins with a dash.

    Cyclopts would read such a value as another flag. A value that *is* a flag of the command is not
    joined, because the real value was more likely forgotten: `--text --json`.

    Args:
        app: The application, which knows the flags of each command.
        arguments: The command line.
    """
    pairs = [
        index
        for index in range(len(arguments) - 1)
        if arguments[index].startswith("--")
        and "=" not in arguments[index]
        and arguments[index + 1].startswith("-")
    ]
    if not pairs or _END_OF_FLAGS in arguments[: pairs[-1] + 2]:
        return list(arguments)
    takes_value = _flags_of(app, arguments)
    joined: list[str] = []
    for argument in arguments:
        is_value = (
            bool(joined)
            and argument.startswith("-")
            and argument.partition("=")[0] not in takes_value
            and argument not in _HELP
            and takes_value.get(joined[-1], False)
        )
        if is_value:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _flags_of(app: App, arguments: Sequence[str]) -> dict[str, bool]:
    """Return the flags of the command that a command line names, and whether each takes a value."""
    names, apps, _ = app.parse_commands(arguments)
    if names and names[-1].startswith("-"):
        # Cyclopts treats `--help` and `--version` as commands; their functions have no flags.
        return {}
    found: Any = apps[-1].assemble_argument_collection()
    return {
        name: each.token_count()[0] > 0 or each.token_count()[1]
        for each in found
        for name in each.names
        if name.startswith("-")
    }
