"""Where a setting's value comes from: the environment, a file, or the configuration itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def resolved(text: str, *, folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Follow `env:NAME` and `file:PATH`; any other text is the value itself.

    Args:
        text: What the configuration says.
        folder: What a relative path starts from: the configuration's own folder.
        environment: Where `env:` looks.

    Raises:
        ValueError: The variable is not set or empty; the file cannot be read or is empty.
    """
    source, colon, name = text.partition(":")
    if colon and source == "env":
        value = environment.get(name, "")
        if not value:
            raise ValueError(f"the environment variable {name} is not set")
        return value
    if colon and source == "file":
        path = folder / name
        try:
            # A file made by an editor or by `echo` ends in a newline that is no part of a key.
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the file {path} cannot be read ({type(error).__name__})") from None
        if not value:
            raise ValueError(f"the file {path} is empty")
        return value
    return text
