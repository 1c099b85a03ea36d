"""Read the structured fields of a log record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.log_fields import LogFields

if TYPE_CHECKING:
    import logging


def logged_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return omnimsg's fields of a log record."""
    return {
        name: value for name, value in vars(record).items() if name in LogFields.__annotations__
    }
