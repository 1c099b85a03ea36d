"""A file of messages in a command: the flags for reading it, its errors, and its lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.output import closed_output_ignored, print_hint, print_warning, sanitize
from omnimsg.cli.streams import system_text
from omnimsg.domain.phone_number import may_need_region
from omnimsg.domain.stray_characters import printable, unseen_in_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from omnimsg.bulk import LineStates, MessageFile, ReadOptions
    from omnimsg.domain.errors import Problem
    from omnimsg.routing import Route


@attrs.frozen(kw_only=True)
class ReadingFlags:
    """The flags for reading a file of messages.

    Attributes:
        encoding: The encoding of the file, such as cp1252; UTF-8 unless given.
        map: NAME=COLUMN: read the column NAME of a CSV file as COLUMN. May be repeated.
        text: The text of every message of a CSV file; {NAME} is filled from that column.
        region: Read numbers without a country code as those of this country, such as ZA.
    """

    encoding: str | None = None
    map: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    text: str | None = None
    region: str | None = None


def open_messages(file: Path, flags: ReadingFlags) -> MessageFile:
    """Open a file of messages.

    Raises:
        CommandError: The file cannot be read, or a flag has an invalid value.
        FileFormatError: The file as a whole cannot be read as messages.
        MissingExtraError: There is a region, and the package that knows regions is not installed.
    """
    from omnimsg.bulk import open_message_file  # noqa: PLC0415 - keeps help fast
    from omnimsg.domain.errors import InvalidValue  # noqa: PLC0415
    from omnimsg.domain.phone_number import check_region  # noqa: PLC0415

    if flags.region is not None:
        try:
            check_region(flags.region)
        except InvalidValue as error:
            why = error.problems[0].why
            raise CommandError(
                f"--region: {why}", "name it by two letters, such as --region ZA"
            ) from error
    try:
        return open_message_file(file, _read_options(flags))
    except OSError as error:
        raise unusable_file(file, error) from error


def other_flags(file: Path, flags: ReadingFlags, first: object) -> CommandError | None:
    """Return the error for a file that was sent with other flags for reading it, if it was.

    Args:
        file: The file of messages.
        flags: The flags now; those of `open_messages`, which has checked the region.
        first: The flags of the first run, from the results file.
    """
    from omnimsg.bulk import run_flags  # noqa: PLC0415 - keeps help fast

    now = run_flags.reading_flags(_read_options(flags), flags.region)
    differing = run_flags.other_flags(first, now)
    if not differing:
        return None
    return CommandError(f"{file}: was sent with {differing}", "give the flags of that run")


def print_kept_columns(messages: MessageFile) -> None:
    """Print which columns no message uses: one of them may be misnamed."""
    if messages.kept:
        names = ", ".join(sanitize(name[:40]) for name in messages.kept[:8])
        more = f" and {len(messages.kept) - 8} more" if len(messages.kept) > 8 else ""
        columns, they = ("column", "it is") if len(messages.kept) == 1 else ("columns", "they are")
        # An output that nobody reads must not stop the run.
        with closed_output_ignored():
            print_hint(f"no message uses the {columns} {names}{more}; {they} kept as metadata")


def print_unmatched_routes(messages: MessageFile, routes: Iterable[Route]) -> None:
    """Warn of a route whose metadata no line has, but for capital letters: it takes no message."""
    for key in sorted({key for route in routes for key in route.match.metadata}):
        column = messages.similar_metadata(key)
        if column is not None:
            with closed_output_ignored():
                print_warning(f"a route asks for metadata {key!r}, and the column is {column!r}")
                pair = shlex.quote(f"{column}=metadata.{key}")
                print_hint(f"--map {pair} lets the route take these messages")


def print_numbers_read(count: int, region: str | None) -> None:
    """Print how many numbers were read as those of a region, because no change may be silent."""
    if count:
        what = "1 number was" if count == 1 else f"{count:,} numbers were"
        print_hint(f"{what} read with --region {region}")


def region_advice(problems: Iterable[Problem], region: str | None) -> str | None:
    """Return the advice to name a region, if that lets a number be read; `None` otherwise."""
    if region is None and any(may_need_region(each.why) for each in problems):
        return "--region reads such numbers as those of a country, such as --region ZA"
    return None


def refused_file(file: Path, error: Exception) -> CommandError:
    """Return the error for a file of messages that is wrong as a whole, or has changed."""
    found = CommandError.of(error)
    text, described = found.text, "flags"
    if not text.startswith("--"):
        text, described = f"{file}: {text}", "file"
    return CommandError(text, found.hint or f"`omnimsg send-many --help` describes the {described}")


def unusable_file(file: Path, error: OSError) -> CommandError:
    """Return the error for a file that the operating system cannot open, read or write."""
    name = str(file if error.filename is None else error.filename)
    # Where the file is there, its name is as it should be.
    unseen = unseen_in_line(name) if isinstance(error, FileNotFoundError) else None
    return CommandError(
        f"{printable(name)}: cannot be used: {system_text(error)}",
        f"look at its name: {unseen}" if unseen else "check its name and permissions",
    )


def results_path(file: Path, named: Path | None) -> Path:
    """Return the path of the results file: the named one, or the one beside the messages."""
    return named or file.with_name(f"{file.name}.results.jsonl")


def line_counts(states: LineStates) -> dict[str, int]:
    """Return how many lines are in each state, by the words of the commands' JSON forms."""
    from omnimsg.bulk import LineState  # noqa: PLC0415 - keeps help fast

    return {
        "accepted": states.count(LineState.ACCEPTED),
        "rejected": states.count(LineState.REJECTED),
        "not_sent": states.count(LineState.NOT_SENT, LineState.RETRYABLE),
        "ambiguous": states.count(LineState.AMBIGUOUS, LineState.IN_FLIGHT),
        "bad": states.count(LineState.BAD),
    }


def bad_line_to_json(line: int | None, problems: Iterable[Problem]) -> dict[str, Any]:
    """Return the JSON form of a line that is not a message."""
    return {"line": line, "bad": [{"field": each.path, "why": each.why} for each in problems]}


def problems_text(problems: Sequence[Problem]) -> str:
    """Join the problems of a line; a problem of the whole line is shown without a field name."""
    return "; ".join(each.why if each.path in ("line", "$") else str(each) for each in problems)


def _read_options(flags: ReadingFlags) -> ReadOptions:
    from omnimsg.bulk import ReadOptions  # noqa: PLC0415 - keeps help fast

    return ReadOptions(encoding=flags.encoding, renamed=_renamed(flags.map), text=flags.text)


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    renamed = {}
    for pair in pairs:
        name, _, column = pair.rpartition("=")
        if not name.strip() or not column.strip():
            raise CommandError(
                "--map: must be NAME=COLUMN", "such as --map phone=to or --map message=text"
            )
        renamed[name.strip()] = column.strip()
    return renamed
