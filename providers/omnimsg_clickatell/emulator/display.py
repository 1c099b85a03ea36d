"""Clickatell's messages for the inbox page: every kind of content, statuses, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox import LifecycleStep
from omnimsg.sandbox.blocks import (
    Block,
    ButtonBlock,
    ContactBlock,
    FileBlock,
    ListBlock,
    PlaceBlock,
    TemplateBlock,
    TextBlock,
    kind_of_file,
    optional,
    worded,
)
from omnimsg.sandbox.display import Attempt, Display, Error, member, members
from omnimsg_clickatell.emulator.statuses import NUMBERS, STATUSES, steps_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox import Media, MessageRecord, StatusChange

_STAGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(STATUSES, "failed"),
    "UNKNOWN": "sent",
    "QUEUED": "accepted",
    "SCHEDULED": "scheduled",
    "SENT_TO_SUPPLIER": "sent",
    "DEVICE_ACK": "delivered",
    "READ": "read",
    "EXPIRED": "expired",
    "STOPPED_BY_USER": "cancelled",
    "STOPPED_BY_ADMIN": "cancelled",
    # A payment is made, or fails, in a conversation that was read.
    **dict.fromkeys((each for each in STATUSES if each.startswith("PAYMENT_")), "read"),
}

_FAILURES: Final = {"sms": "DELIVERY_FAILURE", "whatsapp": "WHATSAPP_MESSAGE_UNDELIVERABLE"}

# The members with the text of a refused message.
_TEXTS: Final = (
    ("content",),
    ("button", "body"),
    ("listPicker", "subtitle"),
    ("actionUrl", "body"),
)


class ClickatellDisplay(Display):
    """Converts an integration's messages to blocks of the inbox page.

    Args:
        find: Returns the stored file with an id, None if there is none.
    """

    stages = _STAGES

    def __init__(self, find: Callable[[str], Media | None]) -> None:
        self._find = find

    def blocks(self, record: MessageRecord, templates: Mapping[str, str]) -> Sequence[Block]:
        """Return the blocks of the content; a file of the integration comes from its store."""
        content = record.content
        match record.kind:
            case "binary":
                return [TextBlock(text=f"Binary, as hexadecimal: {content}", role="note")]
            case "media":
                caption = optional(TextBlock, text=content.get("caption"))
                return [self._file(content.get("fileId"), content), *caption]
            case "location":
                return [_place(content)]
            case "contacts":
                return [_contact(each) for each in content]
            case "template":
                return self._template(content, templates)
            case "listPicker":
                return [
                    *optional(TextBlock, text=content.get("title"), role="title"),
                    TextBlock(text=content["subtitle"]),
                    *optional(TextBlock, text=content.get("footer"), role="footer"),
                    ListBlock(label=content["button"], sections=_sections(content)),
                ]
            case "button" | "actionUrl" | "locationRequest":
                return [
                    *self._header(content.get("header")),
                    TextBlock(text=content["body"]),
                    *optional(TextBlock, text=content.get("footer"), role="footer"),
                    *_buttons(record.kind, content),
                ]
        return [TextBlock(text=record.text)]

    def explain(self, change: StatusChange) -> str | None:
        """Return the number of a status, if the table has one."""
        number = NUMBERS.get(change.status)
        return None if number is None else f"status {number}"

    def step(self, record: MessageRecord, stage: str) -> LifecycleStep | None:
        """Return the step of a stage; SMS has no READ."""
        if stage == "read":
            return LifecycleStep("READ") if record.channel == "whatsapp" else None
        names = {
            "delivered": "DEVICE_ACK",
            "expired": "EXPIRED",
            "failed": _FAILURES[record.channel],
        }
        return steps_to(names[stage])[-1] if stage in names else None

    def attempts(self, document: Any, path: str) -> Sequence[Attempt]:  # noqa: ANN401
        """Return the messages of a request."""
        del path
        return [
            Attempt(
                to=str(member(each, "to") or ""),
                channel=str(member(each, "channel") or "sms"),
                text=_readable(each),
            )
            for each in members(document, "messages")
        ]

    def errors(self, answer: Any, count: int) -> Sequence[Error | None]:  # noqa: ANN401
        """Return the request's error for every message, or the error of each entry, in order."""
        common = _error(member(answer, "error"))
        entries = members(answer, "messages")
        if common is not None or len(entries) != count:
            return [common] * count
        return [_error(member(each, "error")) for each in entries]

    def _file(self, media_id: str | None, given: Mapping[str, Any]) -> FileBlock:
        stored = None if media_id is None else self._find(media_id)
        content_type = given.get("contentType") or (stored.content_type if stored else None)
        return FileBlock(
            kind=kind_of_file(content_type, otherwise=given.get("type", "file")),
            media=media_id,
            name=given.get("fileName") or (stored.name if stored else None),
            content_type=content_type,
        )

    def _header(self, header: Mapping[str, Any] | None) -> Sequence[Block]:
        if header is None:
            return []
        value: Any = header.get(header["type"])
        if header["type"] == "media":
            return [self._file(value["fileId"], value)]
        if header["type"] == "location":
            return [_place(value)]
        return [TextBlock(text=value, role="title")] if isinstance(value, str) else []

    def _template(self, content: Mapping[str, Any], templates: Mapping[str, str]) -> list[Block]:
        given = content["body"].get("parameters", {})
        values = tuple((key, given[key]) for key in sorted(given, key=int))
        name = content["templateName"]
        header = member(content, "header", "text", "parameters") or {}
        buttons: list[Block] = []
        for each in sorted(content.get("templateButtons", ()), key=lambda each: each["index"]):
            (value,) = each[each["type"]].values()
            label = f"Button {each['index']}"
            buttons.append(ButtonBlock(label=label, action=_ACTIONS[each["type"]], value=value))
        return [
            *self._header(content.get("header")),
            *(TextBlock(text=text, role="title") for text in header.values()),
            TemplateBlock(
                name=name,
                language=content.get("language"),
                values=values,
                text=worded(templates.get(name), values),
            ),
            *buttons,
        ]


# The template, which is not known here, has a button's label and the rest of its URL.
_ACTIONS: Final = {
    "url": "end of a link",
    "suggestedResponse": "quick reply",
    "couponCode": "copy",
    "otp": "copy",
}


def _place(value: Mapping[str, Any]) -> PlaceBlock:
    return PlaceBlock(
        latitude=value["latitude"],
        longitude=value["longitude"],
        name=value.get("name"),
        address=value.get("address"),
    )


def _contact(value: Mapping[str, Any]) -> ContactBlock:
    names = value["name"]
    lines = [
        (kind.removesuffix("s"), ", ".join(each.values()))
        for kind in ("phones", "emails", "urls", "addresses")
        for each in value.get(kind, ())
    ]
    organisation = [("company", ", ".join(value["org"].values()))] if "org" in value else []
    birthday = [("birthday", value["birthday"])] if "birthday" in value else []
    return ContactBlock(
        name=names.get("formatted_name") or " ".join(names.values()),
        lines=(*lines, *organisation, *birthday),
    )


def _entry(value: Mapping[str, Any]) -> ButtonBlock:
    return ButtonBlock(
        label=value["title"], payload=value["postbackData"], description=value.get("subtitle")
    )


def _sections(content: Mapping[str, Any]) -> tuple[tuple[str | None, tuple[ButtonBlock, ...]], ...]:
    return tuple(
        (section.get("title"), tuple(_entry(each) for each in section["items"]))
        for section in content["sections"]
    )


def _buttons(kind: str, content: Mapping[str, Any]) -> list[ButtonBlock]:
    if kind == "button":
        return [_entry(each) for each in content["items"]]
    if kind == "actionUrl":
        return [ButtonBlock(label=content["title"], action="link", value=content["url"])]
    return [ButtonBlock(label="Send location", action="location")]


def _readable(message: Any) -> str:  # noqa: ANN401 - JSON data
    """Return what of a refused message can be read; beside media its content is a file's bytes."""
    paths = _TEXTS if member(message, "media") is None else (("media", "caption"),)
    return next((str(found) for path in paths if (found := member(message, *path))), "")


def _error(error: Any) -> Error | None:  # noqa: ANN401 - JSON data
    code, text = member(error, "code"), member(error, "description")
    return None if code is None and text is None else Error(str(code), str(text))
