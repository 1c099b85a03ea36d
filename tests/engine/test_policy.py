"""A policy is checked when it is built: the engine would meet a wrong one amid a message."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import AccountTrouble, InvalidValue, OnAmbiguous, Policy, Prices


def test_the_exact_text_of_a_choice_is_the_choice() -> None:
    """As in the configuration; it had no effect, because the engine compares members."""
    policy: Any = Policy(account_trouble="hold", on_ambiguous="resend")

    assert (AccountTrouble.HOLD, OnAmbiguous.RESEND) == (
        policy.account_trouble,
        policy.on_ambiguous,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"account_trouble": "HOLD"}, "Policy.account_trouble: must be one of fail, hold"),
        ({"on_ambiguous": "retry"}, "Policy.on_ambiguous: must be one of hold, resend_if"),
        ({"retry": 3}, "Policy.retry: must be RetryPolicy, not int"),
        ({"limits": {"concurrency": 2}}, "Policy.limits: must be Limits, not dict"),
        ({"breaker": None}, "Policy.breaker: must be Breaker, not nothing"),
    ],
    ids=str,
)
def test_what_is_no_policy(given: dict[str, Any], expected: str) -> None:
    """With a number of attempts for `retry`, a send that should be repeated never ended."""
    with pytest.raises(InvalidValue, match=expected):
        Policy(**given)


@pytest.mark.parametrize("prices", [None, "0.05", [("+", 1)]])
def test_prices_are_a_mapping(prices: Any) -> None:
    """The error names the field."""
    with pytest.raises(InvalidValue, match=r"Prices\.per_part: must be a mapping, not"):
        Prices(per_part=prices)
