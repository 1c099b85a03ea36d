"""The half of an adapter that reads callbacks: two pure functions, `verify` and `parse`.

This module is for people who write adapters. The receiver calls `verify` first, and `parse` only
for a genuine callback. Neither raises, whatever came: anybody can send anything to a public
address, and what a provider sends may be new.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from omnimsg.domain.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter.callback import Authenticity, Callback
    from omnimsg.adapter.context import Context
    from omnimsg.domain.events import Event


class Receiving:
    """What an adapter overrides to receive callbacks; overriding `parse` declares it.

    Attributes:
        provider: The provider's name.
        repeats_for: How long after an event the provider may send it again, and `verify` accepts
            it. The receiver remembers the keys of events at least as long.
        path_secrets: The name of the setting whose secrets may stand in the path of the address,
            of a provider that signs nothing; `None` for one that signs.
    """

    provider: ClassVar[str]
    repeats_for: ClassVar[timedelta] = timedelta(hours=24)
    path_secrets: ClassVar[str | None] = None

    @classmethod
    def receives(cls) -> bool:
        """Return whether the adapter reads callbacks."""
        return cls.parse is not Receiving.parse

    def callback_problem(self) -> str | None:
        """Say why no callback of the account could be genuine; `None` where one can.

        The receiver refuses to start with such an account. So an empty or weak secret is a problem
        also beside a good one: the variable that should hold it is not set.
        """
        return None

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Find out whether a callback comes from the provider.

        The secrets are in the account's settings. All that are configured are compared, in constant
        time. An empty secret is none, because anybody can sign with it: what the provider signed is
        `NO_SECRET` where the account has no other one for it.

        Args:
            callback: What came.
            context: The account's name and the time of arrival.
        """
        raise Unsupported(f"{self.provider} sends no callbacks that omnimsg reads")

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read the events of a genuine callback.

        Args:
            callback: What came.
            context: The account's name and the time of arrival, which an event gets only if the
                provider gives it no time.

        Returns:
            One event at least: what has no known form is an `UnparsedEvent`, so that nothing is
            lost. The same body gives the same keys, whenever it arrives.
        """
        raise Unsupported(f"{self.provider} sends no callbacks that omnimsg reads")
