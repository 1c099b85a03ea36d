"""Adapters are found by entry point and imported one at a time; errors name the distribution."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import TinyAdapter

from omnimsg import ConfigError
from omnimsg.config import load_adapter, load_config, plugins, provider_names

if TYPE_CHECKING:
    from collections.abc import Callable


class OneProvider(Distribution):
    """A distribution that registers one provider."""

    def __init__(self, name: str, provider: str, value: str) -> None:
        self._files = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
            "entry_points.txt": f"[{plugins.GROUP}]\n{provider} = {value}\n",
        }

    def read_text(self, filename: str) -> str | None:
        """Return the text of a metadata file."""
        return self._files.get(filename)

    def locate_file(self, path: Any) -> Any:
        """Not used: the distribution has no files on disk."""
        raise NotImplementedError


def entry_point(provider: str, value: str, distribution: str) -> EntryPoint:
    """Build the entry point of a provider in a distribution."""
    (found,) = OneProvider(distribution, provider, value).entry_points
    return found


def test_names_are_sorted(install: Callable[..., None]) -> None:
    """Every registered provider is listed, whether or not it can be imported."""
    install(("zeta", "no.such:thing"), ("alpha", "no.such:thing"))

    assert ["alpha", "zeta"] == provider_names()


def test_two_distributions_cannot_register_one_name(
    install: Callable[..., None],
) -> None:
    """Two adapters with one name are an error, because the name does not say which one to use."""
    install(
        entry_point("tiny", "support.adapters:TinyAdapter", "tiny-one"),
        entry_point("tiny", "other:Adapter", "tiny-two"),
    )

    with pytest.raises(ConfigError) as caught:
        load_adapter("tiny")

    assert (
        "provider 'tiny' is claimed more than once (other:Adapter of tiny-two,"
        " support.adapters:TinyAdapter of tiny-one): uninstall all but one"
    ) == str(caught.value)


def test_one_entry_point_listed_twice_is_one(install: Callable[..., None]) -> None:
    """An editable install can list its entry points twice, which is no error."""
    install(*[entry_point("tiny", "support.adapters:TinyAdapter", "tiny-one") for _ in range(2)])

    assert TinyAdapter is load_adapter("tiny")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no.such.module:Adapter", "cannot be imported: ModuleNotFoundError"),
        ("support.adapters:NoSuch", "cannot be imported: AttributeError"),
        ("support.broken_plugin:Adapter", "cannot be imported: ZeroDivisionError"),
        ("support.adapters:tiny", "is not an Adapter"),
        ("support.adapters:TinySettings", "is not an Adapter"),
        ("omnimsg.adapter:Adapter", "is not a whole Adapter: it lacks authorization, send"),
    ],
)
def test_a_broken_adapter_is_named(install: Callable[..., None], value: str, expected: str) -> None:
    """The error names the distribution to fix or uninstall, and says what is wrong with it."""
    install(entry_point("tiny", value, "tiny-one"))

    with pytest.raises(ConfigError) as caught:
        load_adapter("tiny")

    assert str(caught.value).startswith(f"{value} of tiny-one {expected}")


def test_only_the_named_adapter_is_imported() -> None:
    """A configuration of one provider imports no other provider."""
    program = (
        "import sys; from omnimsg.config import load_config;"
        "load_config({'accounts': {'main': {'provider': 'clickatell', 'api_key': 'k'}}});"
        "print({each.partition('.')[0] for each in sys.modules if each.startswith('omnimsg_')})"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )

    assert "{'omnimsg_clickatell'}" == done.stdout.strip()


def test_many_accounts_look_for_providers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration reads the entry points once, however many accounts it has."""
    points = [EntryPoint("tiny", "support.adapters:TinyAdapter", plugins.GROUP)]
    reads = []

    def counting(**wanted: str) -> list[EntryPoint]:
        reads.append(wanted)
        return points

    monkeypatch.setattr(plugins, "entry_points", counting)
    accounts = {f"a{number}": {"provider": "tiny", "key": "k"} for number in range(20)}

    loaded = load_config({"default": "a0", "accounts": accounts})

    assert (20, 1) == (len(loaded.adapters), len(reads))
