"""Write the lines of a file of messages that failed, or may have been sent, to new files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from omnimsg.bulk import FileChangedError, LineState
from omnimsg.bulk.export import Cause, export_lines
from omnimsg.bulk.parsing import REPEATED_REFERENCE, LineParser
from omnimsg.cli.errors import CommandError
from omnimsg.cli.message_files import problems_text, refused_file, unusable_file
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from omnimsg.bulk import Line, MessageFile
    from omnimsg.bulk.recorded_results import RecordedResults

# Whoever has opted out at one provider must not get the message through another one either.
_OPT_OUTS = {each for each in Reason if each.is_opt_out or each.is_marketing_opt_out}


def write_failed(
    messages: MessageFile,
    recorded: RecordedResults,
    path: Path,
    *,
    undelivered: Container[int],
    region: str | None,
) -> int:
    """Write the lines that failed to a new file; return their number.

    Args:
        messages: The file of messages.
        recorded: The results of its lines.
        path: The new file.
        undelivered: The numbers of the lines that were accepted and not delivered.
        region: The region of numbers without a country code, with which the file was sent.
    """
    with _explaining(messages, path):
        parser = _parser_of_bad_lines(messages, recorded, region)

        def why(line: Line) -> Cause | None:
            state = recorded.line_states[line.number]
            if state is LineState.BAD:
                return _cause_of_bad(line, parser)
            if state in (LineState.REJECTED, LineState.NOT_SENT, LineState.RETRYABLE):
                reason = recorded.reason_of(line.number) or "failed"
                return Cause(reason, needs_mark=reason in _OPT_OUTS)
            return Cause("not delivered") if line.number in undelivered else None

        return export_lines(messages, path, why)


def write_doubtful(messages: MessageFile, recorded: RecordedResults, path: Path) -> int:
    """Write the lines that may have been sent to a new file; return their number."""

    def why(line: Line) -> Cause | None:
        state = recorded.line_states[line.number]
        is_doubtful = state in (LineState.AMBIGUOUS, LineState.IN_FLIGHT)
        return Cause(recorded.reason_of(line.number) or "ambiguous") if is_doubtful else None

    with _explaining(messages, path):
        return export_lines(messages, path, why)


def _parser_of_bad_lines(
    messages: MessageFile, recorded: RecordedResults, region: str | None
) -> LineParser:
    """Return a parser to which the reference of each line that is not bad is known.

    The message of a bad line may be the one of another line, also of a later one.
    """
    parser = LineParser(messages, "line-{}".format, region)
    for line in messages.read():
        if recorded.line_states[line.number] is not LineState.BAD:
            parser.skip(line)
    return parser


def _cause_of_bad(line: Line, parser: LineParser) -> Cause:
    try:
        parser.parse(line)
    except InvalidValue as error:
        is_repeated = REPEATED_REFERENCE in error.problems
        return Cause(problems_text(error.problems), needs_mark=is_repeated)
    return Cause("was bad when the file was sent with other flags")


@contextmanager
def _explaining(messages: MessageFile, path: Path) -> Iterator[None]:
    """Check the name of a new file, and convert the errors of writing lines to it."""
    source = messages.source.path
    if (path.suffix.lower() in (".csv", ".tsv")) != (messages.format == "csv"):
        raise CommandError(
            f"{path}: its lines would be {'CSV' if messages.format == 'csv' else 'JSON Lines'}",
            f"let its name end in {source.suffix}, as that of {source.name}",
        )
    try:
        yield
    except FileExistsError:
        raise CommandError(f"{path}: exists already", "name a new file") from None
    except FileChangedError as error:
        raise refused_file(source, error) from error
    except OSError as error:
        raise unusable_file(path, error) from error
