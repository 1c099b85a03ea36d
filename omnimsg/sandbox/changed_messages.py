"""Record the messages that a request accepts or changes, to report them after its answer."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnimsg.sandbox.message_records import MessageRecord

_NOTED: ContextVar[list[MessageRecord] | None] = ContextVar("omnimsg_sandbox_noted", default=None)


def note_change(record: MessageRecord) -> None:
    """Record that a message was accepted, or that its plan was changed."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(record)


class NotedChanges:
    """A context manager that yields the messages recorded within it, in order."""

    def __enter__(self) -> list[MessageRecord]:
        noted: list[MessageRecord] = []
        self._token = _NOTED.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _NOTED.reset(self._token)
