"""The keys of an account's policy: limits, retries, circuit breakers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from support.config import MAIN, error_of, one

from omnimsg.config import load_config
from omnimsg.engine.policy import (
    AccountTrouble,
    Breaker,
    Limits,
    OnAmbiguous,
    Policy,
    RetryPolicy,
)

MORE = "must be more than 0, and finite"


def test_a_key_without_effect_is_read_with_a_warning() -> None:
    """`limits.queue`, which has no effect any more, is still read, with a warning."""
    with pytest.warns(DeprecationWarning, match=r"limits\.queue has no effect"):
        config = load_config(one(limits={"queue": 500}))

    assert 500 == config.policies["main"].limits.queue


def test_every_key_of_the_policy() -> None:
    """Every key of the policy is read; a whole number is accepted for a float."""
    policy = load_config(
        one(
            retry={"attempts": 7, "base": 1, "longest": 60},
            limits={
                "requests_per_second": 5,
                "messages_per_second": 12.5,
                "concurrency": 3,
                "linger": 0.05,
                "max_pause": 60,
            },
            breaker={"failures": 9, "pause": 2},
            account_trouble="hold",
            on_ambiguous="resend",
            not_found_for=300,
        )
    ).policies["main"]

    assert policy == Policy(
        retry=RetryPolicy(attempts=7, base=1.0, longest=60.0),
        limits=Limits(
            requests_per_second=5.0,
            messages_per_second=12.5,
            concurrency=3,
            linger=0.05,
            max_pause=60.0,
        ),
        breaker=Breaker(failures=9, pause=2.0),
        account_trouble=AccountTrouble.HOLD,
        on_ambiguous=OnAmbiguous.RESEND,
        not_found_for=300.0,
    )
    for number in (policy.limits.requests_per_second, policy.retry.base, policy.breaker.pause):
        assert float is type(number)


def test_missing_keys_of_the_policy_have_their_defaults() -> None:
    """A missing table, and a missing key of a table, have their default values."""
    assert Policy() == load_config(one()).policies["main"]
    assert (
        Policy(retry=RetryPolicy(attempts=1))
        == (load_config(one(retry={"attempts": 1})).policies["main"])
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("limits", 5, ": must be an object with keys"),
        ("limits", {"concurrency": 0}, ".concurrency: must be at least 1"),
        ("limits", {"concurrency": 2.0}, ".concurrency: must be a whole number"),
        ("limits", {"concurrency": True}, ".concurrency: must be a whole number"),
        ("limits", {"requests_per_second": "5"}, ".requests_per_second: must be a number"),
        ("limits", {"requests_per_second": 0}, f".requests_per_second: {MORE}"),
        ("limits", {"requests_per_second": math.inf}, f".requests_per_second: {MORE}"),
        ("limits", {"requests_per_second": math.nan}, f".requests_per_second: {MORE}"),
        ("limits", {"messages_per_second": -1}, f".messages_per_second: {MORE}"),
        ("limits", {"linger": -0.1}, ".linger: must be at least 0, and finite"),
        ("limits", {"linger": math.inf}, ".linger: must be at least 0, and finite"),
        ("limits", {"queue": 0}, ".queue: must be at least 1"),
        (
            "limits",
            {"request_per_second": 5},
            ".request_per_second: is not a known key; did you mean 'requests_per_second'?",
        ),
        # `queue` has no effect any more, so it is not suggested.
        (
            "limits",
            {"queu": 5},
            ".queu: is not a known key; known are concurrency, linger, max_download_bytes,"
            " max_pause, messages_per_second, requests_per_second",
        ),
        ("retry", {"attempts": 0}, ".attempts: must be at least 1"),
        ("retry", {"base": "1s"}, ".base: must be a number"),
        ("retry", {"longest": -1}, ".longest: must be at least 0, and finite"),
        ("retry", {"atempts": 2}, ".atempts: is not a known key; did you mean 'attempts'?"),
        ("breaker", {"failures": 0}, ".failures: must be at least 1"),
        ("breaker", {"pause": 0}, f".pause: {MORE}"),
        ("breaker", {"pauze": 1}, ".pauze: is not a known key; did you mean 'pause'?"),
        ("account_trouble", "holt", ": must be one of fail, hold; did you mean 'hold'?"),
        ("account_trouble", True, ": must be one of fail, hold"),
        ("not_found_for", 0, f": {MORE}"),
        ("on_ambiguous", "resent", ": must be one of hold, resend"),
        ("on_ambigous", "resend", ": is not a known key; did you mean 'on_ambiguous'?"),
    ],
)
def test_a_problem_of_the_policy_has_its_path(key: str, value: Any, expected: str) -> None:
    """The error starts with the path of the key, and says which value is right."""
    assert error_of(one(**{key: value})).startswith(f"{MAIN}{key}{expected}")
