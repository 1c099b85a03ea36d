"""How much the sandbox stores before it drops the oldest entries."""

import attrs

from omnimsg.sandbox.arguments import require, require_range

MEBIBYTE = 1024 * 1024

REQUEST_BYTES = 64 * MEBIBYTE
"""The largest request body that is read; a larger one gets the provider's 413 response."""


@attrs.frozen(kw_only=True)
class Limits:
    """The capacity of each store of one sandbox; a full store drops its oldest entry.

    There are three exceptions. Faults that can still fire are kept: adding another one is an error.
    A connection whose request is being answered stays open: a new one is refused with 503. Waiting
    callbacks are kept: a new one is dropped and counted.

    Attributes:
        handsets: Phones and mailboxes.
        messages_per_handset: Messages on one phone or mailbox.
        messages: Messages on all handsets together, and messages that one emulator can still look
            up.
        media_bytes: Bytes of media that one emulator keeps.
        requests: Lines of the request log.
        faults: Faults that wait or have fired; spent ones are evicted first.
        connections: Open connections; a further one closes the longest silent one without a
            complete request.
        callbacks: Callbacks that wait for an attempt or its answer; a further one is dropped.

    Raises:
        TypeError: One is not a whole number.
        ValueError: One is negative.
    """

    handsets: int = 50_000
    messages_per_handset: int = 10_000
    messages: int = 100_000
    media_bytes: int = 256 * MEBIBYTE
    requests: int = 1_000
    faults: int = 1_000
    connections: int = 500
    callbacks: int = 50_000

    def __attrs_post_init__(self) -> None:
        """Require whole numbers."""
        for name, value in attrs.asdict(self).items():
            require(int, **{name: value})
            require_range(name, value, 0)
