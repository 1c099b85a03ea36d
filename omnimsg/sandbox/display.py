"""`Display`: what the inbox page shows of a provider's messages: content, timeline, errors.

A provider's ``Display`` interprets its contents, statuses and errors. The base class knows no
provider: it shows the text of a message and the names of its statuses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox.blocks import TextBlock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.sandbox.blocks import Block
    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord, StatusChange

SETTLED: Final = frozenset({"failed", "expired", "cancelled"})
"""The stages after which no further stage is expected."""


@attrs.frozen(kw_only=True)
class Moment:
    """One point of a message's timeline.

    Attributes:
        stage: ``scheduled``, ``accepted``, ``sent``, ``delivered`` or ``read``; one of ``SETTLED``;
            ``unused`` for a fallback that was not needed.
        status: The provider's own name.
        at: Epoch seconds.
        detail: Further data of the provider, such as the code of a failure.
    """

    stage: str
    status: str
    at: float
    detail: str | None = None


@attrs.frozen(kw_only=True)
class Attempt:
    """One recipient of a send request; ``text`` is empty if it cannot be read."""

    to: str
    channel: str | None = None
    text: str = ""


@attrs.frozen
class Error:
    """The provider's code of an error, if it has one, and its text."""

    code: str | None
    text: str


class Display:
    """Interprets a provider's messages for the inbox page; a provider overrides the methods.

    Attributes:
        stages: The stage of each of the provider's statuses.
        read_interactions: By channel, the provider's name of the interaction that reports reading;
            empty if a status reports it.
    """

    stages: Mapping[str, str] = {}
    read_interactions: Mapping[str, str] = {}

    def blocks(self, record: MessageRecord, templates: Mapping[str, str]) -> Sequence[Block]:
        """Return the content of a message as its phone shows it.

        Args:
            record: The message.
            templates: The wordings of templates by their names.
        """
        del templates
        return [TextBlock(text=record.text)]

    def moments(self, record: MessageRecord) -> list[Moment]:
        """Return the whole timeline of a message as currently planned, oldest first."""
        return [
            Moment(
                stage=self.stage(record, change),
                status=change.status,
                at=change.at,
                detail=self.explain(change),
            )
            for change in record.history(math.inf)
        ]

    def stage(self, record: MessageRecord, change: StatusChange) -> str:
        """Return the stage of a status."""
        known = self.stages.get(change.status)
        if known is not None:
            return known
        delivers = any(each.delivers and each.status == change.status for each in record.steps)
        if delivers:
            return "delivered"
        return "accepted" if change.at <= record.created else "sent"

    def explain(self, change: StatusChange) -> str | None:
        """Return the provider's details of a status change as text, None without details."""
        return ", ".join(f"{name}: {value}" for name, value in change.detail.items()) or None

    def step(self, record: MessageRecord, stage: str) -> LifecycleStep | None:
        """Return the step that brings a message to a stage, None if the provider has none."""
        del record, stage
        return None

    def attempts(self, document: Any, path: str) -> Sequence[Attempt]:  # noqa: ANN401
        """Return the recipients of a send request; none if the document cannot be read.

        Args:
            document: The decoded body of the request.
            path: The path of the request.
        """
        del document, path
        return ()

    def errors(self, answer: Any, count: int) -> Sequence[Error | None]:  # noqa: ANN401
        """Return the error for each recipient of a request, None for one without an error.

        Args:
            answer: The decoded body of the answer.
            count: How many recipients the request has.
        """
        del answer
        return [None] * count


def member(document: Any, *path: str | int) -> Any:  # noqa: ANN401 - JSON data
    """Return the value at a path of a document of any form; None if there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        elif isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def members(document: Any, *path: str | int) -> list[Any]:  # noqa: ANN401 - JSON data
    """Return the list at a path of a document; an empty one if there is no list."""
    found = member(document, *path)
    return found if isinstance(found, list) else []
