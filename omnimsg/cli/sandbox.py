"""`omnimsg sandbox`: a local server that speaks the providers' APIs."""

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.output import new_table, print_line, print_table

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox


def sandbox(
    *,
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8025,
    pace: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=3600))] = 0.0,
    print_config: Annotated[bool, Parameter(show_default=False)] = False,
) -> int:
    """Serve emulated providers on this machine; nothing leaves it.

    Args:
        port: The port to listen on; 0 lets the system choose.
        pace: Seconds between two statuses of a message.
        print_config: Print an omnimsg.toml for this port, and serve nothing.
    """
    if print_config:
        return _print_config(port)
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.sandbox import Sandbox, serve  # noqa: PLC0415

    try:
        anyio.run(partial(serve, Sandbox(port=port, pace=pace), _print_greeting))
    except KeyboardInterrupt:
        return OK
    except OSError as error:
        raise CommandError(
            f"port {port} cannot be used: {os.strerror(error.errno or 0)}",
            "choose another with --port; 0 lets the system choose",
        ) from error
    return OK


def _print_config(port: int) -> int:
    from omnimsg.sandbox import config_toml  # noqa: PLC0415

    if port == 0:
        raise CommandError("--print-config needs a port", "name one with --port")
    print_line(f"# For `omnimsg sandbox --port {port}`. These credentials are public.")
    print_line(config_toml(port).rstrip("\n"))
    return OK


_CONTROL_ROUTES = {
    "GET /_sandbox/handsets?number=": "the messages that a phone received",
    "GET /_sandbox/requests": "the latest requests",
    "POST /_sandbox/faults": 'a fault, such as {"kind": "reset_after"}',
    "POST /_sandbox/reset": "forget everything",
}


def _print_greeting(running: "Sandbox") -> None:
    from omnimsg.sandbox import MAGIC  # noqa: PLC0415

    print_line(("The sandbox is at ", ""), (running.url, "bold green"), "; Ctrl+C stops it.")
    print_line(f"It emulates {', '.join(running.emulators)}. Nothing leaves this machine.")
    print_line()
    print_line(("In another terminal", "bold"))
    print_line(f"  omnimsg sandbox --port {running.port} --print-config > omnimsg.toml")
    print_line("  omnimsg send --to +27820990001 --text Hello")
    print_line(f"  curl {running.url}/_sandbox/handsets")
    print_line()
    table = new_table("a recipient that ends in", "is", folds=("is",))
    for suffix, scenario in MAGIC.items():
        table.add_row(suffix, scenario.value)
    table.add_row("anything else", "accepted, then delivered")
    print_table(table)
    print_line()
    table = new_table("control", "", folds=("",))
    for route, meaning in _CONTROL_ROUTES.items():
        table.add_row(route, meaning)
    print_table(table)
