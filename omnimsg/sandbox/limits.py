"""How much the sandbox remembers before the oldest goes."""

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
REQUEST_BYTES = 64 * MEBIBYTE
"""A larger request body gets the provider's answer to 413 without being read."""


@attrs.frozen(kw_only=True)
class Limits:
    """The caps of one sandbox; in every store the oldest goes first."""

    handsets: int = HANDSETS
    messages_per_handset: int = MESSAGES_PER_HANDSET
    messages: int = MESSAGES
    media_bytes: int = MEDIA_BYTES
    requests: int = REQUESTS
