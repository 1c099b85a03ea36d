"""How the command prints: consoles, colours, masks, JSON lines and error lines.

What a provider or a user wrote goes through `clean` before it reaches a terminal, and is printed as
rich `Text`, never as markup.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_COLOURS_AND_MOVES = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_TITLES_AND_LINKS = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
_ESCAPE = re.compile(rf"{_COLOURS_AND_MOVES}|{_TITLES_AND_LINKS}|\x1b.")

# Columns from which on tables are spaced out.
_WIDE = 100

# The unified words that have a colour; all others are printed plainly.
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


def clean(text: str) -> str:
    """Take out of a text what a terminal would obey: escape sequences and control characters."""
    plain = " ".join(_ESCAPE.sub("", text).split())
    return "".join(each for each in plain if unicodedata.category(each)[0] != "C")


def masked_address(address: str) -> str:
    """Mask a number or an e-mail address for a narrow column: `+372…01`, `o…@….test`."""
    if "@" in address:
        return f"{clean(address)[:1]}…@…{clean(address)[-5:]}"
    return re.sub(r"\*+", "…", mask_text(clean(address)))


def word(value: str | None) -> Text:
    """Show a word of the unified model, in its colour."""
    return Text("" if value is None else value.replace("_", " "), COLOURS.get(value or "", ""))


def reason(value: str | None) -> Text:
    """Show a reason: without a colour, because some are called as a status is."""
    return Text("" if value is None else value.replace("_", " "))


def plain(value: object) -> Text:
    """Show any value, without what a terminal would obey."""
    return Text(clean(str(value)))


def name(text: str, width: int) -> Text:
    """Show a provider's long name, broken after underscores where a column is narrow."""
    lines = [""]
    for part in re.findall(r"[^_]*_?", clean(text)):
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return Text("\n".join(lines))


def is_wide() -> bool:
    """Tell whether the terminal has room to space tables out."""
    return out().width >= _WIDE


def out() -> Console:
    """Return the console of standard output."""
    return Console(highlight=False)


def table(*columns: str, folds: Container[str] = (), title: str | None = None) -> Table:
    """Return an empty table in the command's style.

    Args:
        columns: The headings.
        folds: The columns that give way where the terminal is narrow.
        title: What stands above it.
    """
    made = Table(
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
        made.add_column(column, overflow="fold", no_wrap=column not in folds)
    return made


def line(*parts: str | Text | tuple[str, str]) -> None:
    """Print one line on standard output; it is never cut or folded, so that ids can be copied."""
    out().print(Text.assemble(*parts), soft_wrap=True)


def json_lines(values: Iterable[Any]) -> None:
    """Print JSON values, one a line, in ASCII: a terminal finds nothing to obey in it either."""
    for value in values:
        sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def err() -> Console:
    """Return the console of standard error."""
    return Console(stderr=True, highlight=False)


def say_error(text: str, hint: str | None = None, *, on: Console | None = None) -> None:
    """Print an error and its advice on standard error, one line each, or one per problem.

    Args:
        text: What went wrong.
        hint: What to do about it.
        on: The console of standard error where something moves on it already.
    """
    console = on or err()
    for each in text.splitlines():
        console.print(Text.assemble(("error: ", "bold red"), clean(each)), soft_wrap=True)
    if hint:
        say_hint(hint, on=console)


def say_hint(text: str, *, on: Console | None = None) -> None:
    """Print advice on standard error: it is not part of a command's result."""
    console = on or err()
    console.print(Text.assemble(("hint: ", "bold cyan"), clean(text)), soft_wrap=True)
