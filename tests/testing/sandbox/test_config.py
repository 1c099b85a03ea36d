"""The configuration that reaches the sandbox of the tests."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

import pytest

from omnimsg import Client, Message
from omnimsg.config.toml_file import read_toml
from omnimsg.config.url import load_url
from omnimsg.testing.sandbox.session import set_environment

if TYPE_CHECKING:
    from omnimsg.config import Config
    from omnimsg.testing import TestSandbox

TO = "+27820001000"


def test_the_file_has_what_the_mapping_has(sandbox: TestSandbox) -> None:
    """So the code under test may read either; nobody else reads the file."""
    config = sandbox.config

    assert dict(config) == read_toml(config.path)
    assert ["default", "accounts", "callbacks"] == list(config)
    assert "SandboxConfig(accounts=['bird', 'clickatell', 'messente'])" == repr(config)
    if os.name == "posix":
        assert 0o600 == stat.S_IMODE(config.path.stat().st_mode)


def test_the_line_has_the_same_accounts(sandbox: TestSandbox) -> None:
    """Each of them sends through its provider."""
    config = load_url(sandbox.config.url)

    async def send_all(config: Config) -> None:
        async with Client.from_config(config) as client:
            for account in config.adapters:
                await client.send(Message(TO, "Hello", channel="sms"), account=account)

    asyncio.run(send_all(config))

    assert "clickatell" == config.default
    assert {"bird", "clickatell", "messente"} == {each.provider for each in sandbox.messages}


@pytest.mark.parametrize("how", ["config", "url"])
def test_the_environment_reaches_the_sandbox(
    sandbox: TestSandbox, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Client.from_env` reads one of two variables; the other one is taken away."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "real.toml")
    monkeypatch.setenv("OMNIMSG_URL", "clickatell://REAL@main")
    set_environment(os.environ, sandbox.config, how)

    async def send() -> None:
        async with Client.from_env() as client:
            await client.send(Message(TO, "Hello"))

    asyncio.run(send())

    assert "Hello" == sandbox.phone(TO).last.text


def test_another_way_is_refused(sandbox: TestSandbox) -> None:
    """Before a variable is changed."""
    environment = {"OMNIMSG_URL": "clickatell://REAL@main"}

    with pytest.raises(ValueError, match="must be config or url, not 'file'"):
        set_environment(environment, sandbox.config, "file")
    assert {"OMNIMSG_URL": "clickatell://REAL@main"} == environment
