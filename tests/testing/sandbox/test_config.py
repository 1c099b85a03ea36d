"""The configuration with which the code under test reaches the sandbox."""

from __future__ import annotations

import asyncio
import os
import stat
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg import Client, Event, Message
from omnimsg.config.account_urls import load_url
from omnimsg.config.toml_file import read_toml
from omnimsg.sandbox.toml_text import toml_text
from omnimsg.testing import serve_sandbox
from omnimsg.testing.sandbox.session import set_environment

if TYPE_CHECKING:
    from omnimsg.config import Config
    from omnimsg.testing import TestSandbox

TO = "+27820001000"

OWN: dict[str, Any] = {
    "default": "main",
    "callbacks": {"public_url": "https://hooks.example.test/omnimsg", "concurrency": 5},
    "routes": [{"match": {"tags": ["mail"]}, "accounts": ["mail"]}],
    "accounts": {
        "main": {
            "provider": "clickatell",
            "api_key": "env:NOBODY_SETS_THIS",
            "callback_logins": ["env:NOBODY_SETS_THIS"],
            "base_url": "https://platform.example.test",
            "proxy": "http://proxy.example.test:3128",
            "limits": {"concurrency": 2},
        },
        "mail": {
            "provider": "bird",
            "access_key": "real",
            "workspace_id": "real",
            "channels": {"sms": "real"},
            "channel": "sms",
        },
    },
}


def test_the_file_has_what_the_mapping_has(sandbox: TestSandbox) -> None:
    """The configuration is both a mapping and a file that only the owner can read."""
    config = sandbox.config

    assert dict(config) == read_toml(config.path)
    assert ["default", "accounts", "callbacks"] == list(config)
    assert "SandboxConfig(accounts=['bird', 'clickatell', 'messente'])" == repr(config)
    if os.name == "posix":
        assert 0o600 == stat.S_IMODE(config.path.stat().st_mode)


def test_the_line_has_the_same_accounts(sandbox: TestSandbox) -> None:
    """The configuration as a URL has the same accounts, and each can send."""
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
    """The environment has only the chosen variable, with which `Client.from_env` works."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "real.toml")
    monkeypatch.setenv("OMNIMSG_URL", "clickatell://REAL@main")
    set_environment(os.environ, sandbox.config, how)

    async def send() -> None:
        async with Client.from_env() as client:
            await client.send(Message(TO, "Hello"))

    asyncio.run(send())

    assert "Hello" == sandbox.phone(TO).last.text


def test_another_way_is_refused(sandbox: TestSandbox) -> None:
    """An unknown choice of variable is refused, and the environment is unchanged."""
    environment = {"OMNIMSG_URL": "clickatell://REAL@main"}

    with pytest.raises(ValueError, match="must be config or url, not 'file'"):
        set_environment(environment, sandbox.config, "file")
    assert {"OMNIMSG_URL": "clickatell://REAL@main"} == environment


def test_the_application_may_have_a_configuration_of_its_own() -> None:
    """An own configuration keeps names, limits and routes, but reaches only the sandbox."""
    events: list[Event] = []

    async def handle(event: Event) -> None:
        events.append(event)

    async def send(client: Client) -> list[str]:
        mail = Message(TO, "Two", tags=["mail"])
        return [str((await client.send(each)).id) for each in (Message(TO, "One"), mail)]

    with serve_sandbox(own=OWN) as sandbox:
        client = Client.from_config(sandbox.config.path)
        sandbox.call_back_to(client.receiver(handle))
        ids = asyncio.run(send(client))
        sandbox.wait_for_callbacks()
        config, received = dict(sandbox.config), sandbox.phone(TO).messages

    assert ids == [each.message_id for each in received]
    assert ["main", "mail"] == [each.partition(":")[0] for each in ids]
    assert {"main", "mail"} == {each.account for each in events}
    assert {"concurrency": 2} == config["accounts"]["main"]["limits"]
    assert set() == {"proxy", "callback_logins"} & config["accounts"]["main"].keys()
    assert 5 == config["callbacks"]["concurrency"]


def test_the_id_of_one_of_several_accounts_is_not_guessed() -> None:
    """With two accounts of one provider, a received message has no `message_id`."""
    table = OWN["accounts"]["main"]
    own = {"default": "main", "accounts": {"main": table, "spare": table}}

    with serve_sandbox(own=own) as sandbox:

        async def send() -> None:
            async with Client.from_config(sandbox.config) as client:
                await client.send(Message(TO, "Hello"))

        asyncio.run(send())
        message = sandbox.phone(TO).wait_for()

    assert message.message_id is None


def test_a_real_provider_is_not_reached() -> None:
    """An account of a provider that the sandbox lacks is refused, as it would send for real."""
    own = {"accounts": {"main": {"provider": "pigeon", "key": "real"}}}

    refusal = r"accounts\.main: the sandbox has no provider 'pigeon'"
    with pytest.raises(ValueError, match=refusal), serve_sandbox(own=own):
        pass


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates()
    | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4))
def test_a_mapping_is_written_as_toml(content: dict[str, Any]) -> None:
    """Any mapping written as TOML is read back as an equal one."""
    assert content == tomllib.loads(toml_text(content))
