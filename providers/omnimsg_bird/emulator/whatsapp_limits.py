"""The limits of WhatsApp, beyond those of Bird's schema.

Sources: "Sending WhatsApp messages" (a carousel has two to ten cards, each with a file, a title and
one link), and WhatsApp's own Cloud API reference (a text of 4096 characters, 1024 with buttons or
below a file; three reply buttons of 20 characters; lists of ten rows of 24 characters, in sections
with titles of 24, below a title of 60). Which status Bird returns for them is not published; here
it is the 422 of the schema.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from omnimsg.sandbox.schema import (
    Json,
    Path,
    Violation,
    ViolationKind,
    anything,
    below,
    fields,
    items,
    text,
)
from omnimsg_bird.emulator.body_rules import ACTION

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_TITLE: Final = 60
MAX_REPLIES: Final = 3
MAX_LABEL: Final = 20
MAX_ROWS: Final = 10
MAX_ROW: Final = 24

_BUTTONS: Final = frozenset({"link", "postback", "reply"})
_REPLIES: Final = frozenset({"postback", "reply"})


_IS_LINK = fields(required={"type": text(one_of=("link",)), "link": anything})


def _link_action(value: Json) -> Iterator[Violation]:
    yield from ACTION(value)
    yield from _IS_LINK(value)


_CAROUSEL = fields(
    required={
        "text": text(1),
        "items": items(
            fields(
                required={
                    "title": text(1),
                    "mediaUrl": anything,
                    "actions": items(_link_action, 1, 1),
                },
                optional={"description": anything, "altText": anything},
            ),
            2,
            10,
        ),
    }
)


def check_whatsapp_body(value: Json) -> Iterator[Violation]:
    """Check the body of a message that satisfies Bird's schema."""
    if "body" in value:
        yield from below(_check_body(value["body"]), "body")


def _check_body(body: Json) -> Iterable[Violation]:
    kind = body["type"]
    return below(_check_content(kind, body[kind]), kind)


def _check_content(kind: str, content: Json) -> Iterator[Violation]:
    if kind == "carousel":
        yield from _CAROUSEL(content)
        for index, card in enumerate(content["items"]):
            yield from below(_check_buttons(card), "items", index)
        return
    if kind == "section":
        # A section's own bodies are as limited as any other.
        for index, inner in enumerate(content.get("items", ())):
            yield from below(_check_body(inner), "items", index)
        return
    if kind == "authentication":
        yield from below(_check_buttons(content["otp"]), "otp")
        return
    if kind == "list":
        yield from _check_rows(content)
        yield from _check_length(content, "title", MAX_TITLE)
    else:
        yield from _check_buttons(content)
    is_long = kind == "list" or (kind == "text" and not content.get("actions"))
    yield from _check_length(content, "text", MAX_TEXT if is_long else MAX_CAPTION)


def _check_buttons(content: Json) -> Iterator[Violation]:
    actions = content.get("actions") or ()
    if sum(action["type"] in _REPLIES for action in actions) > MAX_REPLIES:
        message = f"WhatsApp shows at most {MAX_REPLIES} reply buttons"
        yield Violation(("actions",), ViolationKind.VALUE, message)
    for index, action in enumerate(actions):
        kind = action["type"]
        if kind in _BUTTONS:
            found = _check_length(action[kind], "text", MAX_LABEL)
            yield from below(found, "actions", index, kind)


def _check_rows(content: Json) -> Iterator[Violation]:
    """Check a list: its sections hold rows, which are actions."""
    sections = content.get("items") or ()
    for index, section in enumerate(sections):
        yield from below(_check_length(section, "title", MAX_ROW), "items", index)
    rows: list[tuple[Json, Path]] = [
        (action, ("items", section_index, "actions", index))
        for section_index, section in enumerate(sections)
        for index, action in enumerate(section.get("actions") or ())
    ]
    rows += [
        (action, ("actions", index)) for index, action in enumerate(content.get("actions") or ())
    ]
    if len(rows) > MAX_ROWS:
        message = f"WhatsApp shows at most {MAX_ROWS} rows in a list"
        yield Violation(("items",), ViolationKind.VALUE, message)
    for action, path in rows:
        kind = action["type"]
        if kind in _REPLIES:
            yield from below(_check_length(action[kind], "text", MAX_ROW), *path, kind)


def _check_length(content: Json, name: str, most: int) -> Iterator[Violation]:
    if len(content.get(name) or "") > most:
        message = f"WhatsApp shows at most {most} characters"
        yield Violation((name,), ViolationKind.VALUE, message)
