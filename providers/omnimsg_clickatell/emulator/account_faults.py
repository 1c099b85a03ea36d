"""Refusals that depend on the state of an account, planned by a test.

No request can bring about an inactive integration, a suspended number or a failing server, so each
row of the errors table can be ordered for the next requests or messages.
"""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg_clickatell.emulator.errors import TABLE, Level, Refused


@attrs.define(kw_only=True)
class Plan:
    """One ordered refusal."""

    code: int
    level: Level
    to: str | None
    left: int


class Planned:
    """The refusals that are ordered and not yet given."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []

    def add(
        self, code: int, *, level: str | None = None, to: str | None = None, count: int = 1
    ) -> None:
        """Order a refusal.

        Args:
            code: A code of the errors table.
            level: ``global`` for whole requests, ``message`` for messages; by default the lower
                one that the code has.
            to: Only messages to this number; message level only.
            count: How many requests or messages.

        Raises:
            ValueError: The code is not in the table; it does not occur on that level; a recipient
                is given for a global one; the count is not positive.
        """
        row = TABLE.get(code)
        if row is None:
            raise ValueError(f"code: {code!r} is not in the errors table")
        lowest = Level.MESSAGE if Level.MESSAGE in row.levels else Level.GLOBAL
        wanted = lowest if level is None else Level(level)
        if wanted not in row.levels:
            raise ValueError(f"level: {code} does not occur as {wanted.value}")
        if to is not None and wanted is Level.GLOBAL:
            raise ValueError("to: a global error has no recipient")
        if count < 1:
            raise ValueError(f"count: must be at least 1, not {count}")
        self._plans.append(Plan(code=code, level=wanted, to=to, left=count))

    def give(self, level: Level, to: str | None = None, detail: Any = "") -> None:  # noqa: ANN401
        """Raise the refusal that is due, if any.

        Raises:
            Refused: It was ordered.
        """
        for plan in self._plans:
            if plan.left and plan.level is level and plan.to in {None, to}:
                plan.left -= 1
                raise Refused(plan.code, detail)

    def clear(self) -> None:
        """Forget all orders."""
        self._plans.clear()
