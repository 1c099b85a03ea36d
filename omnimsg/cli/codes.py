"""`omnimsg codes`: what a provider's codes and statuses mean.

The JSON form is one object per row. Codes have `table` "code" and `code`, `level`, `reason`,
`verdict`, `retry`, `fault`, `words`, `source`; statuses have `table` "status" and `name`, `number`,
`status`, `reason`, `fault`, `words`, `source`.
"""

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import Json
from omnimsg.cli.output import is_wide, json_lines, line, name, out, plain, table, word

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter


def codes(provider: str, /, *, as_json: Json = False) -> int:
    """Show a provider's codes and statuses with their unified meaning.

    Args:
        provider: The provider's name, as `omnimsg providers` lists it.
        as_json: Print JSON lines.
    """
    from omnimsg.config import load_adapter  # noqa: PLC0415 - keeps help fast

    adapter = load_adapter(provider)
    if as_json:
        json_lines({"table": "code", **attrs.asdict(row)} for row in adapter.codes)
        json_lines({"table": "status", **attrs.asdict(row)} for row in adapter.statuses)
    else:
        _show(adapter)
    return DONE


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
            word(code.reason),
            word(code.verdict),
            word(code.retry),
            plain(code.words),
        )
    out().print(shown)
    line()
    shown = table(
        *("status", "number", "unified", "reason", "meaning"),
        folds=("reason", "meaning"),
        title="Statuses",
    )
    for status in adapter.statuses:
        shown.add_row(
            name(status.name, 48 if is_wide() else 22),
            plain("" if status.number is None else status.number),
            word(status.status),
            word(status.reason),
            plain(status.words),
        )
    out().print(shown)
