"""Find emulators by entry point: any installed distribution may register some."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omnimsg.sandbox.emulator import Emulator

GROUP: Final = "omnimsg.emulators"
"""The entry-point group in which distributions register their emulators."""


def installed_emulators() -> list[type[Emulator]]:
    """Return the emulators that installed distributions offer, sorted by name.

    Raises:
        ValueError: Two distributions offer an emulator of the same name.
    """
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    names = [point.name for point in found]
    duplicates = {name for name in names if names.count(name) > 1}
    if duplicates:
        raise ValueError(f"{GROUP}: offered more than once: {', '.join(sorted(duplicates))}")
    return [point.load() for point in found]
