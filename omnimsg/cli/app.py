"""The command's frame: which commands there are, and what happens to their errors."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING

from cyclopts import App, Parameter

from omnimsg.cli import (
    balance,
    bench,
    cancel,
    codes,
    config,
    demo,
    download,
    history,
    interactions,
    mark_read,
    media_info,
    providers,
    sandbox,
    send,
    send_many,
    status,
    upload,
)
from omnimsg.cli.errors import DONE, explain
from omnimsg.cli.output import say_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: dict[str, Callable[..., int]] = {
    "demo": demo.demo,
    "sandbox": sandbox.sandbox,
    "bench": bench.bench,
    "send": send.send,
    "send-many": send_many.send_many,
    "status": status.status,
    "cancel": cancel.cancel,
    "history": history.history,
    "interactions": interactions.interactions,
    "mark-read": mark_read.mark_read,
    "upload": upload.upload,
    "download": download.download,
    "media-info": media_info.media_info,
    "balance": balance.balance,
    "providers": providers.providers,
    "codes": codes.codes,
    "config show": config.show,
}
"""Every command, in the order of the help; two words are a group and its command.

A command returns its exit code and raises what goes wrong. All modules are imported for every
command, because help describes them all; so a module imports what is heavy inside its function.
"""

_GROUPS = {"config": "Look at the configuration."}


def build() -> App:
    """Put the commands together."""
    app = App(
        name="omnimsg",
        help="Send and track messages through many providers behind one model.",
        help_epilogue="With --debug, anywhere on the line, an error shows where it happened.",
        # Anything richer imports a Markdown parser and a syntax highlighter for every help.
        help_format="plaintext",
        version=lambda: f"omnimsg {version('omnimsg')}",
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
    )
    groups: dict[str, App] = {"": app}
    for position, (words, command) in enumerate(COMMANDS.items()):
        group, _, name = words.rpartition(" ")
        if group not in groups:
            groups[group] = App(name=group, help=_GROUPS[group], sort_key=position)
            app.command(groups[group])
        groups[group].command(command, name=name, sort_key=position)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not stop the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    debug = "--debug" in arguments
    try:
        code = build()([each for each in arguments if each != "--debug"])
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever was reading has seen enough. What is still buffered must go nowhere, or Python
        # complains at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # noqa: BLE001 - every error becomes one line
        if debug:
            traceback.print_exc()
        stop = explain(error)
        say_error(stop.line, stop.hint)
        return stop.code
    return code if isinstance(code, int) else DONE
