"""Note which messages a request accepts or changes, so that they are reported after its answer."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnimsg.sandbox.message_records import MessageRecord

_NOTED: ContextVar[list[MessageRecord] | None] = ContextVar("omnimsg_sandbox_noted", default=None)


def note_change(record: MessageRecord) -> None:
    """Note that a message was accepted, or that its plan was changed."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(record)


class NotedChanges:
    """A context; gives the messages that are noted in it, in their order."""

    def __enter__(self) -> list[MessageRecord]:
        noted: list[MessageRecord] = []
        self._token = _NOTED.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _NOTED.reset(self._token)
