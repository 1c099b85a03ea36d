"""What the log says of a store of messages that fails, or is too slow."""

from __future__ import annotations

import logging

from omnimsg.domain.log_fields import log_fields

log: logging.Logger = logging.getLogger("omnimsg.delivery")


def warn_failed(error: BaseException) -> None:
    """Log that the store has failed, without the error's text, which may quote a message."""
    kind = type(error).__name__
    log.warning(
        "the store of messages raised %s; the call is repeated", kind, extra=log_fields(error=kind)
    )


def warn_overflow(limit: int) -> None:
    """Log that outcomes are lost, because too many wait for the store."""
    log.warning(
        "the store of messages is too slow: %d outcomes wait, the oldest are dropped",
        limit,
        extra=log_fields(count=limit),
    )


def warn_closed(count: int) -> None:
    """Log that outcomes are lost, because the client is closed."""
    log.warning(
        "the client was closed before the store of messages had taken %d outcomes",
        count,
        extra=log_fields(count=count),
    )
