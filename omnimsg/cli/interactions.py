"""`omnimsg interactions`: what people did with a message.

The JSON form is one object per interaction, in the provider's order: `message_id`, `kind` (the
unified word), `provider_kind`, `at` (ISO 8601, or null), `channel`, `url`, `emoji`, and `payload`:
what a tapped button gave back.
"""

from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import json_lines, line, out, plain, table

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.history import Interaction


def interactions(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """List what people did with a message: reading, tapping, following links.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for each page.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "list[Interaction]":
        return [each async for each in client.interactions(message_id, deadline=deadline)]

    found = run_one_call(config, call)
    if as_json:
        json_lines(map(_as_json, found))
    elif found:
        _show(found)
    else:
        line("no interactions")
    return DONE


def _as_json(done: "Interaction") -> dict[str, Any]:
    return {
        "message_id": str(done.message_id),
        "kind": done.kind,
        "provider_kind": done.provider_kind,
        "at": None if done.at is None else done.at.isoformat(),
        "channel": done.channel,
        "url": done.url,
        "emoji": done.emoji,
        "payload": done.payload,
    }


def _show(found: "list[Interaction]") -> None:
    shown = table("at", "what", "provider's word", "channel", "with", folds=("with",))
    for done in found:
        shown.add_row(
            plain("" if done.at is None else f"{done.at:%Y-%m-%d %H:%M:%S%z}"),
            plain(done.kind.value.replace("_", " ")),
            plain(done.provider_kind),
            plain(done.channel or ""),
            plain(done.payload or done.url or done.emoji or ""),
        )
    out().print(shown)
