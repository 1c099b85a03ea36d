"""`omnimsg codes`: what a provider's codes and statuses mean.

The JSON form is one object per row. Codes have `table` "code" and `code`, `level`, `reason`,
`verdict`, `retry`, `fault`, `words`, `source`; statuses have `table` "status" and `name`, `number`,
`status`, `reason`, `fault`, `words`, `source`.
"""

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import Json
from omnimsg.cli.output import is_wide, json_lines, line, name, out, plain, reason, table, word

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, CodeRow, StatusRow


def codes(provider: str, /, *, as_json: Json = False) -> int:
    """Show what a provider's codes and statuses mean.

    Args:
        provider: The provider's name, as `omnimsg providers` lists it.
        as_json: Print JSON lines.
    """
    from omnimsg.config import load_adapter  # noqa: PLC0415 - keeps help fast

    adapter = load_adapter(provider)
    if as_json:
        json_lines(_as_json("code", row) for row in adapter.codes)
        json_lines(_as_json("status", row) for row in adapter.statuses)
    else:
        _show(adapter)
    return DONE


def _as_json(table_name: str, row: "CodeRow | StatusRow") -> dict[str, Any]:
    """Write a row under the keys that scripts rely on, in which the description is `words`."""
    return {
        "table": table_name,
        **{
            ("words" if key == "description" else key): each
            for key, each in attrs.asdict(row).items()
        },
    }


def _show(adapter: "type[Adapter[Any]]") -> None:
    shown = table(
        *("level", "code", "reason", "verdict", "retry", "meaning"),
        folds=("reason", "meaning"),
        title="Codes",
    )
    for code in adapter.codes:
        shown.add_row(
            plain(code.level),
            plain(code.code),
            reason(code.reason),
            word(code.verdict),
            reason(code.retry),
            plain(code.description),
        )
    out().print(shown)
    line()
    numbered = any(row.number is not None for row in adapter.statuses)
    shown = table(
        *("status", *(["number"] if numbered else []), "unified", "reason", "meaning"),
        folds=("reason", "meaning"),
        title="Statuses",
    )
    for row in adapter.statuses:
        shown.add_row(
            name(row.name or "(nothing)", 48 if is_wide() else 22),
            *([plain("" if row.number is None else row.number)] if numbered else []),
            word(row.status),
            reason(row.reason),
            plain(row.description),
        )
    out().print(shown)
