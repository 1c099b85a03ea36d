"""`omnimsg send-many`: hand a file of messages to a provider, each once.

The JSON form is one object at the end:

* `accepted`, `rejected`, `not_sent`, `ambiguous`, `bad`: how many lines of the file stand so, after
  this run and all before it
* `skipped`: how many of them this run left alone, because an earlier one was done with them
* `retryable`: how many of `not_sent` another run with `--resume` would send
* `interrupted`: whether the run ended before every line had had its turn
* `results`: the results file, which `omnimsg.bulk.results` describes
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
from rich.text import Text

from omnimsg.cli.errors import DONE, REFUSED, UNCERTAIN, Stop, code_of
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import COLOURS, clean, json_lines, line, say_error, say_hint
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

    from omnimsg.bulk import Lines, LineStates, Results, Run
    from omnimsg.cli.progress import Board
    from omnimsg.config import Config

# Seconds that what is under way has left to end after Ctrl+C.
GRACE = 10.0


@attrs.frozen(kw_only=True)
class Record:
    """Where it is recorded what becomes of each line.

    Attributes:
        results: The results file; FILE.results.jsonl unless given.
        resume: Send what is left of a file that was begun.
        resend_ambiguous: With --resume, send also what may have been sent already.
    """

    results: Path | None = None
    resume: Annotated[bool, Parameter(show_default=False)] = False
    resend_ambiguous: Annotated[bool, Parameter(show_default=False)] = False

    def path(self, file: Path) -> Path:
        """Return where the results of a file are."""
        return self.results or file.with_name(f"{file.name}.results.jsonl")


def send_many(
    file: Path,
    /,
    record: Annotated[Record, Parameter(name="*")] = Record(),
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Send a file of messages, each once.

    The file is JSON Lines or CSV with a header. Its results file records
    every message before it leaves and after, so that a run that was cut off
    is resumed without texting anybody twice.

    Exits with 0 when every line of the file is accepted; 1 when one is
    rejected, not sent, no message, or was not come to; 2 when nothing was
    tried; and 3 when one may or may not have been sent.

    Args:
        file: A file NAME.jsonl, NAME.ndjson, NAME.csv or NAME.tsv.
        record: Where it is recorded what becomes of each line.
        account: The account to send through; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider with each message, from when it is its turn.
        as_json: Print the counts as JSON.
    """
    if record.resend_ambiguous and not record.resume:
        raise Stop("--resend-ambiguous belongs to --resume", "begin without both")
    from omnimsg.config import load_config  # noqa: PLC0415 - keeps help fast

    # What can be wrong with the configuration is told before there is a results file.
    loaded = load_config(config)
    if account is not None and account not in loaded.adapters:
        raise ConfigError(f"no account {account!r}: {unknown_choice(account, loaded.adapters)}")
    lines, book = _opened(file, record.path(file), resume=record.resume)
    from omnimsg.bulk import LineState, Run  # noqa: PLC0415
    from omnimsg.cli.progress import Board  # noqa: PLC0415

    # What goes wrong is told line by line; the engine would say it once more.
    logging.getLogger("omnimsg.engine").addHandler(logging.NullHandler())
    board = Board(file.name, total=max(0, book.breaks - (lines.form == "csv")))
    run = Run(lines, book, resend_ambiguous=record.resend_ambiguous, watcher=board)
    with board:
        code = _driven(partial(_send, run, book, loaded, account, deadline, board), book)
    counts = _counts(book.standings)
    rest = {
        "skipped": run.skipped,
        "retryable": book.standings.count(LineState.RETRYABLE),
        "interrupted": not run.finished,
        "results": str(book.path),
    }
    if as_json:
        json_lines([counts | rest])
    else:
        _show(counts, run.skipped, book.path)
    _advise(counts | rest, file)
    kinds = {kind for kind, count in counts.items() if count}
    return max(code, code_of(kinds if run.finished else kinds | {"left"}))


def _opened(file: Path, where: Path, *, resume: bool) -> "tuple[Lines, Results]":
    from omnimsg.bulk import LinesError, Results, ResultsError, open_lines  # noqa: PLC0415

    try:
        lines = open_lines(file)
        return lines, Results.resume(where, file) if resume else Results.begin(where, file)
    except LinesError as error:
        what, _, what_to_do = str(error).partition("; ")
        hint = what_to_do or "`omnimsg send-many --help` describes the file"
        raise Stop(f"{file}: {what}", hint) from error
    except ResultsError as error:
        what, _, what_to_do = str(error).partition("; ")
        raise Stop(what, what_to_do) from error
    except OSError as error:
        name = file if error.filename is None else error.filename
        raise Stop(f"{name}: cannot be used: {_why(error)}", "check its name and rights") from error


def _driven(send: "Callable[[], Awaitable[OSError | None]]", book: "Results") -> int:
    """Run to the end, and let go of the results whatever happens."""
    import anyio  # noqa: PLC0415

    code = DONE
    try:
        trouble = anyio.run(send)
    finally:
        try:
            book.close()
        except OSError as error:
            say_error(
                f"{book.path}: {_why(error)}; what became of the last messages is not recorded",
                "--resume will count them as ambiguous",
            )
            code = UNCERTAIN
    if trouble is None:
        return code
    say_error(
        f"{trouble.filename or book.path}: {_why(trouble)}; the run had to stop",
        "nothing has left unrecorded: make room or mend the file, then --resume",
    )
    return max(code, REFUSED)


async def _send(
    run: "Run",
    book: "Results",
    loaded: "Config",
    account: str | None,
    deadline: float,
    board: "Board",
) -> OSError | None:
    """Send, and return what kept the results or the file from being used on the way."""
    import anyio  # noqa: PLC0415

    from omnimsg.client import Client  # noqa: PLC0415

    trouble = None
    adapters = loaded.adapters.values()
    async with (
        Client(adapters, default=loaded.default, policies=loaded.policies, journal=book) as client,
        anyio.create_task_group() as group,
    ):
        with anyio.CancelScope() as patience:
            group.start_soon(_heed, run, patience, board)
            try:
                await run.send(client, account=account, deadline=deadline)
            except OSError as error:
                trouble = error
        if patience.cancelled_caught:
            await client.aclose(deadline=0)
        group.cancel_scope.cancel()
    return trouble


async def _heed(run: "Run", patience: "anyio.CancelScope", board: "Board") -> None:
    """Stop reading at the first Ctrl+C, and waiting for answers at the second."""
    import anyio  # noqa: PLC0415

    # Where the system has no such signals, Ctrl+C ends the run at once; nothing is lost then too.
    with suppress(NotImplementedError), anyio.open_signal_receiver(*_SIGNALS) as received:
        async for _ in received:
            if patience.deadline < math.inf:
                patience.cancel()
                return
            run.stop()
            patience.deadline = anyio.current_time() + GRACE
            text = "stopping when what is under way has ended; Ctrl+C again does not wait"
            say_hint(text, on=board.console)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _counts(standings: "LineStates") -> dict[str, Any]:
    from omnimsg.bulk import LineState  # noqa: PLC0415

    return {
        "accepted": standings.count(LineState.ACCEPTED),
        "rejected": standings.count(LineState.REJECTED),
        "not_sent": standings.count(LineState.NOT_SENT, LineState.RETRYABLE),
        "ambiguous": standings.count(LineState.AMBIGUOUS, LineState.OPEN),
        "bad": standings.count(LineState.BAD),
    }


def _show(told: dict[str, Any], skipped: int, where: Path) -> None:
    parts = [
        Text(f"{count:,} {kind.replace('_', ' ')}", COLOURS[kind])
        for kind, count in told.items()
        if count
    ]
    total = sum(told.values())
    text = Text(f"{total:,} {'line' if total == 1 else 'lines'}: ")
    text.append(Text(", ").join(parts or [Text("nothing to send")]))
    if skipped:
        text.append(f" ({skipped:,} skipped)")
    line(text)
    line(("results  ", "dim"), clean(str(where)))


def _advise(told: dict[str, Any], file: Path) -> None:
    again = f"`omnimsg send-many {file} --resume`"
    if told["interrupted"]:
        say_hint(f"{again} goes on where this run stopped")
    elif told["retryable"]:
        say_hint(f"{again} sends the {told['retryable']:,} that may be tried again")
    if told["ambiguous"]:
        say_hint(
            f"{told['ambiguous']:,} may have been sent: look them up at the provider;"
            " --resume --resend-ambiguous sends them once more, whatever they were"
        )


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
