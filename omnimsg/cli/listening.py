"""Receive callbacks, and print their events as they come."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from omnimsg.cli.errors import CommandError, cannot_listen
from omnimsg.cli.output import (
    masked_address,
    print_hint,
    print_json_lines,
    print_line,
    sanitize,
    spaced,
    stderr_console,
    stdout_console,
    styled,
    word_text,
)
from omnimsg.cli.streams import OutputError
from omnimsg.client import Client
from omnimsg.config import load_config
from omnimsg.delivery.options import CallbackOptions
from omnimsg.delivery.request import RefusedBecause
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.events import InboundMessage, InteractionEvent, StatusEvent
from omnimsg.domain.serialization import event_to_json
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from omnimsg.config import Config
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.domain.events import Event
    from omnimsg.engine.delivery_events import CallbackRefused

_PATH = "/callbacks"
_WIDTH = 12


async def serve_callbacks(
    account: str | None,
    host: str,
    port: int,
    public_url: str | None,
    config: Path,
    *,
    as_json: bool,
) -> None:
    """Receive callbacks until a signal, and print their events; see `omnimsg.cli.listen`."""
    loaded = load_config(config, default=account)
    if public_url is not None:
        _check_public_url(public_url)
    with _listening_socket(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        here = f"http://{name}:{listening.getsockname()[1]}"
        address = (public_url or loaded.callbacks.public_url or here + _PATH).rstrip("/")
        async with Client.from_config(loaded, observers=[_RefusalPrinter()]) as client:
            names = [account] if account is not None else _accounts_with_secrets(client)
            printer = _Printer(_print_json if as_json else _print_event)
            receiver = client.receiver(printer.print, accounts=names, public_url=address)
            runner = web.AppRunner(
                receiver.aiohttp_app(),
                access_log=None,
                logger=_server_log(),
                # No provider compresses callbacks, and a stranger's must cost nothing to unpack.
                auto_decompress=False,
                shutdown_timeout=2.0,
            )
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                left_out = {} if account is not None else _left_out(client, loaded)
                # Before the addresses: whoever has read them may stop the command at once.
                _set_on_signals(printer.stop)
                _print_addresses(client, receiver, address, here, left_out, on_stderr=as_json)
                await printer.stop.wait()
            finally:
                await runner.cleanup()
    if printer.error is not None:
        raise printer.error


def _check_public_url(public_url: str) -> None:
    """Check the flag here, so that the error names it."""
    try:
        CallbackOptions(public_url=public_url)
    except InvalidValue as error:
        raise CommandError(
            f"--public-url: {error.problems[0].why}, without credentials and query",
            "name the address that the providers call, up to the account's name",
        ) from None


class _Printer:
    """Prints events, and ends the command if the output cannot be written.

    Args:
        show: Prints an event.

    Attributes:
        stop: Is set when the command must end.
        error: Why an event could not be printed.
    """

    def __init__(self, show: Callable[[Event], None]) -> None:
        self._show = show
        self.stop = asyncio.Event()
        self.error: OutputError | None = None

    def print(self, event: Event) -> None:
        """Print an event.

        Raises:
            OutputError: The event cannot be printed, so its callback must not be acknowledged.
        """
        if self.error is not None:  # a signal has ended the output, which accepts everything now
            raise self.error
        try:
            self._show(event)
        except OutputError as error:
            self.error = error
            self.stop.set()
            raise


def _set_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGINT and SIGTERM, also if the parent process ignores these signals."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows, where Ctrl+C raises KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)


def _listening_socket(host: str, port: int) -> socket.socket:
    try:
        # Resolve the name first: `create_server` hides the error of a wrong name, and must be told
        # the family. The lowest is IPv4, for a name that has both, such as `localhost`.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server((host, port), family=min(each[0] for each in found))
    except OSError as error:
        raise cannot_listen(error, host=host, port=f"{port} of {host}") from error


def _server_log() -> logging.Logger:
    """Return a log for aiohttp's server that prints a line for each request that is not HTTP.

    aiohttp's own log quotes the request, with the secret in its path, and adds a traceback.
    """
    log = logging.Logger("aiohttp.server", logging.ERROR)  # noqa: LOG001 - of this server alone
    log.addHandler(_UnreadableRequests())
    return log


class _UnreadableRequests(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _print_refused(f"unreadable request ({type(error).__name__})")


def _accounts_with_secrets(client: Client) -> list[str] | None:
    """Return the accounts with secrets for callbacks; `None` without any.

    With `None`, the receiver takes all accounts, and its error names the missing secrets.
    """
    return [name for name, problem in _callback_problems(client).items() if not problem] or None


def _left_out(client: Client, loaded: Config) -> dict[str, str]:
    """Return why callbacks of the other accounts are not received, by account name."""
    problems = {name: why for name, why in _callback_problems(client).items() if why}
    unusable = {name: "; ".join(why.splitlines()) for name, why in loaded.unusable.items()}
    return problems | unusable


def _callback_problems(client: Client) -> dict[str, str | None]:
    """Return what keeps callbacks from being verified, by account; `None` where nothing does."""
    accounts = client.accounts.items()
    return {name: each.callback_problem() for name, each in accounts if each.receives()}


class _RefusalPrinter(Observer):
    """Prints refused requests on standard error."""

    explained = False

    def callback_refused(self, event: CallbackRefused) -> None:
        """Print one line about a refused request."""
        account = f"{sanitize(event.account)}  " if event.account else ""
        _print_refused(f"{account}{spaced(event.why)}, answered {event.http_status}")
        if event.why == RefusedBecause.NOT_GENUINE and not self.explained:
            self.explained = True
            print_hint("it was signed with another secret, or for another address than those above")


def _print_refused(what: str) -> None:
    print_line((f"{'':10}{'refused':<{_WIDTH}}", "yellow"), what, on=stderr_console())


def _print_json(event: Event) -> None:
    print_json_lines([event_to_json(event)])


def _print_event(event: Event) -> None:
    """Print one line: local time, kind, account, and the details of the event."""
    word, style = event.kind, ""
    details: Iterable[str | None]
    if isinstance(event, StatusEvent):
        word = event.status.value
        reason = event.reason and spaced(event.reason)
        details = event.leg.channel, event.message_id, event.reference, reason
    elif isinstance(event, InboundMessage):
        word, style = "reply", "bold cyan"
        details = masked_address(event.sender or ""), _reply_text(event)
    elif isinstance(event, InteractionEvent):
        word, details = str(event.interaction.kind), [event.interaction.message_id]
    else:
        style, details = "magenta", [": ".join(filter(None, (event.why, event.provider_kind)))]
    padded = f"{spaced(word):<{_WIDTH}}"
    print_line(
        (f"{event.at.astimezone():%H:%M:%S}  ", "dim"),
        (padded, style) if style else styled(word_text(word), " " * (_WIDTH - len(word))),
        "  ".join(sanitize(each) for each in (event.account, *details) if each),
    )


def _reply_text(event: InboundMessage) -> str:
    """Describe in one line what a person has sent."""
    parts = [] if event.text is None else [event.text]
    if event.tapped is not None:
        parts.append(f"[tapped {event.tapped.text}]")
    parts += [f"[{each.kind}]" for each in event.media]
    if event.location is not None:
        parts.append(f"[location {event.location.latitude}, {event.location.longitude}]")
    parts += ["[contact]" for _ in event.contacts]
    return " ".join(parts)


def _print_addresses(
    client: Client,
    receiver: Receiver,
    public_url: str,
    here: str,
    left_out: Mapping[str, str],
    *,
    on_stderr: bool,
) -> None:
    console = stderr_console() if on_stderr else stdout_console()
    lines = [styled("Listening on ", (here, "bold green"), "; Ctrl+C stops it.")]
    lines.append(styled("The providers call:"))
    for name in receiver.accounts:
        setting = client.accounts[name].path_secrets
        secret = "" if setting is None else f"/SECRET  (one of accounts.{name}.{setting})"
        lines.append(styled(f"  {public_url}/{name}{secret}"))
    for name, why in left_out.items():
        lines.append(styled(("not received: ", "yellow"), sanitize(f"{name}: {why}")))
    for line in (*lines, styled()):
        print_line(line, on=console)
