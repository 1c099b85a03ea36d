"""Errors and statuses that depend on the state of an account, ordered by a test.

No request can cause an inactive integration, a suspended number or a paused template, so a test can
order each row of the errors table for the next requests or messages, and each status for the next
messages.
"""

from __future__ import annotations

from typing import Final

import attrs

from omnimsg_clickatell.emulator.errors import ERROR_TABLE, ErrorLevel, RefusedError
from omnimsg_clickatell.emulator.statuses import STATUSES

MAX_FAULTS: Final = 1000
INVALID_RECIPIENT: Final = 25


@attrs.define(kw_only=True)
class AccountFault:
    """An error or a status for the next ``remaining`` requests or messages.

    Exactly one of ``code`` and ``status`` is set.
    """

    code: int | None
    status: str | None
    detail: str | None
    level: ErrorLevel
    to: str | None
    remaining: int

    def take(self, level: ErrorLevel, to: str | None) -> bool:
        """Return whether the order applies to a request or message, and count it if so."""
        if not (self.remaining and self.level is level and self.to in {None, to}):
            return False
        self.remaining -= 1
        return True


class AccountFaults:
    """The ordered errors and statuses that have not been returned yet."""

    def __init__(self) -> None:
        self._faults: list[AccountFault] = []

    def add(
        self,
        code: object = None,
        *,
        status: object = None,
        detail: object = None,
        level: object = None,
        to: object = None,
        count: object = 1,
    ) -> None:
        """Order an error or a status.

        Args:
            code: A code of the errors table.
            status: The name of the last status of a message that is accepted.
            detail: The parameter, number or limit that the error's text names; by default the
                recipient for code 25.
            level: ``global`` for whole requests, ``message`` for messages; by default ``message``
                if the code has that level.
            to: Only messages to this number, with or without a plus; for the message level only.
            count: The number of requests or messages.

        Raises:
            ValueError: Neither or both of a code and a status are given; one is not documented; the
                code does not have that level; a recipient is given for a global error; the count is
                below 1; too many orders wait.
        """
        if (code is None) == (status is None):
            raise ValueError("code: give either a code or a status")
        if status is not None and not (isinstance(status, str) and status in STATUSES):
            raise ValueError(f"status: {status!r} is not in the status enumeration")
        if not (to is None or isinstance(to, str)):
            raise ValueError("to: must be a number")
        if not (detail is None or (isinstance(detail, str) and code is not None)):
            raise ValueError("detail: must be a string, for a code")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"count: must be a whole number of at least 1, not {count!r}")
        chosen = _level_of(code, level)
        if to is not None and chosen is ErrorLevel.GLOBAL:
            raise ValueError("to: a global error has no recipient")
        self._faults = [fault for fault in self._faults if fault.remaining]
        if len(self._faults) >= MAX_FAULTS:
            raise ValueError(f"errors: {MAX_FAULTS} are waiting, which is the limit")
        self._faults.append(
            AccountFault(
                code=code if isinstance(code, int) else None,
                status=status if isinstance(status, str) else None,
                detail=detail if isinstance(detail, str) else None,
                level=chosen,
                to=None if to is None else to.removeprefix("+"),
                remaining=count,
            )
        )

    def raise_next(self, level: ErrorLevel, to: str | None = None) -> None:
        """Raise the first error that was ordered for this level and recipient, if any.

        Raises:
            RefusedError: An error was ordered.
        """
        for fault in self._faults:
            if fault.code is not None and fault.take(level, to):
                default = to if fault.code == INVALID_RECIPIENT else ""
                raise RefusedError(fault.code, fault.detail or default, "ordered by a test")

    def next_status(self, to: str) -> str | None:
        """Return the status ordered for the next accepted message to a recipient, if any."""
        for fault in self._faults:
            if fault.status is not None and fault.take(ErrorLevel.MESSAGE, to):
                return fault.status
        return None

    def clear(self) -> None:
        """Forget all orders."""
        self._faults.clear()


def _level_of(code: object, level: object) -> ErrorLevel:
    """Return the level of an order; a status has the level ``message``.

    Raises:
        ValueError: The code is not in the table, or does not have that level.
    """
    if code is None:
        levels = frozenset({ErrorLevel.MESSAGE})
    else:
        row = ERROR_TABLE.get(code) if isinstance(code, int) and code is not True else None
        if row is None:
            raise ValueError(f"code: {code!r} is not in the errors table")
        levels = row.levels
    default = ErrorLevel.MESSAGE if ErrorLevel.MESSAGE in levels else ErrorLevel.GLOBAL
    chosen = default if level is None else ErrorLevel(level)
    if chosen not in levels:
        raise ValueError(f"level: {code} does not occur as {chosen.value}")
    return chosen
