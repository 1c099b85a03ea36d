"""The routes of a configuration: the keys that are read, and the errors for wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from support.adapters import texts

from omnimsg import (
    Client,
    ConfigError,
    Match,
    OnAmbiguous,
    Priority,
    Route,
    RouteLimits,
    Strategy,
)
from omnimsg.config import load_config

ACCOUNT = {"provider": "tiny", "key": "k-1"}


def configuration(*routes: Any, **accounts: Any) -> dict[str, Any]:
    """Return a configuration with accounts `a` and `b`."""
    tables = {"a": {**ACCOUNT}, "b": {**ACCOUNT}, **accounts}
    return {"default": "a", "accounts": tables, "routes": list(routes)}


def test_every_key_of_a_route() -> None:
    """Each key reaches the route, converted to the type of the model."""
    config = load_config(
        configuration(
            {
                "name": "codes",
                "accounts": ["a", "b"],
                "strategy": "weighted",
                "weights": {"a": 3, "b": 1},
                "sender": "Shop",
                "ttl": 60,
                "on_ambiguous": "resend",
                "limits": {"messages_per_second": 5},
                "match": {
                    "channels": ["sms"],
                    "prefixes": ["+27"],
                    "contents": ["text", "otp"],
                    "tags": ["code"],
                    "priorities": ["high"],
                    "senders": ["Shop"],
                    "metadata": {"tenant": "t1"},
                },
            }
        )
    )

    expected = Route(
        name="codes",
        accounts=("a", "b"),
        strategy=Strategy.WEIGHTED,
        weights={"a": 3, "b": 1},
        sender="Shop",
        ttl=60,
        on_ambiguous=OnAmbiguous.RESEND,
        limits=RouteLimits(messages_per_second=5.0),
        match=Match(
            channels=("sms",),
            prefixes=("+27",),
            contents=("text", "otp"),
            tags=("code",),
            priorities=(Priority.HIGH,),
            senders=("Shop",),
            metadata={"tenant": "t1"},
        ),
    )
    assert (expected,) == config.routes


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ({"accounts": ["a"]}, "routes: must be tables such as [[routes]]"),
        ([{}], "routes[0].accounts: 'accounts' is missing"),
        ([{"accounts": []}], "routes[0].accounts: must name an account"),
        ([{"accounts": "a"}], "routes[0].accounts: must be a list"),
        (
            [{"accounts": ["a"], "match": {"prefix": ["+27"]}}],
            "routes[0].match.prefix: is not a known key; did you mean 'prefixes'?",
        ),
        (
            [{"accounts": ["a"], "match": {"prefixes": ["27"]}}],
            "routes[0].match.prefixes: must be a plus and the first digits of numbers",
        ),
        (
            [{"accounts": ["a"], "match": {"channels": ["fax"]}}],
            "routes[0].match.channels[0]: must be one of apple, email",
        ),
        (
            [{"accounts": ["a"], "strategy": "weight"}],
            "routes[0].strategy: must be one of failover, round_robin, weighted; did you mean",
        ),
        (
            [{"accounts": ["a"], "limits": {"messages_per_second": 0}}],
            "routes[0].limits.messages_per_second: must be more than 0",
        ),
        ([{"accounts": ["a", "c"]}], "routes[0].accounts[1]: no account 'c': must be one of a, b"),
        (
            [{"accounts": ["a", "b"], "on_ambiguous": "resend_if_not_found"}],
            "routes[0].on_ambiguous: must be hold or resend",
        ),
    ],
)
def test_a_problem_of_a_route_has_its_path(routes: Any, expected: str) -> None:
    """The error has the path of the key, and says what was expected."""
    with pytest.raises(ConfigError) as caught:
        load_config({**configuration(), "routes": routes})

    assert f"configuration: {expected}" in str(caught.value)


def test_the_error_of_a_route_is_about_that_route() -> None:
    """After a route that cannot be read, no error names the wrong one by its number."""
    with pytest.raises(ConfigError) as caught:
        load_config(configuration({"accounts": []}, {"accounts": ["c"]}))

    assert "configuration: routes[0].accounts: must name an account" == str(caught.value)


def test_an_account_that_holds_messages_cannot_be_in_a_route() -> None:
    """An account with `account_trouble` set to hold is refused in a route; the error says why."""
    config = configuration({"accounts": ["a", "b"]}, b={**ACCOUNT, "account_trouble": "hold"})

    with pytest.raises(ConfigError) as caught:
        load_config(config)

    assert (
        "configuration: routes[0].accounts[1]: accounts.b.account_trouble is hold: messages would"
        " wait for this account instead of going to the next one; use fail, or leave it out"
    ) == str(caught.value)


@pytest.mark.anyio
async def test_an_account_without_its_secret_is_an_error_of_the_messages_that_need_it() -> None:
    """A missing secret of a route's account is an error at the first message on that route."""
    config = configuration(
        {"accounts": ["a", "b"], "match": {"tags": ["x"]}},
        b={"provider": "tiny", "key": "env:NOBODY_SETS_THIS"},
    )
    async with Client.from_config(config) as client:
        with pytest.raises(ConfigError, match="NOBODY_SETS_THIS is not set"):
            await client.send(texts(1, tags=["x"])[0])
