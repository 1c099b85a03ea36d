"""`omnimsg sandbox`: a local server that speaks the providers' APIs."""

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from omnimsg.cli.errors import DONE, Stop
from omnimsg.cli.output import line, out, table

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
        port: Where to listen; 0 lets the system choose.
        pace: Seconds between two steps of a message's life.
        print_config: Print an omnimsg.toml for this port, and serve nothing.
    """
    if print_config:
        return _print_config(port)
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.sandbox import Sandbox, serve  # noqa: PLC0415

    try:
        anyio.run(partial(serve, Sandbox(port=port, pace=pace), _greet))
    except KeyboardInterrupt:
        return DONE
    except OSError as error:
        raise Stop(
            f"port {port} cannot be used: {os.strerror(error.errno or 0)}",
            "choose another with --port; 0 lets the system choose",
        ) from error
    return DONE


def _print_config(port: int) -> int:
    from omnimsg.sandbox import config_toml  # noqa: PLC0415

    if port == 0:
        raise Stop("--print-config needs a port", "name one with --port")
    line(f"# For `omnimsg sandbox --port {port}`. These credentials are public.")
    line(config_toml(port).rstrip("\n"))
    return DONE


_ROUTES = {
    "GET /_sandbox/handsets?number=": "what a phone received",
    "GET /_sandbox/requests": "the latest requests",
    "POST /_sandbox/faults": 'trouble, such as {"kind": "reset_after"}',
    "POST /_sandbox/reset": "forget everything",
}


def _greet(running: "Sandbox") -> None:
    from omnimsg.sandbox import MAGIC  # noqa: PLC0415

    line(("The sandbox is at ", ""), (running.url, "bold green"), "; Ctrl+C stops it.")
    line(f"It speaks {', '.join(running.emulators)}. Nothing leaves this machine.")
    line()
    line(("In another terminal", "bold"))
    line(f"  omnimsg sandbox --port {running.port} --print-config > omnimsg.toml")
    line("  omnimsg send --to +27820990001 --text Hello")
    line(f"  curl {running.url}/_sandbox/handsets")
    line()
    shown = table("a recipient that ends in", "is", folds=("is",))
    for suffix, played in MAGIC.items():
        shown.add_row(suffix, played.value)
    shown.add_row("anything else", "accepted, then delivered")
    out().print(shown)
    line()
    shown = table("control", "", folds=("",))
    for route, meaning in _ROUTES.items():
        shown.add_row(route, meaning)
    out().print(shown)
