"""`omnimsg upload`: upload a file to a provider, for use in later messages.

The JSON form is that of a stored file, which `omnimsg.cli.stored_media` describes. It is valid as
the `source` of a message's media, and as an argument of `omnimsg download` and `omnimsg
media-info`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds, flag_of
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import print_hint, print_json_lines, print_line, sanitize, time_text
from omnimsg.cli.stored_media import stored_to_json
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import InvalidValue

if TYPE_CHECKING:
    from omnimsg.domain.media import Upload


@attrs.frozen(kw_only=True)
class UploadFlags:
    """The flags that describe the file.

    Attributes:
        content_type: The media type of the file, such as image/png; it is never guessed.
        file_name: The name that a recipient may see; the file's own unless given.
        to: The only recipient that may get the file; any recipient unless given.
        channel: The only channel to use the file on; every channel unless given.
    """

    content_type: str
    file_name: str | None = None
    to: str | None = None
    channel: Channel | None = None


def upload(
    file: Path,
    /,
    flags: Annotated[UploadFlags, Parameter(name="*")],
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 120.0,
    as_json: Json = False,
) -> int:
    """Upload a file to a provider, for use in later messages.

    Args:
        file: The file to upload.
        flags: The flags that describe the file.
        account: The account to upload through; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    if not file.is_file():
        raise CommandError(f"{file}: no such file", "check its name")
    file_upload = _build_upload(file, flags)
    stored = run_one_call(
        config,
        lambda client: client.upload(file_upload, account=account, deadline=deadline),
        account=account,
    )
    if as_json:
        print_json_lines([stored_to_json(stored)])
        return OK
    print_line(("stored", "green"), f"  {sanitize(file.name)} through {stored.account}")
    values = attrs.asdict(stored, recurse=False)
    for name in ("id", "url", "sha256"):
        if values[name] is not None:
            print_line((f"{name:<9}", "dim"), sanitize(str(values[name])))
    if stored.expires is not None:
        print_line(("expires  ", "dim"), time_text(stored.expires))
    print_hint("--json prints it in the form that `omnimsg download` and a message's media accept")
    return OK


def _build_upload(file: Path, flags: UploadFlags) -> "Upload":
    from omnimsg.domain.media import Upload  # noqa: PLC0415 - keeps help fast

    try:
        return Upload(
            file,
            flags.content_type,
            file_name=flags.file_name or file.name,
            restricted_to=flags.to,
            channel=flags.channel,
        )
    except InvalidValue as error:
        raise CommandError(
            "; ".join(f"{flag_of(each.path)}: {each.why}" for each in error.problems),
            "`omnimsg upload --help` describes the flags",
        ) from error
