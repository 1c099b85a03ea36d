"""Parse the argument that names a stored file: the provider's id or URL, or JSON.

The JSON form, which `omnimsg upload --json` prints and the commands for stored files accept, is
that of a message's media source: `type` ("stored"), `account`, `id` and `url` (at least one of
them), `sha256`, `expires`, `restricted_to`, `client_encrypted`. Unknown values are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import CommandError
from omnimsg.domain.errors import InvalidValue

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.media import Stored

_HINT = (
    "give the provider's id or URL of the file, or the line that `omnimsg upload --json` printed"
)
SEE_SHA256 = "give --sha256, which `omnimsg upload` printed, or the line of `omnimsg upload --json`"


def parse_stored(client: Client, text: str, *, account: str | None, sha256: str | None) -> Stored:
    """Parse the argument that names a stored file.

    Args:
        client: The client whose default account is used if no account is named.
        text: An id, a URL or JSON.
        account: The value of `--account`, for an id, a URL, or JSON that names no account.
        sha256: The value of `--sha256`, likewise.

    Raises:
        CommandError: The text is none of these, or a flag contradicts the JSON.
    """
    from omnimsg.domain.media import Stored  # noqa: PLC0415
    from omnimsg.domain.serialization import from_json  # noqa: PLC0415 - keeps help fast

    values: dict[str, Any] = {}
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text)
        except ValueError:
            raise CommandError("the file: is not JSON", _HINT) from None
        if values.pop("type", "stored") != "stored":
            raise CommandError("the file: is not a stored file", _HINT)
    else:
        values["url" if text.startswith(("https://", "http://")) else "id"] = text
    for key, value in (("account", account), ("sha256", sha256)):
        if value is not None and values.setdefault(key, value) != value:
            raise CommandError(f"--{key}: the JSON says another one", "leave the flag out")
    values.setdefault("account", client.default)
    try:
        return from_json(Stored, values)
    except InvalidValue as error:
        if sha256 is not None and error.problems[0].path == "sha256":
            raise CommandError(f"--{error.problems[0]}", SEE_SHA256) from error
        raise CommandError(f"the file: {error}", _HINT) from error


def stored_to_json(stored: Stored) -> dict[str, Any]:
    """Convert a stored file to the JSON form of this module."""
    from omnimsg.domain.serialization import to_json  # noqa: PLC0415 - keeps help fast

    return {"type": stored.kind, **to_json(stored)}
