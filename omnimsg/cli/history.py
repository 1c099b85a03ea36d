"""`omnimsg history`: list past messages from the provider's records.

The JSON form is one object per message, in the provider's order:

* `id`, `direction` ("outgoing", "incoming" or null), `channel`, `status`, `reason`
* `to` (a list), `sender`, `reference`: not masked, because they are the purpose of the command
* `created`: ISO 8601, or null
"""

from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds, whole_number
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import (
    masked_address,
    new_table,
    plain_text,
    print_hint,
    print_json_lines,
    print_line,
    print_table,
    reason_text,
    time_text,
    word_text,
)
from omnimsg.cli.time_parsing import parse_time
from omnimsg.domain.address import is_e164
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.phone_number import is_written_number, why_not_e164

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.history import HistoryQuery, PastMessage

_HELP = "`omnimsg history --help` describes the flags"


@attrs.frozen(kw_only=True)
class Filter:
    """Which messages to list.

    Attributes:
        channel: Only messages on this channel.
        to: Only messages to this recipient; a number as +37255500001.
        since: Only messages from this time on, such as 2030-05-01T09:00:00+02:00.
        until: Only messages up to this time.
        tag: Only messages with this tag.
    """

    channel: Channel | None = None
    to: str | None = None
    since: str | None = None
    until: str | None = None
    tag: str | None = None


def history(
    wanted: Annotated[Filter, Parameter(name="*")] = Filter(),
    *,
    limit: Annotated[int, whole_number(1)] = 50,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """List past messages from the provider's records.

    Args:
        wanted: Which messages to list.
        limit: List at most this many.
        account: The account to ask; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for each page.
        as_json: Print JSON lines.
    """
    query = _query(wanted)

    async def call(client: "Client") -> "tuple[list[PastMessage], bool]":
        found: list[PastMessage] = []
        async for each in client.history(query, account=account, deadline=deadline):
            if len(found) == limit:
                return found, True
            found.append(each)
        return found, False

    found, more = run_one_call(config, call, account=account)
    if as_json:
        print_json_lines(map(_to_json, found))
    elif found:
        _print(found)
    else:
        print_line("no messages")
    if more:
        print_hint(f"there are more than {limit:,}: raise --limit, or narrow the list")
    return OK


def _query(wanted: Filter) -> "HistoryQuery":
    from omnimsg.domain.history import HistoryQuery  # noqa: PLC0415 - keeps help fast

    since, until = parse_time("--since", wanted.since), parse_time("--until", wanted.until)
    if since is not None and until is not None and since > until:
        raise CommandError("--since is later than --until", "exchange them")
    to = _recipient(wanted.to)
    try:
        return HistoryQuery(channel=wanted.channel, to=to, since=since, until=until, tag=wanted.tag)
    except InvalidValue as error:
        # A field and its flag have the same name.
        flags = ((each.path.rpartition(".")[2], each.why) for each in error.problems)
        raise CommandError("; ".join(f"--{flag}: {why}" for flag, why in flags), _HELP) from error


def _recipient(to: str | None) -> str | None:
    """Return the recipient; refuse a number that no provider's record would match."""
    if to is not None and is_written_number(to) and not is_e164(to):
        raise CommandError(f"--to: {why_not_e164(to)}", _HELP)
    return to


def _to_json(past: "PastMessage") -> dict[str, Any]:
    return {
        "id": str(past.id),
        "direction": past.direction,
        "channel": past.leg.channel,
        "status": past.leg.status.value,
        "reason": past.leg.reason,
        "to": list(past.to),
        "sender": past.sender,
        "reference": past.reference,
        "created": None if past.created is None else past.created.isoformat(),
    }


def _print(found: "list[PastMessage]") -> None:
    table = new_table("id", "channel", "to", "status", "reason", "created", folds=("reason",))
    for past in found:
        table.add_row(
            plain_text(past.id),
            plain_text(past.leg.channel or ""),
            plain_text(", ".join(map(masked_address, past.to))),
            word_text(past.leg.status.value),
            reason_text(past.leg.reason),
            time_text(past.created),
        )
    print_table(table)
