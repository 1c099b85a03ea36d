"""Accounts without their secrets: each is an error only when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.adapters import KEY
from support.config import error_of

from omnimsg import Client, ConfigError
from omnimsg.config import load_config

if TYPE_CHECKING:
    from pathlib import Path


TWO = {
    "default": "a",
    "accounts": {
        "a": {"provider": "tiny", "key": KEY},
        "b": {"provider": "tiny", "key": "env:OMNIMSG_UNSET"},
        "c": {"provider": "tiny", "key": "file:no/such", "limits": {"queue": "env:OMNIMSG_UNSET"}},
    },
}


@pytest.mark.anyio
async def test_a_missing_secret_is_an_error_when_its_account_is_used() -> None:
    """The default account needs its secrets at once, the other accounts at their first use."""
    async with Client.from_config(TWO) as client:
        assert ["a"] == list(client.accounts)
        with pytest.raises(ConfigError, match=r"accounts\.b\.key: .* OMNIMSG_UNSET is not set"):
            client.preview("x", account="b")  # type: ignore[arg-type]  # never read
        with pytest.raises(ConfigError, match=r"accounts\.c\.key"):
            await client.status("c:1")

    assert "accounts.b.key" in error_of({**TWO, "default": "b"})
    with pytest.raises(ConfigError, match="no account 'd'"):
        Client.from_config(TWO, default="d")
    with pytest.raises(ConfigError, match=r"accounts\.b\.key"):
        Client.from_config(TWO, default="b")


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("callbacks", {"public_url": "env:OMNIMSG_UNSET"}, "callbacks.public_url"),
        ("routes", [{"accounts": ["a"], "ttl": "env:OMNIMSG_UNSET"}], "routes[0].ttl"),
        ("budgets", [{"name": "day", "window": "env:OMNIMSG_UNSET"}], "budgets[0].window"),
    ],
)
def test_a_missing_value_of_no_account_is_an_error(key: str, value: object, path: str) -> None:
    """A missing value outside of the accounts is an error at load time."""
    said = error_of({**TWO, key: value})

    assert f"{path}: the environment variable OMNIMSG_UNSET is not set" in said


def test_another_problem_of_an_unused_account_is_an_error() -> None:
    """A mistyped key of an unused account is an error at load time."""
    wrong = {"provider": "tiny", "key": "env:OMNIMSG_UNSET", "sendr": "x"}

    said = error_of({"default": "a", "accounts": {**TWO["accounts"], "b": wrong}})  # type: ignore[dict-item]

    assert "did you mean 'sender'?" in said
    assert "OMNIMSG_UNSET" in said


def test_a_loaded_configuration_is_a_source_too() -> None:
    """`Client.from_config` takes what `load_config` returned."""
    config = load_config(TWO)

    assert "a" == Client.from_config(config).default
    with pytest.raises(ConfigError, match=r"accounts\.b\.key"):
        Client.from_config(config, default="b")


def test_from_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OMNIMSG_CONFIG` names the file; the default is `omnimsg.toml` in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("omnimsg.toml", "named.toml"):
        account = name.partition(".")[0]
        (tmp_path / name).write_text(f'[accounts.{account}]\nprovider = "tiny"\nkey = "{KEY}"\n')

    monkeypatch.delenv("OMNIMSG_CONFIG", raising=False)
    assert "omnimsg" == Client.from_env().default
    monkeypatch.setenv("OMNIMSG_CONFIG", "named.toml")
    assert "named" == Client.from_env().default
    monkeypatch.setenv("OMNIMSG_CONFIG", "missing.toml")
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        Client.from_env()


def test_from_env_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where the file was looked for, and which variable names another one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMNIMSG_CONFIG", raising=False)
    monkeypatch.delenv("OMNIMSG_URL", raising=False)

    with pytest.raises(ConfigError) as caught:
        Client.from_env()

    assert str(caught.value) == (
        "omnimsg.toml: no such file in the working directory, and OMNIMSG_CONFIG names no other;"
        " `omnimsg sandbox --print-config > omnimsg.toml` makes a first one"
    )
