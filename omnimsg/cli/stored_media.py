"""Naming a stored file on the command line: by the provider's id or URL, or in JSON.

The JSON form, which `omnimsg upload --json` prints and the commands for stored files take, is that
of a message's media source: `type` ("stored"), `account`, `id` and `url` (at least one of them),
`sha256`, `expires`, `restricted_to`, `client_encrypted`. What is not known is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import Stop
from omnimsg.domain.errors import InvalidValue

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.media import Stored

_FORM = (
    "give the provider's id or URL of the file, or the line that `omnimsg upload --json` printed"
)


def stored_of(client: Client, text: str, *, account: str | None, sha256: str | None) -> Stored:
    """Read what a user says of a stored file.

    Args:
        client: Knows the default account.
        text: An id, a URL or JSON.
        account: The account it belongs to, where the text does not say; else the default account.
        sha256: Its digest, where the text does not say.

    Raises:
        Stop: It is none of them, or two things are said of it.
    """
    from omnimsg.domain.media import Stored  # noqa: PLC0415
    from omnimsg.domain.serialization import from_json  # noqa: PLC0415 - keeps help fast

    said: dict[str, Any] = {}
    if text.lstrip().startswith("{"):
        try:
            said = json.loads(text)
        except ValueError:
            raise Stop("the file: is not JSON", _FORM) from None
        if said.pop("type", "stored") != "stored":
            raise Stop("the file: is not a stored one", _FORM)
    else:
        said["url" if text.startswith(("https://", "http://")) else "id"] = text
    for key, value in (("account", account), ("sha256", sha256)):
        if value is not None and said.setdefault(key, value) != value:
            raise Stop(f"--{key}: the JSON says another one", "leave the flag out")
    said.setdefault("account", client.default)
    try:
        return from_json(Stored, said)
    except InvalidValue as error:
        raise Stop(f"the file: {error}", _FORM) from error


def stored_to_json(stored: Stored) -> dict[str, Any]:
    """Write a stored file in the form that the module describes."""
    from omnimsg.domain.serialization import to_json  # noqa: PLC0415 - keeps help fast

    return {"type": stored.kind, **to_json(stored)}
