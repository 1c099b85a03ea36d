"""`omnimsg upload`: hand a file to a provider, for later messages.

The JSON form is that of a stored file, as `omnimsg.cli.stored_media` describes it. The `source` of
a message's media takes it as it is; so do `omnimsg download` and `omnimsg media-info`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import DONE, Stop
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line, say_hint
from omnimsg.cli.stored_media import stored_to_json
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import InvalidValue

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.media import Stored, Upload


@attrs.frozen(kw_only=True)
class About:
    """What is said of the file.

    Attributes:
        content_type: Its media type, such as image/png; it is never guessed.
        file_name: The name a recipient may see; the file's own unless given.
        to: The only recipient it may be sent to; everybody unless given.
        channel: The only channel it is for, where the provider asks.
    """

    content_type: str
    file_name: str | None = None
    to: str | None = None
    channel: Channel | None = None


def upload(
    file: Path,
    /,
    about: Annotated[About, Parameter(name="*")],
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 120.0,
    as_json: Json = False,
) -> int:
    """Hand a file to a provider, for any number of later messages.

    Args:
        file: The file.
        about: What is said of the file.
        account: The account to upload through; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    if not file.is_file():
        raise Stop(f"{file}: no such file", "check its name")
    wanted = _upload(file, about)

    async def call(client: "Client") -> "Stored":
        return await client.upload(wanted, account=account, deadline=deadline)

    stored = run_one_call(config, call)
    if as_json:
        json_lines([stored_to_json(stored)])
        return DONE
    line(("stored", "green"), f"  {clean(file.name)} through {stored.account}")
    shown = attrs.asdict(stored, recurse=False)
    for name in ("id", "url", "sha256", "expires"):
        if shown[name] is not None:
            line((f"{name:<9}", "dim"), clean(str(shown[name])))
    say_hint("--json prints what a message's media source and `omnimsg download` take")
    return DONE


def _upload(file: Path, about: About) -> "Upload":
    from omnimsg.domain.media import Upload  # noqa: PLC0415 - keeps help fast

    try:
        return Upload(
            file,
            about.content_type,
            file_name=about.file_name or file.name,
            restricted_to=about.to,
            channel=about.channel,
        )
    except InvalidValue as error:
        flags = {"restricted_to": "to"}
        said = [(each.path.rpartition(".")[2], each.why) for each in error.problems]
        raise Stop(
            "; ".join(f"--{flags.get(name, name).replace('_', '-')}: {why}" for name, why in said),
            "`omnimsg upload --help` describes the flags",
        ) from error
