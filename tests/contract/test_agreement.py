"""What the Clickatell adapter sends, the vendor's OpenAPI document and the emulator accept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from support.contract import Contract
from support.provider_http import RecordedRequest

from omnimsg import (
    ButtonKind,
    ContactCard,
    Contacts,
    Interactive,
    InvalidValue,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    MediaItem,
    MediaKind,
    MediaParameter,
    Message,
    OpenUrl,
    Reply,
    RequestLocation,
    Secret,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.adapter import Account, Context
from omnimsg_clickatell import ClickatellAdapter
from omnimsg_clickatell.adapter import ClickatellSettings
from omnimsg_clickatell.emulator.message_rules import MESSAGE

if TYPE_CHECKING:
    from omnimsg.domain.content import Content

CONTRACT = Contract.of(Path(__file__).parents[1] / "data" / "clickatell-schema.json")
ADAPTER = ClickatellAdapter(
    Account(
        name="main",
        settings=ClickatellSettings(api_key=Secret("key")),
        base_url=ClickatellAdapter.base_url,
    )
)
CONTEXT = Context(account="main", now=datetime(2030, 1, 1, tzinfo=UTC))
HEADERS = {"Authorization": "key", "Content-Type": "application/json"}

# Lengths at and just above every limit; below, pieces that some fields do not allow.
LIMITS = (15, 20, 24, 60, 72, 200, 256, 1024)
SIZES = st.integers(0, 8) | st.sampled_from([size + over for size in LIMITS for over in (0, 1)])
PIECES = (
    "*bold*",
    "~x~",
    "`code`",
    "```x```",
    "_",
    "**",
    "*a\nb*",
    "a_b_c",
    "🍽",
    "a\tb",
    "a     b",
)
PLAIN = st.integers(1, 15).map("x".__mul__)


def texts() -> st.SearchStrategy[str]:
    """Draw texts, some of a length near a limit or with special characters."""
    odd = st.builds(lambda piece, size: piece + "x" * size, st.sampled_from(PIECES), SIZES)
    return st.integers(0, 15).flatmap(lambda die: PLAIN if die else odd)


STORED = st.sampled_from(
    [Stored(account="main", id="a.png"), Stored(account="main", url="https://a.test")]
)
ITEMS = st.builds(MediaItem, st.sampled_from(MediaKind), STORED)
HEADERS_ABOVE = st.none() | texts() | ITEMS
OPTIONAL = st.none() | texts()
LOCATIONS = st.builds(
    Location,
    st.floats(-90, 90),
    st.floats(-180, 180),
    name=OPTIONAL,
    address=OPTIONAL,
)
REPLIES = st.builds(Reply, st.sampled_from("abc") | texts(), OPTIONAL)
LINKS = st.builds(OpenUrl, texts(), st.just("https://example.test/a"))
LIST_ITEMS = st.builds(ListItem, texts(), texts(), description=OPTIONAL)
SECTIONS = st.builds(ListSection, st.lists(LIST_ITEMS, min_size=1, max_size=6), OPTIONAL)
PARAMETERS = st.builds(
    TextParameter, st.sampled_from(["", "a", "a\nb", "a\tb", "a    b", "a     b"])
)
BUTTONS = st.builds(TemplateButton, st.integers(1, 12), st.sampled_from(ButtonKind), value=texts())
STRINGS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "x"]), max_size=2)
CARDS = st.builds(
    ContactCard,
    name=STRINGS,
    phones=st.lists(STRINGS, max_size=2),
    org=st.none() | STRINGS,
    birthday=st.sampled_from([None, "2000-02-29", "2001-02-29"]),
)


# Content that the One API allows, and some that it does not allow.
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, texts(), preview_url=st.none() | st.booleans()),
    LOCATIONS,
    st.builds(Contacts, st.lists(CARDS, min_size=1, max_size=2)),
    st.builds(
        Interactive,
        OPTIONAL,
        st.lists(REPLIES | LINKS | st.just(RequestLocation()), min_size=1, max_size=4)
        | st.lists(REPLIES, min_size=1, max_size=4),
        header=HEADERS_ABOVE,
        footer=OPTIONAL,
    ),
    st.builds(
        ListPicker,
        texts(),
        texts(),
        sections=st.lists(SECTIONS, min_size=1, max_size=3),
        header=OPTIONAL,
        footer=OPTIONAL,
    ),
    st.builds(
        Template,
        texts(),
        OPTIONAL.filter(lambda value: value is None or len(value) <= 35),
        body=st.lists(PARAMETERS, max_size=3),
        header=st.none()
        | PARAMETERS
        | st.builds(MediaParameter, ITEMS)
        | st.builds(LocationParameter, LOCATIONS),
        buttons=st.lists(BUTTONS, max_size=11, unique_by=lambda button: button.position),
    ),
)


def readings(content: Content) -> tuple[bool, list[str]]:
    """Return whether the adapter allows content, and the faults that document and emulator find."""
    message = Message("+27820000001", content, channel="whatsapp")
    allowed = ADAPTER.check(message) is None
    request = next(ADAPTER.send([message], CONTEXT))
    assert isinstance(request.body, bytes)
    recorded = RecordedRequest(
        method="POST", path=request.url, query=[], headers=HEADERS, body=request.body
    )
    (document,) = orjson.loads(request.body)["messages"]
    found = [str(each) for each in MESSAGE(document)]
    return allowed, CONTRACT.request_faults(recorded) + found


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_let_through_is_accepted(data: st.DataObject) -> None:
    """The vendor's document and the emulator accept every content that the adapter allows."""
    try:
        content = data.draw(CONTENTS)
    except InvalidValue:
        reject()

    allowed, found = readings(content)

    event(f"{content.kind} {'sent' if allowed else 'refused'}")
    assert not (allowed and found), found
