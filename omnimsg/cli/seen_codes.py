"""`omnimsg codes --seen`: list codes and statuses without a table row, as recorded in files.

Two kinds of files record them: those that `omnimsg.UnknownCodes(path)` writes, and the results
files of `omnimsg send-many`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from omnimsg.cli.errors import CommandError
from omnimsg.cli.message_files import unusable_file
from omnimsg.cli.output import (
    new_table,
    plain_text,
    print_json_lines,
    print_line,
    print_table,
)

_CODES_FILE, _RESULTS_FILE = "unknown-code", "send-many"


@attrs.frozen(kw_only=True)
class SeenCode:
    """A code or status without a row, as recorded in files.

    Attributes:
        account: The account's name.
        provider: The provider's name; `None` from a results file.
        table: The table that has no row for it: `code` or `status`.
        code: The code or status.
        http_status: The HTTP status of the last answer that contained it; `None` for a report.
        lines: How many lines of the files contain it.
        first_seen: The time of the earliest of these lines.
        last_seen: The time of the latest of these lines.
    """

    account: str
    provider: str | None
    table: str
    code: str
    http_status: int | None
    lines: int
    first_seen: str
    last_seen: str

    def joined(self, other: "SeenCode") -> "SeenCode":
        """Combine this entry with another one of the same code."""
        later = max(self, other, key=lambda each: each.last_seen)
        return attrs.evolve(
            later,
            provider=self.provider or other.provider,
            lines=self.lines + other.lines,
            first_seen=min(self.first_seen, other.first_seen),
        )


def show_seen_codes(files: list[Path], *, as_json: bool) -> None:
    """Print the codes without a row that files have recorded.

    Raises:
        CommandError: A file cannot be read, or is of neither kind.
    """
    found: dict[tuple[str, str, str], SeenCode] = {}
    for each in (seen for path in files for seen in _read(path)):
        key = each.account, each.table, each.code
        known = found.get(key)
        found[key] = each if known is None else known.joined(each)
    if as_json:
        print_json_lines(attrs.asdict(each) for each in found.values())
    elif found:
        _print(found.values())
    else:
        print_line("every code in these files has a row in its provider's table")


def _print(found: Iterable[SeenCode]) -> None:
    table = new_table(
        *("account", "table", "code", "HTTP", "lines", "last seen"), title="Codes without a row"
    )
    for each in found:
        status = "" if each.http_status is None else each.http_status
        cells = (each.account, each.table, each.code, status, each.lines, each.last_seen)
        table.add_row(*map(plain_text, cells))
    print_table(table)


def _read(path: Path) -> Iterator[SeenCode]:
    try:
        with path.open("rb") as file:
            is_of_results = False
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    return  # a partial line, from a process that ended while it wrote
                entry = _parsed(raw)
                kind = None if entry is None else entry.get("omnimsg")
                if number == 1:
                    is_of_results = kind == _RESULTS_FILE
                if entry is None or (kind != _CODES_FILE and not is_of_results):
                    raise CommandError(
                        f"{path}: line {number} is not one of a file of unknown codes or results",
                        "name what `UnknownCodes(path)` or `omnimsg send-many` has written",
                    )
                yield from _of_outcome(entry) if is_of_results else _of_code(entry)
    except OSError as error:
        raise unusable_file(path, error) from error


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _of_code(entry: dict[str, Any]) -> Iterator[SeenCode]:
    at = str(entry.get("at", ""))
    status = entry.get("http_status")
    yield SeenCode(
        account=str(entry.get("account", "")),
        provider=str(entry.get("provider", "")) or None,
        table=str(entry.get("table", "code")),
        code=str(entry.get("code", "")),
        http_status=status if isinstance(status, int) else None,
        lines=1,
        first_seen=at,
        last_seen=at,
    )


def _of_outcome(entry: dict[str, Any]) -> Iterator[SeenCode]:
    """Yield the unknown codes of an outcome and of its earlier attempts."""
    at = str(entry.get("at", ""))
    earlier = entry.get("earlier")
    for each in (entry, *(earlier if isinstance(earlier, list) else ())):
        failure = each.get("failure") if isinstance(each, dict) else None
        if not isinstance(failure, dict):
            continue
        code, status = failure.get("unknown_code"), failure.get("http_status")
        if isinstance(code, str):
            account = each.get("account", "")
            yield from _of_code({"account": account, "code": code, "http_status": status, "at": at})
