"""The flags that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

ConfigFile = Annotated[Path, Parameter(name="--config", env_var="OMNIMSG_CONFIG")]
"""Each command that takes it describes it as `The configuration, a TOML file.`"""

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
"""Each command that takes it describes it as `Print JSON lines.`"""

CONFIG_FILE = Path("omnimsg.toml")
