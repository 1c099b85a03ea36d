"""What a person sees of a message: its content as blocks, its life, and why it was refused.

A ``Display`` reads one provider's own words for the inbox page. This one knows no provider: it
shows the text of a message and the names of its statuses.
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
"""The stages from which no message is expected to go on."""

STAGES: Final = ("unused", "scheduled", "accepted", "sent", "delivered", "read", *sorted(SETTLED))
"""The stages of a message's life; ``unused`` is a fallback that was not needed."""


@attrs.frozen(kw_only=True)
class TextBlock:
    """A text; ``role`` is ``title``, ``body``, ``footer``, or ``note`` for what no phone shows."""

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
        media: The id of the file in the emulator's store; None for a file of another host, which
            the page never fetches.
        url: The address of the file as the request names it.
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
        action: ``reply`` for what a phone can tap, ``link``, or another word for what it does.
        value: The address, the number, or the code of another action than ``reply``.
        payload: What a tap sends back beside the label.
    """

    block: ClassVar[str] = "button"
    label: str
    action: str = "reply"
    value: str | None = None
    payload: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class ListBlock:
    """A list that opens from a button; each section has a title, or none, and entries."""

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
    """A place on the map."""

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
    """A template; its wording is the provider's, so only what the request says of it is known.

    Attributes:
        values: The name, or the number from 1, of each placeholder, and what is put there.
        text: The wording with the values, where the sandbox was told of it.
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
    """Return blocks as JSON data; each has the name of its kind as ``block``."""
    if attrs.has(type(value)):
        fields = attrs.asdict(value, recurse=False)
        return {"block": value.block, **{name: blocks_json(each) for name, each in fields.items()}}
    return [blocks_json(each) for each in value] if isinstance(value, tuple | list) else value


@attrs.frozen(kw_only=True)
class Moment:
    """A moment in the life of a message.

    Attributes:
        stage: One of ``STAGES``.
        status: The provider's own word.
        at: Epoch seconds.
        detail: What else the provider says, such as the code of a failure.
    """

    stage: str
    status: str
    at: float
    detail: str | None = None


@attrs.frozen(kw_only=True)
class Attempt:
    """One recipient of a request that sends; ``text`` as far as it can be read."""

    to: str
    channel: str | None = None
    text: str = ""


@attrs.frozen
class Error:
    """The provider's code of an error, where it has one, and its words."""

    code: str | None
    text: str


class Display:
    """What is shown of a provider's messages.

    Attributes:
        stages: The stage of each of the provider's statuses.
        read_interactions: The provider's name of the interaction by which it tells of reading, by
            channel; empty where that is a status.
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
        """Return the whole life of a message as it is planned now, oldest first."""
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
        """Return what the provider says beside a status, None for nothing."""
        return ", ".join(f"{name}: {value}" for name, value in change.detail.items()) or None

    def step(self, record: MessageRecord, stage: str) -> LifecycleStep | None:
        """Return the step that brings a message to a stage, None if the provider has none."""
        del record, stage
        return None

    def attempts(self, document: Any, path: str) -> Sequence[Attempt]:  # noqa: ANN401
        """Return to whom a request sends what; nothing of a document that cannot be read.

        Args:
            document: The decoded body of the request.
            path: The path of the request.
        """
        del document, path
        return ()

    def errors(self, answer: Any, count: int) -> Sequence[Error | None]:  # noqa: ANN401
        """Return the error of each recipient of a request in an answer, None if there is none.

        Args:
            answer: The decoded body of the answer.
            count: How many recipients the request has.
        """
        del answer
        return [None] * count


def member(document: Any, *path: str | int) -> Any:  # noqa: ANN401 - JSON data
    """Return what stands at a path of a document that may have any form; None if nothing does."""
    for step in path:
        if isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        elif isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def members(document: Any, *path: str | int) -> list[Any]:  # noqa: ANN401 - JSON data
    """Return the list that stands at a path; an empty one if none does."""
    found = member(document, *path)
    return found if isinstance(found, list) else []


def optional(block: type[Any], **fields: Any) -> list[Any]:  # noqa: ANN401 - fields of blocks
    """Return the block in a list; an empty list if it would have no text or label."""
    wanted = fields.get("text", fields.get("label"))
    return [block(**fields)] if wanted else []


def kind_of_file(content_type: str | None, *, otherwise: str = "file") -> str:
    """Return the kind of a file by its type: image, video, audio, or file."""
    if content_type is None:
        return otherwise
    kind = content_type.partition("/")[0].strip().lower()
    return kind if kind in {"image", "video", "audio"} else "file"


_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def worded(text: str | None, values: Sequence[tuple[str, str]]) -> str | None:
    """Return the wording of a template with its values.

    A placeholder is found by its name, or by its number where the values have other names; one that
    is not given stays as it is.
    """
    if text is None:
        return None
    by_name = {str(number): value for number, (_, value) in enumerate(values, 1)} | dict(values)
    return _PLACEHOLDER.sub(lambda found: by_name.get(found[1], found[0]), text)
