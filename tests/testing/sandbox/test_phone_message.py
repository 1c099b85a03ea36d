"""A received message: its one-time code and its links."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg.testing import PhoneMessage


def message(text: str, content: Any = None) -> PhoneMessage:
    """Return a message with a text and a content."""
    return PhoneMessage(
        number="+27 82 000 1000",
        provider="bird",
        channel="sms",
        sender=None,
        kind="text",
        text=text,
        content=content,
        reference=None,
        id="m-1",
        message_id="bird:m-1",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 4711", "4711"),
        ("4711 is your code.", "4711"),
        ("Use 123-456 to sign in", "123456"),
        ("Use 123 456 to sign in", "123456"),
        ("G-482913 is your verification code", "482913"),
        ("Teie kood: 90210. Kehtib 10 minutit.", "90210"),
        ("Order 55012 is on its way. Your PIN is 4711.", "4711"),
        ("4711 is the code for order 55012", "4711"),
        ("Code 4711, expires 2030-01-02 12:30", "4711"),
        ("Pay R1500.00 with code 4711", "4711"),
        ("Code 4711. Call +27820001000 or see https://x.example/1234", "4711"),
        ("Your code is 4711.\n\n@shop.example #4711", "4711"),
        ("Sign in at Shop\n@shop.example #A1B2C3", "A1B2C3"),
        ("Again: 4711. Yes, 4711", "4711"),
    ],
)
def test_the_code_is_found(text: str, code: str) -> None:
    """The code is the number that stands alone; among several, the one next to a word for it."""
    assert code == message(text).code


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Your table is ready", "none"),
        ("See you at 19:30 on 02/01/2030", "none"),
        ("Room 1234, floor 5678", "several numbers that may be one"),
    ],
)
def test_a_text_without_one_code_is_a_failure(text: str, what: str) -> None:
    """A text without exactly one code fails, and the failure shows number and text."""
    with pytest.raises(AssertionError) as caught:
        message(text).code  # noqa: B018 - looked up to fail

    expected = f"a one-time code was expected on +27 82 000 1000, and there is {what}: {text!r}"
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("text", "content", "links"),
    [
        ("Nothing here", None, ()),
        ("See https://a.example/x.", None, ("https://a.example/x",)),
        (
            "(https://a.example/x), HTTP://b.example",
            None,
            ("https://a.example/x", "HTTP://b.example"),
        ),
        ("Tap", {"buttons": [{"url": "https://a.example"}]}, ("https://a.example",)),
        ("https://a.example", {"text": "https://a.example"}, ("https://a.example",)),
        (
            "Hello",
            {"html": '<a href="https://a.example/?x=1&amp;y=2">here</a>'},
            ("https://a.example/?x=1&y=2",),
        ),
    ],
)
def test_the_links_are_found(text: str, content: Any, links: tuple[str, ...]) -> None:
    """The links are those of the text, then of buttons and HTML, each once."""
    assert links == message(text, content).links
