"""WhatsApp's rules are the same through every provider that supports the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import (
    ButtonKind,
    Card,
    Carousel,
    Interactive,
    Link,
    ListItem,
    ListPicker,
    ListSection,
    Media,
    MediaItem,
    MediaKind,
    Message,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.adapter import whatsapp_rules
from omnimsg.config import load_config
from omnimsg.sandbox import config

if TYPE_CHECKING:
    from omnimsg.domain.content import Content

ADAPTERS = load_config(config(0)).adapters


def picker(*items: ListItem, button: str = "Choose") -> ListPicker:
    """Return a list of one section."""
    return ListPicker("What?", button, sections=[ListSection(items)])


def items(count: int) -> list[ListItem]:
    """Return that many items."""
    return [ListItem(f"Item {number}", f"i-{number}") for number in range(count)]


def template(text: str) -> Template:
    """Return a template with one parameter."""
    return Template("table_ready", "en", body=[TextParameter(text, name="name")])


URL = "https://shop.example.test/menu"


def cards(label: str) -> Carousel:
    """Return a carousel whose second card has a link with this label."""
    picture = MediaItem(MediaKind.IMAGE, Link("https://files.example.test/a.jpg"))
    return Carousel(
        [
            Card(title="Menu", media=picture, actions=[OpenUrl(each, URL)])
            for each in ("Open", label)
        ],
        "Our menus",
    )


AUDIO = MediaItem(
    MediaKind.AUDIO,
    Stored(account="a", id="i", url="https://files.example.test/a.mp3"),
    content_type="audio/mpeg",
)

# Content at a limit, the same beyond it, and where it is refused.
LIMITS: dict[str, tuple[Content, Content, str]] = {
    "text": (Text("x" * 4096), Text("x" * 4097), "content.text"),
    "body": (
        Interactive("x" * 1024, [Reply("Yes")]),
        Interactive("x" * 1025, [Reply("Yes")]),
        "content.body",
    ),
    "label": (
        Interactive("Come?", [Reply("x" * 20)]),
        Interactive("Come?", [Reply("x" * 21)]),
        "content.actions[0].text",
    ),
    "payload": (
        Interactive("Come?", [Reply("Yes", "x" * 256)]),
        Interactive("Come?", [Reply("Yes", "x" * 257)]),
        "content.actions[0].payload",
    ),
    "replies": (
        Interactive("Come?", [Reply(each) for each in "abc"]),
        Interactive("Come?", [Reply(each) for each in "abcd"]),
        "content.actions[3]",
    ),
    "one link": (
        Interactive("Menu", [OpenUrl("Open", URL)]),
        Interactive("Menu", [OpenUrl("Open", URL), OpenUrl("More", URL)]),
        "content.actions[1]",
    ),
    "one kind": (
        Interactive("Where?", [RequestLocation()]),
        Interactive("Where?", [Reply("Here"), RequestLocation()]),
        "content.actions[1]",
    ),
    "payloads that differ": (
        Interactive("Come?", [Reply("Yes", "1"), Reply("No", "2")]),
        Interactive("Come?", [Reply("Yes", "1"), Reply("No", "1")]),
        "content.actions[1].payload",
    ),
    "label on a card": (cards("x" * 20), cards("x" * 21), "content.cards[1].actions[0].text"),
    "label below a one-time password": (
        Otp(True, actions=[Reply("x" * 20)]),
        Otp(True, actions=[Reply("x" * 21)]),
        "content.actions[0].text",
    ),
    "replies below a one-time password": (
        Otp(True, actions=[Reply(each) for each in "abc"]),
        Otp(True, actions=[Reply(each) for each in "abcd"]),
        "content.actions[3]",
    ),
    "items": (picker(*items(10)), picker(*items(11)), "content.sections[0].items[10]"),
    "title of an item": (
        picker(ListItem("x" * 24, "p")),
        picker(ListItem("x" * 25, "p")),
        "content.sections[0].items[0].title",
    ),
    "description of an item": (
        picker(ListItem("A", "p", description="x" * 72)),
        picker(ListItem("A", "p", description="x" * 73)),
        "content.sections[0].items[0].description",
    ),
    "button of a list": (
        picker(*items(1), button="x" * 20),
        picker(*items(1), button="x" * 21),
        "content.button",
    ),
    "spaces in a parameter": (template("a    b"), template("a     b"), "content.body[0].text"),
    "line break in a parameter": (template("a b"), template("a\nb"), "content.body[0].text"),
    "coupon": (
        Template("t", "en", buttons=[TemplateButton(1, ButtonKind.COUPON, value="x" * 15)]),
        Template("t", "en", buttons=[TemplateButton(1, ButtonKind.COUPON, value="x" * 16)]),
        "content.buttons[0].value",
    ),
}


@pytest.mark.parametrize(("within", "beyond", "path"), LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_rule_of_whatsapp(name: str, within: Content, beyond: Content, path: str) -> None:
    """Content within a limit passes wherever it is supported; content beyond it never does."""
    adapter: Any = ADAPTERS[name]
    passes, fails = (
        adapter.check(Message("+27820001000", content, channel="whatsapp"))
        for content in (within, beyond)
    )

    if passes is None:
        assert fails is not None
        assert path == fails.path
    else:
        # The provider does not support this content at all, so both are refused.
        assert "content" in (passes.path or "")
        assert fails is not None


@pytest.mark.parametrize(("within", "beyond", "path"), LIMITS.values(), ids=LIMITS)
def test_the_rules_by_themselves(within: Content, beyond: Content, path: str) -> None:
    """Each rule refuses exactly the content beyond its limit, with the path of the field."""
    assert [] == list(whatsapp_rules.check(within))
    assert [path] == [each.path for each in whatsapp_rules.check(beyond)]


def test_audio_has_no_caption() -> None:
    """WhatsApp shows no caption with audio."""
    assert [] == list(whatsapp_rules.check(Media([AUDIO])))
    assert ["content.caption"] == [
        each.path for each in whatsapp_rules.check(Media([AUDIO], "Listen"))
    ]


@pytest.mark.parametrize("content", [value for value, _, _ in LIMITS.values()], ids=LIMITS)
def test_some_provider_carries_each(content: Content) -> None:
    """At least one provider accepts each content of these tests."""
    message = Message("+27820001000", content, channel="whatsapp")

    assert any(adapter.check(message) is None for adapter in ADAPTERS.values())


@pytest.mark.parametrize("sign", ["25 °C", "№ 7", "© Us", "™", "1", "#", "→", "⠿"])
def test_a_sign_is_no_emoji(sign: str) -> None:
    """The data of a list's item may hold signs that a phone draws as text."""
    assert [] == list(whatsapp_rules.check(picker(ListItem("A", sign))))


@pytest.mark.parametrize(
    "emoji", ["\U0001f37d", "1\ufe0f\u20e3", "\u2194\ufe0f", "\u2615", "\u2b50"]
)
def test_no_emoji_in_the_data_of_an_item(emoji: str) -> None:
    """Emoji of every form are refused there: pictographs, keycaps, characters with a selector."""
    found = list(whatsapp_rules.check(picker(ListItem("A", f"a-{emoji}"))))

    assert ["content.sections[0].items[0].payload"] == [each.path for each in found]
