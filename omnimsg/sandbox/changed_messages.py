"""Record the messages that a request accepts or changes, to report them after its answer."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.sandbox.message_records import MessageRecord

_NOTED: ContextVar[list[MessageRecord] | None] = ContextVar("omnimsg_sandbox_noted", default=None)


def note_change(record: MessageRecord) -> None:
    """Record that a message was accepted, or that its plan was changed."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(record)


@contextmanager
def noted_changes() -> Iterator[list[MessageRecord]]:
    """Collect the messages that are recorded in the block, in order."""
    noted: list[MessageRecord] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)
