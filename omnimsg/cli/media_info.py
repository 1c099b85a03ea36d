"""`omnimsg media-info`: what a provider says of a stored file.

The JSON form is one object: `account`, `id`, `url`, `expires` (or null), and `broadcast_allowed`:
whether it may go to more than one recipient (or null where the provider does not say).
"""

from typing import TYPE_CHECKING

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line
from omnimsg.cli.stored_media import stored_of

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.media import MediaInfo, Stored

_ALLOWED = {True: "everybody", False: "one recipient", None: "not said"}


def media_info(
    stored: str,
    /,
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Ask what a provider says of a stored file.

    Args:
        stored: The provider's id or URL of the file, or what `omnimsg upload --json` printed.
        account: The account it belongs to; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "tuple[Stored, MediaInfo]":
        wanted = stored_of(client, stored, account=account, sha256=None)
        return wanted, await client.media_info(wanted, deadline=deadline)

    wanted, found = run_one_call(config, call)
    expires = None if found.expires is None else found.expires.isoformat()
    if as_json:
        json_lines(
            [
                {
                    "account": wanted.account,
                    "id": wanted.id,
                    "url": wanted.url,
                    "expires": expires,
                    "broadcast_allowed": found.broadcast_allowed,
                }
            ]
        )
    else:
        line(clean(wanted.id or wanted.url or ""), (f"  {wanted.account}", "dim"))
        line(("expires  ", "dim"), expires or "not said")
        line(("may go to", "dim"), f" {_ALLOWED[found.broadcast_allowed]}")
    return DONE
