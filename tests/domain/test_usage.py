"""The usage of a message is computed from that of its legs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import LegStatus, MessageStatus

EUR, USD = Decimal("0.05"), Decimal("0.07")


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([Usage(parts=2, price=EUR), None], Usage(parts=2, price=EUR)),
        (
            [Usage(parts=1, price=EUR), Usage(parts=2, price=2 * EUR)],
            Usage(parts=3, price=3 * EUR),
        ),
        (
            [Usage(price=EUR, currency="EUR"), Usage(parts=2, price=EUR, currency="EUR")],
            Usage(parts=2, price=2 * EUR, currency="EUR"),
        ),
        (
            [Usage(parts=1, price=EUR, currency="EUR"), Usage(parts=1, price=USD, currency="USD")],
            Usage(parts=2),
        ),
        ([Usage(parts=1, price=EUR, currency="EUR"), Usage(parts=1, price=USD)], Usage(parts=2)),
        ([Usage(parts=1), Usage(price=EUR)], Usage(parts=1, price=EUR)),
    ],
)
def test_the_usage_of_a_message_is_the_sum_over_its_legs(
    legs: list[Usage | None], expected: Usage | None
) -> None:
    """Parts and prices are added up, except prices in several currencies."""
    status = MessageStatus(
        id=MessageId("main:1"), legs=tuple(LegStatus(usage=usage) for usage in legs)
    )

    assert expected == status.usage
