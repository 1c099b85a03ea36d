"""Read the amounts of money that providers write. No function raises."""

from __future__ import annotations

from decimal import Decimal

# Far above every balance, and far below a cent. `Decimal` accepts numbers of a thousand million
# digits: adding two of them raises an error, and formatting one fills the memory.
_MAX_EXPONENT = 30
# More digits are no price either, and would be kept with the message.
_MAX_DIGITS = 60


def read_amount(value: object) -> Decimal | None:
    """Read an amount with all its digits.

    Args:
        value: Text, or a number that was read as a `Decimal`: a float has lost digits.

    Returns:
        The amount; `None` if the value is not one, or beyond every amount of money.
    """
    try:
        amount = Decimal(value) if isinstance(value, (str, Decimal)) else None
    except ArithmeticError:
        return None
    if amount is None or not amount.is_finite():
        return None
    if abs(amount.adjusted()) > _MAX_EXPONENT or len(amount.as_tuple().digits) > _MAX_DIGITS:
        return None
    return amount
