"""`Suppression`: the interface of the list of people who must not be texted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import ConsentChange


class Suppression(Protocol):
    """The list of people who have opted out.

    `omnimsg.testing.SuppressionConformance` tests whether a list keeps these rules.

    An exception is no permission to send: after one in `suppressed` the messages are `NotSent`,
    `AFTER_FIX`; after one in `record` the callback is answered with an error, so that the provider
    repeats it. Opt-outs that nobody repeats, because a refused send or a look-up told of them, are
    kept in memory: `record` is called again, with growing pauses, until the client is closed. The
    calls run in the event loop, which they must not block.
    """

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Return for each message whether it must not be sent; then it is `NotSent`, `SUPPRESSED`.

        It is awaited before each request, retries included: answer from memory, or fetch all
        addresses at once.

        Args:
            account: The account's name.
            messages: The messages of one request.
        """

    async def record(self, change: ConsentChange) -> None:
        """Store that a person has opted out or in.

        The same change may come several times, and an older one after a newer one: compare
        `change.at`.
        """
