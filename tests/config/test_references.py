"""`env:` and `file:` references: where they may stand, their limits, and secrets in errors."""

from __future__ import annotations

import logging
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from support.adapters import KEY, TinyAdapter

from omnimsg import Client, ConfigError, Network, OnAmbiguous, Secret
from omnimsg.config import load_config
from omnimsg.config.loading import config_from_mapping
from omnimsg.config.references import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "configuration: accounts.main."


def one(**changes: Any) -> dict[str, Any]:
    """Build a configuration of one Tiny account."""
    return {"accounts": {"main": {"provider": "tiny", "key": KEY, **changes}}}


def error_of(source: Any) -> str:
    """Return the error text of a configuration that cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        load_config(source)
    return str(caught.value)


VALUES = {
    "PROVIDER": "tiny",
    "WHICH": "main",
    "URL": "http://127.0.0.1:8080",
    "RATE": "12.5",
    "COUNT": "7",
    "YES": "True",
    "WORD": "resend",
    "PROXY": "http://me:pw@proxy.example:3128",
    "TEXT": "12",
}


def test_every_value_may_be_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference may stand for `default`, a number, a boolean, a word, or a nested value."""
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)

    config = load_config(
        {
            "default": "env:WHICH",
            "accounts": {
                "main": {
                    "provider": "env:PROVIDER",
                    "key": "env:TEXT",
                    "base_url": "env:URL",
                    "sender": "env:TEXT",
                    "limits": {"requests_per_second": "env:RATE", "concurrency": "env:COUNT"},
                    "retry": {"attempts": "env:COUNT", "base": "env:COUNT"},
                    "on_ambiguous": "env:WORD",
                    "keepalive": "env:RATE",
                    "allow_http": "env:YES",
                    "proxy": "env:PROXY",
                    "templates": {"hi": {"keys": ["env:WORD"]}},
                    "extras": {"deep": [{"er": "env:TEXT"}]},
                },
                "other": {"provider": "tiny", "key": KEY},
            },
        }
    )

    account, policy = config.adapters["main"].account, config.policies["main"]
    assert "main" == config.default
    assert ("12", "http://127.0.0.1:8080") == (account.sender, account.base_url)
    assert Secret("12") == account.settings.key
    assert (12.5, 7) == (policy.limits.requests_per_second, policy.limits.concurrency)
    assert (7, 7.0, float) == (policy.retry.attempts, policy.retry.base, type(policy.retry.base))
    assert OnAmbiguous.RESEND is policy.on_ambiguous
    assert Network(keepalive=12.5, allow_http=True, proxy=VALUES["PROXY"]) == policy.network
    assert ("resend",) == account.templates["hi"].keys
    assert {"deep": ({"er": "12"},)} == account.extras
    assert str is type(account.extras["deep"][0]["er"])


@pytest.mark.parametrize(
    "text", ["", "5 ", "0x5", "five", "1_0", "9" * 5000, "nan", "inf", "1e999"]
)
def test_what_is_no_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The error for a referenced value that is no number does not show the value."""
    monkeypatch.setenv("NUMBER", text)

    for key in ("limits.concurrency", "limits.requests_per_second"):
        table, _, name = key.partition(".")
        said = error_of(one(**{table: {name: "env:NUMBER"}}))
        assert said.startswith(f"{MAIN}{key}: ")
        assert text.strip() not in said.removeprefix(MAIN) or len(text.strip()) < 2


def test_a_reference_in_any_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """References are resolved in every kind of mapping and sequence."""
    monkeypatch.setenv("TEXT", KEY)
    account = MappingProxyType({"provider": "tiny", "key": "env:TEXT"})

    config = load_config(MappingProxyType({"accounts": MappingProxyType({"main": account})}))

    assert KEY == config.adapters["main"].account.settings.key.reveal()


@pytest.mark.parametrize("text", ["yes", "1", "truee", "hunter22"])
def test_what_is_no_boolean_and_no_word(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The error lists the allowed words and does not show the referenced value."""
    monkeypatch.setenv("VALUE", text)

    assert f"{MAIN}allow_http: must be true or false" == error_of(one(allow_http="env:VALUE"))
    said = error_of(one(on_ambiguous="env:VALUE"))
    assert said.startswith(f"{MAIN}on_ambiguous: must be one of hold, resend")
    assert "hunter22" not in said


def test_text_in_the_file_is_no_number() -> None:
    """Text in the configuration itself is not converted to a number; only referenced text is."""
    assert error_of(one(limits={"concurrency": "5"})).endswith("must be a whole number")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("file:pipe", "is a pipe or a device"),
        ("file:/dev/zero", "is a pipe or a device"),
        ("file:.", "cannot be read (IsADirectoryError)"),
        ("file:large", "has more than 64 KiB"),
        ("file:" + "n" * 300, "cannot be read (OSError)"),
        ("file:" + "n" * 250, "cannot be read (FileNotFoundError)"),
        ("file:a\0b", "has a NUL character"),
        ("file:latin", "is not UTF-8"),
        ("env:a\0b", "is not set"),
        ("env:A=B", "is not set"),
        ("env:", "is not set"),
        ("env:\ud800", "is not set"),
    ],
)
def test_a_reference_that_leads_nowhere(tmp_path: Path, value: str, why: str) -> None:
    """A reference to a pipe, a device, or a missing, large or unreadable file is an error."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    (tmp_path / "latin").write_bytes("clé".encode("latin-1"))
    source = {"accounts": {"main": {"provider": "tiny", "key": value}}}

    with pytest.raises(ConfigError) as caught:
        config_from_mapping(source, where="configuration", folder=tmp_path)
    assert why in str(caught.value)


def test_a_value_of_a_windows_editor(tmp_path: Path) -> None:
    """A byte order mark in a referenced file is not part of the value."""
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfabc\r\n")

    config = load_config(one(key=f"file:{tmp_path}/key"))

    assert Secret("abc") == config.adapters["main"].account.settings.key


@pytest.mark.parametrize("depth", [31, 5_000])
def test_deep_nesting_is_an_error(tmp_path: Path, depth: int) -> None:
    """Nesting beyond 30 levels is a `ConfigError`, in a mapping and in a file."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    file = tmp_path / "omnimsg.toml"
    deep = "[" * depth + "]" * depth
    file.write_text(f'[accounts.main]\nprovider = "tiny"\nkey = "{KEY}"\nextras.a = {deep}\n')

    assert error_of(one(extras={"a": value})).endswith("is nested more than 30 levels deep")
    assert "nested" in error_of(file)


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


def _has_digits(_: object, __: Any, pin: Secret | None) -> None:
    if pin is not None:
        raise ValueError(f"the pin {pin.reveal()} has no digit")


@attrs.frozen(kw_only=True)
class StrictSettings:
    """Settings with validators that put the value into their errors."""

    password: Secret | None = None
    pin: Secret | None = attrs.field(default=None, validator=_has_digits)
    token: str = attrs.field(default="", validator=attrs.validators.matches_re("[a-z]{4}"))
    kind: str = attrs.field(default="a", validator=attrs.validators.in_(["a", "b"]))


class StrictAdapter(TinyAdapter):
    """Refuses every account that has a password, with the password in the error."""

    settings: ClassVar[type[Any]] = StrictSettings

    def __init__(self, account: Any) -> None:
        if account.settings.password is not None:
            raise ValueError(f"the password {account.settings.password.reveal()!r} is wrong")
        super().__init__(account)


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ({"token": "HUNTER22"}, "token"),
        ({"token": ""}, "must match"),
        ({"kind": "HUNTER22"}, "must be in"),
        ({"password": "HUNTER22"}, "the password '***' is wrong"),
        ({"pin": "HUNTER22"}, "the pin *** has no digit"),
        ({"password": "x1"}, "is not valid"),
        ({"password": "", "token": "abcd"}, "must be one line of text"),
    ],
)
def test_no_error_shows_a_secret(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], shown: str
) -> None:
    """No error shows a secret, even if a validator or the adapter puts it into its own error."""
    monkeypatch.setattr(
        "omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: StrictAdapter
    )
    table = {"provider": "strict", "token": "abcd", **keys}

    said = error_of({"accounts": {"main": table}})

    assert shown in said
    for secret in ("HUNTER22", "'x1'", "Attribute(", "''"):
        assert secret not in said


def test_a_hint_names_only_what_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A derived field (`init=False`) is neither accepted as a key nor suggested."""

    @attrs.frozen(kw_only=True)
    class Derived:
        key: Secret
        key_length: int = attrs.field(init=False, default=1)

    class DerivedAdapter(TinyAdapter):
        settings: ClassVar[type[Any]] = Derived

    monkeypatch.setattr(
        "omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: DerivedAdapter
    )

    for key in ("key_length", "key_lenght"):
        said = error_of(one(**{key: 5}))
        assert said.startswith(f"{MAIN}{key}: is not a known key")
        assert "'key_length'" not in said


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
@pytest.mark.parametrize(
    ("name", "mode", "url", "warned"),
    [
        ("omnimsg.toml", 0o644, "https://tiny.example", True),
        ("omnimsg.toml", 0o640, "https://tiny.example", False),
        ("omnimsg.toml", 0o644, "http://127.0.0.1:1", False),
        ("key", 0o604, "https://tiny.example", True),
        ("key", 0o600, "https://tiny.example", False),
    ],
)
def test_a_file_that_everybody_can_read(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    mode: int,
    url: str,
    warned: bool,
) -> None:
    """A world-readable file with a secret gives one warning, unless it is a sandbox's."""
    caplog.set_level(logging.WARNING)
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    config = tmp_path / "omnimsg.toml"
    key = KEY if name == "omnimsg.toml" else "file:key"
    config.write_text(f'[accounts.a]\nprovider = "tiny"\nkey = "{key}"\nbase_url = "{url}"\n')
    config.chmod(0o644)
    (tmp_path / name).chmod(mode)

    load_config(config)
    load_config(config)

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert ([True] if warned else []) == [str(tmp_path / name) in each for each in said]


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
def test_files_of_one_name_that_everybody_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names a file as the configuration does; one of that name elsewhere gets its own."""
    caplog.set_level(logging.WARNING)
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        (folder / "a-shared-key").write_text(KEY)
        (folder / "a-shared-key").chmod(0o604)
        (folder / "omnimsg.toml").write_text(
            '[accounts.a]\nprovider = "tiny"\nkey = "file:a-shared-key"\n'
        )

        monkeypatch.chdir(folder)
        load_config("omnimsg.toml")

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert [True, True] == [each.startswith("a-shared-key holds") for each in said]


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
@pytest.mark.parametrize(
    ("keys", "mode", "warned"),
    [
        ('["file:old", "env:NEW"]', 0o600, []),
        ('["file:old", "env:NEW"]', 0o604, ["old"]),
        ('["file:old", "a-signing-key"]', 0o600, ["omnimsg.toml"]),
    ],
)
def test_a_list_of_secrets_that_everybody_can_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    keys: str,
    mode: int,
    warned: list[str],
) -> None:
    """Each secret of a list is checked for readable files; a reference itself is no secret."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv("NEW", "new-signing-key")
    (tmp_path / "old").write_text("old-signing-key")
    (tmp_path / "old").chmod(mode)
    config = tmp_path / "omnimsg.toml"
    config.write_text(f'[accounts.a]\nprovider = "toy"\nkey = "env:NEW"\ncallback_keys = {keys}\n')
    config.chmod(0o644)

    load_config(config)

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert [True] * len(warned) == [
        str(tmp_path / name) in each for name, each in zip(warned, said, strict=True)
    ]


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
