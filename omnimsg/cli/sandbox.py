"""`omnimsg sandbox`: a local server that speaks the providers' APIs."""

import json
import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from omnimsg.cli.errors import CommandError, cannot_listen
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import Port
from omnimsg.cli.output import new_table, print_line, print_table, print_warning
from omnimsg.cli.streams import InterruptedOutputError

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox


def sandbox(
    *,
    host: str = "127.0.0.1",
    port: Port = 8025,
    pace: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=3600))] = 0.0,
    callbacks: str | None = None,
    print_config: Annotated[bool, Parameter(show_default=False)] = False,
) -> int:
    """Serve emulated providers on this machine; nothing leaves it.

    With --callbacks, signed reports and replies go to that address.

    Args:
        host: The host name or address to listen on. On any other than a loopback address, everyone
            who can reach it can read all messages; 0.0.0.0 is for containers.
        port: The port to listen on; 0 lets the system choose.
        pace: Seconds between two statuses of a message.
        callbacks: The base address for callbacks, such as
            http://127.0.0.1:9000/callbacks; none are sent unless given.
        print_config: Print an omnimsg.toml for this host and port, and serve nothing; with
            --callbacks, it also has the settings to receive the callbacks.
    """
    from omnimsg.sandbox.origin import is_host, is_loopback  # noqa: PLC0415 - keeps help fast

    if not is_host(host):
        raise CommandError("--host is not a host name or an address", "name one without a port")
    if print_config:
        return _print_config(host, port, callbacks)
    import anyio  # noqa: PLC0415

    from omnimsg.sandbox import Sandbox, serve  # noqa: PLC0415

    try:
        server = Sandbox(host=host, port=port, pace=pace, callbacks=callbacks)
    except ValueError as error:
        raise _address_error(error) from None
    if not is_loopback(host):
        print_warning(
            f"the sandbox listens on {host}: anyone who can reach it can read all messages and"
            " change it; use it in a closed network only"
        )
    try:
        anyio.run(partial(serve, server, partial(_print_greeting, callbacks=callbacks)))
    except (KeyboardInterrupt, InterruptedOutputError):
        return OK
    except OSError as error:
        raise cannot_listen(error, host=host, port=str(port)) from error
    return OK


def _address_error(error: ValueError) -> CommandError:
    return CommandError(f"--{error}", "name a base address such as http://127.0.0.1:9000/callbacks")


def _print_config(host: str, port: int, callbacks: str | None) -> int:
    from omnimsg.sandbox import config_toml  # noqa: PLC0415

    if port == 0:
        raise CommandError("--print-config needs a port", "name one with --port")
    options = _address_options(host, port)
    lines = [config_toml(port, host=host).rstrip("\n")]
    if callbacks is not None:
        from omnimsg.sandbox.callbacks.addresses import checked_address  # noqa: PLC0415

        try:
            address = checked_address(callbacks, base=True, name="callbacks")
        except ValueError as error:
            raise _address_error(error) from None
        options += f" --callbacks {shlex.quote(address)}"
        # Some providers sign the address, so the application needs it to verify callbacks.
        lines += ["", "[callbacks]", f"public_url = {json.dumps(address)}"]
    print_line(f"# For `omnimsg sandbox {options}`. These credentials are public.")
    for line in lines:
        print_line(line)
    return OK


def _address_options(host: str, port: int) -> str:
    """Return the options of a command for a sandbox that listens on a host and a port."""
    from omnimsg.sandbox.client_config import HOST  # noqa: PLC0415 - keeps help fast

    return f"--port {port}" if host == HOST else f"--host {host} --port {port}"


def _callbacks_sentence(running: "Sandbox") -> str:
    """Return a sentence that states where the sandbox sends callbacks."""
    if not running.callbacks.is_on:
        return "Nothing leaves this machine."
    return f"It calls back to {running.callbacks.addresses['url']}; nothing else is sent."


def _print_greeting(running: "Sandbox", *, callbacks: str | None) -> None:
    from omnimsg.sandbox import MAGIC  # noqa: PLC0415

    print_line(("The sandbox is at ", ""), (running.url, "bold green"), "; Ctrl+C stops it.")
    print_line(f"It emulates {', '.join(running.emulators)}. {_callbacks_sentence(running)}")
    print_line("Open this address in a browser to see what each phone receives.")
    print_line()
    print_line(("In another terminal", "bold"))
    options = _address_options(running.host, running.port)
    if callbacks is not None:
        options += f" --callbacks {shlex.quote(callbacks)}"
    print_line(f"  omnimsg sandbox {options} --print-config > omnimsg.toml")
    print_line("  omnimsg send --to +27820990001 --text Hello")
    print_line(f"  curl {running.url}/_sandbox/handsets")
    print_line(f"  curl {running.url}/_sandbox/routes  # every route")
    if callbacks is not None:
        reply = shlex.quote('{"from": "+27820990001", "text": "STOP"}')
        print_line(f"  curl -d {reply} {running.url}/_sandbox/inbound")
    print_line()
    table = new_table("a recipient that ends in", "is", folds=("is",))
    for suffix, scenario in MAGIC.items():
        table.add_row(suffix, scenario.value)
    table.add_row("anything else", "accepted, then delivered")
    print_table(table)
