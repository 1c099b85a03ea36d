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

from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from omnimsg.cli.demo_run import DemoResult

_COLUMNS = ("provider", "channel", "content", "to", "outcome", "status", "delivered", "reason")

# The least widths of a terminal for all columns, and for those that a narrow table has.
_ALL_COLUMNS_FROM = 80
_NARROW_FROM = 60
_LEFT_OUT_IN_NARROW = ("to", "delivered")


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

    from omnimsg.cli.demo_run import run_with_sandbox  # noqa: PLC0415

    if as_json:
        results = anyio.run(run_with_sandbox, pace)
        print_json_lines(map(result_to_json, results))
    else:
        results = _run_live(pace)
        print_line()
        print_line(*_summary(results))
        print_hint("`omnimsg sandbox` serves the same sandbox, with a page that shows every phone")
    return OK if all(each.as_expected for each in results) else FAILED


def _run_live(pace: float) -> "list[DemoResult]":
    """Run the demo and show its table; on a terminal, also while it runs."""
    import anyio  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    from omnimsg.cli.demo_run import run_with_sandbox  # noqa: PLC0415

    console = stdout_console()
    if not console.is_terminal or console.width < _NARROW_FROM:
        results = anyio.run(run_with_sandbox, pace)
        print_table(_table(results, final=True))
        return results
    with Live(console=console, refresh_per_second=12) as live:
        results = anyio.run(
            run_with_sandbox, pace, lambda now: live.update(_table_and_spinner(now))
        )
        live.update(_table(results, final=True))
    return results


def result_to_json(result: "DemoResult") -> dict[str, Any]:
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


def _table_and_spinner(results: "list[DemoResult]") -> "RenderableType":
    """Return the table and, below it, how many messages have finished."""
    from rich.console import Group  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415

    done = sum(each.finished for each in results)
    return Group(_table(results), Spinner("dots", f" {done} of {len(results)}"))


def _table(results: "list[DemoResult]", *, final: bool = False) -> "Table":
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


def _deviations_text(result: "DemoResult") -> "Text":
    """Describe the values that are not as expected."""
    actual = result.actual()
    deviations = [
        f"{key} is {actual[key]}, not {value}"
        for key, value in result.expected().items()
        if actual[key] != value
    ]
    return styled(("; ".join(deviations), "bold red"))


def _summary(results: "list[DemoResult]") -> "tuple[str | Text | tuple[str, str], ...]":
    """Return the parts of the last line."""
    kinds = [each.actual()["outcome"] for each in results]
    wrong = sum(not each.as_expected for each in results)
    return (
        f"{len(results)} messages: ",
        counts_text({kind: kinds.count(kind) for kind in OUTCOME_KINDS}),
        f"; {sum(each.delivered for each in results)} delivered; ",
        (f"{wrong} not as expected", "bold red") if wrong else ("all as expected", "bold green"),
    )
