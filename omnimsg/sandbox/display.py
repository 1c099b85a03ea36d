"""Prepare messages for the inbox page: content as blocks, the timeline, and errors.

A provider's ``Display`` interprets its contents, statuses and errors. The base class knows no
provider: it shows the text of a message and the names of its statuses.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord, StatusChange

SETTLED: Final = frozenset({"failed", "expired", "cancelled"})
"""The stages after which no further stage is expected."""


@attrs.frozen(kw_only=True)
class TextBlock:
    """A text; ``role`` is ``title``, ``body``, ``footer``, or ``note`` for text no phone shows."""

    block: ClassVar[str] = "text"
    text: str
    role: str = "body"


@attrs.frozen(kw_only=True)
class HtmlBlock:
    """An e-mail."""

    block: ClassVar[str] = "html"
    subject: str | None = None
    html: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class FileBlock:
    """A picture or another file.

    Attributes:
        kind: ``image``, ``video``, ``audio``, ``sticker`` or ``file``.
        media: The id of the file in the emulator's store; None for a file on another host, which
            the page never fetches.
        url: The address of the file in the request.
    """

    block: ClassVar[str] = "file"
    kind: str
    media: str | None = None
    url: str | None = None
    name: str | None = None
    content_type: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class ButtonBlock:
    """A button, or an entry of a list.

    Attributes:
        action: ``reply`` for a button whose tap sends a reply, ``link``, or another action.
        value: The address, the number or the code; None for ``reply``.
        payload: The data that a tap sends back beside the label.
    """

    block: ClassVar[str] = "button"
    label: str
    action: str = "reply"
    value: str | None = None
    payload: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class ListBlock:
    """A list that a button opens; each section has an optional title and entries."""

    block: ClassVar[str] = "list"
    label: str
    sections: tuple[tuple[str | None, tuple[ButtonBlock, ...]], ...]


@attrs.frozen(kw_only=True)
class CardsBlock:
    """A carousel: the blocks of each card."""

    block: ClassVar[str] = "cards"
    cards: tuple[tuple[Block, ...], ...]


@attrs.frozen(kw_only=True)
class PlaceBlock:
    """A location."""

    block: ClassVar[str] = "place"
    latitude: str
    longitude: str
    name: str | None = None
    address: str | None = None


@attrs.frozen(kw_only=True)
class ContactBlock:
    """A contact: its name, and lines such as ``("phone", "+3726279020")``."""

    block: ClassVar[str] = "contact"
    name: str
    lines: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class TemplateBlock:
    """A template; the provider stores its wording, so only the request's data is known.

    Attributes:
        values: Pairs of a placeholder's name, or number from 1, and its value.
        text: The wording with the values, if the sandbox has been given the wording.
    """

    block: ClassVar[str] = "template"
    name: str
    language: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    text: str | None = None


Block: TypeAlias = (
    TextBlock
    | HtmlBlock
    | FileBlock
    | ButtonBlock
    | ListBlock
    | CardsBlock
    | PlaceBlock
    | ContactBlock
    | TemplateBlock
)


def blocks_json(value: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return blocks as JSON data; the member ``block`` is the name of the kind."""
    if attrs.has(type(value)):
        fields = attrs.asdict(value, recurse=False)
        return {"block": value.block, **{name: blocks_json(each) for name, each in fields.items()}}
    return [blocks_json(each) for each in value] if isinstance(value, tuple | list) else value


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


def optional(block: type[Any], **fields: Any) -> list[Any]:  # noqa: ANN401 - fields of blocks
    """Return a list with the block; an empty list if its text or label is empty."""
    wanted = fields.get("text", fields.get("label"))
    return [block(**fields)] if wanted else []


def kind_of_file(content_type: str | None, *, otherwise: str = "file") -> str:
    """Return the kind of a file by its media type: image, video, audio, or file."""
    if content_type is None:
        return otherwise
    kind = content_type.partition("/")[0].strip().lower()
    return kind if kind in {"image", "video", "audio"} else "file"


_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def worded(text: str | None, values: Sequence[tuple[str, str]]) -> str | None:
    """Return the wording of a template with its values.

    A placeholder is replaced by the value of that name, else by the value of that number; without
    either it stays unchanged.
    """
    if text is None:
        return None
    by_name = {str(number): value for number, (_, value) in enumerate(values, 1)} | dict(values)
    return _PLACEHOLDER.sub(lambda found: by_name.get(found[1], found[0]), text)
