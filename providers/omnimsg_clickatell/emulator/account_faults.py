"""Errors that depend on the state of an account, ordered by a test.

No request can cause an inactive integration, a suspended number or a failing server, so a test can
order each row of the errors table for the next requests or messages.
"""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg_clickatell.emulator.errors import ERROR_TABLE, ErrorLevel, RefusedError


@attrs.define(kw_only=True)
class AccountFault:
    """An error for the next ``remaining`` requests or messages."""

    code: int
    level: ErrorLevel
    to: str | None
    remaining: int


class AccountFaults:
    """The ordered errors that have not been returned yet."""

    def __init__(self) -> None:
        self._faults: list[AccountFault] = []

    def add(
        self, code: int, *, level: str | None = None, to: str | None = None, count: int = 1
    ) -> None:
        """Order an error.

        Args:
            code: A code of the errors table.
            level: ``global`` for whole requests, ``message`` for messages; by default ``message``
                if the code has that level.
            to: Only messages to this number; for the message level only.
            count: The number of requests or messages.

        Raises:
            ValueError: The code is not in the table; the code does not have that level; a
                recipient is given for a global error; the count is below 1.
        """
        row = ERROR_TABLE.get(code)
        if row is None:
            raise ValueError(f"code: {code!r} is not in the errors table")
        default = ErrorLevel.MESSAGE if ErrorLevel.MESSAGE in row.levels else ErrorLevel.GLOBAL
        chosen = default if level is None else ErrorLevel(level)
        if chosen not in row.levels:
            raise ValueError(f"level: {code} does not occur as {chosen.value}")
        if to is not None and chosen is ErrorLevel.GLOBAL:
            raise ValueError("to: a global error has no recipient")
        if count < 1:
            raise ValueError(f"count: must be at least 1, not {count}")
        self._faults.append(AccountFault(code=code, level=chosen, to=to, remaining=count))

    def raise_next(
        self,
        level: ErrorLevel,
        to: str | None = None,
        detail: Any = "",  # noqa: ANN401
    ) -> None:
        """Raise the first error that was ordered for this level and recipient, if any.

        Raises:
            RefusedError: An error was ordered.
        """
        for fault in self._faults:
            if fault.remaining and fault.level is level and fault.to in {None, to}:
                fault.remaining -= 1
                raise RefusedError(fault.code, detail)

    def clear(self) -> None:
        """Forget all orders."""
        self._faults.clear()
