"""How much the sandbox stores before it drops the oldest entries."""

import attrs

MEBIBYTE = 1024 * 1024

HANDSETS = 50_000
"""Phones and mailboxes."""
MESSAGES_PER_HANDSET = 10_000
MESSAGES = 100_000
"""Messages on all handsets together, and messages that one emulator can still look up."""
MEDIA_BYTES = 256 * MEBIBYTE
"""Bytes of media that one emulator keeps."""
REQUESTS = 1_000
"""Lines of the request log."""
FAULTS = 1_000
"""Faults that wait or have fired; spent ones are evicted first."""
CALLBACKS = 50_000
"""Callbacks that wait for an attempt or its answer; a further one is dropped."""
CONNECTIONS = 500
"""Open connections; a further one closes the longest silent one without a complete request."""
REQUEST_BYTES = 64 * MEBIBYTE
"""The largest request body that is read; a larger one gets the provider's 413 response."""


@attrs.frozen(kw_only=True)
class Limits:
    """The capacity of each store of one sandbox; a full store drops its oldest entry.

    There are three exceptions. Faults that can still fire are kept: adding another one is an error.
    A connection whose request is being answered stays open: a new one is refused with 503. Waiting
    callbacks are kept: a new one is dropped and counted.
    """

    handsets: int = HANDSETS
    messages_per_handset: int = MESSAGES_PER_HANDSET
    messages: int = MESSAGES
    media_bytes: int = MEDIA_BYTES
    requests: int = REQUESTS
    faults: int = FAULTS
    connections: int = CONNECTIONS
    callbacks: int = CALLBACKS
