"""A policy is checked when it is built: the engine would meet a wrong one amid a message."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import AccountTrouble, InvalidValue, OnAmbiguous, Policy, Prices


def test_the_exact_text_of_a_choice_is_the_choice() -> None:
    """The exact text of a choice becomes the member, with which the engine compares."""
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
def test_an_invalid_policy_is_refused(given: dict[str, Any], expected: str) -> None:
    """A value of another type or word is refused, with the name of the field."""
    with pytest.raises(InvalidValue, match=expected):
        Policy(**given)


@pytest.mark.parametrize("prices", [None, "0.05", [("+", 1)]])
def test_prices_are_a_mapping(prices: Any) -> None:
    """Prices that are not a mapping are refused, with the name of the field."""
    with pytest.raises(InvalidValue, match=r"Prices\.per_part: must be a mapping, not"):
        Prices(per_part=prices)
