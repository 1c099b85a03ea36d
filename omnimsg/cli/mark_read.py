"""`omnimsg mark-read`: mark received messages as read.

The JSON form is one object per id, in the given order: `id` as it was given, and the members of the
outcome as `omnimsg send --json` prints them; `reference` is the provider's part of the id.
"""

from typing import TYPE_CHECKING

from omnimsg.cli.errors import CommandError, advice_for
from omnimsg.cli.exit_codes import exit_code_of
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import account_of, run_one_call
from omnimsg.cli.output import (
    closed_output_ignored,
    print_error,
    print_json_lines,
    print_line,
    sanitize,
    spaced,
)
from omnimsg.cli.send import outcome_to_json_with_id
from omnimsg.cli.wait_text import failure_text
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from omnimsg.domain.outcome import Outcome

_SEE_RECEIVED = "`omnimsg listen --json` prints the id of each received message as `id`"


def mark_read(
    *ids: str,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Mark received messages as read.

    Exits with 1 when a message could not be marked, and with 3 when one may
    or may not be marked; marking a message twice does no harm.

    Args:
        ids: Ids of received messages, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    if not ids:
        raise CommandError("no id is given", _SEE_RECEIVED)
    accounts = [
        account_of(each, argument=f"IDS: no. {number}", advice=_SEE_RECEIVED)
        for number, each in enumerate(ids, 1)
    ]
    outcomes = run_one_call(
        config, lambda client: client.mark_read(ids, deadline=deadline), account=accounts[0]
    )
    if as_json:
        with closed_output_ignored():
            print_json_lines(
                {**outcome_to_json_with_id(outcome), "id": given}
                for given, outcome in zip(ids, outcomes, strict=True)
            )
    for given, outcome in zip(ids, outcomes, strict=True):
        with closed_output_ignored():
            _report(given, outcome, quiet=as_json)
    return exit_code_of({outcome.kind for outcome in outcomes})


def _report(given: str, outcome: "Outcome", *, quiet: bool) -> None:
    """Print an outcome; with `quiet`, only a failure."""
    if not isinstance(outcome, Accepted):
        what = f"{given}: {spaced(outcome.kind)} by {outcome.account}"
        advice = advice_for(outcome.failure, sends=False)
        print_error(f"{what}: {failure_text(outcome.failure)}", advice)
    elif not quiet:
        print_line(("marked as read", "green"), f"  {sanitize(given)}")
