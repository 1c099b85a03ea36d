"""What the constructors of a client refuse, before anything is built."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import (
    Budget,
    Client,
    ConfigError,
    InvalidValue,
    MemoryStore,
    Observer,
    Policy,
    Prices,
    sync,
)
from omnimsg.testing.memory.fake_adapter import FakeAdapter

MAIN = FakeAdapter.of("main")


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("policies['man']: no account 'man': ", {"policies": {"man": Policy()}}),
        (
            "budgets[0].accounts[1]: no account 'man': ",
            {"budgets": [Budget(name="b", window=60, messages=1, accounts=["main", "man"])]},
        ),
    ],
)
def test_an_account_that_does_not_exist(expected: str, options: dict[str, Any]) -> None:
    """It is named with the nearest account, instead of a policy or budget that applies to none."""
    with pytest.raises(ConfigError) as caught:
        Client([MAIN], **options)

    assert f"{expected}must be one of main; did you mean 'main'?" == str(caught.value)


def test_an_account_that_cannot_be_used_yet_may_have_a_policy_and_a_budget() -> None:
    """`unusable` names accounts too: those without their secrets, or that are added later."""
    budget = Budget(name="b", window=60, messages=1, accounts=["late"])

    client = Client(
        [MAIN],
        unusable={"late": "is added with its tenant"},
        policies={"late": Policy()},
        budgets=[budget],
    )

    assert ["main"] == list(client.accounts)


@pytest.mark.parametrize(
    ("expected", "adapters", "options"),
    [
        ("adapters: must be a list of Adapter, not str; give [adapter], or use", "main", {}),
        ("adapters: must be a list of Adapter, not FakeAdapter", MAIN, {}),
        ("adapters[1]: must be Adapter, not str", [MAIN, "other"], {}),
        ("routes: must be a list of Route, not nothing", [MAIN], {"routes": None}),
        ("routes[0]: must be Route, not dict", [MAIN], {"routes": [{"accounts": ["main"]}]}),
        ("budgets[0]: must be Budget, not int", [MAIN], {"budgets": [3]}),
        (
            "policies: must be a mapping of names to Policy, not Policy",
            [MAIN],
            {"policies": Policy()},
        ),
        ("policies['main']: must be Policy, not dict", [MAIN], {"policies": {"main": {}}}),
        ("retry: must be RetryPolicy, not int", [MAIN], {"retry": 3}),
        (
            "journal: must be Journal, not str, which has no method 'intend'",
            [MAIN],
            {"journal": "j"},
        ),
        ("on_retry: must be a function, not str", [MAIN], {"on_retry": "log"}),
        ("observers: must be a list of Observer, not Observer", [MAIN], {"observers": Observer()}),
        (
            "observers[0]: must be an object, not the class Observer",
            [MAIN],
            {"observers": [Observer]},
        ),
        ("transport: must be a function, not str", [MAIN], {"transport": "aiohttp"}),
        (
            "clock: must be Clock, not float, which has no method 'monotonic'",
            [MAIN],
            {"clock": 1.0},
        ),
        ("unusable: must be a mapping of names to str, not list", [MAIN], {"unusable": ["late"]}),
        ("callbacks: must be CallbackOptions, not dict", [MAIN], {"callbacks": {"backlog": 3}}),
        ("store: must be an object, not the class MemoryStore", [MAIN], {"store": MemoryStore}),
        ("suppression: must be Suppression, not list", [MAIN], {"suppression": ["+27820001000"]}),
        ("opt_out_rules: must be OptOutRules, not list", [MAIN], {"opt_out_rules": ["STOP"]}),
    ],
)
@pytest.mark.parametrize("kind", [Client, sync.Client])
def test_an_option_of_another_type(
    kind: Any, expected: str, adapters: Any, options: dict[str, Any]
) -> None:
    """The error names the argument and its type, and shows no value.

    Before, it came from inside, or with the first message.
    """
    with pytest.raises(InvalidValue) as caught:
        kind(adapters, **options)

    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("source", [None, 3, ["omnimsg.toml"], b"omnimsg.toml"])
def test_a_configuration_of_another_type(source: Any) -> None:
    """The error says what may be given."""
    with pytest.raises(ConfigError, match=r"^configuration: must be the path of a TOML file, or"):
        Client.from_config(source)


def test_a_default_account_that_is_no_name() -> None:
    """It is an unknown account, also where it cannot be looked up."""
    default: Any = ["main"]
    config = {"accounts": {"main": {"provider": "clickatell", "api_key": "k"}}}

    with pytest.raises(ConfigError, match=r"no account \['main'\]: must be one of main"):
        Client([MAIN], default=default)
    with pytest.raises(ConfigError, match=r"no account \['main'\]: must be one of main"):
        Client.from_config(config, default=default)


def test_observers_may_be_of_any_class() -> None:
    """An object with the methods of an observer is one, such as a mock of a test."""

    class Mock:
        def __getattr__(self, name: str) -> Any:
            return lambda event: None

    observer: Any = Mock()
    client = Client([MAIN], observers=(each for each in [observer]))

    assert ["main"] == list(client.accounts)


def test_amounts_of_another_type() -> None:
    """A truth value is no amount, and a number no prefix; each error names the field."""
    per_part: Any = {27: 0.05}
    with pytest.raises(InvalidValue, match=r"^Budget\.money: must be a number, 0 or more"):
        Budget(name="b", window=60, money=True)
    with pytest.raises(InvalidValue, match=r"^Prices\.per_part\.27: must be a plus and the first"):
        Prices(per_part=per_part)


@pytest.mark.parametrize("kind", [Client, sync.Client])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("routes", "; put it into the configuration, or call Client() with it"),
        ("observer", "; did you mean 'observers'?"),
        ("zzz", ""),
    ],
)
def test_an_option_that_from_config_does_not_have(
    kind: type[Client | sync.Client], name: str, hint: str
) -> None:
    """It is an error with advice; of `routes` Python said that there were several values for it."""
    options: dict[str, Any] = {name: []}

    with pytest.raises(TypeError) as caught:
        kind.from_config({"accounts": {}}, **options)

    assert f"from_config() got an unexpected keyword argument {name!r}{hint}" == str(caught.value)
