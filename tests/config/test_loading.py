"""A configuration is loaded as a whole or refused with the path of every problem."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adapters import KEY, TinyAdapter, TinySettings
from support.config import MAIN, error_of, nested, one

from omnimsg import Channel, Client, ConfigError, Fault, Reason, Retry, Secret
from omnimsg.adapter import TemplateMapping, Verdict
from omnimsg.config import Config, load_config

if TYPE_CHECKING:
    from pathlib import Path


def adapter_of(source: Any) -> TinyAdapter:
    """Load a configuration and return the adapter of its only account."""
    (adapter,) = load_config(source).adapters.values()
    assert isinstance(adapter, TinyAdapter)
    return adapter


def test_every_common_key_reaches_the_account() -> None:
    """Every common key reaches the account, converted to the type of the account's field."""
    account = adapter_of(
        one(
            base_url="http://127.0.0.1:8080/api/",
            channel="whatsapp",
            sender="Shop",
            templates={"welcome": {"id": "t-1", "version": "2", "keys": ["first", "last"]}},
            codes={"message:slow-down": {"reason": "quota_exceeded"}},
            extras={"trace": {"level": [1, 2]}},
        )
    ).account

    assert "main" == account.name
    assert TinySettings(key=Secret(KEY)) == account.settings
    assert "http://127.0.0.1:8080/api" == account.base_url
    assert Channel.WHATSAPP is account.channel
    assert "Shop" == account.sender
    assert {
        "welcome": TemplateMapping(id="t-1", version="2", keys=("first", "last"))
    } == account.templates
    assert {("slow-down", "message"): {"reason": Reason.QUOTA_EXCEEDED}} == account.codes
    assert {"trace": {"level": (1, 2)}} == account.extras


def test_missing_keys_have_the_providers_values() -> None:
    """An account without common keys has the provider's base URL and nothing else."""
    account = adapter_of(one()).account

    assert TinyAdapter.base_url == account.base_url
    assert (None, None, {}, {}, {}) == (
        account.channel,
        account.sender,
        account.templates,
        account.codes,
        account.extras,
    )


def test_changed_codes_reach_the_adapters_table() -> None:
    """A changed row keeps the values that are not given; a new row takes the given values."""
    table = adapter_of(
        one(
            codes={
                "message:slow-down": {"reason": "quota_exceeded"},
                "message:who-knows": {"verdict": "rejected"},
                "message:new": {"reason": "opted_out", "verdict": "rejected", "fault": "caller"},
                "message:a:b": {"reason": "unknown", "verdict": "not_sent", "retry": "never"},
            }
        )
    ).table

    rows = [table.get(code, "message") for code in ("slow-down", "who-knows", "new", "a:b")]
    assert [
        (Reason.QUOTA_EXCEEDED, Verdict.NOT_SENT, Retry.SAFE, Fault.ACCOUNT),
        (Reason.PROVIDER_ERROR, Verdict.REJECTED, Retry.NEVER, Fault.PROVIDER),
        (Reason.OPTED_OUT, Verdict.REJECTED, Retry.NEVER, Fault.CALLER),
        (Reason.UNKNOWN, Verdict.NOT_SENT, Retry.NEVER, Fault.PROVIDER),
    ] == [(row.reason, row.verdict, row.retry, row.fault) for row in rows if row is not None]


def test_references_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`file:` is relative to the configuration's folder; `env:` reads the environment."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "tiny").write_text(f"{KEY}\n")
    monkeypatch.setenv("SHOP_NAME", "Shop")
    config = tmp_path / "omnimsg.toml"
    config.write_text(
        '[accounts.main]\nprovider = "tiny"\nkey = "file:keys/tiny"\nsender = "env:SHOP_NAME"\n'
    )

    for source in (config, str(config)):
        account = adapter_of(source).account
        assert Secret(KEY) == account.settings.key
        assert "Shop" == account.sender


def test_a_read_only_mapping() -> None:
    """A mapping that is not a dict is accepted."""
    account = MappingProxyType(one()["accounts"]["main"])
    source = MappingProxyType({"accounts": MappingProxyType({"main": account})})

    assert "main" == adapter_of(source).account.name


def test_several_accounts_need_a_default() -> None:
    """The only account is the default; of several accounts one must be named."""
    two = {"accounts": {"a": one()["accounts"]["main"], "b": one()["accounts"]["main"]}}

    assert "main" == load_config(one()).default
    assert "b" == load_config({**two, "default": "b"}).default
    assert ["a", "b"] == list(load_config({**two, "default": "b"}).adapters)
    assert "configuration: default: name the account to use: a, b" == error_of(two)


def test_without_accounts_no_default_is_asked_for() -> None:
    """Without accounts only the missing accounts are reported, not the missing default."""
    assert "configuration: accounts: needs at least one table such as [accounts.main]" == error_of(
        {}
    )


NUMBER, MASKED = "+27820001001", "+278******01"
NESTED = nested(lambda inner: {"match": inner}, 31)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, "accounts: needs at least one table such as [accounts.main]"),
        ({"accounts": {}}, "accounts: needs at least one table"),
        ({"accounts": [1]}, "accounts: needs at least one table"),
        ({**one(), "acounts": {}}, "acounts: is not a known key; did you mean 'accounts'?"),
        (
            {7: {}, "accounts": one()["accounts"]},
            "7: is not a known key; known are accounts, budgets, callbacks, default",
        ),
        ({"accounts": {"a b": {}}}, "accounts.a b: a name has letters, digits, '.', '_' and '-'"),
        ({"accounts": {7: {}}}, "accounts.7: a name has letters"),
        ({"accounts": {"main": 7}}, "accounts.main: must be a table"),
        ({**one(), "default": "mian"}, "default: must be one of main; did you mean 'main'?"),
        ({**one(), "default": ["main"]}, "default: must be one of main"),
        (
            {**one(), "default": "env:OMNIMSG_UNSET"},
            "default: the environment variable OMNIMSG_UNSET is not set",
        ),
        ({**one(), "callbacks": 7}, "callbacks: must be a table"),
        (
            {**one(), "callbacks": {"public_ulr": "x"}},
            "callbacks.public_ulr: is not a known key; did you mean 'public_url'?",
        ),
        ({**one(), "routes": [NESTED]}, "routes[0]: is nested more than 30 levels deep"),
        ([one()], "must be the path of a TOML file, or a mapping with the content of one, not"),
    ],
)
def test_a_problem_of_the_configuration_has_its_path(source: Any, expected: str) -> None:
    """The error starts with the path of the key, and suggests the nearest known key."""
    assert error_of(source).startswith(f"configuration: {expected}")


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ({**one(), NUMBER: "Shop"}, MASKED),
        ({"accounts": {NUMBER: {}}}, f"accounts.{MASKED}"),
        (one(**{NUMBER: "Shop"}), f"accounts.main.{MASKED}"),
        (one(senders={NUMBER: "sms"}), f"accounts.main.senders[{MASKED}]"),
        (one(limits={NUMBER: 1}), f"accounts.main.limits.{MASKED}"),
        ({**one(), "routes": [{"accounts": [NUMBER]}]}, f"no account '{MASKED}'"),
        ({**one(), "budgets": [{NUMBER: 1}]}, f"budgets[0].{MASKED}"),
        ({**one(), "callbacks": {NUMBER: 1}}, f"callbacks.{MASKED}"),
    ],
)
def test_a_number_in_place_of_a_key_is_masked(source: Any, place: str) -> None:
    """A number that stands where a key or a name belongs is masked in the error."""
    said = error_of(source)

    assert place in said
    assert NUMBER not in said


NAME = "must be LEVEL:CODE, with a level of message"
LINE = "must be one line of text, not empty and with no space around it"
ABSOLUTE = "must be an absolute https URL"
BARE = "must be only scheme, host, port and path"
MORE = "must be more than 0, and finite"
PLAIN = "must be https; plain http is for this machine only"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "HTTP://LocalHost:1", "http://127.9.9.9", "http://[::1]:1"]
)
def test_plain_http_to_a_loopback_address(address: str) -> None:
    """The configuration accepts plain `http` for a loopback address."""
    adapter = adapter_of(one(base_url=address))

    assert address == adapter.account.base_url


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("provider", None, ": is missing; installed are tiny, toy"),
        ("provider", 7, ": must be text"),
        (
            "provider",
            "tinny",
            ": unknown provider 'tinny': must be one of tiny, toy; did you mean 'tiny'?",
        ),
        ("kye", "x", ": is not a known key; did you mean 'key'?"),
        ("bass_url", "x", ": is not a known key; did you mean 'base_url'?"),
        ("key", 7, ": must be text"),
        ("key", "", f": {LINE}"),
        ("key", " x", f": {LINE}"),
        ("key", "a\nb", f": {LINE}"),
        ("key", "env:OMNIMSG_UNSET", ": the environment variable OMNIMSG_UNSET is not set"),
        ("key", "file:no/such", ": the file no/such cannot be read (FileNotFoundError)"),
        ("sender", 7, ": must be text"),
        ("sender", "", ": must not be empty"),
        ("sender", "Shop\n", ": must be a single line"),
        ("sender", "x" * 321, ": has 321 characters, 320 are allowed"),
        ("senders", {"sms": ""}, ".sms: must not be empty"),
        ("senders", {"sms": "a\0"}, ".sms: holds U+0000"),
        ("channel", "smoke", ": must be one of apple, email"),
        ("channel", 7, ": must be one of apple, email"),
        ("base_url", 7, ": must be text"),
        ("base_url", "", f": {ABSOLUTE}"),
        ("base_url", "api.tiny.example", f": {ABSOLUTE}"),
        ("base_url", "ftp://tiny.example", f": {ABSOLUTE}"),
        ("base_url", "https://", f": {ABSOLUTE}"),
        ("base_url", "https://[::1", f": {ABSOLUTE}"),
        ("base_url", "https://tiny.example:port", f": {ABSOLUTE}"),
        ("base_url", "https://u:p@tiny.example", f": {BARE}"),
        ("base_url", "https://tiny.example?a=1", f": {BARE}"),
        ("base_url", "https://tiny.example#a", f": {BARE}"),
        ("base_url", "http://tiny.example", f": {PLAIN}"),
        ("base_url", "http://127.tiny.example", f": {PLAIN}"),
        ("base_url", "HTTP://127.0.0.1.tiny.example", f": {PLAIN}"),
        ("base_url", "http://localhost.tiny.example", f": {PLAIN}"),
        ("templates", [1], ": has the wrong type"),
        ("templates", {"hi": 7}, "[hi]: must be an object with keys"),
        ("templates", {"hi": {"nam": "x"}}, "[hi].nam: is not a known key; did you mean 'name'?"),
        ("templates", {"hi": {"keys": "abc"}}, "[hi].keys: must be a list"),
        ("templates", {"hi": {"keys": [7]}}, "[hi].keys[0]: must be text"),
        ("templates", {"hi": {"keys": ["a", ""]}}, "[hi].keys[1]: must not be empty"),
        ("templates", {"hi": {"name": "a\0"}}, "[hi].name: holds U+0000"),
        *(
            ("templates", {"hi": {key: ""}}, f"[hi].{key}: must not be empty")
            for key in ("name", "id", "version", "language")
        ),
        ("extras", 7, ": must be an object with keys"),
        ("codes", {"slow-down": {"reason": "unknown"}}, f".slow-down: {NAME}"),
        ("codes", {"mesage:slow-down": {}}, f".mesage:slow-down: {NAME}"),
        ("codes", {"message:": {}}, f".message:: {NAME}"),
        (
            "codes",
            {"message:new": {"reason": "unknown"}},
            ".message:new: is not a known code; a new one needs reason and verdict",
        ),
        (
            "codes",
            {"message:slow-down": {"verdict": "yes"}},
            "[message:slow-down].verdict: must be one of account, ambiguous, not_sent, rejected",
        ),
        (
            "codes",
            {"message:slow-down": {"reson": "unknown"}},
            "[message:slow-down].reson: is not a known key; did you mean 'reason'?",
        ),
        (
            "codes",
            {"message:slow-down": {"verdict": "rejected", "retry": "safe"}},
            ": code slow-down at level 'message': a rejected message has the retry 'safe'",
        ),
    ],
)
def test_a_problem_of_an_account_has_its_path(key: str, value: Any, expected: str) -> None:
    """The error starts with the path of the key, and says which value is right."""
    assert error_of(one(**{key: value})).startswith(f"{MAIN}{key}{expected}")


def test_a_missing_key_is_named() -> None:
    """The error has the path of the missing key."""
    missing = error_of(one(key=None))

    assert missing.startswith(f"{MAIN}key: ")
    assert missing.endswith("is missing")


def test_a_problem_that_an_adapter_finds_has_its_path() -> None:
    """An error that the adapter raises for a key has the same form."""
    refused = error_of(one(provider="toy", extras={"to": "x"}))

    assert refused.startswith(f"{MAIN}extras.to: cannot be set by extras")


def test_all_problems_are_reported_at_once() -> None:
    """The error has one line for each problem of every account."""
    source = {
        "defalt": "main",
        "accounts": {
            "main": {"provider": "tiny", "kye": "x", "sender": 7, "base_url": "http://x.example"},
            "other": {"provider": "none"},
        },
    }

    lines = error_of(source).splitlines()

    assert [
        "configuration: defalt",
        "configuration: accounts.main.kye",
        "configuration: accounts.main.sender",
        "configuration: accounts.main.key",
        "configuration: accounts.other.provider",
        "configuration: default",
    ] == [": ".join(each.split(": ")[:2]) for each in lines]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "no such file; `omnimsg sandbox --print-config > "),
        (b"[accounts", "is not TOML: "),
        (b"\xff\xfe", "cannot be read (UnicodeDecodeError): it is UTF-16"),
        (b"a\0=\0", "cannot be read (UnicodeDecodeError): it is UTF-16"),
        (b"#\n# caf\xe9", "cannot be read (UnicodeDecodeError): line 2 is not UTF-8"),
        (b"a = 2030-02-30", "is not TOML: "),
        (b"a = " + b"9" * 5000, "is not TOML: a number or a time is out of range"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, expected: str) -> None:
    """The error names the file and says what is wrong with it."""
    path = tmp_path / "omnimsg.toml"
    if content is not None:
        path.write_bytes(content)

    assert error_of(path).startswith(f"{path}: {expected}")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """An error of the operating system becomes a `ConfigError`."""
    assert f"{tmp_path}: cannot be read (IsADirectoryError)" == error_of(tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        "tiny://s3cret@main",
        "tiny+test://s3cret@main?sender=Acme",
        "'tiny://s3cret@main'",
        '[accounts.main]\nprovider = "tiny"\nkey = "s3cret"\n',
        '{"accounts": {"main": {"key": "s3cret"}}}',
        "tiny://s3cret@main?key=" + "x" * 5000,
        "tiny://s3cret\0@main",
    ],
)
def test_a_url_or_text_in_place_of_a_path_is_not_shown(given: str) -> None:
    """The error of accounts that are given in place of a path shows no part of them."""
    error = error_of(given)

    assert error.startswith("configuration: is a URL or text where the path of a file belongs")
    assert "s3cret" not in error


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_key_file(tmp_path: Path, content: str) -> None:
    """An empty file is an error, not an empty key."""
    (tmp_path / "empty").write_text(content)

    assert error_of(one(key=f"file:{tmp_path}/empty")).endswith("empty is empty")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is an error, not an empty key."""
    monkeypatch.setenv("TINY_KEY", "")

    assert error_of(one(key="env:TINY_KEY")).endswith("variable TINY_KEY is not set")


@attrs.frozen(kw_only=True)
class ManySettings:
    """Settings of every supported type."""

    key: Secret
    spare: tuple[Secret, ...] = ()
    other: Secret | None = None
    most: int = 1
    rate: float = 1.0
    strict: bool = False
    channel_ids: dict[str, str] = attrs.field(factory=dict)


class ManyAdapter(TinyAdapter):
    """Tiny with settings of every type."""

    provider = "many"
    settings: ClassVar[type[Any]] = ManySettings


def test_settings_of_every_type() -> None:
    """Values keep their TOML type, and references are resolved in nested text too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: ManyAdapter)
        patch.setenv("SPARE", "spare-key")
        values = {
            "spare": ["env:SPARE"],
            "other": "x",
            "most": 5,
            "rate": 2,
            "strict": True,
            "channel_ids": {"sms": "env:SPARE"},
        }
        settings: object = adapter_of(one(provider="many", **values)).account.settings
        wrong = error_of(
            one(provider="many", most="5", rate="x", strict=1, spare="x", channel_ids={"sms": 5})
        )

    assert (
        ManySettings(
            key=Secret(KEY),
            spare=(Secret("spare-key"),),
            other=Secret("x"),
            most=5,
            rate=2.0,
            strict=True,
            channel_ids={"sms": "spare-key"},
        )
        == settings
    )
    assert [
        "spare: must be a list",
        "most: must be a whole number",
        "rate: must be a number",
        "strict: must be true or false",
        "channel_ids[sms]: must be text",
    ] == [each.removeprefix(MAIN) for each in wrong.splitlines()]


def test_nothing_shows_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """No `repr`, `str` or error text of an object that holds a key shows the key."""
    config = load_config(one())
    client = Client.from_config(one())
    adapter = config.adapters["main"]

    for each in (config, client, adapter, adapter.account, adapter.account.settings):
        for shown in (repr(each), str(each), f"{each}"):
            assert KEY not in shown
    assert KEY not in error_of(one(kye="x"))
    assert KEY not in error_of(one(key=f"{KEY}\n"))


def test_an_adapter_that_refuses_its_account_is_a_problem_of_the_account() -> None:
    """A `ValueError` from an adapter's constructor is reported as a problem of its account."""

    class Picky(TinyAdapter):
        def __init__(self, account: Any) -> None:
            raise ValueError("needs another key")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: Picky)

        assert "configuration: accounts.main: needs another key" == error_of(one())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_value_is_loaded_or_refused(value: Any) -> None:
    """Any value at any key gives a configuration or a `ConfigError`, never another error."""
    table = one()["accounts"]["main"]
    for source in (
        {"accounts": value},
        {"accounts": {"main": value}},
        {**one(), "default": value},
        *({"accounts": {"main": {**table, key: value}}} for key in ("provider", "key", "codes")),
        *({"accounts": {"main": {**table, key: value}}} for key in ("base_url", "templates")),
        *({"accounts": {"main": {**table, key: value}}} for key in ("limits", "retry", "breaker")),
    ):
        with suppress(ConfigError):
            assert isinstance(load_config(source), Config)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = \u201cb\u201d", "it has U+201C (LEFT DOUBLE QUOTATION MARK) there"),
        ("[a]\n\u00a0b = 1", "it has U+00A0 (NO-BREAK SPACE) there"),
        ("[a]\r\n\u200bb = 1", "it has U+200B (ZERO WIDTH SPACE) there"),
        ("[a]\n\ufeff[b]", "it has U+FEFF (ZERO WIDTH NO-BREAK SPACE) there"),
        ("a = sms", "; put text in quotation marks"),
        ("a = True", "write true and false in small letters"),
        ('a = "C:\\certs"', "; write / in a path, or put the text in single quotes"),
        ('a = "C:\\users"', "; write / in a path, or put the text in single quotes"),
    ],
)
def test_what_is_easily_overlooked_in_toml_is_named(tmp_path: Path, text: str, why: str) -> None:
    """An editor or a web page has put a character there that looks like the right one."""
    (tmp_path / "a.toml").write_bytes(text.encode())

    with pytest.raises(ConfigError) as error:
        load_config(tmp_path / "a.toml")

    assert why in str(error.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ('"omnimsg.toml"', "its name is in quotation marks; remove them"),
        ("'omnimsg.toml'", "its name is in quotation marks; remove them"),
        ("~/omnimsg.toml", "only a shell replaces the start of its name"),
        ("$HOME/omnimsg.toml", "only a shell replaces the start of its name"),
        ("nowhere/omnimsg.toml", "there is no such folder either"),
    ],
)
def test_advice_on_the_name_of_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    """The advice can be followed: a first file under that name would not be found either."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as error:
        load_config(name)

    assert f"no such file; {why}" in str(error.value)
