"""Read the amounts of money that providers write. Nothing in here raises."""

from __future__ import annotations

from decimal import Decimal

# Far beyond every balance, and every part of a cent. `Decimal` holds numbers of a thousand million
# digits: to add two of them raises an error, and to write one fills the memory.
_MAX_EXPONENT = 30


def read_amount(value: object) -> Decimal | None:
    """Read an amount with all its digits.

    Args:
        value: Text, or a number that was read as a `Decimal`: a float has lost digits.

    Returns:
        The amount; `None` if it is none, or beyond every amount of money.
    """
    try:
        amount = Decimal(value) if isinstance(value, (str, Decimal)) else None
    except ArithmeticError:
        return None
    if amount is None or not amount.is_finite():
        return None
    return amount if abs(amount.adjusted()) <= _MAX_EXPONENT else None
