"""Resolve `env:NAME` and `file:PATH` references in settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def resolve_reference(
    text: str, *, folder: Path, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the value that `env:NAME` or `file:PATH` refers to; any other text is the value.

    Args:
        text: The text in the configuration.
        folder: The folder of the configuration, which a relative path starts from.
        environment: The variables that `env:` refers to.

    Raises:
        ValueError: The variable is not set or is empty; the file cannot be read or is empty.
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
            # Editors and `echo` end a file with a newline, which is not part of the value.
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the file {path} cannot be read ({type(error).__name__})") from None
        if not value:
            raise ValueError(f"the file {path} is empty")
        return value
    return text
