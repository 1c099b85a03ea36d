"""The seam for the list of people who must not be texted: it is asked before every send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import ConsentChange


class Suppression(Protocol):
    """Knows who has opted out.

    An error of either method is no permission: the messages are `NotSent`, or the callback is
    answered with an error, so that the provider sends it again.
    """

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Return whether each message must not be sent; it is then `NotSent`, `SUPPRESSED`.

        It is awaited before each request, retries included: answer from memory, or fetch all
        addresses at once.

        Args:
            account: The account's name.
            messages: The messages of one request.
        """

    async def record(self, change: ConsentChange) -> None:
        """Store what a person wants from now on.

        The same change may come several times, and an older one after a newer one: `change.at`
        tells.
        """
