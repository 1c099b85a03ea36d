"""`omnimsg interactions`: list interactions with a message.

The JSON form is one object per interaction, in the provider's order: `message_id`, `kind` (the
unified name), `provider_kind`, `at` (ISO 8601, or null), `channel`, `url`, `emoji`, and `payload`
(that of a tapped button).
"""

from typing import TYPE_CHECKING, Any

from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import account_of, run_one_call
from omnimsg.cli.output import (
    new_table,
    plain_text,
    print_json_lines,
    print_line,
    print_table,
    spaced,
    time_text,
)

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.history import Interaction


def interactions(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """List interactions with a message: reads, taps, followed links.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for each page.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "list[Interaction]":
        return [each async for each in client.interactions(message_id, deadline=deadline)]

    found = run_one_call(config, call, account=account_of(message_id))
    if as_json:
        print_json_lines(map(_to_json, found))
    elif found:
        _print(found)
    else:
        print_line("no interactions")
    return OK


def _to_json(interaction: "Interaction") -> dict[str, Any]:
    return {
        "message_id": str(interaction.message_id),
        "kind": interaction.kind,
        "provider_kind": interaction.provider_kind,
        "at": None if interaction.at is None else interaction.at.isoformat(),
        "channel": interaction.channel,
        "url": interaction.url,
        "emoji": interaction.emoji,
        "payload": interaction.payload,
    }


def _print(found: "list[Interaction]") -> None:
    table = new_table("at", "kind", "provider's word", "channel", "payload", folds=("payload",))
    for interaction in found:
        table.add_row(
            time_text(interaction.at),
            plain_text(spaced(interaction.kind.value)),
            plain_text(interaction.provider_kind),
            plain_text(interaction.channel or ""),
            plain_text(interaction.payload or interaction.url or interaction.emoji or ""),
        )
    print_table(table)
