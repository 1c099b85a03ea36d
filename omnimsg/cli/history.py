"""`omnimsg history`: past messages, as the provider remembers them.

The JSON form is one object per message, in the provider's order:

* `id`, `direction` ("outgoing", "incoming" or null), `channel`, `status`, `reason`
* `to` (a list), `sender`, `reference`: not masked, because that is what is asked for
* `created`: ISO 8601, or null
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter, validators

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import (
    json_lines,
    line,
    masked_address,
    out,
    plain,
    reason,
    say_hint,
    table,
    word,
)
from omnimsg.cli.time_parsing import moment
from omnimsg.domain.channel import Channel

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.history import HistoryQuery, PastMessage


@attrs.frozen(kw_only=True)
class Filter:
    """Which messages are wanted.

    Attributes:
        channel: Only this channel.
        to: Only to this recipient.
        since: Not before this time, such as 2030-05-01T09:00:00+02:00.
        until: Not after this time.
        tag: Only with this label.
    """

    channel: Channel | None = None
    to: str | None = None
    since: str | None = None
    until: str | None = None
    tag: str | None = None


def history(
    wanted: Annotated[Filter, Parameter(name="*")] = Filter(),
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 50,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """List past messages, as the provider remembers them.

    Args:
        wanted: Which messages are wanted.
        limit: At most so many.
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

    found, more = run_one_call(config, call)
    if as_json:
        json_lines(map(_as_json, found))
    elif found:
        _show(found)
    else:
        line("no messages")
    if more:
        say_hint(f"there are more than {limit:,}: raise --limit, or narrow the list")
    return DONE


def _query(wanted: Filter) -> "HistoryQuery":
    from omnimsg.domain.history import HistoryQuery  # noqa: PLC0415 - keeps help fast

    return HistoryQuery(
        channel=wanted.channel,
        to=wanted.to,
        since=moment("--since", wanted.since),
        until=moment("--until", wanted.until),
        tag=wanted.tag,
    )


def _as_json(past: "PastMessage") -> dict[str, Any]:
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


def _show(found: "list[PastMessage]") -> None:
    shown = table("created", "channel", "to", "status", "reason", "id", folds=("reason", "id"))
    for past in found:
        shown.add_row(
            plain(_at(past.created)),
            plain(past.leg.channel or ""),
            plain(", ".join(map(masked_address, past.to))),
            word(past.leg.status.value),
            reason(past.leg.reason),
            plain(past.id),
        )
    out().print(shown)


def _at(created: datetime | None) -> str:
    return "" if created is None else f"{created:%Y-%m-%d %H:%M:%S}"
