"""`omnimsg send-many`: send a file of messages, each once.

The JSON form is one object at the end:

* `accepted`, `rejected`, `not_sent`, `ambiguous`, `bad`: how many lines of the file are in this
  state, after this run and all before it
* `skipped`: how many of them this run skipped, because an earlier run had finished them
* `retryable`: how many of `not_sent` another run with `--resume` would send
* `interrupted`: whether the run ended before the end of the file
* `results`: the path of the results file, which `omnimsg.bulk.results` describes
"""

import logging
import math
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError, exit_code_of
from omnimsg.cli.exit_codes import FAILED, OK, UNCERTAIN
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import (
    counts_text,
    print_error,
    print_hint,
    print_json_lines,
    print_line,
    sanitize,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

    from omnimsg.bulk import BulkRun, LineStates, MessageFile, ResultsFile
    from omnimsg.cli.progress import ProgressDisplay
    from omnimsg.config import Config

# Seconds that requests in flight have to end after the first Ctrl+C.
GRACE = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@attrs.frozen(kw_only=True)
class ResultsFlags:
    """The flags of the results file, which records the outcome of each line.

    Attributes:
        results: The results file; FILE.results.jsonl unless given.
        resume: Send the lines that earlier runs did not finish.
        resend_ambiguous: With --resume, also send messages again that may have been sent.
    """

    results: Path | None = None
    resume: Annotated[bool, Parameter(show_default=False)] = False
    resend_ambiguous: Annotated[bool, Parameter(show_default=False)] = False

    def path(self, file: Path) -> Path:
        """Return the path of the results file of a file of messages."""
        return self.results or file.with_name(f"{file.name}.results.jsonl")


def send_many(
    file: Path,
    /,
    flags: Annotated[ResultsFlags, Parameter(name="*")] = ResultsFlags(),
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Send a file of messages, each once.

    The file is JSON Lines, or CSV with a header. A results file records
    every message before and after its request, so that a run that was
    interrupted can be resumed without sending any message twice.

    Exits with 0 when every line of the file is accepted; 1 when one is
    rejected, not sent, not a message, or was not reached; 2 when nothing
    was tried; and 3 when one may or may not have been sent.

    Args:
        file: A file NAME.jsonl, NAME.ndjson, NAME.csv or NAME.tsv.
        flags: The flags of the results file.
        account: The account to send through; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider for each message, from when it is read.
        as_json: Print the counts as JSON.
    """
    if flags.resend_ambiguous and not flags.resume:
        raise CommandError("--resend-ambiguous belongs to --resume", "a first run needs neither")
    from omnimsg.config import load_config  # noqa: PLC0415 - keeps help fast

    # Report a wrong configuration before the results file is created.
    loaded = load_config(config, default=account)
    if account is not None and account not in loaded.adapters:
        raise ConfigError(f"no account {account!r}: {unknown_choice(account, loaded.adapters)}")
    messages, results = _open(file, flags.path(file), resume=flags.resume)
    from omnimsg.bulk import BulkRun, LineState  # noqa: PLC0415
    from omnimsg.cli.progress import ProgressDisplay  # noqa: PLC0415

    # The progress display reports failures; keep the engine from logging them on standard error.
    logging.getLogger("omnimsg.engine").addHandler(logging.NullHandler())
    header_lines = int(messages.format == "csv")
    display = ProgressDisplay(file.name, total=max(0, results.line_count - header_lines))
    run = BulkRun(messages, results, resend_ambiguous=flags.resend_ambiguous, observer=display)
    with display:
        send = partial(_send, run, results, loaded, account, deadline, display)
        code = _run_and_close(send, results)
    counts = _counts(results.line_states)
    rest = {
        "skipped": run.skipped,
        "retryable": results.line_states.count(LineState.RETRYABLE),
        "interrupted": not run.finished,
        "results": str(results.path),
    }
    if as_json:
        print_json_lines([counts | rest])
    else:
        _print_summary(counts, run.skipped, results.path)
    _print_advice(counts | rest, file)
    kinds = {kind for kind, count in counts.items() if count}
    return max(code, exit_code_of(kinds if run.finished else kinds | {"unfinished"}))


def _open(file: Path, results: Path, *, resume: bool) -> "tuple[MessageFile, ResultsFile]":
    """Open the file of messages, and create or resume its results file."""
    from omnimsg.bulk import (  # noqa: PLC0415
        FileFormatError,
        ResultsError,
        ResultsFile,
        open_message_file,
    )

    open_results = ResultsFile.resume if resume else ResultsFile.create
    try:
        return open_message_file(file), open_results(results, file)
    except FileFormatError as error:
        what, _, hint = str(error).partition("; ")
        hint = hint or "`omnimsg send-many --help` describes the file"
        raise CommandError(f"{file}: {what}", hint) from error
    except ResultsError as error:
        what, _, hint = str(error).partition("; ")
        raise CommandError(what, hint) from error
    except OSError as error:
        name = file if error.filename is None else error.filename
        raise CommandError(
            f"{name}: cannot be used: {_why(error)}", "check its name and permissions"
        ) from error


def _run_and_close(send: "Callable[[], Awaitable[OSError | None]]", results: "ResultsFile") -> int:
    """Run `send` and close the results file; report file errors and return the exit code."""
    import anyio  # noqa: PLC0415

    code = OK
    try:
        file_error = anyio.run(send)
    finally:
        try:
            results.close()
        except OSError as error:
            print_error(
                f"{results.path}: {_why(error)}; the last outcomes are not recorded",
                "--resume will count them as ambiguous",
            )
            code = UNCERTAIN
    if file_error is None:
        return code
    print_error(
        f"{file_error.filename or results.path}: {_why(file_error)}; the run had to stop",
        "no message was sent without a record: make room or fix the file, then --resume",
    )
    return max(code, FAILED)


async def _send(
    run: "BulkRun",
    results: "ResultsFile",
    loaded: "Config",
    account: str | None,
    deadline: float,
    display: "ProgressDisplay",
) -> OSError | None:
    """Send the lines that are due; return the error of a file that stopped the run."""
    import anyio  # noqa: PLC0415

    from omnimsg.client import Client  # noqa: PLC0415

    file_error = None
    client = Client(
        loaded.adapters.values(),
        default=loaded.default,
        policies=loaded.policies,
        journal=results,
    )
    async with client, anyio.create_task_group() as group:
        with anyio.CancelScope() as sending:
            group.start_soon(_stop_on_signals, run, sending, display)
            try:
                await run.send(client, account=account, deadline=deadline)
            except OSError as error:
                file_error = error
        if sending.cancelled_caught:
            await client.aclose(deadline=0)
        group.cancel_scope.cancel()
    return file_error


async def _stop_on_signals(
    run: "BulkRun", sending: "anyio.CancelScope", display: "ProgressDisplay"
) -> None:
    """Stop reading the file at the first Ctrl+C; cancel the requests in flight at the second."""
    import anyio  # noqa: PLC0415

    # Where the system has no such signals, Ctrl+C ends the run at once; --resume works then too.
    with suppress(NotImplementedError), anyio.open_signal_receiver(*_SIGNALS) as signals:
        async for _ in signals:
            if sending.deadline < math.inf:
                sending.cancel()
                return
            run.stop()
            sending.deadline = anyio.current_time() + GRACE
            text = "stopping after the requests in flight; Ctrl+C again does not wait for them"
            print_hint(text, on=display.console)


def _counts(states: "LineStates") -> dict[str, Any]:
    from omnimsg.bulk import LineState  # noqa: PLC0415

    return {
        "accepted": states.count(LineState.ACCEPTED),
        "rejected": states.count(LineState.REJECTED),
        "not_sent": states.count(LineState.NOT_SENT, LineState.RETRYABLE),
        "ambiguous": states.count(LineState.AMBIGUOUS, LineState.IN_FLIGHT),
        "bad": states.count(LineState.BAD),
    }


def _print_summary(counts: dict[str, int], skipped: int, results: Path) -> None:
    total = sum(counts.values())
    print_line(
        f"{total:,} {'line' if total == 1 else 'lines'}: ",
        counts_text(counts) if total else "nothing to send",
        f" ({skipped:,} skipped)" if skipped else "",
    )
    print_line(("results  ", "dim"), sanitize(str(results)))


def _print_advice(summary: dict[str, Any], file: Path) -> None:
    resume = f"`omnimsg send-many {file} --resume`"
    if summary["interrupted"]:
        print_hint(f"{resume} continues where this run stopped")
    elif summary["retryable"]:
        print_hint(f"{resume} sends the {summary['retryable']:,} that may be tried again")
    if summary["ambiguous"]:
        print_hint(
            f"{summary['ambiguous']:,} may have been sent: look them up at the provider;"
            " --resume --resend-ambiguous sends them again in any case"
        )


def _why(error: OSError) -> str:
    """Say in a few words what the operating system reported."""
    return (error.strerror or type(error).__name__).lower()
