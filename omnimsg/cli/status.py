"""`omnimsg status`: where a message is.

The JSON form is one object:

* `id`, `status` (the unified word), `reason` (null unless it failed or is unknown)
* `contradicted`: whether a leg was said both to have failed and to have arrived
* `legs`, in sending order, each with `channel`, `status`, `reason`, `provider_id`, `timeline` and
  `usage` (`parts`, `price` as text, `currency`; null where the provider says nothing)
* `timeline`: what the provider said, earliest first: `at`, `status`, `provider_status`, `code`,
  `reason`
"""

from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import DONE, REFUSED
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line, out, plain, reason, table, word
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.client import Client
    from omnimsg.domain.status import Evidence, LegStatus, MessageStatus


def status(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Ask where a message is.

    Exits with 1 when the provider does not know the message, or cannot be asked.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "MessageStatus":
        return await client.status(message_id, deadline=deadline)

    found = run_one_call(config, call)
    if as_json:
        json_lines([status_to_json(found)])
    else:
        _show(found)
    return REFUSED if found.reason is Reason.NOT_FOUND else DONE


def status_to_json(found: "MessageStatus") -> dict[str, Any]:
    """Write a status in the form that the module describes."""
    return {
        "id": str(found.id),
        "status": found.status.value,
        "reason": found.reason,
        "contradicted": found.contradicted,
        "legs": [_leg_to_json(leg) for leg in found.legs],
    }


def _leg_to_json(leg: "LegStatus") -> dict[str, Any]:
    from omnimsg.domain.serialization import to_json  # noqa: PLC0415

    return {
        "channel": leg.channel,
        "status": leg.status.value,
        "reason": leg.reason,
        "provider_id": leg.provider_id,
        "usage": None if leg.usage is None else to_json(leg.usage),
        "timeline": [
            {
                "at": at.isoformat(),
                "status": said.status.value,
                "provider_status": said.provider_status,
                "code": said.code,
                "reason": said.reason,
            }
            for at, said in _told(leg)
        ],
    }


def _told(leg: "LegStatus") -> list[tuple["datetime", "Evidence"]]:
    pairs = [(at, said) for said, at in leg.timeline.entries.items()]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1].order))


def _show(found: "MessageStatus") -> None:
    line(word(found.status.value), f"  {clean(found.id)}")
    if found.contradicted:
        line(("said both to have failed and to have arrived", "yellow"))
    if not found.legs:
        return
    shown = table("channel", "status", "reason", "provider's word", "code", "at", folds=("reason",))
    for leg in found.legs:
        channel = "" if leg.channel is None else leg.channel.value
        for at, said in _told(leg):
            shown.add_row(
                plain(channel),
                word(said.status.value),
                reason(said.reason),
                plain(said.provider_status),
                plain(said.code or ""),
                plain(f"{at:%Y-%m-%d %H:%M:%S%z}"),
            )
            channel = ""
        if channel:
            shown.add_row(plain(channel), word(leg.status.value), reason(leg.reason), "", "", "")
    out().print(shown)
