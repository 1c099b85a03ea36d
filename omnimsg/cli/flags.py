"""The flags that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

ConfigFile = Annotated[Path, Parameter(name="--config", env_var="OMNIMSG_CONFIG")]
"""Commands describe this flag as `The configuration, a TOML file.`"""

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
"""Commands describe this flag as `Print JSON lines.`"""

Seconds = Annotated[float, Parameter(validator=validators.Number(gte=0))]
"""A number of seconds; `nan` and negative numbers are refused before anything is tried."""

CONFIG_FILE = Path("omnimsg.toml")
"""The default of `--config`."""
