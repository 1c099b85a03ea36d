"""Accounts as URLs in `OMNIMSG_URL`: the parts that are read, and the errors for wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from support.adapters import TinySettings

from omnimsg import Channel, Client, ConfigError
from omnimsg.config import load_config, load_url

SECRET = "a-very-s3cret-key"


def test_an_account() -> None:
    """A URL gives the same account as a file with its provider, credentials, name and keys."""
    config = load_url(
        f"tiny://{SECRET}@main?channel=sms&sender=Shop&limits.concurrency=5&limits.linger=0.5"
        "&base_url=https%3A%2F%2Fapi.example&allow_http=true&extras.a=1&extras.a=2&extras.a=3"
    )

    expected = load_config(
        {
            "accounts": {
                "main": {
                    "provider": "tiny",
                    "key": SECRET,
                    "channel": "sms",
                    "sender": "Shop",
                    "limits": {"concurrency": 5, "linger": 0.5},
                    "base_url": "https://api.example",
                    "allow_http": True,
                    "extras": {"a": ["1", "2", "3"]},
                }
            }
        }
    )
    assert expected.policies == config.policies
    account = config.adapters["main"].account
    assert expected.adapters["main"].account == account
    assert (Channel.SMS, TinySettings) == (account.channel, type(account.settings))


def test_several_accounts() -> None:
    """Commas separate accounts; the first is the default unless another is named."""
    text = "tiny://k1@one, tiny://k2%2Cx@two"

    assert ["one", "two"] == list(load_url(text).adapters)
    assert "one" == load_url(text).default
    assert "two" == load_url(text, default="two").default
    assert "k2,x" == load_url(text).adapters["two"].account.settings.key.reveal()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SECRET, "account 1: does not begin with a provider; write provider://KEY@name?key=value"),
        ("tiny:x", "account 1: does not begin with a provider"),
        (f"tiny://{SECRET}", "account 1: the account's name, after the '@', must have letters"),
        (f"tiny://{SECRET}@", "account 1: the account's name, after the '@'"),
        (f"tiny://{SECRET}@a b", "account 1: the account's name, after the '@'"),
        (f"tiny://{SECRET}@main/x", "account 1: has a path after the account's name"),
        (f"tiny://{SECRET}#x@main", "account 1: has a '#'; write it as %23"),
        (f"tinny://{SECRET}@main", "account 1: unknown provider 'tinny': must be one of"),
        (f"tiny://{SECRET}:more@main", "account 1: has 2 values before the '@', for key"),
        (
            f"tiny://[{SECRET}@main",
            "account 1: is not a URL; write provider://KEY@name?key=value, and '[' or ']' in a"
            " value as %5B or %5D",
        ),
        ("tiny://@main", "accounts.main.key: 'key' is missing"),
        (f"tiny://{SECRET}@main?sendr=x", "accounts.main.sendr: is not a known key; did you mean"),
        (
            f"tiny://{SECRET}@main?limits.concurrency={SECRET}",
            "accounts.main.limits.concurrency: must be a whole number",
        ),
        (
            f"tiny://{SECRET}@main?limits=1&limits.linger=1",
            "account 1: limits.linger is a value and a table at once",
        ),
        (f"tiny://{SECRET}?x@main", "account 1: the account's name, after the '@'"),
        (f"tiny://k@{SECRET}?{SECRET}@main", "account 1: has a '?' before the last '@'"),
        (f"tiny://{SECRET}%FF@main", "account 1: has '%' with bytes that are no UTF-8"),
        (f"tiny://{SECRET}@main?sender=%FF", "account 1: has '%' with bytes that are no UTF-8"),
        *(
            (url, "account 1: has a '%' without two hexadecimal digits after it; write '%' as %25")
            for url in (
                f"tiny://{SECRET}%@main",
                f"tiny://{SECRET}%zz@main",
                f"tiny://{SECRET}%4@main",
                f"tiny://{SECRET}@main?sender=50%",
            )
        ),
        (f"tiny://{SECRET}@[::1]", "account 1: the account's name, after the '@'"),
        (f"tiny://{SECRET}@main:80", "account 1: the account's name, after the '@'"),
        (f"tiny://{SECRET}\nx@main", "account 1: has a line break or another character that"),
        (f"tiny://{SECRET}@a\ntiny://x@b", "account 1: has a line break or another character that"),
        (f"tiny://{SECRET}@a tiny://x@b", "account 1: has a path after the account's name"),
        (f"tiny://{SECRET}@main?key=x", "account 1: key stands before the '?' already"),
        (f"tiny://{SECRET}@main?provider=x", "account 1: provider stands before the '?' already"),
        (
            f"tiny://{SECRET}@main?channel=sms&channel=rcs",
            "accounts.main.channel: must be one value, not a list",
        ),
        (f"tiny://{SECRET}@main?channel=", "accounts.main.channel: must be one of"),
        (f"tiny://{SECRET}@a,tiny://x@a", "account 2: the name 'a' is used twice"),
        (f"tiny://{SECRET}@a,", "account 2: does not begin with a provider"),
    ],
)
def test_a_wrong_url_names_the_part(text: str, expected: str) -> None:
    """The error says which account and which part is wrong, and does not show the URL."""
    with pytest.raises(ConfigError) as caught:
        load_url(text)

    assert f"OMNIMSG_URL: {expected}" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "TINY://%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%20x@main",
        "  tiny://%3A%2F%3F%23%5B%5D@!$&'()*+%2C;=%25 x@main/",
    ],
)
def test_every_character_can_be_written(written: str) -> None:
    """A key may have every reserved character; case, spaces around and a last slash are nothing."""
    (adapter,) = load_url(f"{written}?base_url=http://[::1]:8025/").adapters.values()

    assert ":/?#[]@!$&'()*+,;=% x" == adapter.account.settings.key.reveal()
    assert ("main", "http://[::1]:8025") == (adapter.account.name, adapter.account.base_url)


def test_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Client.from_env` reads `OMNIMSG_URL` where no file is named."""
    monkeypatch.delenv("OMNIMSG_CONFIG", raising=False)
    monkeypatch.setenv("OMNIMSG_URL", f"tiny://{SECRET}@main")

    client = Client.from_env()

    assert "Client(accounts=['main'], default='main')" == repr(client)


def test_a_file_and_urls_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OMNIMSG_URL` and `OMNIMSG_CONFIG` together are an error."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "omnimsg.toml")
    monkeypatch.setenv("OMNIMSG_URL", f"tiny://{SECRET}@main")

    with pytest.raises(ConfigError, match="OMNIMSG_URL and OMNIMSG_CONFIG are both set"):
        Client.from_env()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("callback_secrets=one", ["one"]),
        ("callback_secrets=one&callback_secrets=two", ["one", "two"]),
        ("callback_secrets=env:OMNIMSG_ONE", ["one"]),
    ],
)
def test_a_list(
    query: str, expected: list[str], install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of a list is given once for each item; one item is a list too."""
    monkeypatch.setenv("OMNIMSG_ONE", "one")
    install(("clickatell", "omnimsg_clickatell:ClickatellAdapter"))

    settings = load_url(f"clickatell://k@a?{query}").adapters["a"].account.settings

    assert expected == [each.reveal() for each in settings.callback_secrets]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clickatell://k@a", {"api_key"}),
        ("messente://user:pass@a", {"username", "password"}),
        ("bird://key:ws@a?channels.sms=c-1", {"access_key", "workspace_id"}),
    ],
)
def test_the_three_providers(text: str, expected: set[str], install: Any) -> None:
    """The part before the `@` fills each provider's required credentials."""
    install(
        ("bird", "omnimsg_bird:BirdAdapter"),
        ("clickatell", "omnimsg_clickatell:ClickatellAdapter"),
        ("messente", "omnimsg_messente:MessenteAdapter"),
    )

    settings = load_url(text).adapters["a"].account.settings

    assert expected <= {each for each in dir(settings) if getattr(settings, each)}


def test_a_table_stands_after_the_question_mark(install: Any) -> None:
    """A required key that is a table is not filled by what stands before the `@`."""
    install(("bird", "omnimsg_bird:BirdAdapter"))

    with pytest.raises(ConfigError, match="has 3 values before the '@', for access_key, workspace"):
        load_url("bird://key:ws:c-1@a")
