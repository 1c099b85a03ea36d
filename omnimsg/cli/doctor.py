"""`omnimsg doctor`: check the configuration and ask every provider whether it would take messages.

The JSON form is one object per finding: `account` (or null), `check`, `state` (`ok`, `warning`,
`failed` or `not_verified`), `detail` and `advice` (what to do about it, or null).
"""

from collections import Counter
from typing import TYPE_CHECKING

from omnimsg.cli.errors import SEE_CONFIG
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import (
    closed_output_ignored,
    counts_text,
    new_table,
    plain_text,
    print_hint,
    print_json_lines,
    print_line,
    print_table,
    sanitize,
    spaced,
    styled,
)

if TYPE_CHECKING:
    from rich.text import Text

    from omnimsg.checkup import Checkup, Finding
    from omnimsg.client import Client

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "not_verified": "dim"}


def doctor(
    *, config: ConfigFile = CONFIG_FILE, deadline: Seconds = 10.0, as_json: Json = False
) -> int:
    """Check the configuration, and ask every provider whether it would take messages.

    Nothing is sent. Exits with 0 when no check failed, 1 when one did, and 2
    when the configuration cannot be read.

    Args:
        config: The configuration, a TOML file.
        deadline: Seconds to wait for each answer.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "Checkup":
        return await client.check(deadline=deadline)

    found = run_one_call(config, call)
    with closed_output_ignored():
        _print(found, as_json=as_json)
    return OK if found.is_well else FAILED


def _print(found: "Checkup", *, as_json: bool) -> None:
    if as_json:
        print_json_lines(
            {
                "account": each.account,
                "check": each.check,
                "state": each.state.value,
                "detail": each.detail,
                "advice": each.advice,
            }
            for each in found.findings
        )
    else:
        table = new_table("account", "check", "found", "detail", folds=("detail",))
        for each in found.findings:
            table.add_row(
                plain_text(each.account or "-"),
                plain_text(each.check),
                styled((spaced(each.state.value), _COLOURS[each.state.value])),
                _detail_text(each),
            )
        print_table(table)
        print_line()
        counts = Counter(each.state.value for each in found.findings)
        print_line(f"{counts.total()} checks: ", counts_text(counts, _COLOURS))
        if not found.is_well:
            print_hint(SEE_CONFIG)


def _detail_text(finding: "Finding") -> "Text":
    """Return what was found and, on a line of its own, what to do about it."""
    if finding.advice is None:
        return plain_text(finding.detail)
    return styled(sanitize(finding.detail), "\n", (f"-> {finding.advice}", "bold"))
