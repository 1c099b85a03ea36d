"""Adapters are found by entry point, one at a time, and a bad one is named."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import TinyAdapter

from omnimsg import ConfigError
from omnimsg.config import load_adapter, provider_names

if TYPE_CHECKING:
    from collections.abc import Callable


class Installed(Distribution):
    """A distribution of some name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str:
        """Say its name."""
        return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: 1\n"

    def locate_file(self, path: Any) -> Any:
        """Find nothing."""
        raise NotImplementedError


def claim(name: str, value: str, owner: str) -> EntryPoint:
    """Build the entry point of a distribution."""
    return EntryPoint(name, value, "omnimsg.providers")._for(Installed(owner))  # type: ignore[attr-defined,no-any-return]  # how importlib makes them


def put(monkeypatch: pytest.MonkeyPatch, *claims: EntryPoint) -> None:
    """Install entry points."""
    monkeypatch.setattr("omnimsg.config.plugins.entry_points", lambda **_: claims)


def test_names_are_sorted(install: Callable[..., None]) -> None:
    """Everything installed is listed, whether or not it works."""
    install(("zeta", "no.such:thing"), ("alpha", "no.such:thing"))

    assert ["alpha", "zeta"] == provider_names()


def test_two_distributions_cannot_claim_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two adapters gets a message is no matter of chance."""
    put(
        monkeypatch,
        claim("tiny", "support.adapters:TinyAdapter", "tiny-one"),
        claim("tiny", "other:Adapter", "tiny-two"),
    )

    with pytest.raises(ConfigError) as caught:
        load_adapter("tiny")

    assert (
        "provider 'tiny' is claimed more than once (other:Adapter of tiny-two,"
        " support.adapters:TinyAdapter of tiny-one): uninstall all but one"
    ) == str(caught.value)


def test_one_claim_seen_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editable install can show its entry points twice."""
    twice = claim("tiny", "support.adapters:TinyAdapter", "tiny-one")
    put(monkeypatch, twice, claim("tiny", "support.adapters:TinyAdapter", "tiny-one"))

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
def test_a_broken_plug_in_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    """The message says which distribution to mend or uninstall, and what is the matter."""
    put(monkeypatch, claim("tiny", value, "tiny-one"))

    with pytest.raises(ConfigError) as caught:
        load_adapter("tiny")

    assert str(caught.value).startswith(f"{value} of tiny-one {expected}")


def test_only_the_named_adapter_is_imported() -> None:
    """A configuration of one provider loads none of the others."""
    program = (
        "import sys; from omnimsg.config import load_config;"
        "load_config({'accounts': {'main': {'provider': 'clickatell', 'api_key': 'k'}}});"
        "print({each.partition('.')[0] for each in sys.modules if each.startswith('omnimsg_')})"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )

    assert "{'omnimsg_clickatell'}" == done.stdout.strip()
