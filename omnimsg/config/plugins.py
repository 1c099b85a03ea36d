"""Finding adapters: every installed distribution may bring some, by entry point.

Only the adapter that a configuration names is imported.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

from omnimsg.adapter import Adapter
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

GROUP = "omnimsg.providers"


def provider_names() -> list[str]:
    """Return the names of all installed providers, sorted."""
    return sorted(_found())


def load_adapter(provider: str) -> type[Adapter[Any]]:
    """Import the adapter of one provider.

    Raises:
        ConfigError: No installed distribution has it, two claim it, or it cannot be imported.
    """
    found = _found()
    if provider not in found:
        raise ConfigError(f"unknown provider {provider!r}: {unknown_choice(provider, found)}")
    claims = found[provider]
    if len(claims) > 1:
        owners = ", ".join(sorted(f"{each.value} of {_owner(each)}" for each in claims))
        raise ConfigError(
            f"provider {provider!r} is claimed more than once ({owners}): uninstall all but one"
        )
    source = f"{claims[0].value} of {_owner(claims[0])}"
    try:
        adapter = claims[0].load()
    except Exception as error:  # a plug-in may fail in any way
        kind = type(error).__name__
        raise ConfigError(f"{source} cannot be imported: {kind}: {error}") from error
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        raise ConfigError(f"{source} is not an Adapter")
    if isabstract(adapter):
        lacking = ", ".join(sorted(adapter.__abstractmethods__))
        raise ConfigError(f"{source} is not a whole Adapter: it lacks {lacking}")
    return adapter


def _found() -> dict[str, list[EntryPoint]]:
    """Group the entry points by name; the same one listed twice counts once."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for each in entry_points(group=GROUP):
        found.setdefault(each.name, {})[each.value, _owner(each)] = each
    return {name: list(claims.values()) for name, claims in found.items()}


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"
