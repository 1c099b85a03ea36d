"""`omnimsg status`: look up the status of a message.

The JSON form is one object:

* `id`, `status` (the unified name), `reason` (null unless it failed or is unknown)
* `contradicted`: whether a leg was reported both as failed and as arrived
* `legs`, in sending order, each with `channel`, `status`, `reason`, `detail` (the provider's text
  about a failure, numbers masked), `provider_id`, `timeline` and `usage` (`parts`, `price` as text,
  `currency`; null if the provider does not report it)
* `timeline`, the provider's reports, earliest first, each with `at`, `status`, `provider_status`,
  `code`, `reason`
"""

from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import SEE_IDS
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import account_of, run_one_call
from omnimsg.cli.output import (
    closed_output_ignored,
    new_table,
    plain_text,
    print_hint,
    print_json_lines,
    print_line,
    print_table,
    reason_text,
    sanitize,
    time_text,
    word_text,
)
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.domain.status import Evidence, LegStatus, MessageStatus


def status(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Look up the status of a message.

    Exits with 1 when the provider does not know the message, or the look-up
    fails.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    found = run_one_call(
        config,
        lambda client: client.status(message_id, deadline=deadline),
        account=account_of(message_id),
    )
    if as_json:
        print_json_lines([_status_to_json(found)])
    else:
        _print(found)
    if found.reason is not Reason.NOT_FOUND:
        return OK
    with closed_output_ignored():
        print_hint(f"the provider does not know this id; {SEE_IDS}")
    return FAILED


def _status_to_json(found: "MessageStatus") -> dict[str, Any]:
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
        "detail": mask_text(leg.detail),
        "provider_id": leg.provider_id,
        "usage": None if leg.usage is None else to_json(leg.usage),
        "timeline": [
            {
                "at": at.isoformat(),
                "status": evidence.status.value,
                "provider_status": evidence.provider_status,
                "code": evidence.code,
                "reason": evidence.reason,
            }
            for at, evidence in _timeline(leg)
        ],
    }


def _timeline(leg: "LegStatus") -> list[tuple["datetime", "Evidence"]]:
    """Return the provider's reports of a leg, earliest first."""
    pairs = [(at, evidence) for evidence, at in leg.timeline.entries.items()]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1].order))


def _print(found: "MessageStatus") -> None:
    print_line(word_text(found.status.value), f"  {sanitize(found.id)}")
    if found.contradicted:
        print_line(("reported both as failed and as arrived", "yellow"))
    if not found.legs:
        return
    table = new_table(
        *("channel", "status", "reason", "provider's word", "code", "at"), folds=("reason",)
    )
    for leg in found.legs:
        channel = "" if leg.channel is None else leg.channel.value
        for at, evidence in _timeline(leg):
            table.add_row(
                plain_text(channel),
                word_text(evidence.status.value),
                reason_text(evidence.reason),
                plain_text(evidence.provider_status),
                plain_text(evidence.code or ""),
                time_text(at),
            )
            channel = ""
        if channel:
            table.add_row(
                plain_text(channel), word_text(leg.status.value), reason_text(leg.reason), *[""] * 3
            )
    print_table(table)
    for leg in found.legs:
        if leg.detail:
            channel = "" if leg.channel is None else f" of {leg.channel.value}"
            print_line((f"the provider says{channel}: ", "dim"), sanitize(mask_text(leg.detail)))
