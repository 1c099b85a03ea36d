"""Find adapters by entry point: any installed distribution may register some.

Only the adapter that a configuration names is imported.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

from omnimsg.adapter import Adapter, Operation
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

GROUP = "omnimsg.providers"


def provider_names() -> list[str]:
    """Return the names of all installed providers, sorted."""
    return sorted(_entry_points_by_name())


def load_adapter(provider: str) -> type[Adapter[Any]]:
    """Import the adapter of one provider.

    Raises:
        ConfigError: No installed distribution registers the provider, several do, or the adapter
            cannot be imported.
    """
    registered = _entry_points_by_name()
    if provider not in registered:
        raise ConfigError(f"unknown provider {provider!r}: {unknown_choice(provider, registered)}")
    claims = registered[provider]
    if len(claims) > 1:
        owners = ", ".join(sorted(f"{each.value} of {_distribution_name(each)}" for each in claims))
        raise ConfigError(
            f"provider {provider!r} is claimed more than once ({owners}): uninstall all but one"
        )
    source = f"{claims[0].value} of {_distribution_name(claims[0])}"
    try:
        adapter = claims[0].load()
    except Exception as error:  # an adapter's module may raise anything
        kind = type(error).__name__
        raise ConfigError(f"{source} cannot be imported: {kind}: {error}") from error
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        raise ConfigError(f"{source} is not an Adapter")
    if isabstract(adapter):
        lacking = ", ".join(sorted(adapter.__abstractmethods__))
        raise ConfigError(f"{source} is not a whole Adapter: it lacks {lacking}")
    return adapter


def providers_with(operation: Operation) -> str:
    """Write which installed providers have an operation, for an error."""
    able = []
    for provider in provider_names():
        try:
            if operation in load_adapter(provider).operations():
                able.append(provider)
        except ConfigError:
            # A broken plug-in must not hide the answer of the others.
            continue
    return f"it is offered by {', '.join(able)}" if able else "no installed provider has it"


def _entry_points_by_name() -> dict[str, list[EntryPoint]]:
    """Group the entry points by name; an entry point that is listed twice counts once."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for each in entry_points(group=GROUP):
        found.setdefault(each.name, {})[each.value, _distribution_name(each)] = each
    return {name: list(claims.values()) for name, claims in found.items()}


def _distribution_name(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"
