"""`env:` and `file:` references: where they may stand, their limits, and secrets in errors."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from support.adapters import KEY, TinyAdapter
from support.config import MAIN, error_of, nested, one

from omnimsg import ConfigError, Network, OnAmbiguous, Secret
from omnimsg.config import load_config
from omnimsg.config.loading import config_from_mapping
from omnimsg.config.references import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


VALUES = {
    "PROVIDER": "tiny",
    "WHICH": "main",
    "URL": "http://127.0.0.1:8080",
    "RATE": "12.5",
    "COUNT": "7",
    "YES": "True",
    "NO": "False",
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
                "other": {"provider": "tiny", "key": KEY, "allow_http": "env:NO"},
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
    assert config.policies["other"].network.allow_http is False
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


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"b": inner}])
def test_nesting_has_a_limit(wrap: Callable[[Any], Any]) -> None:
    """An account may be nested 30 levels deep, of lists or of tables, and not deeper."""
    deep = nested(wrap, 28)  # below `extras` and `a`

    assert "main" == load_config(one(extras={"a": deep})).default
    assert error_of(one(extras={"a": wrap(deep)})).endswith("is nested more than 30 levels deep")


def test_deep_nesting_is_an_error(tmp_path: Path) -> None:
    """Nesting beyond what Python can follow is a `ConfigError`, in a mapping and in a file."""
    depth = 5_000
    value = nested(lambda inner: [inner], depth)
    file = tmp_path / "omnimsg.toml"
    deep = "[" * depth + "]" * depth
    file.write_text(f'[accounts.main]\nprovider = "tiny"\nkey = "{KEY}"\nextras.a = {deep}\n')

    assert error_of(one(extras={"a": value})).endswith("is nested more than 30 levels deep")
    assert "nested" in error_of(file)


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


REST = "not empty and with no space around it"
UNSEEN = {
    "s3cret-key\r": "it has U+000D (CARRIAGE RETURN) at the end",
    "s3cret-key ": "it has a space at the end",
    "s3cret\nkey": "it has U+000A (LINE FEED) inside",
    "\u200bs3cret key": "it holds U+200B (ZERO WIDTH SPACE), an invisible mark, at the start",
    "s3cret key\u00a0": "it has U+00A0 (NO-BREAK SPACE) at the end",
    "s3cret key\udce9": "it has a byte that is not UTF-8",
}


@pytest.mark.parametrize(("value", "why"), UNSEEN.items())
def test_what_nobody_sees_in_a_value_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    """A variable from a file with the line breaks of Windows, for example, is told from a blank."""
    monkeypatch.setenv("TINY_KEY", value)

    said = error_of(one(key="env:TINY_KEY"))

    assert said.endswith(f"accounts.main.key: must be one line of text, {REST}: {why}")


def test_what_nobody_sees_in_a_url_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for the URL of an API names the line break at its end."""
    monkeypatch.setenv("TINY_URL", "https://api.example\r")

    said = error_of(one(base_url="env:TINY_URL"))

    assert said.endswith("line breaks and backslashes: it has U+000D (CARRIAGE RETURN) at the end")


@pytest.mark.parametrize("value", ['"s3cret-key"', "'s3cret-key'", '""'])
@pytest.mark.parametrize("key", ["key", "base_url", "channel"])
def test_a_value_in_quotation_marks_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    """`docker run --env-file` keeps them, and the provider refused the key; it is not shown."""
    monkeypatch.setenv("VALUE", value)

    said = error_of(one(**{key: "env:VALUE"}))

    assert said.startswith(
        f"{MAIN}{key}: the environment variable VALUE has its value in quotation"
    )
    assert "s3cret" not in said


@pytest.mark.parametrize("name", ["$VALUE", "${VALUE}", " VALUE", "VALUE ", "%VALUE%"])
def test_a_reference_with_marks_of_a_shell(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The advice is the reference as it should be, and not to set a variable of that name."""
    monkeypatch.setenv("VALUE", "s3cret-key")

    said = error_of(one(key=f"env:{name}"))

    assert f"{MAIN}key: is no name of an environment variable; write env:VALUE" == said


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *((each, "KEY_A") for each in ("${KEY_A}", "$KEY_A", "%KEY_A%", "ENV:KEY_A", "env.KEY_A")),
        *((each, "NAME") for each in ("{{ .Values.key }}", "<your key>")),
    ],
)
def test_a_secret_that_nothing_has_filled_in(value: str, name: str) -> None:
    """A placeholder of another program is no secret: the provider would refuse it."""
    said = error_of(one(key=value))

    assert f"{MAIN}key: is a placeholder, which nothing fills; write env:{name} for a variable" == (
        said
    )


@pytest.mark.parametrize(
    ("key", "value"), [("channel", "sms\r"), ("request_timeout", "4\r"), ("allow_http", " true")]
)
def test_what_nobody_sees_in_a_word_or_a_number_is_named(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    """The value of a variable is not shown, so a line break of Windows in it is named."""
    monkeypatch.setenv("VALUE", value)

    said = error_of(one(**{key: "env:VALUE"}))

    assert said.startswith(f"{MAIN}{key}: must be one word: it has ")
