"""`omnimsg send-many`: send a file of messages, each once.

The JSON form is one object at the end:

* `accepted`, `rejected`, `not_sent`, `ambiguous`, `bad`: how many lines of the file are in this
  state, after this run and all before it
* `skipped`: how many of them this run skipped, because an earlier run had finished them
* `retryable`: how many of `not_sent` another run with `--resume` would send
* `interrupted`: whether the run ended before the end of the file
* `left`: if the run was interrupted, how many lines of the file it has not reached
* `legs`: if omnimsg ran fallback legs: how many after the first were `sent`, `refused` or
  `doubtful`; how many messages have a next leg that was not tried (`left`), because the run ended
  while they waited; and how many have two delivered legs (`reached_twice`)
* `numbers_read`: with `--region`, how many numbers were read as those of the region
* `results`: the path of the results file, which `omnimsg.bulk.results_format` describes
* `rescued`: if another program has changed the results file, the file with the known states

With `--check` the form is that of `omnimsg.cli.file_check`.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.message_files import (
    ReadingFlags,
    open_messages,
    print_kept_columns,
    print_unmatched_routes,
    refused_file,
    results_path,
    unusable_file,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import no_account

if TYPE_CHECKING:
    from omnimsg.bulk import MessageFile, ResultsFile
    from omnimsg.bulk.run_flags import Flags


@attrs.frozen(kw_only=True)
class ResultsFlags:
    """The flags of the results file, which records the outcome of each line.

    Attributes:
        results: The results file; FILE.results.jsonl unless given.
        resume: Send the lines that earlier runs did not finish.
        resend_ambiguous: With --resume, also send messages again that may have been sent.
        allow_other_flags: With --resume, send the lines that are left with other flags than the
            first run had.
    """

    results: Path | None = None
    resume: Annotated[bool, Parameter(show_default=False)] = False
    resend_ambiguous: Annotated[bool, Parameter(show_default=False)] = False
    allow_other_flags: Annotated[bool, Parameter(show_default=False)] = False


def send_many(  # noqa: PLR0913 - the flags of a command
    file: Path,
    /,
    flags: Annotated[ResultsFlags, Parameter(name="*")] = ResultsFlags(),
    reading: Annotated[ReadingFlags, Parameter(name="*")] = ReadingFlags(),  # noqa: B008 - frozen
    *,
    check: Annotated[bool, Parameter(show_default=False)] = False,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Send a file of messages, each once.

    The file is JSON Lines, or CSV with a header. A results file records
    every message before and after its request, so that an interrupted run
    can be resumed without sending any message twice. At the end of the
    file, the command waits for fallback legs until their ttl is over.

    Exits with 0 when every line of the file is accepted; 1 when one is
    rejected, not sent, not a message, or was not reached, or a fallback leg
    of it was not tried; 2 when nothing was tried; and 3 when one may or may
    not have been sent.

    Args:
        file: A file NAME.jsonl, NAME.ndjson, NAME.csv or NAME.tsv.
        flags: The flags of the results file.
        reading: The flags for reading the file.
        check: Check the whole file without sending it, and report bad and refused lines.
        account: The account to send through; that of the message's route, or
            the default account, unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider for each message, from when it leaves the queue.
        as_json: Print the counts as JSON.
    """
    for flag in ("resend_ambiguous", "allow_other_flags"):
        if getattr(flags, flag) and not flags.resume:
            name = f"--{flag.replace('_', '-')}"
            raise CommandError(f"{name} belongs to --resume", "a first run needs neither")
    if check and flags.resume:
        raise CommandError("--check reads the whole file", "leave out --resume")
    from omnimsg.client import Client  # noqa: PLC0415
    from omnimsg.config import load_config  # noqa: PLC0415 - keeps help fast

    # Report a wrong configuration before the results file is created.
    loaded = load_config(config, default=account)
    if account is not None and account not in loaded.adapters:
        raise ConfigError(no_account(account, loaded.adapters))
    messages = _open_messages(file, flags, reading, record_refusal=not check)
    print_kept_columns(messages)
    if account is None:
        print_unmatched_routes(messages, loaded.routes)
    if check:
        from omnimsg.cli.file_check import check_file  # noqa: PLC0415

        return check_file(messages, loaded, account, reading.region, as_json=as_json)
    from omnimsg.bulk.run_flags import recorded_flags  # noqa: PLC0415
    from omnimsg.cli.file_run import RunSettings, run_file  # noqa: PLC0415

    given = recorded_flags(
        messages.source.options, region=reading.region, account=account, config=config
    )
    # Report what only a client finds wrong before the results file is created.
    Client.from_config(loaded)
    unnamed = None if loaded.routes else loaded.own_default
    results = _open_results(messages, flags, file, given, unnamed)
    settings = RunSettings(
        loaded=loaded,
        account=account,
        deadline=deadline,
        resend_ambiguous=flags.resend_ambiguous,
        region=reading.region,
    )
    return run_file(messages, results, settings, as_json=as_json)


def _open_messages(
    file: Path, flags: ResultsFlags, reading: ReadingFlags, *, record_refusal: bool
) -> "MessageFile":
    """Open the file of messages; if it is wrong as a whole, record that it was refused."""
    from omnimsg.bulk import FileFormatError, ResultsFile, WrongInputError  # noqa: PLC0415

    try:
        return open_messages(file, reading)
    except FileFormatError as error:
        explained = refused_file(file, error)
        if record_refusal and not flags.resume and not isinstance(error, WrongInputError):
            # So that the corrected file can be sent with or without --resume: nothing was tried.
            with suppress(OSError):
                ResultsFile.record_refusal(results_path(file, flags.results), file, str(error))
        raise explained from error


def _open_results(
    messages: "MessageFile", flags: ResultsFlags, file: Path, given: "Flags", unnamed: str | None
) -> "ResultsFile":
    """Create the results file of a file of messages, or resume it.

    Args:
        messages: The file of messages.
        flags: The flags of the results file.
        file: The path of the file of messages.
        given: The flags of the run, to record or to compare.
        unnamed: The account of a run without `--account`; `None` if routes choose it.
    """
    from omnimsg.bulk import ResultsError, ResultsFile  # noqa: PLC0415
    from omnimsg.bulk.results_opening import refuse_other_flags  # noqa: PLC0415

    path, known = results_path(file, flags.results), messages.source.fingerprint
    open_results = ResultsFile.resume if flags.resume else ResultsFile.create
    try:
        if flags.resume and not flags.allow_other_flags:
            refuse_other_flags(path, known, given, unnamed)
        return open_results(path, file, known=known, flags=given)
    except ResultsError as error:
        raise CommandError.of(error) from error
    except OSError as error:
        raise unusable_file(file, error) from error
