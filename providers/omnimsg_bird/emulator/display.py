"""Bird's messages for the inbox page: every kind of body, statuses, errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from omnimsg.sandbox import LifecycleStep, Media, MessageRecord, SandboxState, StatusChange
from omnimsg.sandbox.blocks import (
    Block,
    ButtonBlock,
    CardsBlock,
    FileBlock,
    HtmlBlock,
    ListBlock,
    PlaceBlock,
    TemplateBlock,
    TextBlock,
    kind_of_file,
    optional,
    worded,
)
from omnimsg.sandbox.display import Attempt, Display, Error, Moment, member, members
from omnimsg.sandbox.schema import Json
from omnimsg_bird.emulator.lifecycle import SCHEDULED, expired_step, final_step
from omnimsg_bird.emulator.resource import Interactions, planned_interaction, summary

_STAGES: Final[Mapping[str, str]] = {
    "accepted": "accepted",
    "processing": "accepted",
    SCHEDULED: "scheduled",
    "sent": "sent",
    "delivered": "delivered",
    "delivery_failed": "failed",
    "sending_failed": "failed",
    "rejected": "failed",
    "skipped": "cancelled",
    "deleted": "cancelled",
}
_READING: Final = {"whatsapp": "read", "email": "opened"}


class BirdDisplay(Display):
    """Converts a workspace's messages to blocks of the inbox page.

    Args:
        state: Clock and pace.
        platforms: The platform of each channel, by the channel's id.
        interactions: The interactions of phones with messages.
        find: Returns the stored file with an id, None if there is none.
    """

    stages = _STAGES
    read_interactions = _READING

    def __init__(
        self,
        state: SandboxState,
        platforms: Mapping[str, str],
        interactions: Interactions,
        find: Callable[[str], Media | None],
    ) -> None:
        self._state = state
        self._platforms = platforms
        self._interactions = interactions
        self._find = find

    def blocks(self, record: MessageRecord, templates: Mapping[str, str]) -> Sequence[Block]:
        """Return the blocks of a body or a template; a rejected message may have neither."""
        if record.kind == "template":
            return _template(record.content, templates)
        if "type" not in record.content:
            return [TextBlock(text="No body that could be read", role="note")]
        return list(self._body(record.content))

    def moments(self, record: MessageRecord) -> list[Moment]:
        """Return the statuses, and the interactions that mean that the message was read."""
        found = super().moments(record)
        planned = planned_interaction(record, self._state.pace)
        done = [] if planned is None else [planned]
        done += [
            (datetime.fromisoformat(each["createdAt"]).timestamp(), each)
            for each in self._interactions.of(record)
        ]
        found += [
            Moment(stage="read", status=each["type"], at=at, detail="interaction")
            for at, each in done
            if each["type"] in _READING.values()
        ]
        return sorted(found, key=lambda moment: moment.at)

    def stage(self, record: MessageRecord, change: StatusChange) -> str:
        """Return the stage of a status; only its details show an expiry."""
        if change.detail.get("details") == "Expired":
            return "expired"
        return super().stage(record, change)

    def explain(self, change: StatusChange) -> str | None:
        """Return the code, the description and the source of a failure."""
        failure = change.detail.get("failure")
        if failure is None:
            return None
        source = failure.get("source", {})
        names = [f"{name}" for name in (source.get("name"), source.get("code")) if name]
        words = [str(each) for each in (failure.get("code"), failure.get("description")) if each]
        return " ".join(words) + (f" ({' '.join(names)})" if names else "")

    def step(self, record: MessageRecord, stage: str) -> LifecycleStep | None:
        """Return the step of a stage; reading is an interaction."""
        if stage == "expired":
            return expired_step(record.channel)
        if stage in {"delivered", "failed"}:
            return final_step(record.channel, delivered=stage == "delivered")
        return None

    def attempts(self, document: Any, path: str) -> Sequence[Attempt]:  # noqa: ANN401
        """Return the recipients of a message, or of each message of a batch."""
        found = []
        channels = (self._platforms.get(segment) for segment in path.split("/"))
        channel = next((each for each in channels if each is not None), None)
        for each in members(document, "messageRequests") or [document]:
            try:
                text = summary(each)
            except (AttributeError, KeyError, TypeError):
                text = ""
            found += [
                Attempt(
                    to=str(member(contact, "identifierValue") or ""), channel=channel, text=text
                )
                for contact in members(each, "receiver", "contacts")
            ]
        return found

    def errors(self, answer: Any, count: int) -> Sequence[Error | None]:  # noqa: ANN401
        """Return the only error of an answer, for every message."""
        code, text = member(answer, "code"), member(answer, "message")
        if code is None or text is None:
            return [None] * count
        details = member(answer, "details")
        words = [f"{path}: {_listed(why)}" for path, why in (details or {}).items()]
        return [Error(str(code), "; ".join([str(text), *words]))] * count

    def _body(self, body: Mapping[str, Any]) -> Iterator[Block]:
        kind = body["type"]
        content = body[kind]
        match kind:
            case "html":
                yield from self._html(content)
            case "image" | "file" | "gif":
                yield from self._files(kind, content)
                yield from optional(TextBlock, text=content.get("text"))
            case "location":
                yield _place(content)
            case "carousel":
                yield from optional(TextBlock, text=content.get("text"))
                yield CardsBlock(cards=tuple(tuple(self._card(each)) for each in content["items"]))
            case "list":
                yield from _list(content)
            case "section":
                for each in content.get("items", ()):
                    yield from self._body(each)
            case "authentication":
                yield from _authentication(content["otp"])
            case _:
                subject = member(content, "metadata", "subject")
                yield from optional(TextBlock, text=subject, role="title")
                yield TextBlock(text=content["text"])
                yield from self._attachments(content)
        if kind not in {"list", "authentication"}:
            yield from map(_action, content.get("actions") or ())

    def _html(self, content: Mapping[str, Any]) -> Iterator[Block]:
        subject = member(content, "metadata", "subject")
        if content.get("html"):
            html = content["html"]
            for each in content.get("attachments") or ():
                # An image that the HTML refers to is an attachment of the e-mail.
                if each.get("contentId") and kind_of_file(each.get("contentType")) == "image":
                    data = f"data:{each['contentType']};base64,{each.get('content', '')}"
                    html = html.replace(f"cid:{each['contentId']}", data)
            yield HtmlBlock(subject=subject, html=html)
        else:
            yield from optional(TextBlock, text=subject, role="title")
        yield from optional(TextBlock, text=content.get("text"))
        yield from self._attachments(content)

    def _attachments(self, content: Mapping[str, Any]) -> Iterator[Block]:
        for each in content.get("attachments") or ():
            yield self._file("file", each, each.get("filename"), each.get("contentType"))

    def _files(self, kind: str, content: Mapping[str, Any]) -> Iterator[Block]:
        if kind == "gif":
            yield self._file("image", content)
        for each in content.get("images", ()):
            yield self._file("image", each)
        for each in content.get("files", ()):
            yield self._file("file", each, each.get("filename"), each["contentType"])

    def _file(
        self,
        kind: str,
        given: Mapping[str, Any],
        name: str | None = None,
        content_type: str | None = None,
    ) -> FileBlock:
        """Return a file; a file that was uploaded here is found by the last part of its URL."""
        url = given.get("mediaUrl")
        media = None if url is None else self._find(url.rpartition("/")[2])
        if media is not None:
            content_type = content_type or media.content_type
        return FileBlock(
            kind=kind_of_file(content_type, otherwise=kind),
            media=None if media is None else media.id,
            url=url,
            name=name or (media.name if media else None),
            content_type=content_type,
            description=given.get("altText"),
        )

    def _card(self, item: Mapping[str, Any]) -> Iterator[Block]:
        if item.get("mediaUrl"):
            yield self._file("image", item)
        yield from optional(TextBlock, text=item.get("title"), role="title")
        yield from optional(TextBlock, text=item.get("description"))
        yield from map(_action, item.get("actions") or ())


def _place(content: Mapping[str, Any]) -> PlaceBlock:
    at, place = content["coordinates"], content.get("location", {})
    return PlaceBlock(
        latitude=str(at["latitude"]),
        longitude=str(at["longitude"]),
        name=place.get("label"),
        address=place.get("address"),
    )


def _list(content: Mapping[str, Any]) -> Iterator[Block]:
    yield from optional(TextBlock, text=content.get("title"), role="title")
    yield TextBlock(text=content["text"])
    sections = tuple(
        (each.get("title"), tuple(map(_action, each.get("actions") or ())))
        for each in content.get("items") or ()
    )
    label = member(content, "metadata", "button", "label")
    yield ListBlock(label=label or "Choose", sections=sections)
    yield from map(_action, content.get("actions") or ())


def _authentication(otp: Mapping[str, Any]) -> Iterator[Block]:
    yield TextBlock(text="An authentication message; its code is Bird's", role="note")
    if otp["disclaimer"]:
        yield TextBlock(text="For your security, do not share this code.")
    if otp.get("expirationTime"):
        yield TextBlock(
            text=f"This code expires in {otp['expirationTime']} minutes.", role="footer"
        )
    yield from map(_action, otp.get("actions") or ())


def _action(action: Mapping[str, Any]) -> ButtonBlock:
    kind = action["type"]
    content = action.get(kind) or {}
    description = member(content, "metadata", "description", "label")
    if kind in {"reply", "postback"}:
        payload = content.get("payload", content["text"])
        return ButtonBlock(label=content["text"], payload=payload, description=description)
    if kind == "link":
        return ButtonBlock(label=content["text"], action="link", value=content["url"])
    if kind == "buy":
        amount = f"{content['amountCents'] / 100:.2f} {content['currency']}"
        return ButtonBlock(label=content["text"], action="buy", value=amount)
    return ButtonBlock(label=content.get("text", "Send location"), action="location")


def _template(template: Mapping[str, Any], templates: Mapping[str, str]) -> list[Block]:
    given = [(each["key"], str(each.get("value", ""))) for each in template.get("parameters") or ()]
    values = (*given, *(template.get("variables") or {}).items())
    name = template.get("name") or template["projectId"]
    return [
        TemplateBlock(
            name=name,
            language=template.get("locale"),
            values=values,
            text=worded(templates.get(name), values),
        )
    ]


def _listed(value: Json) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
