"""The accounts that one hand-over in flight has tried, and what is known of their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.domain.outcome import Ambiguous
from omnimsg.idempotency.repeat_outcomes import result_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from omnimsg.domain.outcome import Outcome


class TriedAccounts:
    """The accounts that a hand-over in flight has tried, one after the other.

    Args:
        on_account: Called with the name of each account that is tried.
        before: The outcome at an account that was tried before; `None` if none was.

    Attributes:
        last: The future outcome at the last account that was tried; `None` if none was.
        unclaimed: The outcome that was reported between the cancellation of the call and its raise.
        doubt: The first outcome, of those at the accounts before the last one, by which the message
            may have been sent; `None` if there was none.
    """

    def __init__(self, on_account: Callable[[str], None], before: Outcome | None) -> None:
        self._on_account = on_account
        self.last: asyncio.Future[Outcome] | None = None
        self.unclaimed: Outcome | None = None
        self.doubt: Ambiguous | None = before if isinstance(before, Ambiguous) else None

    def note(self, future: asyncio.Future[Outcome], account: str) -> None:
        """Note the account that is tried now, and the future of its outcome."""
        before = None if self.last is None else result_of(self.last)
        if self.doubt is None and isinstance(before, Ambiguous):
            self.doubt = before
        self.last = future
        self._on_account(account)
