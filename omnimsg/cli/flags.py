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


ConfigFile = Annotated[
    Path, Parameter(name="--config", env_var="OMNIMSG_CONFIG", converter=_to_config_path)
]
"""Commands describe this flag as `The configuration, a TOML file.`"""

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
"""Commands describe this flag as `Print JSON lines.`"""

Seconds = Annotated[float, Parameter(validator=validators.Number(gte=0))]
"""A number of seconds; `nan` and negative numbers are refused before anything is tried."""
