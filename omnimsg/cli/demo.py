"""`omnimsg demo`: send through every provider, and see what arrives.

Everything happens inside this process: the sandbox answers as the providers would and keeps what
each handset received; the client sends to it over HTTP on the loopback interface.

The JSON form is one object per message:

* `provider`, `channel`, `content` (the kind, as in the JSON form of messages), `to` (masked)
* `outcome`: `accepted`, `rejected`, `not_sent` or `ambiguous`
* `id`, `status`: null unless it was accepted
* `delivered`: whether the sandbox's handset has it
* `reason`: why not; null where all went well
* `expected`: `outcome`, `status`, `reason` and `delivered` as they had to be
* `as_expected`: whether they are
"""

from collections.abc import Callable
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter, validators

from omnimsg.cli.errors import DONE, REFUSED
from omnimsg.cli.flags import Json
from omnimsg.cli.output import COLOURS, json_lines, line, masked_address, out, reason, table, word
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from omnimsg.cli.demo_messages import Row
    from omnimsg.client import Client
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.sandbox import Sandbox

# Seconds to wait for statuses, beside the time that the pace itself takes.
_PATIENCE = 10.0


@attrs.define
class Play:
    """What became of a row so far."""

    row: "Row"
    outcome: "Outcome | None" = None
    status: "MessageStatus | None" = None
    delivered: bool = False

    @property
    def id(self) -> "MessageId | None":
        """What to ask for the status with."""
        return self.outcome.id if isinstance(self.outcome, Accepted) else None

    def found(self) -> dict[str, Any]:
        """Return what is known, in the form that `expected` has."""
        why = None if self.status is None else self.status.reason
        if self.outcome is not None and not isinstance(self.outcome, Accepted):
            why = self.outcome.reason
        return {
            "outcome": None if self.outcome is None else self.outcome.kind,
            "status": None if self.status is None else self.status.status.value,
            "reason": why,
            "delivered": self.delivered,
        }

    def expected(self) -> dict[str, Any]:
        """Return what must become of it."""
        row = self.row
        return {
            "outcome": row.outcome,
            "status": None if row.status is None else row.status.value,
            "reason": row.reason,
            "delivered": row.status is not None and row.status.reached,
        }

    @property
    def as_expected(self) -> bool:
        """Whether it ended as it had to."""
        return self.found() == self.expected()

    @property
    def settled(self) -> bool:
        """Whether nothing more can come of it that matters."""
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
    """Send some of everything to phones inside this process.

    Nothing leaves this machine, and nothing needs to be configured.
    Exits with 1 when something does not go as it has to.

    Args:
        pace: Seconds between two steps of a message's life.
        as_json: Print JSON lines.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    if as_json:
        plays = anyio.run(partial(_run, pace, _ignore))
        json_lines(map(_as_json, plays))
    else:
        plays = _run_live(pace)
        line()
        line(_summary(plays))
    return DONE if all(each.as_expected for each in plays) else REFUSED


def _ignore(_: list[Play]) -> None:
    """Show nothing while it runs."""


def _run_live(pace: float) -> list[Play]:
    import anyio  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = out()
    if not console.is_terminal:
        plays = anyio.run(partial(_run, pace, _ignore))
        console.print(_table(plays, final=True))
        return plays
    with Live(console=console, refresh_per_second=12) as live:
        plays = anyio.run(partial(_run, pace, lambda plays: live.update(_screen(plays))))
        live.update(_table(plays, final=True))
    return plays


async def _run(pace: float, show: Callable[[list[Play]], None]) -> list[Play]:
    from omnimsg.sandbox import Sandbox  # noqa: PLC0415

    async with Sandbox(pace=pace) as sandbox:
        return await play(sandbox, show)


async def play(sandbox: "Sandbox", show: Callable[[list[Play]], None]) -> list[Play]:
    """Send all rows to a running sandbox and wait, not without end, for what becomes of them.

    Args:
        sandbox: Where the providers are.
        show: Told whenever something changed.
    """
    import anyio  # noqa: PLC0415

    from omnimsg.cli.demo_messages import configuration, rows  # noqa: PLC0415
    from omnimsg.client import Client  # noqa: PLC0415

    plays = [Play(row) for row in rows(list(sandbox.emulators))]
    show(plays)
    async with Client.from_config(configuration(sandbox)) as client:
        async with anyio.create_task_group() as group:
            for account in client.accounts:
                own = [each for each in plays if each.row.provider == account]
                group.start_soon(_send, client, account, own, partial(show, plays))
        with anyio.move_on_after(_PATIENCE + 10 * sandbox.state.pace):
            while not all(each.settled for each in plays):
                await _look(client, sandbox, plays)
                show(plays)
                await anyio.sleep(0.05)
        # A message that was lost must not turn up after all.
        await _look(client, sandbox, plays)
    return plays


async def _send(
    client: "Client", account: str, plays: list[Play], changed: Callable[[], None]
) -> None:
    messages = [each.row.message() for each in plays]
    async for outcome in client.send_many(messages, account=account):
        plays[outcome.position or 0].outcome = outcome
        changed()


async def _look(client: "Client", sandbox: "Sandbox", plays: list[Play]) -> None:
    """Ask the provider for the status, and the sandbox for the handset, of what is under way."""
    for each in plays:
        each.delivered = bool(sandbox.handsets.received(each.row.to))
        if each.id is not None and not each.settled:
            each.status = await client.status(each.id)


def _as_json(play: Play) -> dict[str, Any]:
    row = play.row
    return {
        "provider": row.provider,
        "channel": row.channel.value,
        "content": row.content.kind,
        "to": masked_address(row.to),
        "id": play.id,
        **play.found(),
        "expected": play.expected(),
        "as_expected": play.as_expected,
    }


def _screen(plays: list[Play]) -> "RenderableType":
    """Show the table, and below it how far things are."""
    from rich.console import Group  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415

    done = sum(each.settled for each in plays)
    return Group(_table(plays), Spinner("dots", f" {done} of {len(plays)}"))


def _table(plays: list[Play], *, final: bool = False) -> "Table":
    shown = table(
        *("provider", "channel", "content", "to", "outcome", "status", "delivered", "reason"),
        folds=("reason",),
    )
    before = None
    for each in plays:
        row, found = each.row, each.found()
        if before not in (None, row.provider):
            shown.add_section()
        over = found["outcome"] not in (None, "accepted") or final
        arrived = "[green]yes[/]" if each.delivered else "no" if over else ""
        shown.add_row(
            "" if row.provider == before else row.provider,
            row.channel.value,
            row.label,
            masked_address(row.to),
            word(found["outcome"]),
            word(found["status"]),
            arrived,
            _deviation(each) if final and not each.as_expected else reason(found["reason"]),
        )
        before = row.provider
    return shown


def _deviation(play: Play) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    found = play.found()
    lines = [
        f"{key} is {found[key]}, not {value}"
        for key, value in play.expected().items()
        if found[key] != value
    ]
    return Text("; ".join(lines), "bold red")


def _summary(plays: list[Play]) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    kinds = [each.found()["outcome"] for each in plays]
    parts = [
        (f"{kinds.count(kind)} {kind.replace('_', ' ')}", COLOURS[kind])
        for kind in ("accepted", "rejected", "not_sent", "ambiguous")
        if kind in kinds
    ]
    text = Text(f"{len(plays)} messages: ")
    text.append(Text(", ").join(Text(*part) for part in parts))
    text.append(f"; {sum(each.delivered for each in plays)} delivered; ")
    wrong = sum(not each.as_expected for each in plays)
    if wrong:
        return text.append(f"{wrong} not as expected", "bold red")
    return text.append("all as expected", "bold green")
