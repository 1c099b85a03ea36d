"""Find emulators by entry point, and build them: any installed distribution may register some."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.emulator import Emulator

if TYPE_CHECKING:
    from omnimsg.sandbox.state import SandboxState

    Factory = Callable[[SandboxState], Emulator]

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


def build_emulators(
    factories: Iterable[Factory] | None, state: SandboxState
) -> dict[str, Emulator]:
    """Build the emulators of a sandbox, by name.

    Args:
        factories: Emulator classes, or functions that build one; None for the installed ones.
        state: The state that they share.

    Raises:
        TypeError: One of them is no emulator.
        ValueError: Two have the same name.
    """
    chosen: Any = installed_emulators() if factories is None else factories
    if isinstance(chosen, (str, type)) or not isinstance(chosen, Iterable):
        given = type(chosen).__name__
        raise TypeError(f"emulators: must be a list of emulator classes, not {given}")
    emulators: dict[str, Emulator] = {}
    for index, factory in enumerate(chosen):
        if not callable(factory):
            given = type(factory).__name__
            what = "an emulator class, or a function that builds one"
            raise TypeError(f"emulators[{index}]: must be {what}, not {given}")
        emulator = factory(state)
        if not isinstance(emulator, Emulator):
            given = type(emulator).__name__
            raise TypeError(f"emulators[{index}]: must give an Emulator, not {given}")
        if emulator.name in emulators:
            raise ValueError("emulators: two of them have the same name")
        emulators[emulator.name] = emulator
    return emulators
