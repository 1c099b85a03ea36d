"""`omnimsg download`: download a stored file.

The JSON form is one object about the written file: `path`, `bytes` and `sha256`.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds, whole_number
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import print_json_lines, print_line, sanitize
from omnimsg.cli.stored_media import SEE_SHA256, parse_stored
from omnimsg.cli.streams import system_text
from omnimsg.domain.errors import OperationError
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from omnimsg.client import Client


def download(  # noqa: PLR0913 - one flag each
    stored: str,
    /,
    *,
    output: Path,
    sha256: str | None = None,
    max_bytes: Annotated[int | None, whole_number(1)] = None,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 120.0,
    as_json: Json = False,
) -> int:
    """Download a stored file.

    The output file appears only when it is complete.

    Args:
        stored: The provider's id or URL of the file, or the line that
            `omnimsg upload --json` printed.
        output: The file to write; an existing one is replaced.
        sha256: The SHA-256 of the file, which Clickatell requires.
        max_bytes: The largest file to accept, in bytes after decompression;
            the account's limits.max_download_bytes unless given.
        account: The account that stored it; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> None:
        wanted = parse_stored(client, stored, account=account, sha256=sha256)
        try:
            await client.download(wanted, output, deadline=deadline, max_bytes=max_bytes)
        except OperationError as error:
            if error.failure.reason is Reason.MEDIA_TOO_LARGE:
                hint = "take a larger file with --max-bytes BYTES"
            elif error.failure.path == "sha256":
                hint = SEE_SHA256
            else:
                raise
            raise CommandError(str(error), hint, code=FAILED) from error
        except OSError as error:
            text = f"{output}: cannot be written: {system_text(error)}"
            raise CommandError(text, "choose another --output", code=FAILED) from error

    run_one_call(config, call, account=account)
    with output.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = output.stat().st_size
    if as_json:
        print_json_lines([{"path": str(output), "bytes": size, "sha256": digest}])
    else:
        print_line(("written", "green"), f"  {sanitize(str(output))}, {size:,} bytes")
        print_line(("sha256   ", "dim"), digest)
    return OK
