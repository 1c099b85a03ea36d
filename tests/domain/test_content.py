"""Every kind of content refuses invalid fields, with the path in the error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.repeated_hour import RepeatedHour
from support.strategies import CONTENTS, contents, texts

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Autoconvert,
    Binary,
    ButtonKind,
    Buy,
    Card,
    CardHeight,
    CardLayout,
    CardWidth,
    Carousel,
    ContactCard,
    Contacts,
    Content,
    CreateEvent,
    CurrencyParameter,
    DateTimeParameter,
    Dial,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    OpenMedia,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    ShowLocation,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Inline, Link, MediaKind, Stored, Upload
from omnimsg.domain.message import CONTENT_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

NOW = datetime(2030, 1, 2, tzinfo=UTC)
URL = "https://files.example.test/a"
NAIVE = datetime(2030, 1, 2)  # noqa: DTZ001 - naive on purpose
PNG = MediaItem(MediaKind.IMAGE, Link(URL))
REPLY = Reply("Yes")
CARD = Card(title="Tonight")
NAME = {"formatted_name": "Ola"}
CONTACT_CARD = ContactCard(name=NAME, urls=[{"url": URL}])
LIST_ITEMS = [ListItem("a", "b")]
CREATE_EVENT: dict[str, Any] = {"text": "a", "title": "b", "start": NOW, "end": NOW}
BUY: dict[str, Any] = {"text": "a", "amount": Decimal(1), "currency": "EUR"}
MEDIA_ITEM: dict[str, Any] = {"kind": "image", "source": Link(URL)}
CONTACT: dict[str, Any] = {"name": NAME, "urls": [{"url": URL}]}
LIST_PICKER: dict[str, Any] = {"body": "a", "button": "b", "sections": [ListSection(LIST_ITEMS)]}
UPLOAD: dict[str, Any] = {"data": b"", "content_type": "image/png", "file_name": "a"}
CURRENCY: dict[str, Any] = {"fallback": "a", "code": "EUR", "amount_1000": 5}
EMAIL: dict[str, Any] = {"subject": "a", "text": "b"}
ATTACHMENT: dict[str, Any] = {"source": Link(URL), "file_name": "a"}
INTERACTIVE: dict[str, Any] = {"body": "a", "actions": [REPLY]}
STORED: dict[str, Any] = {"account": "a", "id": "b"}
LOCATION: dict[str, Any] = {"latitude": 1, "longitude": 1}

# A class, valid arguments for it, the arguments that make it invalid, and the path in the error.
INVALID: list[tuple[type, dict[str, Any], dict[str, Any], str]] = [
    (Text, {"text": "a"}, {"text": None}, "text"),
    (Text, {"text": "a"}, {"text": 5}, "text"),
    (Text, {"text": "a"}, {"text": b"a"}, "text"),
    (Text, {"text": "a"}, {"text": ""}, "text"),
    (Text, {"text": "a"}, {"preview_url": 1}, "preview_url"),
    (Text, {"text": "a"}, {"preview_url": "yes"}, "preview_url"),
    (Text, {"text": "a"}, {"udh": "0"}, "udh"),
    (Text, {"text": "a"}, {"udh": "0g"}, "udh"),
    (Text, {"text": "a"}, {"udh": b"00"}, "udh"),
    (Text, {"text": "a"}, {"udh": "\u0660\u0660"}, "udh"),
    (Text, {"text": "a"}, {"autoconvert": "most"}, "autoconvert"),
    (Binary, {"data": b"a"}, {"data": b""}, "data"),
    (Binary, {"data": b"a"}, {"data": "a"}, "data"),
    (Binary, {"data": b"a"}, {"udh": ""}, "udh"),
    (Otp, {"disclaimer": True}, {"disclaimer": "a"}, "disclaimer"),
    (Otp, {"disclaimer": True}, {"expires_in": 0}, "expires_in"),
    (Otp, {"disclaimer": True}, {"expires_in": 91}, "expires_in"),
    (Otp, {"disclaimer": True}, {"expires_in": True}, "expires_in"),
    (Otp, {"disclaimer": True}, {"actions": REPLY}, "actions"),
    (Otp, {"disclaimer": True}, {"actions": [REPLY, "b"]}, "actions[1]"),
    (Location, LOCATION, {"latitude": "59"}, "latitude"),
    (Location, LOCATION, {"latitude": 90.1}, "latitude"),
    (Location, LOCATION, {"latitude": float("nan")}, "latitude"),
    (Location, LOCATION, {"latitude": True}, "latitude"),
    (Location, LOCATION, {"longitude": float("inf")}, "longitude"),
    (Location, LOCATION, {"longitude": 10**400}, "longitude"),
    (Location, LOCATION, {"longitude": None}, "longitude"),
    (Location, LOCATION, {"name": ""}, "name"),
    (Location, LOCATION, {"address": 5}, "address"),
    (Reply, {"text": "a"}, {"text": "a" * 257}, "text"),
    (Reply, {"text": "a"}, {"payload": "a" * 2049}, "payload"),
    (Reply, {"text": "a"}, {"payload": 5}, "payload"),
    (Reply, {"text": "a"}, {"image_url": "a"}, "image_url"),
    (Reply, {"text": "a"}, {"description": ""}, "description"),
    (OpenUrl, {"text": "a", "url": URL}, {"url": "javascript:alert()"}, "url"),
    (OpenUrl, {"text": "a", "url": URL}, {"url": None}, "url"),
    (OpenUrl, {"text": "a", "url": URL}, {"fallback_url": 5}, "fallback_url"),
    (OpenUrl, {"text": "a", "url": URL}, {"application": "browser"}, "application"),
    (OpenUrl, {"text": "a", "url": URL}, {"application": []}, "application"),
    (OpenUrl, {"text": "a", "url": URL}, {"view": "WIDE"}, "view"),
    (OpenMedia, {"text": "a"}, {"text": None}, "text"),
    (Dial, {"text": "a", "number": "112"}, {"number": 112}, "number"),
    (Dial, {"text": "a", "number": "112"}, {"number": ""}, "number"),
    (ShowLocation, {"text": "a", "query": "b"}, {"query": None}, "latitude"),
    (ShowLocation, {"text": "a", "query": "b"}, {"query": 5}, "query"),
    (ShowLocation, {"text": "a", "query": "b"}, {"label": 5}, "label"),
    (ShowLocation, {"text": "a", "query": "b"}, {"latitude": 5}, "latitude"),
    (ShowLocation, {"text": "a", "query": "b"}, {"longitude": "5"}, "longitude"),
    (RequestLocation, {}, {"text": 5}, "text"),
    (RequestLocation, {}, {"payload": ""}, "payload"),
    (CreateEvent, CREATE_EVENT, {"start": NAIVE}, "start"),
    (CreateEvent, CREATE_EVENT, {"end": "now"}, "end"),
    (
        CreateEvent,
        CREATE_EVENT,
        {"end": NOW - timedelta(seconds=1)},
        "end",
    ),
    (Buy, BUY, {"amount": 1}, "amount"),
    (Buy, BUY, {"amount": 9.9}, "amount"),
    (
        Buy,
        BUY,
        {"amount": Decimal("NaN")},
        "amount",
    ),
    (Buy, BUY, {"amount": Decimal(-1)}, "amount"),
    (Buy, BUY, {"currency": "EURO"}, "currency"),
    (MediaItem, MEDIA_ITEM, {"kind": "picture"}, "kind"),
    (MediaItem, MEDIA_ITEM, {"kind": []}, "kind"),
    (MediaItem, MEDIA_ITEM, {"source": URL}, "source"),
    (MediaItem, MEDIA_ITEM, {"source": Inline(b"a")}, "content_type"),
    (MediaItem, MEDIA_ITEM, {"content_type": "png"}, "content_type"),
    (
        MediaItem,
        MEDIA_ITEM,
        {"content_type": "image/png\n;a=b"},
        "content_type",
    ),
    (MediaItem, MEDIA_ITEM, {"file_name": "a\nb"}, "file_name"),
    (MediaItem, MEDIA_ITEM, {"alt_text": ""}, "alt_text"),
    (MediaItem, MEDIA_ITEM, {"sha256": "00"}, "sha256"),
    (MediaItem, MEDIA_ITEM, {"thumbnail_url": "a"}, "thumbnail_url"),
    (MediaItem, MEDIA_ITEM, {"duration": -1}, "duration"),
    (MediaItem, MEDIA_ITEM, {"size": 1.0}, "size"),
    (MediaItem, MEDIA_ITEM, {"animated": 1}, "animated"),
    (MediaItem, MEDIA_ITEM, {"refresh": "no"}, "refresh"),
    (Media, {"items": [PNG]}, {"items": PNG}, "items"),
    (Media, {"items": [PNG]}, {"items": []}, "items"),
    (Media, {"items": [PNG]}, {"items": [PNG, URL]}, "items[1]"),
    (Media, {"items": [PNG]}, {"items": {PNG}}, "items"),
    (Media, {"items": [PNG]}, {"caption": ""}, "caption"),
    (Inline, {"data": b""}, {"data": "a"}, "data"),
    (Inline, {"data": b""}, {"data": None}, "data"),
    (Link, {"url": URL}, {"url": "/a"}, "url"),
    (Stored, STORED, {"id": None}, "id"),
    (Stored, STORED, {"id": 5}, "id"),
    (Stored, STORED, {"account": ""}, "account"),
    (Stored, STORED, {"url": "b"}, "url"),
    (Stored, STORED, {"sha256": 5}, "sha256"),
    (Stored, STORED, {"expires": NAIVE}, "expires"),
    (Stored, STORED, {"restricted_to": 5}, "restricted_to"),
    (Stored, STORED, {"client_encrypted": None}, "client_encrypted"),
    (Contacts, {"contacts": [CONTACT_CARD]}, {"contacts": []}, "contacts"),
    (Contacts, {"contacts": [CONTACT_CARD]}, {"contacts": [NAME]}, "contacts[0]"),
    (ContactCard, CONTACT, {"name": {}}, "name"),
    (ContactCard, CONTACT, {"name": "Ola"}, "name"),
    (ContactCard, CONTACT, {"name": {"a": 5}}, "name"),
    (ContactCard, CONTACT, {"name": {5: "a"}}, "name"),
    (ContactCard, CONTACT, {"urls": []}, "phones"),
    (ContactCard, CONTACT, {"phones": "+372"}, "phones"),
    (ContactCard, CONTACT, {"phones": {"a": "b"}}, "phones"),
    (ContactCard, CONTACT, {"phones": [{"a": 5}]}, "phones[0]"),
    (ContactCard, CONTACT, {"emails": [NAME, {}]}, "emails[1]"),
    (ContactCard, CONTACT, {"addresses": ["a"]}, "addresses[0]"),
    (ContactCard, CONTACT, {"org": []}, "org"),
    (ContactCard, CONTACT, {"birthday": "2001-02-30"}, "birthday"),
    (ContactCard, CONTACT, {"birthday": "20010203"}, "birthday"),
    (ContactCard, CONTACT, {"birthday": "Tuesday"}, "birthday"),
    (ContactCard, CONTACT, {"birthday": NOW}, "birthday"),
    (Interactive, INTERACTIVE, {"body": None}, "body"),
    (Interactive, INTERACTIVE, {"body": 5}, "body"),
    (Interactive, INTERACTIVE, {"actions": REPLY}, "actions"),
    (Interactive, INTERACTIVE, {"actions": []}, "actions"),
    (Interactive, INTERACTIVE, {"actions": ["Yes"]}, "actions[0]"),
    (Interactive, INTERACTIVE, {"header": ""}, "header"),
    (Interactive, INTERACTIVE, {"header": 5}, "header"),
    (Interactive, INTERACTIVE, {"footer": ""}, "footer"),
    (ListItem, {"title": "a", "payload": "b"}, {"title": None}, "title"),
    (ListItem, {"title": "a", "payload": "b"}, {"payload": ""}, "payload"),
    (ListItem, {"title": "a", "payload": "b"}, {"description": 5}, "description"),
    (ListSection, {"items": LIST_ITEMS}, {"items": []}, "items"),
    (ListSection, {"items": LIST_ITEMS}, {"title": ""}, "title"),
    (
        ListPicker,
        LIST_PICKER,
        {"sections": [ListSection(LIST_ITEMS, "c"), ListSection(LIST_ITEMS)]},
        "sections[1].title",
    ),
    (
        ListPicker,
        LIST_PICKER,
        {"sections": ()},
        "sections",
    ),
    (
        ListPicker,
        LIST_PICKER,
        {"button": None},
        "button",
    ),
    (Card, {"title": "a"}, {"title": None}, "title"),
    (Card, {"title": "a"}, {"text": ""}, "text"),
    (Card, {"title": "a"}, {"media": Link(URL)}, "media"),
    (Card, {"title": "a"}, {"actions": REPLY}, "actions"),
    (Card, {"title": "a"}, {"height": "high"}, "height"),
    (Card, {"title": "a"}, {"layout": "top"}, "layout"),
    (Card, {"title": "a"}, {"suggestions": [5]}, "suggestions[0]"),
    (Carousel, {"cards": [CARD, CARD]}, {"cards": [CARD]}, "cards"),
    (Carousel, {"cards": [CARD, CARD]}, {"cards": CARD}, "cards"),
    (Carousel, {"cards": [CARD, CARD]}, {"width": "large"}, "width"),
    (
        Carousel,
        {"cards": [CARD, CARD]},
        {"cards": [CARD, attrs.evolve(CARD, suggestions=[REPLY])]},
        "cards[1].suggestions",
    ),
    (Section, {"items": [Text("a")]}, {"items": []}, "items"),
    (Section, {"items": [Text("a")]}, {"items": Text("a")}, "items"),
    (Section, {"items": [Text("a")]}, {"items": [Text("a"), "b"]}, "items[1]"),
    (Section, {"items": [Text("a")]}, {"items": [CARD]}, "items[0]"),
    (
        Section,
        {"items": [Text("a")]},
        {"items": [Section([Section([Text("a")])])]},
        "items[0].items",
    ),
    (Email, EMAIL, {"text": None}, "html"),
    (Email, EMAIL, {"subject": "a\nb"}, "subject"),
    (Email, EMAIL, {"subject": "a\rb"}, "subject"),
    (Email, EMAIL, {"subject": "a" * 999}, "subject"),
    (Email, EMAIL, {"html": 5}, "html"),
    (Email, EMAIL, {"cc": "ola@example.test"}, "cc"),
    (Email, EMAIL, {"cc": ["ola@example.test", "kari"]}, "cc[1]"),
    (Email, EMAIL, {"bcc": [5]}, "bcc[0]"),
    (Email, EMAIL, {"attachments": [PNG]}, "attachments[0]"),
    (Email, EMAIL, {"headers": "X-A: b"}, "headers"),
    (Email, EMAIL, {"headers": {"X-A": 5}}, "headers"),
    (Email, EMAIL, {"headers": {5: "b"}}, "headers"),
    (Email, EMAIL, {"headers": {"X-A": "b\r\nBcc: c"}}, "headers"),
    (Email, EMAIL, {"headers": {"X-A: b\nBcc": "c"}}, "headers"),
    (Email, EMAIL, {"headers": {"": "c"}}, "headers"),
    (Email, EMAIL, {"from_name": "a\r\nBcc: b"}, "from_name"),
    (Attachment, ATTACHMENT, {"file_name": ""}, "file_name"),
    (Attachment, ATTACHMENT, {"file_name": "a\nb"}, "file_name"),
    (Attachment, ATTACHMENT, {"source": b"a"}, "source"),
    (Attachment, ATTACHMENT, {"source": Inline(b"")}, "content_type"),
    (Attachment, ATTACHMENT, {"content_id": "a\rb"}, "content_id"),
    (Template, {"name": "a"}, {"name": ""}, "name"),
    (Template, {"name": "a"}, {"language": 5}, "language"),
    (Template, {"name": "a"}, {"version": 5}, "version"),
    (Template, {"name": "a"}, {"body": "Ola"}, "body"),
    (Template, {"name": "a"}, {"body": [5]}, "body[0]"),
    (Template, {"name": "a"}, {"header": "a"}, "header"),
    (Template, {"name": "a"}, {"buttons": "a"}, "buttons"),
    (TextParameter, {"text": "a"}, {"text": None}, "text"),
    (TextParameter, {"text": "a"}, {"name": ""}, "name"),
    (CurrencyParameter, CURRENCY, {"code": "E"}, "code"),
    (
        CurrencyParameter,
        CURRENCY,
        {"amount_1000": 0.5},
        "amount_1000",
    ),
    (DateTimeParameter, {"fallback": "a"}, {"fallback": NOW}, "fallback"),
    (MediaParameter, {"item": PNG}, {"item": Link(URL)}, "item"),
    (LocationParameter, {"location": Location(1, 1)}, {"location": (1, 1)}, "location"),
    (Upload, UPLOAD, {"data": "a"}, "data"),
    (
        Upload,
        {"data": Path("a"), "content_type": "image/png", "file_name": "a"},
        {"content_type": None},
        "content_type",
    ),
    (
        Upload,
        UPLOAD,
        {"file_name": 'a"\r\nX: b'},
        "file_name",
    ),
    (
        Upload,
        UPLOAD,
        {"restricted_to": "37255500001"},
        "restricted_to",
    ),
    (
        Upload,
        UPLOAD,
        {"restricted_to": 5},
        "restricted_to",
    ),
    (
        Upload,
        UPLOAD,
        {"channel": "fax"},
        "channel",
    ),
    (
        Upload,
        UPLOAD,
        {"encryption": "a"},
        "encryption",
    ),
]


@pytest.mark.parametrize(
    ("kind", "valid", "invalid", "path"),
    INVALID,
    ids=[f"{row[0].__name__}.{row[3]}-{index}" for index, row in enumerate(INVALID)],
)
def test_invalid_fields(
    kind: type, valid: dict[str, Any], invalid: dict[str, Any], path: str
) -> None:
    """An invalid field raises `InvalidValue` with its path."""
    kind(**valid)
    with pytest.raises(InvalidValue) as caught:
        kind(**{**valid, **invalid})

    assert [f"{kind.__name__}.{path}"] == [each.path for each in caught.value.problems]


@pytest.mark.parametrize(
    ("invalid", "path"),
    [
        ({"position": 0}, "position"),
        ({"kind": "link"}, "kind"),
        ({"kind": None}, "kind"),
        ({"value": ""}, "value"),
    ],
)
def test_invalid_template_buttons(invalid: dict[str, Any], path: str) -> None:
    """A template's button needs a position from 1, a kind and a value."""
    valid: dict[str, Any] = {"position": 1, "kind": ButtonKind.URL, "value": "a"}
    with pytest.raises(InvalidValue) as caught:
        TemplateButton(**{**valid, **invalid})

    assert [f"TemplateButton.{path}"] == [each.path for each in caught.value.problems]


CHOICES: list[tuple[Callable[[Any], Any], str, type[StrEnum]]] = [
    (lambda value: Text("a", autoconvert=value), "autoconvert", Autoconvert),
    (lambda value: Card(title="a", height=value), "height", CardHeight),
    (lambda value: Card(title="a", layout=value), "layout", CardLayout),
    (lambda value: Carousel([CARD, CARD], width=value), "width", CardWidth),
    (lambda value: TemplateButton(1, value, value="a"), "kind", ButtonKind),
]


@pytest.mark.parametrize(("build", "field", "kind"), CHOICES)
def test_the_exact_text_of_a_choice_is_the_choice(
    build: Callable[[Any], Any], field: str, kind: type[StrEnum]
) -> None:
    """The exact text of a member stands for the member; the error for another text lists all."""
    built = [getattr(build(each.value), field) for each in kind]
    with pytest.raises(InvalidValue, match=f"{field}: must be one of {', '.join(kind)}"):
        build(next(iter(kind)).value.upper())

    assert all(one is other for one, other in zip(kind, built, strict=True))


def test_two_buttons_at_one_position() -> None:
    """Two buttons of a template cannot have the same position."""
    with pytest.raises(InvalidValue, match=r"Template\.buttons: two buttons"):
        Template("a", buttons=[TemplateButton(1, ButtonKind.URL, value="a")] * 2)


def test_plain_text_becomes_a_text_parameter() -> None:
    """Plain text in a template's body becomes a `TextParameter`; other parameters are kept."""
    amount = CurrencyParameter("9 euros", "EUR", amount_1000=9000)

    assert Template("a", body=["Ola", amount]).body == (TextParameter("Ola"), amount)


def test_media_from_a_link() -> None:
    """`Media.link` builds and validates the same value as the constructors."""
    assert Media.link("image", URL, caption="a") == Media([PNG], "a")
    with pytest.raises(InvalidValue, match=r"MediaItem\.kind: must be one of image, video"):
        Media.link("picture", URL)


def test_an_upload_for_one_number_on_one_channel() -> None:
    """An upload may be restricted to a recipient, and to a channel given by its name."""
    upload = Upload(
        b"a", "image/png", file_name="a.png", restricted_to="+37255500001", channel="viber"
    )

    assert ("+37255500001", Channel.VIBER) == (upload.restricted_to, upload.channel)


def test_there_is_a_strategy_for_every_kind() -> None:
    """Every kind of content has a test strategy and a tag of its own."""
    assert set(CONTENT_KINDS) == set(CONTENTS)
    assert len({vars(kind)["kind"] for kind in CONTENTS}) == len(CONTENTS)


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_text_is_not_rewritten(text: str) -> None:
    """Whitespace, line breaks and combining characters are kept."""
    assert (text, text) == (Text(text).text, Card(text=text).text)


@given(contents() | texts())
def test_contents_can_be_evolved(content: Content) -> None:
    """A valid content can be rebuilt from its own fields."""
    assert content == attrs.evolve(content)


def test_an_event_may_last_from_one_repeated_hour_into_the_next() -> None:
    """The times of an event are compared as times, not by the clock on the wall."""
    start = datetime(2026, 10, 25, 3, 50, tzinfo=RepeatedHour(), fold=0)
    end = datetime(2026, 10, 25, 3, 10, tzinfo=RepeatedHour(), fold=1)

    event = CreateEvent("Add", title="Night shift", start=start, end=end)

    assert timedelta(minutes=20) == event.end - event.start
