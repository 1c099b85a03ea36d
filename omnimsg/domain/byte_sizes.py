"""Format sizes for error texts."""

from __future__ import annotations


def format_bytes(size: int) -> str:
    """Format a number of bytes: `1,001 bytes`, `32.5 MB`.

    Nothing is rounded, so that a size never reads like the limit it exceeds. No run of digits is
    long enough to be masked as a phone number.
    """
    if size < 1_000_000:
        return f"{size:,} bytes"
    whole, rest = divmod(size, 1_000_000)
    return f"{whole:,}.{rest:06}".rstrip("0").rstrip(".") + " MB"
