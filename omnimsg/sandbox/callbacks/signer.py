"""`CallbackSigner`: how a provider addresses and signs callbacks, and when it repeats them."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from omnimsg.sandbox.callbacks.draft import CallbackDraft, SignedCallback

JSON_TYPE = {"Content-Type": "application/json"}
"""The header of a callback with a JSON document."""


class CallbackSigner(abc.ABC):
    """The addresses and signatures of one provider's callbacks.

    Like an emulator, it is written from the provider's documents alone, so that an adapter that
    verifies its signatures is checked against an independent reading.

    Attributes:
        provider: The provider's name.
    """

    provider: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def of_account(cls, settings: Mapping[str, Any]) -> Self:
        """Return the signer with the secrets of a configured account.

        Args:
            settings: The settings of the account by name; a secret is text, or a tuple of texts
                whose first one signs.

        Raises:
            ValueError: A secret is missing; the text names the setting.
        """

    def complete(self, url: str) -> str:
        """Return an address with the parts that the provider's callbacks need, such as a secret."""
        return url

    def address(self, base: str) -> str:
        """Return the provider's address below a base address that several providers share."""
        return self.complete(f"{base.rstrip('/')}/{self.provider}")

    @abc.abstractmethod
    def sign(self, draft: CallbackDraft, url: str, at: float) -> SignedCallback:
        """Return the request of a callback; ``at`` is epoch seconds of its first attempt."""

    @abc.abstractmethod
    def spoil(self, signed: SignedCallback) -> SignedCallback:
        """Return the same request with an invalid signature."""

    def succeeds(self, status: int) -> bool:
        """Return whether the provider counts an HTTP status as success."""
        return 200 <= status < 300

    def repeats(self, status: int) -> bool:
        """Return whether the provider sends the callback again after an HTTP status."""
        return not self.succeeds(status)
