"""Find adapters by entry point: any installed distribution may register some.

Only the adapters that a configuration names are imported.
"""

from __future__ import annotations

from functools import cached_property
from inspect import isabstract
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter, Operation
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

GROUP = "omnimsg.providers"


def entry_points(*, group: str) -> Iterable[EntryPoint]:
    """Return the entry points of a group."""
    from importlib import metadata  # noqa: PLC0415 - slow to import, and not needed to send

    return metadata.entry_points(group=group)


class InstalledProviders:
    """The installed providers; their entry points are read once, when first needed.

    Finding them takes longer than building an account, so share one instance between accounts.
    """

    def __init__(self) -> None:
        self._adapters: dict[str, type[Adapter[Any]]] = {}

    @cached_property
    def _claims(self) -> dict[str, list[EntryPoint]]:
        """The entry points by name; one that is listed twice counts once."""
        found: dict[str, list[EntryPoint]] = {}
        for each in entry_points(group=GROUP):
            found.setdefault(each.name, []).append(each)
        return {name: _distinct(claims) for name, claims in found.items()}

    def names(self) -> list[str]:
        """Return the names of all installed providers, sorted."""
        return sorted(self._claims)

    def adapter(self, provider: str) -> type[Adapter[Any]]:
        """Import the adapter of one provider.

        Raises:
            ConfigError: No installed distribution registers the provider, several do, or the
                adapter cannot be imported.
        """
        found = self._adapters.get(provider)
        if found is None:
            found = self._adapters[provider] = _import_adapter(provider, self._claims)
        return found


def provider_names() -> list[str]:
    """Return the names of all installed providers, sorted."""
    return InstalledProviders().names()


def load_adapter(provider: str) -> type[Adapter[Any]]:
    """Import the adapter of one provider.

    Raises:
        ConfigError: No installed distribution registers the provider, several do, or the adapter
            cannot be imported.
    """
    return InstalledProviders().adapter(provider)


def providers_with(operation: Operation) -> str:
    """Return a sentence for an error: which installed providers have an operation."""
    able = []
    for provider in provider_names():
        try:
            if operation in load_adapter(provider).operations():
                able.append(provider)
        except ConfigError:
            # A broken plug-in must not hide the other providers.
            continue
    return f"it is offered by {', '.join(able)}" if able else "no installed provider has it"


def _import_adapter(
    provider: str, registered: Mapping[str, list[EntryPoint]]
) -> type[Adapter[Any]]:
    if provider not in registered:
        raise ConfigError(f"unknown provider {provider!r}: {unknown_choice(provider, registered)}")
    claims = registered[provider]
    if len(claims) > 1:
        owners = ", ".join(sorted(map(_source, claims)))
        raise ConfigError(
            f"provider {provider!r} is claimed more than once ({owners}): uninstall all but one"
        )
    try:
        adapter = claims[0].load()
    except Exception as error:  # an adapter's module may raise anything
        kind = type(error).__name__
        raise ConfigError(f"{_source(claims[0])} cannot be imported: {kind}: {error}") from error
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        raise ConfigError(f"{_source(claims[0])} is not an Adapter")
    if isabstract(adapter):
        lacking = ", ".join(sorted(adapter.__abstractmethods__))
        raise ConfigError(f"{_source(claims[0])} is not a whole Adapter: it lacks {lacking}")
    return adapter


def _distinct(claims: list[EntryPoint]) -> list[EntryPoint]:
    """Remove duplicates; a single claim is returned without reading its distribution, for speed."""
    return claims if len(claims) == 1 else list({_source(each): each for each in claims}.values())


def _source(entry: EntryPoint) -> str:
    """Describe an entry point by object and distribution; reading its metadata is slow."""
    owner = entry.dist.name if entry.dist is not None else "an unknown distribution"
    return f"{entry.value} of {owner}"
