"""Print text, tables, JSON lines and errors.

Text from a provider or a user is sanitized before it reaches a terminal, and is printed as rich
`Text`, never as markup. rich is imported by the first function that needs it, so that `--json`
does not load it.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from omnimsg.cli.streams import OutputError, discard_output, write_text, writing
from omnimsg.domain.address import is_mailbox
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from omnimsg.domain.message import Message

# CSI sequences: colours and cursor movement. Then OSC, DCS, PM, APC and SOS strings: titles, links.
_CSI_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_STRING_SEQUENCE = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
_ESCAPE_SEQUENCE = re.compile(rf"{_CSI_SEQUENCE}|{_STRING_SEQUENCE}|\x1b[ -/]*[0-~]")

# A word of a sentence; a command in backticks is one, with its spaces.
_WORD = re.compile(r"(?:`[^`]*`|\S)+")

_SEE_EXIT_CODE = "the exit code says what became of what was asked for"

# From this terminal width on, tables have space between their columns.
_WIDE_COLUMNS = 100

# The width that is assumed for a pipe or a file.
_UNLIMITED_COLUMNS = 10_000

# The colours of the model's words; other words have no colour.
COLOURS = {
    "accepted": "green",
    "delivered": "green",
    "read": "green",
    "bad": "red",
    "rejected": "red",
    "failed": "red",
    "expired": "red",
    "cancelled": "yellow",
    "not_sent": "yellow",
    "account": "yellow",
    "ambiguous": "magenta",
    "unknown": "magenta",
    "scheduled": "cyan",
    "sent": "cyan",
}


# The kinds of outcome, in the order in which their counts are shown.
OUTCOME_KINDS = ("accepted", "rejected", "not_sent", "ambiguous")


def sanitize(text: str) -> str:
    """Remove escape sequences and control characters; runs of white space become one space."""
    visible = " ".join(_ESCAPE_SEQUENCE.sub("", text).split())
    return "".join(each for each in visible if unicodedata.category(each)[0] != "C")


def masked_address(address: str) -> str:
    """Mask a number or an e-mail address for a narrow column: `+372…01`, `o…@….test`."""
    if is_mailbox(address):
        mailbox, _, host = sanitize(address).rpartition("@")
        return f"{mailbox[:1]}…@…{host[-5:]}"
    return re.sub(r"\*+", "…", mask_text(sanitize(address)))


def recipient_text(message: Message) -> str:
    """Return the masked recipient of a message, which may be a number, an address or an id."""
    return masked_address(message.to if isinstance(message.to, str) else repr(message.to))


def spaced(word: str) -> str:
    """Return a word of the model with spaces: `not_sent` becomes `not sent`."""
    return word.replace("_", " ")


@contextmanager
def closed_output_ignored() -> Iterator[None]:
    """Continue if the output cannot be written, because the exit code still reports the result."""
    try:
        yield
    except OutputError as error:
        discard_output()
        if error.why is not None:
            with suppress(OutputError):
                print_error(str(error).partition("; ")[0], _SEE_EXIT_CODE)


def print_json_lines(values: Iterable[Any]) -> None:
    """Print JSON values, one per line, in ASCII, so that they contain no control characters."""
    lines = [json.dumps(value, separators=(",", ":")) + "\n" for value in values]
    write_text("".join(lines))


def styled(*parts: str | Text | tuple[str, str]) -> Text:
    """Join texts, and pairs of a text and its style, into one `Text`."""
    from rich.text import Text  # noqa: PLC0415

    return Text.assemble(*parts)


def word_text(word: str | None) -> Text:
    """Return a word of the model in its colour."""
    return styled("" if word is None else (spaced(word), COLOURS.get(word, "")))


def reason_text(reason: str | None) -> Text:
    """Return a reason without colour, because some reasons have the name of a status."""
    return styled("" if reason is None else spaced(reason))


def time_text(at: datetime | None) -> Text:
    """Return a time, precise to the second and with its offset, as `--since` takes it."""
    return styled("" if at is None else f"{at:%Y-%m-%d %H:%M:%S%z}")


def plain_text(value: object) -> Text:
    """Return any value as sanitized text."""
    return styled(sanitize(str(value)))


def wrapped_name(name: str, width: int) -> Text:
    """Return a name of the provider, wrapped after underscores to lines of a width."""
    lines = [""]
    for part in re.findall(r"[^_]*_?", sanitize(name)):
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return styled("\n".join(lines))


def counts_text(counts: Mapping[str, int], colours: Mapping[str, str] = COLOURS) -> Text:
    """Return counts by word of the model, such as `3 accepted, 1 not sent`, without the zeros."""
    separated: list[str | tuple[str, str]] = []
    for word, count in counts.items():
        if count:
            separated += [", ", (f"{count:,} {spaced(word)}", colours.get(word, "dim"))]
    return styled(*separated[1:])


def is_wide() -> bool:
    """Return whether the terminal is wide enough for space between columns."""
    return stdout_console().width >= _WIDE_COLUMNS


def stdout_console() -> Console:
    """Return a console for standard output.

    If it is not a terminal, lines are never wrapped.
    """
    from rich.console import Console  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNLIMITED_COLUMNS
    return console


def stderr_console() -> Console:
    """Return a console for standard error."""
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=True, highlight=False)


def new_table(*columns: str, folds: Container[str] = (), title: str | None = None) -> Table:
    """Return an empty table in the command's style.

    Args:
        columns: The headings.
        folds: The headings of the columns whose cells may wrap; the others keep their width.
        title: The title above the table.
    """
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(
        title=title,
        title_style="bold",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="bold",
        padding=(0, 1 if is_wide() else 0, 0, 0),
    )
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in folds)
    return table


def print_table(table: Table) -> None:
    """Print a table on standard output; in a narrow terminal, one line for each cell.

    An id or a reason is never truncated or broken, so that it can be copied.
    """
    console = stdout_console()
    if _needed_width(table) <= console.width:
        if console.file.isatty():
            with writing():
                console.print(table)
            return
        with console.capture() as printed:
            console.print(table)
        # A pager would show the padding of a row as an empty line below it.
        write_text("".join(f"{row.rstrip()}\n" for row in printed.get().splitlines()))
        return
    if table.title:
        print_line((str(table.title), "bold"))
    for cells in zip(*(each.cells for each in table.columns), strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            if str(cell):
                heading = f"{column.header}: " if str(column.header) else ""
                print_line((heading, "dim"), cast("Text | str", cell))
        print_line()


def _needed_width(table: Table) -> int:
    """Return the width that a table needs so that no cell is truncated and no word is broken."""
    from rich.cells import cell_len  # noqa: PLC0415

    width = 0
    for column in table.columns:
        texts = [str(each) for each in (column.header, *column.cells)]
        pieces = [
            piece
            for text in texts
            for piece in (text.split("\n") if column.no_wrap else text.split())
        ]
        # Each column has padding on its right, and a separator.
        width += max(map(cell_len, pieces), default=0) + table.padding[1] + 1
    return width - table.padding[1] - 1


def print_line(*parts: str | Text | tuple[str, str], on: Console | None = None) -> None:
    """Print one line, never wrapped, so that ids can be copied; by default on standard output."""
    console = on or stdout_console()
    with writing(console.file):
        console.print(styled(*parts), soft_wrap=True)


def print_error(text: str, hint: str | None = None, *, on: Console | None = None) -> None:
    """Print an error and its advice on standard error.

    Args:
        text: What went wrong; one problem a line.
        hint: What the user can do about it; one piece of advice a line.
        on: The console to print on, if a progress bar is shown on standard error.
    """
    console = on or stderr_console()
    for each in text.split("\n"):
        print_sentence(("error: ", "bold red"), each, on=console)
    for each in hint.split("\n") if hint else ():
        print_hint(each, on=console)


def print_warning(text: str) -> None:
    """Print a warning on standard error."""
    print_sentence(("warning: ", "bold yellow"), text, on=stderr_console())


def print_hint(text: str, *, on: Console | None = None) -> None:
    """Print advice on standard error, because it is not part of the command's result."""
    print_sentence(("hint: ", "bold cyan"), text, on=on or stderr_console())


def print_sentence(label: tuple[str, str], text: str, *, on: Console | None = None) -> None:
    """Print a label and a sentence; a terminal breaks it between words and not inside them.

    In a pipe or a file it is one line, so that it can be searched for.

    Args:
        label: The label and its style; further lines begin below its end.
        text: The sentence.
        on: The console; that of standard output unless given.
    """
    console = on or stdout_console()
    shown = sanitize(text)
    if console.file.isatty():
        shown = wrapped_sentence(shown, console.width, len(label[0]))
    print_line(label, shown, on=console)


def wrapped_sentence(text: str, width: int, indent: int) -> str:
    """Break a sentence between words, and never inside a command in backticks.

    A word that is wider than a line is left to the terminal, so that it can be copied.

    Args:
        text: The sentence.
        width: The width of the terminal.
        indent: The width of what stands before the sentence, and before each further line.
    """
    from rich.cells import cell_len  # noqa: PLC0415

    wrapped, used = "", indent
    for word in _WORD.findall(text):
        needed = cell_len(word)
        if wrapped and used + 1 + needed > width:
            wrapped += "\n" + " " * indent
            used = indent
        elif wrapped:
            wrapped += " "
            used += 1
        wrapped += word
        # After a word of several lines, the rest of its last one is free.
        used = (used + needed - 1) % width + 1
    return wrapped
