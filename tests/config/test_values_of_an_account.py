"""The values of an account: its name, base URL, sender, channel and network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import KEY, TinyAdapter
from support.config import MAIN, error_of, one

from omnimsg.config import load_config

if TYPE_CHECKING:
    from pathlib import Path


def test_a_long_name_of_an_account() -> None:
    """An account's name may have 64 characters; a longer one is an error."""
    table = one()["accounts"]["main"]

    assert ["a" * 64] == list(load_config({"accounts": {"a" * 64: table}}).adapters)
    assert "at most 64" in error_of({"accounts": {"a" * 250: table}})


@pytest.mark.parametrize(
    "url",
    [
        *("https://a.example\n.evil.example", "https://a.example\t", " https://a.example"),
        *("https://a.example/\r\nX: y", "https://a..example", "https://" + "a" * 64 + ".example"),
        *("https://a.example\\@evil.example", "https://a b.example", "https://a.example/x y"),
        "https://a%00.example",
    ],
)
def test_an_ambiguous_base_url_is_refused(url: str) -> None:
    """A base URL that parsers read in different ways, such as one with a line break, is refused."""
    assert error_of(one(base_url=url)).startswith(f"{MAIN}base_url: must be")


def test_http_for_another_machine() -> None:
    """Plain `http` to another machine needs `allow_http`; the error names that key."""
    url = "http://sandbox:8700/tiny"

    assert "allow_http = true" in error_of(one(base_url=url))
    assert url == load_config(one(base_url=url, allow_http=True)).adapters["main"].account.base_url


@pytest.mark.parametrize("keys", [{}, {"channel": "whatsapp"}, {"channel": "sms"}])
def test_a_sender_that_no_channel_can_carry(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str]
) -> None:
    """A sender that none of the account's channels supports is an error: it would be dropped."""

    class MuteAdapter(TinyAdapter):
        capabilities = attrs.evolve(
            TinyAdapter.capabilities,
            channels={
                name: attrs.evolve(each, fields=each.fields - {"sender"})
                for name, each in TinyAdapter.capabilities.channels.items()
            },
        )

    monkeypatch.setattr("omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: MuteAdapter)

    assert error_of(one(sender="Shop", **keys)).startswith(f"{MAIN}sender: cannot be used: tiny")
    assert load_config(one(**keys)).adapters


def test_a_channel_that_the_account_does_not_have() -> None:
    """A default channel on which the account cannot send is an error that names those it has."""
    why = f"{MAIN}channel: is not one that the account can send on; use sms"

    assert error_of(one(channel="viber", sender="Shop")).startswith(why)
    assert load_config(one(channel="sms")).adapters


@pytest.mark.parametrize(("value", "why"), [(0, None), (-1, "at least 0"), ("x", "a number")])
def test_the_keys_of_the_network(value: Any, why: str | None) -> None:
    """Network keys are checked for type and range like all others."""
    if why is None:
        assert 0.0 == load_config(one(keepalive=value)).policies["main"].network.keepalive
    else:
        assert why in error_of(one(keepalive=value))
    assert "more than 0" in error_of(one(connect_timeout=0))
    assert "proxy: must be" in error_of(one(proxy="https://p.example"))


def test_a_ca_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    """`ca_file` is relative to the configuration; a file without a certificate is an error."""
    config = tmp_path / "omnimsg.toml"
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        config.write_text(f'[accounts.a]\nprovider = "tiny"\nkey = "{KEY}"\nca_file = "{name}"\n')
        assert f"ca_file: the file {tmp_path}/{name} has no certificate" in error_of(config)
