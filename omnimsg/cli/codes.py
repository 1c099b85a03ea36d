"""`omnimsg codes`: show what a provider's codes and statuses mean.

The JSON form is one object per row. Codes have `table` "code" and `code`, `level`, `reason`,
`verdict`, `retry`, `fault`, `words`, `source`; statuses have `table` "status" and `name`, `number`,
`status`, `reason`, `fault`, `words`, `source`. Further terms, such as Bird's interactions, have
`table` "interaction" or another name and `name`, `meaning`, `words`, `source`. With `--seen` there
is one object per code: `account`, `provider` (or null), `table` ("code" or "status"), `code`,
`http_status` (or null), `lines` (how many lines of the files contain it), `first_seen`,
`last_seen`.
"""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import Json
from omnimsg.cli.output import (
    is_wide,
    new_table,
    plain_text,
    print_json_lines,
    print_line,
    print_table,
    reason_text,
    sanitize,
    styled,
    word_text,
    wrapped_name,
)

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, CodeRow, StatusRow, TermRow


def codes(
    provider: str | None = None,
    /,
    *,
    seen: Annotated[list[Path] | None, Parameter(consume_multiple=True, negative=())] = None,
    as_json: Json = False,
) -> int:
    """Show what a provider's codes and statuses mean.

    With --seen, show the codes and statuses that providers have sent at run
    time and that no table contains.

    Args:
        provider: The provider's name, as `omnimsg providers` lists it.
        seen: Files that `UnknownCodes` or `omnimsg send-many` has written.
        as_json: Print JSON lines.
    """
    if seen:
        if provider is not None:
            raise CommandError(
                f"{provider}: --seen lists the codes in the files, of every provider",
                "put the files after --seen, and leave out PROVIDER",
            )
        from omnimsg.cli.seen_codes import show_seen_codes  # noqa: PLC0415 - keeps help fast

        show_seen_codes(seen, as_json=as_json)
        return OK
    if provider is None:
        from omnimsg.config.plugins import provider_names  # noqa: PLC0415 - keeps help fast

        names = ", ".join(map(sanitize, provider_names()))
        raise CommandError(
            "no provider is named", f"name one of {names}, or put files after --seen"
        )
    from omnimsg.config import load_adapter  # noqa: PLC0415

    adapter = load_adapter(provider)
    if as_json:
        print_json_lines(_row_to_json("code", row) for row in adapter.codes)
        print_json_lines(_row_to_json("status", row) for row in adapter.statuses)
        print_json_lines(_row_to_json(row.table, row) for row in adapter.terms)
    else:
        _print_codes(adapter)
        print_line()
        _print_statuses(adapter)
        if adapter.terms:
            print_line()
            _print_terms(adapter)
    return OK


def _row_to_json(table: str, row: "CodeRow | StatusRow | TermRow") -> dict[str, Any]:
    """Convert a row to JSON; the description has the key `words`, because that key is public."""
    values = attrs.asdict(row)
    values.pop("table", None)
    return {
        "table": table,
        **{("words" if key == "description" else key): values[key] for key in values},
    }


def _print_codes(adapter: "type[Adapter[Any]]") -> None:
    table = new_table(
        *("level and code", "reason", "verdict", "retry", "meaning"),
        folds=("reason", "meaning"),
        title="Codes",
    )
    for level, rows in groupby(adapter.codes, key=lambda row: row.level):
        table.add_section()
        table.add_row(styled((sanitize(level), "bold")))
        for row in rows:
            table.add_row(
                styled("  ", plain_text(row.code)),
                reason_text(row.reason),
                word_text(row.verdict),
                reason_text(row.retry),
                plain_text(row.description),
            )
    print_table(table)


def _print_statuses(adapter: "type[Adapter[Any]]") -> None:
    numbered = any(row.number is not None for row in adapter.statuses)
    table = new_table(
        *("status", *(["number"] if numbered else []), "unified", "reason", "meaning"),
        folds=("reason", "meaning"),
        title="Statuses",
    )
    for row in adapter.statuses:
        table.add_row(
            wrapped_name(row.name or "(nothing)", 48 if is_wide() else 22),
            *([plain_text("" if row.number is None else row.number)] if numbered else []),
            word_text(row.status),
            reason_text(row.reason),
            plain_text(row.description),
        )
    print_table(table)


def _print_terms(adapter: "type[Adapter[Any]]") -> None:
    table = new_table(
        *("kind and name", "unified", "meaning"), folds=("meaning",), title="Further terms"
    )
    for kind, rows in groupby(adapter.terms, key=lambda row: row.table):
        table.add_section()
        table.add_row(styled((sanitize(kind), "bold")))
        for row in rows:
            table.add_row(
                styled("  ", plain_text(row.name)),
                word_text(row.meaning),
                plain_text(row.description),
            )
    print_table(table)
