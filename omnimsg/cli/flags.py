"""The flags that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

ConfigFile = Annotated[Path, Parameter(name="--config", env_var="OMNIMSG_CONFIG")]
"""The commands describe it as `The configuration, a TOML file.`"""

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
"""The commands describe it as `Print JSON lines.`"""

Seconds = Annotated[float, Parameter(validator=validators.Number(gte=0))]
"""Refuses what is no number (`nan`) before anything is tried, and a negative one."""

CONFIG_FILE = Path("omnimsg.toml")
"""The default of `--config`."""
