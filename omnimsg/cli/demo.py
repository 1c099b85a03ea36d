"""`omnimsg demo`: send messages through every provider to a sandbox, and show what arrives.

Everything happens inside this process: the client sends over HTTP on the loopback interface to a
sandbox, which answers as the providers would and stores what each handset received. The demo gets
the statuses of messages only from the reports that the sandbox signs and sends back.

The JSON form is one object per message:

* `provider`, `channel`, `content` (the kind, as in the JSON form of messages), `to` (masked)
* `outcome`: `accepted`, `rejected`, `not_sent` or `ambiguous`
* `id`, `status`: null unless the message was accepted
* `delivered`: whether the handset received the message
* `reason`: the reason of the failure; null for a message that did not fail
* `expected`: the expected `outcome`, `status`, `reason` and `delivered`
* `as_expected`: whether they are as expected
"""

from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter, validators

from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import Json
from omnimsg.cli.output import (
    OUTCOME_KINDS,
    counts_text,
    masked_address,
    new_table,
    print_hint,
    print_json_lines,
    print_line,
    print_table,
    reason_text,
    stdout_console,
    styled,
    word_text,
)
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from omnimsg.cli.demo_messages import DemoMessage
    from omnimsg.client import Client
    from omnimsg.domain.events import Event
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.sandbox import Sandbox

# Seconds to wait for the final statuses, in addition to the time that the sandbox's pace takes.
STATUS_TIMEOUT = 10.0

_COLUMNS = ("provider", "channel", "content", "to", "outcome", "status", "delivered", "reason")

# The least widths of a terminal for all columns, and for those that a narrow table has.
_ALL_COLUMNS_FROM = 80
_NARROW_FROM = 60
_LEFT_OUT_IN_NARROW = ("to", "delivered")


@attrs.define
class DemoResult:
    """The state of one message of the demo so far.

    Attributes:
        message: The message with its expected result.
        outcome: The outcome; `None` until there is one.
        status: The status; `None` until it was reported.
        delivered: Whether the handset has received the message.
    """

    message: "DemoMessage"
    outcome: "Outcome | None" = None
    status: "MessageStatus | None" = None
    delivered: bool = False

    @property
    def id(self) -> "MessageId | None":
        """The id to look up the status with; `None` unless the message was accepted."""
        return self.outcome.id if isinstance(self.outcome, Accepted) else None

    def actual(self) -> dict[str, Any]:
        """Return the actual values, with the keys of `expected`."""
        reason = None if self.status is None else self.status.reason
        if self.outcome is not None and not isinstance(self.outcome, Accepted):
            reason = self.outcome.reason
        return {
            "outcome": None if self.outcome is None else self.outcome.kind,
            "status": None if self.status is None else self.status.status.value,
            "reason": reason,
            "delivered": self.delivered,
        }

    def expected(self) -> dict[str, Any]:
        """Return the expected values."""
        message = self.message
        return {
            "outcome": message.outcome,
            "status": None if message.status is None else message.status.value,
            "reason": message.reason,
            "delivered": message.status is not None and message.status.reached,
        }

    @property
    def as_expected(self) -> bool:
        """Whether all actual values are as expected."""
        return self.actual() == self.expected()

    @property
    def finished(self) -> bool:
        """Whether the message is as expected, or can no longer become so."""
        if self.as_expected:
            return True
        if self.status is None:
            return not isinstance(self.outcome, Accepted | NoneType)
        return self.status.status.failed


def demo(
    *,
    pace: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=10))] = 0.4,
    as_json: Json = False,
) -> int:
    """Send a message of each kind to a sandbox inside this process.

    Nothing leaves this machine, and no configuration is needed.
    Exits with 1 when a message does not end as expected.

    Args:
        pace: Seconds between two statuses of a message.
        as_json: Print JSON lines.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    if as_json:
        results = anyio.run(partial(_run, pace, _show_nothing))
        print_json_lines(map(result_to_json, results))
    else:
        results = _run_live(pace)
        print_line()
        print_line(*_summary(results))
        print_hint("`omnimsg sandbox` serves the same sandbox, with a page that shows every phone")
    return OK if all(each.as_expected for each in results) else FAILED


def _show_nothing(_: list[DemoResult]) -> None:
    """Show nothing while the demo runs."""


def _run_live(pace: float) -> list[DemoResult]:
    """Run the demo and show its table; on a terminal, also while it runs."""
    import anyio  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = stdout_console()
    if not console.is_terminal or console.width < _NARROW_FROM:
        results = anyio.run(partial(_run, pace, _show_nothing))
        print_table(_table(results, final=True))
        return results
    with Live(console=console, refresh_per_second=12) as live:
        results = anyio.run(partial(_run, pace, lambda now: live.update(_table_and_spinner(now))))
        live.update(_table(results, final=True))
    return results


async def _run(pace: float, show: Callable[[list[DemoResult]], None]) -> list[DemoResult]:
    from omnimsg.sandbox import Sandbox  # noqa: PLC0415

    async with Sandbox(pace=pace) as sandbox:
        return await run_demo(sandbox, show)


async def run_demo(
    sandbox: "Sandbox",
    show: Callable[[list[DemoResult]], None],
    *,
    timeout: float = STATUS_TIMEOUT,  # noqa: ASYNC109 - at the timeout, the results are kept
) -> list[DemoResult]:
    """Send all messages to a running sandbox, and wait until they have finished.

    Args:
        sandbox: The sandbox.
        show: Is called with the results whenever one has changed.
        timeout: Seconds to wait for the final statuses, in addition to the time that the pace
            takes.
    """
    import anyio  # noqa: PLC0415

    from omnimsg.cli.demo_messages import configuration, demo_messages  # noqa: PLC0415
    from omnimsg.client import Client  # noqa: PLC0415

    results = [DemoResult(each) for each in demo_messages(list(sandbox.emulators))]
    show(results)
    async with Client.from_config(configuration(sandbox)) as client, _receiving(client, sandbox):
        async with anyio.create_task_group() as group:
            for account in client.accounts:
                own = [each for each in results if each.message.provider == account]
                group.start_soon(_send, client, account, own, partial(show, results))
        with anyio.move_on_after(timeout + 10 * sandbox.state.pace):
            while not all(each.finished for each in results):
                await _update(client, sandbox, results)
                show(results)
                await anyio.sleep(0.05)
        # Notice a message that was delivered although it was expected not to be.
        await _update(client, sandbox, results)
    return results


@asynccontextmanager
async def _receiving(client: "Client", sandbox: "Sandbox") -> "AsyncIterator[None]":
    """Receive the reports of the sandbox, on a port that the system chooses."""
    import socket  # noqa: PLC0415

    from aiohttp import web  # noqa: PLC0415

    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/callbacks"
    receiver = client.receiver(_ignore_event, public_url=address)
    runner = web.AppRunner(receiver.aiohttp_app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        sandbox.callbacks.set_url(address)
        yield
    finally:
        await runner.cleanup()


def _ignore_event(event: "Event") -> None:
    """Ignore an event: the tracker records the reports, and the demo has no replies."""


async def _send(
    client: "Client", account: str, results: list[DemoResult], on_change: Callable[[], None]
) -> None:
    messages = [each.message.build() for each in results]
    async for outcome in client.send_many(messages, account=account):
        results[outcome.position or 0].outcome = outcome
        on_change()


async def _update(client: "Client", sandbox: "Sandbox", results: list[DemoResult]) -> None:
    """Update the statuses of unfinished messages, and whether handsets have received them."""
    for each in results:
        each.delivered = bool(sandbox.handsets.received(each.message.to))
        if each.id is not None and not each.finished:
            tracked = await client.tracked(each.id)
            each.status = None if tracked is None else tracked.status


def result_to_json(result: DemoResult) -> dict[str, Any]:
    """Convert a result to the JSON form of this module."""
    message = result.message
    return {
        "provider": message.provider,
        "channel": message.channel.value,
        "content": message.content.kind,
        "to": masked_address(message.to),
        "id": result.id,
        **result.actual(),
        "expected": result.expected(),
        "as_expected": result.as_expected,
    }


def _table_and_spinner(results: list[DemoResult]) -> "RenderableType":
    """Return the table and, below it, how many messages have finished."""
    from rich.console import Group  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415

    done = sum(each.finished for each in results)
    return Group(_table(results), Spinner("dots", f" {done} of {len(results)}"))


def _table(results: list[DemoResult], *, final: bool = False) -> "Table":
    left_out = () if stdout_console().width >= _ALL_COLUMNS_FROM else _LEFT_OUT_IN_NARROW
    table = new_table(*(each for each in _COLUMNS if each not in left_out), folds=("reason",))
    previous_provider = None
    for each in results:
        message, actual = each.message, each.actual()
        if previous_provider not in (None, message.provider):
            table.add_section()
        known = final or actual["outcome"] not in (None, "accepted")
        delivered = ("yes", "green") if each.delivered else "no" if known else ""
        deviates = final and not each.as_expected
        cells = {
            "provider": "" if message.provider == previous_provider else message.provider,
            "channel": message.channel.value,
            "content": message.label,
            "to": masked_address(message.to),
            "outcome": word_text(actual["outcome"]),
            "status": word_text(actual["status"]),
            "delivered": styled(delivered),
            "reason": _deviations_text(each) if deviates else reason_text(actual["reason"]),
        }
        table.add_row(*(cell for column, cell in cells.items() if column not in left_out))
        previous_provider = message.provider
    return table


def _deviations_text(result: DemoResult) -> "Text":
    """Describe the values that are not as expected."""
    actual = result.actual()
    deviations = [
        f"{key} is {actual[key]}, not {value}"
        for key, value in result.expected().items()
        if actual[key] != value
    ]
    return styled(("; ".join(deviations), "bold red"))


def _summary(results: list[DemoResult]) -> "tuple[str | Text | tuple[str, str], ...]":
    """Return the parts of the last line."""
    kinds = [each.actual()["outcome"] for each in results]
    wrong = sum(not each.as_expected for each in results)
    return (
        f"{len(results)} messages: ",
        counts_text({kind: kinds.count(kind) for kind in OUTCOME_KINDS}),
        f"; {sum(each.delivered for each in results)} delivered; ",
        (f"{wrong} not as expected", "bold red") if wrong else ("all as expected", "bold green"),
    )
