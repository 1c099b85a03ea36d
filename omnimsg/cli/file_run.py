"""One run of `omnimsg send-many` over a file: signals, progress, and the final summary."""

from __future__ import annotations

import math
import signal
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.bulk import BulkRun, FileChangedError, LineState
from omnimsg.cli.exit_codes import FAILED, OK, UNCERTAIN, exit_code_of
from omnimsg.cli.leg_counts import LegCounts
from omnimsg.cli.log_lines import unlogged
from omnimsg.cli.message_files import line_counts, print_numbers_read
from omnimsg.cli.output import (
    closed_output_ignored,
    counts_text,
    print_error,
    print_hint,
    print_json_lines,
    print_line,
    sanitize,
    spaced,
)
from omnimsg.cli.progress import ProgressDisplay
from omnimsg.cli.streams import system_text
from omnimsg.cli.wait_text import PauseReporter
from omnimsg.client import Client
from omnimsg.config import Config

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omnimsg.bulk import MessageFile, ResultsFile

# Seconds that requests in flight get to end after the first Ctrl+C.
GRACE = 10.0


@attrs.frozen(kw_only=True)
class RunSettings:
    """The settings of a run, besides its two files.

    Attributes:
        loaded: The configuration.
        account: The account to send through; `None` for the route or default account.
        deadline: The deadline of each message, in seconds.
        resend_ambiguous: Whether to resend messages that may have been sent.
        region: The region of numbers without a country code.
    """

    loaded: Config
    account: str | None
    deadline: float
    resend_ambiguous: bool
    region: str | None


def run_file(
    messages: MessageFile, results: ResultsFile, settings: RunSettings, *, as_json: bool
) -> int:
    """Send the lines that are due, print the summary, and return the exit code."""
    file = messages.source.path
    total = max(0, results.line_count - messages.header_line_count)
    display = ProgressDisplay(file.name, total=total, region=settings.region)
    run = BulkRun(
        messages,
        results,
        resend_ambiguous=settings.resend_ambiguous,
        observer=display,
        region=settings.region,
    )
    legs = LegCounts()
    # The display and the summary report failures.
    with display, unlogged("omnimsg.engine", "omnimsg.fallback"):
        send = partial(_send, run, results, settings, display, legs)
        code = _run_and_close(send, file, results)
    counts = line_counts(results.line_states)
    rest = _rest_of_summary(run, results, legs, settings)
    with closed_output_ignored():
        if as_json:
            print_json_lines([counts | rest])
        else:
            _print_summary(counts, rest, total)
        _print_advice(counts | rest, settings.region)
    kinds = {kind for kind, count in counts.items() if count}
    if not run.finished or legs.counts["left"]:
        kinds.add("unfinished")
    if legs.counts["doubtful"]:
        kinds.add("ambiguous")
    return max(code, exit_code_of(kinds))


def _run_and_close(
    send: Callable[[], Awaitable[OSError | FileChangedError | None]],
    file: Path,
    results: ResultsFile,
) -> int:
    """Run `send` and close the results file; print file errors and return the exit code."""
    error: OSError | FileChangedError | None = None
    code = OK
    try:
        error = anyio.run(send)
    finally:
        try:
            results.close()
        except OSError as close_error:
            _print_file_error(
                f"{results.path}: {system_text(close_error)}; the last outcomes are not recorded",
                "--resume will count them as ambiguous",
            )
            code = UNCERTAIN
    if results.rescued_to is not None:
        what = system_text(results.write_error) if results.write_error else "it was changed"
        _print_file_error(
            f"{results.path}: {what}; the run had to stop",
            f"{results.rescued_to} has the records of this run:"
            f" --resume --results {results.rescued_to} sends the lines that are left",
        )
        return max(code, FAILED)
    if error is None:
        return code
    if isinstance(error, OSError):
        name, what = error.filename or results.path, system_text(error)
        hint = "no message was sent without a record: make room or fix the file, then --resume"
    else:
        name, what = file, str(error)
        hint = (
            "its new contents were not sent: restore it, then --resume, or put the lines that are"
            " left into a file of their own"
        )
    _print_file_error(f"{name}: {what}; the run had to stop", hint)
    return max(code, FAILED)


def _print_file_error(text: str, hint: str) -> None:
    with closed_output_ignored():
        print_error(text, hint)


async def _send(
    run: BulkRun,
    results: ResultsFile,
    settings: RunSettings,
    display: ProgressDisplay,
    legs: LegCounts,
) -> OSError | FileChangedError | None:
    """Send the lines that are due; return the error of a file that stopped the run."""
    file_error: OSError | FileChangedError | None = None
    client = Client.from_config(
        settings.loaded, journal=results, observers=[PauseReporter(display.print_hint), legs]
    )
    async with client, anyio.create_task_group() as group:
        with anyio.CancelScope() as sending:
            group.start_soon(_stop_on_signals, run, sending, display)
            try:
                await run.send(client, account=settings.account, deadline=settings.deadline)
            except (OSError, FileChangedError) as error:
                file_error = error
        if sending.cancelled_caught:
            await client.aclose(deadline=0)
        group.cancel_scope.cancel()
    return file_error


async def _stop_on_signals(
    run: BulkRun, sending: anyio.CancelScope, display: ProgressDisplay
) -> None:
    """Stop reading and waiting for legs at the first Ctrl+C; cancel requests at the second."""
    # On systems without signal handlers, Ctrl+C ends the run at once; --resume works then too.
    with suppress(NotImplementedError), anyio.open_signal_receiver(*_signals()) as signals:
        async for _ in signals:
            if sending.deadline < math.inf:
                sending.cancel()
                return
            run.stop()
            sending.deadline = anyio.current_time() + GRACE
            text = "stopping after the requests in flight; Ctrl+C again does not wait for them"
            display.print_hint(text)


def _signals() -> list[signal.Signals]:
    """Return the signals that end a run."""
    found = [signal.SIGINT, signal.SIGTERM]
    # Closing the terminal ends the run, except under `nohup`, which ignores SIGHUP.
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return found


def _rest_of_summary(
    run: BulkRun, results: ResultsFile, legs: LegCounts, settings: RunSettings
) -> dict[str, Any]:
    """Return what the summary has besides the counts of lines by state."""
    rest: dict[str, Any] = {
        "skipped": run.skipped,
        "retryable": results.line_states.count(LineState.RETRYABLE),
        "interrupted": not run.finished,
        "results": str(results.path),
    }
    if (counted := legs.summary()) is not None:
        rest["legs"] = counted
    if not run.finished:
        rest["left"] = run.lines_left
    if settings.region is not None:
        rest["numbers_read"] = run.numbers_read
    if results.rescued_to is not None:
        rest["rescued"] = str(results.rescued_to)
    return rest


def _print_summary(counts: dict[str, int], rest: dict[str, Any], total: int) -> None:
    count = sum(counts.values())
    print_line(
        f"{count:,} {'line' if count == 1 else 'lines'}: ",
        counts_text(counts) if count else "nothing to send",
        f" ({rest['skipped']:,} skipped)" if rest["skipped"] else "",
    )
    if "left" in rest:
        print_line(("left     ", "dim"), f"{rest['left']:,} of {total:,} lines were not reached")
    legs = [f"{n:,} {spaced(name)}" for name, n in rest.get("legs", {}).items() if n]
    if legs:
        print_line(("legs     ", "dim"), ", ".join(legs))
    print_line(("results  ", "dim"), sanitize(rest.get("rescued", rest["results"])))


def _print_advice(summary: dict[str, Any], region: str | None) -> None:
    # Not the command itself: this run may have had flags without which it would be another one.
    resume = "the same command with `--resume`"
    print_numbers_read(summary.get("numbers_read", 0), region)
    if "rescued" not in summary:
        if summary["interrupted"]:
            print_hint(f"{resume} continues where this run stopped")
        elif summary["retryable"]:
            print_hint(f"{resume} sends the {summary['retryable']:,} that may be tried again")
    if left := summary.get("legs", {}).get("left"):
        messages = "message" if left == 1 else "messages"
        print_hint(
            f"{left:,} {messages} waited for the delivery of a leg when the run ended: the legs"
            " after it are not tried, and --resume does not send them"
        )
    if summary["ambiguous"]:
        print_hint(
            f"{summary['ambiguous']:,} may have been sent: look them up at the provider;"
            " --resume --resend-ambiguous sends them again in any case"
        )
