"""The half of an adapter that reads callbacks: two pure functions, `verify` and `parse`.

This module is for people who write adapters. The receiver calls `verify` first, and `parse` only
for a genuine callback. Neither raises for any input: anybody can send anything to a public URL,
and a provider may send data in a new form.
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
    """The methods that an adapter overrides to receive callbacks; overriding `parse` declares it.

    Attributes:
        provider: The provider's name.
        repeats_for: How long after an event the provider may send it again, and `verify` accepts
            it. The receiver remembers the keys of events at least as long.
        path_secrets: For a provider that signs nothing: the name of the setting whose secrets may
            be in the path of the callback URL. `None` for a provider that signs.
    """

    provider: ClassVar[str]
    repeats_for: ClassVar[timedelta] = timedelta(hours=24)
    path_secrets: ClassVar[str | None] = None

    @classmethod
    def receives(cls) -> bool:
        """Return whether the adapter reads callbacks."""
        return cls.parse is not Receiving.parse

    def callback_problem(self) -> str | None:
        """Return why callbacks of the account cannot be verified; `None` if they can.

        The receiver refuses to start with such an account. An empty or weak secret is a problem
        even beside a good one: the variable that should hold it is not set.
        """
        return None

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Check whether a callback comes from the provider.

        Compare it with all secrets in the account's settings, in constant time. An empty secret
        does not count, because anybody can sign with it: a signed callback is `NO_SECRET` if the
        account has no other secret for it.

        Args:
            callback: The callback.
            context: The account's name and the time of arrival.
        """
        raise Unsupported(f"{self.provider} sends no callbacks that omnimsg reads")

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read the events of a genuine callback.

        Args:
            callback: The callback.
            context: The account's name and the time of arrival, which an event gets only if the
                provider gives it no time.

        Returns:
            At least one event: data in an unknown form becomes an `UnparsedEvent`, so that nothing
            is lost. The same body gives the same keys, whenever it arrives.
        """
        raise Unsupported(f"{self.provider} sends no callbacks that omnimsg reads")
