"""`omnimsg results`: summarize a results file of `omnimsg send-many`, and export failed lines.

The JSON form is one object:

* `accepted`, `rejected`, `not_sent`, `ambiguous`, `bad`: how many lines are in this state, and
  `retryable`, how many of `not_sent` another run would send
* `untried`: how many messages of the file no run has reached; null if the file cannot be read
* `reasons`: by state, how many lines have each reason
* `delivery`: with `--delivery`, how many accepted messages have each status (`unasked`: the
  provider gave no id); otherwise null
* `failed`, `doubtful`: how many lines were written to the files of these flags; null without them
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter, validators

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED, OK, UNCERTAIN
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.message_files import (
    ReadingFlags,
    line_counts,
    open_messages,
    other_flags,
    refused_file,
    results_path,
    unusable_file,
)
from omnimsg.cli.output import (
    OUTCOME_KINDS,
    counts_text,
    print_hint,
    print_json_lines,
    print_line,
    sanitize,
    spaced,
)

if TYPE_CHECKING:
    from omnimsg.bulk import MessageFile
    from omnimsg.bulk.recorded_results import RecordedResults


@attrs.frozen(kw_only=True)
class OutputFlags:
    """The flags for the results file and the exported files.

    Attributes:
        results: The results file; FILE.results.jsonl unless given.
        failed: Write the lines that were bad, rejected, not sent or not delivered to this file.
        doubtful: Write the lines that may have been sent to this file.
    """

    results: Path | None = None
    failed: Path | None = None
    doubtful: Path | None = None


def results(  # noqa: PLR0913 - the flags of a command
    file: Path,
    /,
    output: Annotated[OutputFlags, Parameter(name="*")] = OutputFlags(),
    reading: Annotated[ReadingFlags, Parameter(name="*")] = ReadingFlags(),  # noqa: B008 - frozen
    *,
    delivery: Annotated[bool, Parameter(show_default=False)] = False,
    rate: Annotated[float, Parameter(validator=validators.Number(gt=0))] = 10.0,
    config: ConfigFile = CONFIG_FILE,
    as_json: Json = False,
) -> int:
    """Show what became of a file of messages, and write what failed for another run.

    Exits with 0 when every line of the file is accepted and none failed to
    be delivered; 1 when one was rejected, not sent, bad, not reached or not
    delivered; 2 when there are no results; and 3 when one may or may not
    have been sent.

    Args:
        file: The file that `omnimsg send-many` has sent.
        output: The flags for the results file and the exported files.
        reading: The flags with which the file was sent.
        delivery: Ask the provider for the status of each accepted message.
        rate: With --delivery, the maximum number of status requests a second.
        config: The configuration, a TOML file; used with --delivery only.
        as_json: Print the counts as JSON.
    """
    from omnimsg.bulk import LineState  # noqa: PLC0415 - keeps help fast
    from omnimsg.cli.delivery_statuses import delivery_counts, query_statuses  # noqa: PLC0415
    from omnimsg.cli.line_exports import write_doubtful, write_failed  # noqa: PLC0415

    recorded = _recorded(results_path(file, output.results))
    messages = _messages(file, reading, recorded, output)
    # Read now, because the file may change while the provider is asked.
    untried = None if messages is None else _untried(messages, recorded)
    statuses = query_statuses(recorded, config, rate) if delivery else {}
    undelivered = {line for line, status in statuses.items() if status.failed}
    counts = line_counts(recorded.line_states)
    summary: dict[str, Any] = {
        **counts,
        "retryable": recorded.line_states.count(LineState.RETRYABLE),
        "untried": untried,
        "reasons": _reasons(recorded),
        "delivery": delivery_counts(recorded, statuses) if delivery else None,
        "failed": None,
        "doubtful": None,
    }
    if messages is not None:
        if output.failed is not None:
            summary["failed"] = write_failed(
                messages,
                recorded,
                output.failed,
                undelivered=undelivered,
                region=reading.region,
            )
        if output.doubtful is not None:
            summary["doubtful"] = write_doubtful(messages, recorded, output.doubtful)
    if as_json:
        print_json_lines([summary])
    else:
        _print(summary, output)
    if counts["ambiguous"]:
        return UNCERTAIN
    bad = counts["rejected"] + counts["not_sent"] + counts["bad"]
    return FAILED if bad or summary["untried"] or undelivered else OK


def _recorded(path: Path) -> "RecordedResults":
    from omnimsg.bulk import ResultsError  # noqa: PLC0415 - keeps help fast
    from omnimsg.bulk.recorded_results import RecordedResults  # noqa: PLC0415

    try:
        return RecordedResults(path)
    except ResultsError as error:
        raise CommandError.of(error) from error
    except OSError as error:
        raise unusable_file(path, error) from error


def _messages(
    file: Path, reading: ReadingFlags, recorded: "RecordedResults", output: OutputFlags
) -> "MessageFile | None":
    """Open the file of messages; `None` if it cannot be used and no lines of it are wanted.

    A file that is not the one that was sent cannot be used. Nor are failed lines written of one
    that is read in another way: what is wrong with a row, and its reference, would be others.
    """
    from omnimsg.bulk import FileFormatError  # noqa: PLC0415 - keeps help fast

    first = recorded.header.get("flags")
    try:
        messages = open_messages(file, reading)
        if messages.source.fingerprint.sha256 != recorded.header.get("sha256"):
            error = CommandError(
                f"{file}: the file of messages has changed since it was sent",
                "restore it to count the lines that were not reached, and to write lines of it",
            )
        elif output.failed is None or (other := other_flags(file, reading, first)) is None:
            return messages
        else:
            error = other
    except FileFormatError as wrong:
        error = other_flags(file, reading, first) or refused_file(file, wrong)
    except CommandError as wrong:
        error = wrong
    if output.failed is not None or output.doubtful is not None:
        raise error
    print_hint(f"{error.text}; the counts are those of the results file")
    return None


def _untried(messages: "MessageFile", recorded: "RecordedResults") -> int:
    return sum(not recorded.line_states[line.number] for line in messages.read())


def _reasons(recorded: "RecordedResults") -> dict[str, dict[str, int]]:
    from omnimsg.bulk import LineState  # noqa: PLC0415 - keeps help fast

    by_state = {
        "rejected": recorded.reasons(LineState.REJECTED),
        "not_sent": recorded.reasons(LineState.NOT_SENT, LineState.RETRYABLE),
        "ambiguous": recorded.reasons(LineState.AMBIGUOUS),
    }
    return {state: dict(found.most_common()) for state, found in by_state.items() if found}


def _print(summary: dict[str, Any], output: OutputFlags) -> None:
    counts = {kind: summary[kind] for kind in (*OUTCOME_KINDS, "bad")}
    count = sum(counts.values())
    lines = "line" if count == 1 else "lines"
    print_line(f"{count:,} {lines}: ", counts_text(counts) if count else "none was tried")
    if summary["untried"]:
        print_line(("left      ", "dim"), f"{summary['untried']:,} not reached")
    for state, reasons in summary["reasons"].items():
        found = ", ".join(f"{number:,} {spaced(reason)}" for reason, number in reasons.items())
        print_line((f"{spaced(state):<10}", "dim"), sanitize(found))
    if summary["delivery"] is not None:
        print_line(("delivery  ", "dim"), counts_text(summary["delivery"]))
    for name, path in (("failed", output.failed), ("doubtful", output.doubtful)):
        if summary[name] is not None:
            print_line(
                (f"{name:<10}", "dim"), f"{summary[name]:,} written to {sanitize(str(path))}"
            )
    if summary["failed"] and summary["retryable"]:
        print_hint(
            f"{summary['retryable']:,} of the failed ones would be sent by `send-many --resume`"
            " too: use it or the new file for them, not both"
        )
    if summary["doubtful"]:
        print_hint("these may have been sent: a recipient may get it twice")
