"""How a provider addresses and signs its callbacks, and which answers it repeats them after."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from omnimsg.sandbox.callbacks.draft import CallbackDraft, SignedCallback

JSON_TYPE = {"Content-Type": "application/json"}
"""The header of every callback: all providers send JSON."""


class CallbackSigner(abc.ABC):
    """The addresses and signatures of one provider.

    Written from the provider's documents alone, like an emulator: an adapter that verifies what it
    signs is thereby compared with a second reading.

    Attributes:
        provider: The provider's name.
    """

    provider: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def of_account(cls, settings: Mapping[str, Any]) -> Self:
        """Return the signer with the secrets of a configured account.

        Args:
            settings: The settings of the account by name; secrets are text, or tuples of text, of
                which the first signs.

        Raises:
            ValueError: A secret is missing; the text names the setting.
        """

    def complete(self, url: str) -> str:
        """Return the address of an account's callbacks with what the provider adds to it."""
        return url

    def address(self, base: str) -> str:
        """Return the address below a base address that several providers share."""
        return self.complete(f"{base.rstrip('/')}/{self.provider}")

    @abc.abstractmethod
    def sign(self, draft: CallbackDraft, url: str, at: float) -> SignedCallback:
        """Return the request of a callback; ``at`` is epoch seconds of its first attempt."""

    @abc.abstractmethod
    def spoil(self, signed: SignedCallback) -> SignedCallback:
        """Return the same request, but not genuine."""

    def succeeds(self, status: int) -> bool:
        """Return whether the provider takes an HTTP status for success."""
        return 200 <= status < 300

    def repeats(self, status: int) -> bool:
        """Return whether the provider sends the callback again after an HTTP status."""
        return not self.succeeds(status)
