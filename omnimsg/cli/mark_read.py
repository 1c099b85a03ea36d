"""`omnimsg mark-read`: tell people that their messages were read.

The JSON form is one object per id, in the order given: `id` as it was given, and the members of the
outcome as `omnimsg send --json` prints them; `reference` is the provider's part of the id.
"""

from typing import TYPE_CHECKING

from omnimsg.cli.errors import Stop, advice, code_of
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line, say_error
from omnimsg.cli.send import outcome_as_json
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.outcome import Outcome


def mark_read(
    *ids: str,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Tell people that their messages were read.

    Exits with 1 when one of them could not be told, and with 3 when that
    is not certain; telling somebody twice does no harm.

    Args:
        ids: Ids of messages that came in, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    if not ids:
        raise Stop("no id is given", "`omnimsg mark-read --help` describes the ids")

    async def call(client: "Client") -> "list[Outcome]":
        return await client.mark_read(ids, deadline=deadline)

    outcomes = run_one_call(config, call)
    if as_json:
        json_lines(
            {**outcome_as_json(outcome), "id": given}
            for given, outcome in zip(ids, outcomes, strict=True)
        )
    for given, outcome in zip(ids, outcomes, strict=True):
        if isinstance(outcome, Accepted):
            if not as_json:
                line(("marked as read", "green"), f"  {clean(given)}")
        else:
            what = f"{given}: {outcome.kind.replace('_', ' ')} by {outcome.account}"
            say_error(f"{what}: {outcome.failure.sentence()}", advice(outcome.failure))
    return code_of({outcome.kind for outcome in outcomes})
