"""The command-line application: the table of commands, dispatch, and error handling.

This module imports no command's module, neither the model nor a client: cyclopts imports only the
module of the command that the command line names.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimsg.cli.arguments import CommandLine, join_dashed_values
from omnimsg.cli.exit_codes import INTERRUPTED, OK
from omnimsg.cli.streams import (
    InterruptedOutputError,
    OutputError,
    discard_output,
    open_missing_streams,
    write_text,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from cyclopts import App
    from rich.console import Console

COMMANDS: dict[str, str] = {
    "demo": "Send a message of each kind to a sandbox inside this process.",
    "sandbox": "Serve emulated providers on this machine; nothing leaves it.",
    "listen": "Receive reports and replies, and print them as they come.",
    "trigger": "Send a signed sample of a provider's callback to an address of yours.",
    "bench": "Measure an account's configuration, without sending anything.",
    "send": "Send a message, to one recipient or to several.",
    "send-many": "Send a file of messages, each once.",
    "plan": "Show what would become of a message, and why, without sending it.",
    "results": "Show what became of a file of messages, and write what failed for another run.",
    "status": "Look up the status of a message.",
    "cancel": "Cancel a scheduled message.",
    "history": "List past messages from the provider's records.",
    "interactions": "List interactions with a message: reads, taps, followed links.",
    "mark-read": "Mark received messages as read.",
    "upload": "Upload a file to a provider, for use in later messages.",
    "download": "Download a stored file.",
    "media-info": "Show what a provider knows about a stored file.",
    "doctor": "Check the configuration, and ask every provider whether it would take messages.",
    "balance": "Show the balance of an account.",
    "providers": "Compare what the installed providers can do.",
    "codes": "Show what a provider's codes and statuses mean.",
    "completion": "Print a completion script for a shell.",
    "config schema": "Print a JSON Schema of the configuration, for editors.",
    "config show": "Check the configuration and show its accounts, without their secrets.",
}
"""The summary of each command, in the order of the help; two words are a group and its command.

The function of `send-many` is `omnimsg.cli.send_many:send_many`, that of `config show` is
`omnimsg.cli.config:show`. It returns an exit code or raises. A summary is the first line of the
function's docstring, repeated here so that the list of commands needs no import of their modules.
"""

# The width of help in a wide terminal.
_HELP_COLUMNS = 100

_GROUPS = {"config": "Inspect the configuration."}

# The arguments of commands that cyclopts would call `ARGS`, because none is required.
_ARGUMENTS = {
    "trigger": "[EVENT]",
    "plan": "[FILE]",
    "mark-read": "IDS...",
    "codes": "[PROVIDER]",
}

# The headings in the list of commands, each before the command that it begins with.
_HEADINGS = {
    "demo": "Try and test",
    "send": "Send",
    "status": "Follow up",
    "upload": "Files",
    "doctor": "Set up",
}


def build(arguments: Sequence[str]) -> App:
    """Build the application for one command line.

    Args:
        arguments: The command line; only the command that it names gets its full help.
    """
    from cyclopts import App, Group, Parameter  # noqa: PLC0415 - not needed for `--version`

    named = [each for each in arguments if not each.startswith("-")]
    flags = Group("Flags", sort_key=len(COMMANDS))
    app = App(
        name="omnimsg",
        help="Send and track messages through many providers behind one model.",
        help_epilogue=(
            "Anywhere on the line, -v logs one line for each request, and --debug prints the"
            " traceback of an error."
        ),
        # Markdown re-wraps paragraphs, but imports a parser and a syntax highlighter. The list of
        # commands has no paragraphs, so it does not need them.
        help_format="markdown" if named else "plaintext",
        version=version,
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
        group_parameters=flags,
    )
    for flag, what in {"--help": "Show this help.", "--version": "Show the version."}.items():
        app[flag].help, app[flag].group = what, flags
    groups: dict[str, App] = {"": app}
    for index, (command, summary) in enumerate(COMMANDS.items()):
        group, _, name = command.rpartition(" ")
        if command in _HEADINGS:
            heading = Group(_HEADINGS[command], sort_key=index)
        if group not in groups:
            groups[group] = App(name=group, help=_GROUPS[group], group=heading, sort_key=index)
            app.command(groups[group])
        words = command.split()
        # A `help` argument replaces the whole docstring, so the named command gets none.
        help_ = None if named[: len(words)] == words else summary
        groups[group].command(
            _import_path(words),
            name=name,
            help=help_,
            usage=_usage(command),
            group=None if group else heading,
            sort_key=index,
        )
    return app


def _usage(command: str) -> str | None:
    """Return the first line of a command's help; `None` if cyclopts writes it."""
    arguments = _ARGUMENTS.get(command)
    return None if arguments is None else f"Usage: omnimsg {command} [OPTIONS] {arguments}"


def _import_path(words: list[str]) -> str:
    module, function = (word.replace("-", "_") for word in (words[0], words[-1]))
    return f"omnimsg.cli.{module}:{function}"


def version() -> str:
    """Return the line that `--version` prints."""
    from importlib import metadata  # noqa: PLC0415 - slow to import, and rarely needed

    return f"omnimsg {metadata.version('omnimsg')}"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not stop the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if not os.environ.get("COLUMNS", "").strip("0"):
        # rich would take 0 for the width of the terminal. Without the variable it asks for it.
        os.environ.pop("COLUMNS", None)
    line = CommandLine.parse(arguments)
    try:
        if line.arguments == ("--version",):
            write_text(f"{version()}\n")
            return OK
        app = build(line.arguments)
        if _asks_for_help(line.arguments):
            app.console = _help_console()
        with _context(line):
            code = app(join_dashed_values(app, line.arguments))
    except (KeyboardInterrupt, InterruptedOutputError):
        return INTERRUPTED
    except (OutputError, BrokenPipeError, SystemExit) as error:
        # With a closed pipe, rich raises one of the last two.
        if isinstance(error, OutputError) and error.why is not None:
            return _report(error, debug=line.debug)
        return OK
    except Exception as error:  # noqa: BLE001 - every error is reported in one line
        return _report(error, debug=line.debug)
    finally:
        with suppress(KeyboardInterrupt):
            discard_output()
    return code if isinstance(code, int) else OK


def _context(line: CommandLine) -> AbstractContextManager[None]:
    if _asks_for_help(line.arguments):
        # Cyclopts prints the help itself, so its errors of writing are converted here.
        return writing()
    from omnimsg.cli.log_lines import log_lines  # noqa: PLC0415 - keeps help fast

    return log_lines(verbose=line.verbose)


def _help_console() -> Console:
    """Return a console for help, whose lines are no longer than is read with ease."""
    from rich.console import Console  # noqa: PLC0415 - not needed for `--version`

    console = Console()
    console.width = min(console.width, _HELP_COLUMNS)
    return console


def _asks_for_help(arguments: Sequence[str]) -> bool:
    """Return whether a command line only prints a help page."""
    return not arguments or arguments[-1] in _GROUPS or not {"--help", "-h"}.isdisjoint(arguments)


def _report(error: Exception, *, debug: bool) -> int:
    """Print an error and return its exit code."""
    from omnimsg.cli.errors import explain  # noqa: PLC0415 - only needed on an error
    from omnimsg.cli.output import print_error  # noqa: PLC0415

    if debug:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    explained = explain(error)
    with suppress(OutputError, KeyboardInterrupt):  # the error decides the exit code all the same
        print_error(explained.text, explained.hint)
    return explained.code
