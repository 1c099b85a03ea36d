"""`omnimsg download`: fetch a stored file.

The JSON form is one object: `path`, `bytes`, and `sha256` of what was written.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from omnimsg.cli.errors import DONE, REFUSED, Stop
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line
from omnimsg.cli.stored_media import stored_of

if TYPE_CHECKING:
    from omnimsg.client import Client


def download(  # noqa: PLR0913 - one flag each
    stored: str,
    /,
    *,
    output: Path,
    sha256: str | None = None,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 120.0,
    as_json: Json = False,
) -> int:
    """Fetch a stored file.

    It appears under its name only when it is whole.

    Args:
        stored: The provider's id or URL of the file, or what `omnimsg upload --json` printed.
        output: Where to write it; what is there is replaced.
        sha256: The file's digest, which Clickatell asks for.
        account: The account it belongs to; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> None:
        wanted = stored_of(client, stored, account=account, sha256=sha256)
        try:
            await client.download(wanted, output, deadline=deadline)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise Stop(
                f"{output}: cannot be written: {why}", "choose another --output", code=REFUSED
            ) from error

    run_one_call(config, call)
    with output.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = output.stat().st_size
    if as_json:
        json_lines([{"path": str(output), "bytes": size, "sha256": digest}])
    else:
        line(("written", "green"), f"  {clean(str(output))}, {size:,} bytes")
        line(("sha256   ", "dim"), digest)
    return DONE
