"""`omnimsg providers` and `omnimsg codes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import config
from omnimsg.config import load_adapter, provider_names
from omnimsg.domain.errors import ConfigError

if TYPE_CHECKING:
    from support.command import Run


def test_providers_agree_with_the_capabilities(run: Run) -> None:
    """The JSON form has the capabilities that each adapter declares."""
    ran = run("providers", "--json")

    assert ran.code == 0
    assert [row["provider"] for row in ran.rows] == provider_names()
    for row in ran.rows:
        capabilities = load_adapter(row["provider"]).capabilities
        assert row["max_messages"] == capabilities.max_messages
        assert {name: set(each["content"]) for name, each in row["channels"].items()} == {
            channel.value: set(each.content) for channel, each in capabilities.channels.items()
        }


def test_providers_side_by_side(run: Run) -> None:
    """The table has a column for each provider, and fits into 80 columns."""
    ran = run("providers")

    assert ran.code == 0
    assert ran.out.split()[: len(provider_names())] == provider_names()
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_broken_provider_does_not_hide_the_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken provider is an error line and exit code 1; the others are shown."""

    def load(name: str) -> type[Any]:
        if name == "bird":
            raise ConfigError("the adapter of 'bird' cannot be imported: no module")
        return load_adapter(name)

    monkeypatch.setattr(config, "load_adapter", load)

    ran = run("providers", "--json")

    assert ran.code == 1
    assert "'bird' cannot be imported" in ran.error
    assert [row["provider"] for row in ran.rows] == ["clickatell", "messente"]


@pytest.mark.parametrize("provider", provider_names())
def test_codes_are_the_tables(run: Run, provider: str) -> None:
    """Every row of an adapter's tables is printed, and the tables fit into 80 columns."""
    adapter = load_adapter(provider)

    ran = run("codes", provider, "--json")

    codes = [(row["level"], row["code"]) for row in ran.rows if row["table"] == "code"]
    statuses = [row["name"] for row in ran.rows if row["table"] == "status"]
    assert ran.code == 0
    assert codes == [(row.level, row.code) for row in adapter.codes]
    assert statuses == [row.name for row in adapter.statuses]
    assert max(map(len, run("codes", provider).out.splitlines())) <= 80


def test_an_unknown_provider_names_the_nearest(run: Run) -> None:
    """An unknown provider is exit code 2, and the hint names the nearest one."""
    ran = run("codes", "clickatel")

    assert ran.code == 2
    assert ran.error == (
        "error: unknown provider 'clickatel': must be one of bird, clickatell, messente"
    )
    assert ran.hint == "hint: did you mean 'clickatell'?"
