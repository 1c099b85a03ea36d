"""Messente's messages for the inbox page: every kind of content, statuses, errors."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from omnimsg.sandbox import LifecycleStep, MessageRecord, StatusChange
from omnimsg.sandbox.blocks import (
    Block,
    ButtonBlock,
    CardsBlock,
    FileBlock,
    TemplateBlock,
    TextBlock,
    optional,
    worded,
)
from omnimsg.sandbox.display import Attempt, Display, Error, member, members
from omnimsg.sandbox.schema import Json
from omnimsg_messente.emulator.lifecycle import ERRORS, PROCESSING, STATUSES, ordered_steps
from omnimsg_messente.emulator.report import summary

_STAGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(STATUSES, "failed"),
    PROCESSING: "accepted",
    "ACK": "sent",
    "ACCEPTD": "sent",
    "UNKNOWN": "sent",
    "DELIVRD": "delivered",
    "SEEN": "read",
    "EXPIRED": "expired",
    "DELETED": "cancelled",
}
_STATUSES: Final = {
    "delivered": "DELIVRD",
    "read": "SEEN",
    "failed": "UNDELIV",
    "expired": "EXPIRED",
}
_FILES: Final = ("image", "video", "audio", "document", "sticker")


class MessenteDisplay(Display):
    """Converts an account's messages to blocks of the inbox page."""

    stages = _STAGES

    def blocks(self, record: MessageRecord, templates: Mapping[str, str]) -> Sequence[Block]:
        """Return the content of a leg."""
        content = record.content
        match record.channel:
            case "viber":
                return _viber(content, templates)
            case "whatsapp":
                return _whatsapp(content, templates)
            case "rcs":
                return _rcs(content)
        udh = content.get("udh")
        note = [] if udh is None else [TextBlock(text=f"User data header {udh}", role="note")]
        return [TextBlock(text=content["text"]), *note]

    def stage(self, record: MessageRecord, change: StatusChange) -> str:
        """Return the stage of a status; a leg that was never attempted is unused."""
        if len(record.steps) == 1 and change.status == PROCESSING:
            return "unused"
        return super().stage(record, change)

    def explain(self, change: StatusChange) -> str | None:
        """Return the `err` and its text."""
        err = change.detail.get("err")
        if err is None:
            return None
        return f"err {err}: {ERRORS[err]}" if ERRORS[err] else f"err {err}"

    def step(self, record: MessageRecord, stage: str) -> LifecycleStep | None:
        """Return the step of a stage; SMS has no status SEEN."""
        status = _STATUSES.get(stage)
        if status is None or (stage == "read" and record.channel == "sms"):
            return None
        return ordered_steps(status)[-1]

    def attempts(self, document: Any, path: str) -> Sequence[Attempt]:  # noqa: ANN401
        """Return the omnimessages of a request, each with its first leg."""
        del path
        found = []
        is_one = isinstance(document, dict) and "to" in document
        for each in [document] if is_one else members(document, "messages"):
            leg = member(each, "messages", 0)
            try:
                text = summary(leg)
            except (AttributeError, KeyError, TypeError):
                text = ""
            to, channel = member(each, "to"), member(leg, "channel")
            found.append(
                Attempt(
                    to=str(to or ""), channel=None if channel is None else str(channel), text=text
                )
            )
        return found

    def errors(self, answer: Any, count: int) -> Sequence[Error | None]:  # noqa: ANN401
        """Return the request's errors for every omnimessage, or those of each in a bulk."""
        common = _error(members(answer, "errors"))
        entries = members(answer, "messages")
        if common is not None or len(entries) != count:
            return [common] * count
        return [_error(members(each, "errors")) for each in entries]


def _error(errors: Sequence[Json]) -> Error | None:
    if not errors:
        return None
    texts = [
        ": ".join(str(each[name]) for name in ("title", "detail", "source") if member(each, name))
        for each in errors
    ]
    return Error(str(member(errors[0], "code")), "; ".join(texts))


def _picture(url: str, description: str | None = None) -> FileBlock:
    return FileBlock(kind="image", url=url, description=description)


def _viber(content: Mapping[str, Any], templates: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = []
    if "image_url" in content:
        blocks.append(_picture(content["image_url"]))
    if "video" in content:
        blocks.append(FileBlock(kind="video", url=content["video"]["url"]))
    blocks += optional(TextBlock, text=content.get("text"))
    if "template" in content:
        template = content["template"]
        values = tuple(template.get("params", {}).items())
        blocks.append(
            TemplateBlock(
                name=template["id"],
                language=template["lang"],
                values=values,
                text=worded(templates.get(template["id"]), values),
            )
        )
    if "carousel" in content:
        cards = tuple(_viber_card(each) for each in content["carousel"]["items"])
        blocks.append(CardsBlock(cards=cards))
    if "button_text" in content:
        label, url = content["button_text"], content.get("button_url")
        blocks.append(ButtonBlock(label=label, action="link", value=url))
    return blocks


def _viber_card(card: Mapping[str, Any]) -> tuple[Block, ...]:
    buttons = [card[name] for name in ("primary_button", "secondary_button") if name in card]
    return (
        _picture(card["image_url"]),
        TextBlock(text=card["title"], role="title"),
        *(ButtonBlock(label=b["label"], action="link", value=b["action_url"]) for b in buttons),
    )


def _whatsapp(content: Mapping[str, Any], templates: Mapping[str, str]) -> list[Block]:
    if "text" in content:
        return [TextBlock(text=content["text"]["body"])]
    if "template" in content:
        return _whatsapp_template(content["template"], templates)
    kind = next(name for name in _FILES if name in content)
    return [_file(kind, content[kind]), *optional(TextBlock, text=content[kind].get("caption"))]


def _file(kind: str, file: Mapping[str, Any]) -> FileBlock:
    return FileBlock(
        kind="file" if kind == "document" else kind,
        url=file.get("link"),
        name=file.get("file_name") or file.get("id"),
    )


def _whatsapp_template(template: Mapping[str, Any], templates: Mapping[str, str]) -> list[Block]:
    header: list[Block] = []
    buttons: list[Block] = []
    body: list[str] = []
    for component in template["components"]:
        parameters = component.get("parameters", ())
        kind = component["type"].lower()
        if kind == "body":
            body += [_value(each) for each in parameters]
        elif kind == "button":
            label = f"Button {(component.get('index') or 0) + 1}"
            value = ", ".join(_value(each) for each in parameters) or None
            action = str(component.get("sub_type") or "button").replace("_", " ")
            buttons.append(ButtonBlock(label=label, action=action, value=value))
        else:
            header += [_header(each) for each in parameters]
    values = tuple((str(number), value) for number, value in enumerate(body, 1))
    return [
        *header,
        TemplateBlock(
            name=template["name"],
            language=template["language"]["code"],
            values=values,
            text=worded(templates.get(template["name"]), values),
        ),
        *buttons,
    ]


def _header(parameter: Mapping[str, Any]) -> Block:
    kind = next((name for name in _FILES if name in parameter), None)
    if kind is None:
        return TextBlock(text=_value(parameter), role="title")
    return _file(kind, parameter[kind])


def _value(parameter: Mapping[str, Any]) -> str:
    """Return a parameter's text; for an amount or a time its fallback text."""
    value = next((each for name, each in parameter.items() if name != "type"), "")
    return str(value.get("fallback_value", "")) if isinstance(value, dict) else str(value)


def _rcs(content: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = [*optional(TextBlock, text=content.get("text"))]
    if "content_info" in content:
        blocks.append(_picture(content["content_info"]["file_url"]))
    card = content.get("rich_card", {})
    if "standalone_card" in card:
        blocks += _rcs_card(card["standalone_card"]["card_content"])
    if "carousel_card" in card:
        contents = card["carousel_card"]["card_contents"]
        blocks.append(CardsBlock(cards=tuple(tuple(_rcs_card(each)) for each in contents)))
    return [*blocks, *map(_suggestion, content.get("suggestions", ()))]


def _rcs_card(card: Mapping[str, Any]) -> list[Block]:
    picture = member(card, "media", "content_info", "file_url")
    return [
        *([] if picture is None else [_picture(picture)]),
        *optional(TextBlock, text=card.get("title"), role="title"),
        *optional(TextBlock, text=card.get("description")),
        *map(_suggestion, card.get("suggestions", ())),
    ]


def _suggestion(suggestion: Mapping[str, Any]) -> ButtonBlock:
    if "reply" in suggestion:
        reply = suggestion["reply"]
        return ButtonBlock(label=reply["text"], payload=reply["postback_data"])
    action = suggestion["action"]
    if "open_url_action" in action:
        url = action["open_url_action"]["url"]
        return ButtonBlock(label=action["text"], action="link", value=url)
    if "dial_action" in action:
        number = action["dial_action"]["phone_number"]
        return ButtonBlock(label=action["text"], action="call", value=number)
    kind = next((name for name in action if name.endswith("_action")), "action")
    return ButtonBlock(label=action["text"], action=kind.removesuffix("_action").replace("_", " "))
