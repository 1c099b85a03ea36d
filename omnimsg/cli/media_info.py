"""`omnimsg media-info`: show what a provider knows about a stored file.

The JSON form is one object: `account`, `id`, `url`, `expires` (or null), and `broadcast_allowed`:
whether the file may be sent to more than one recipient (null if the provider does not say).
"""

from typing import TYPE_CHECKING

from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import print_json_lines, print_line, sanitize, time_text
from omnimsg.cli.stored_media import parse_stored

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.media import MediaInfo, Stored

_RECIPIENTS = {True: "any recipient", False: "one recipient", None: "not known"}


def media_info(
    stored: str,
    /,
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Show what a provider knows about a stored file.

    Args:
        stored: The provider's id or URL of the file, or the line that
            `omnimsg upload --json` printed.
        account: The account that stored it; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "tuple[Stored, MediaInfo]":
        stored_file = parse_stored(client, stored, account=account, sha256=None)
        return stored_file, await client.media_info(stored_file, deadline=deadline)

    stored_file, found = run_one_call(config, call, account=account)
    if as_json:
        row = {
            "account": stored_file.account,
            "id": stored_file.id,
            "url": stored_file.url,
            "expires": None if found.expires is None else found.expires.isoformat(),
            "broadcast_allowed": found.broadcast_allowed,
        }
        print_json_lines([row])
    else:
        name = sanitize(stored_file.id or stored_file.url or "")
        print_line(name, (f"  {stored_file.account}", "dim"))
        print_line(("expires  ", "dim"), time_text(found.expires) or "not known")
        print_line(("for      ", "dim"), _RECIPIENTS[found.broadcast_allowed])
    return OK
