"""The flags that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token, validators

CONFIG_FILE = Path("omnimsg.toml")
"""The default of `--config`."""


def _to_config_path(_: type[Path], tokens: Sequence[Token]) -> Path:
    """Return the path; an empty variable counts as one that is not set, as for `from_env`."""
    token = tokens[0]
    if not token.value and token.source != "env":
        raise ValueError("names no file")
    return Path(token.value) if token.value else CONFIG_FILE


def _to_whole_number(_: type[int], tokens: Sequence[Token]) -> int:
    """Return the number; cyclopts would round `1.5` without a word."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def whole_number(at_least: int | None = None, at_most: int | None = None) -> Parameter:
    """Return what stands beside the type of a flag that is a whole number."""
    allowed = validators.Number(gte=at_least, lte=at_most)
    return Parameter(converter=_to_whole_number, validator=allowed)


ConfigFile = Annotated[
    Path, Parameter(name="--config", env_var="OMNIMSG_CONFIG", converter=_to_config_path)
]
"""Commands describe this flag as `The configuration, a TOML file.`"""

# The flag of each field path; a field that is not listed has a flag of its own name.
_FLAG_BY_FIELD = {
    "Message.to": "to",
    "Message.send_at": "at",
    "Message.content": "text",
    "Text.text": "text",
    "Link.url": "media",
    "Media.caption": "caption",
    "Template.name": "template",
    "TextParameter.text": "param",
    "Email.text": "text",
    "Upload.restricted_to": "to",
    "number": "to",
}


def flag_of(path: str) -> str:
    """Return the flag that fills a field, by its path in the model."""
    field = path.rpartition(".")[2].partition("[")[0]
    return flag_list({_FLAG_BY_FIELD.get(path, field)})


def flag_list(names: set[str]) -> str:
    """Return the flags with these names, as written on the command line."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


Json = Annotated[bool, Parameter(name="--json", show_default=False)]
"""Commands describe this flag as `Print JSON lines.`"""

Port = Annotated[int, whole_number(0, 65535)]
"""The port of a server; 0 lets the system choose one."""

Seconds = Annotated[float, Parameter(validator=validators.Number(gte=0))]
"""A number of seconds; `nan` and negative numbers are refused before anything is tried."""
