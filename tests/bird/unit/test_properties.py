"""Properties: a message that passes the check is valid to the emulator's schema."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from omnimsg.adapter import Account, Context, TemplateMapping
from omnimsg.domain.address import ProviderContact, is_email
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Buy,
    Card,
    CardHeight,
    CardWidth,
    Carousel,
    CurrencyParameter,
    DateTimeParameter,
    Dial,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    MediaParameter,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings
from omnimsg_bird.emulator.message_rules import BATCH, CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS = {"sms": "c-sms", "whatsapp": "c-wa", "email": "c-mail"}
NOW = datetime.fromisoformat("2030-01-02T03:04:05+00:00")
CONTEXT = Context(account="nest", now=NOW, waited=1.5)

WORDS = st.sampled_from(["A", "ø", "two words", "a\nb", "{{x}}", "\x01", "\U0001f600", ""])
LABELS = WORDS | st.sampled_from(["x" * 20, "x" * 21])
LONG = st.sampled_from(["A", "x" * 20, "x" * 21, "x" * 72, "x" * 73, "x" * 1024, "x" * 1025])
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example]
MAYBE = st.none() | LONG
URLS = st.sampled_from(["https://files.example.test/a?b=%20c", "http://a.test", "https://ü.test/ß"])
MAILBOXES = st.sampled_from(
    ["ola@example.test", "o.l-a_+1@localhost", "ß@ü.test", "a=b@c", "+a@b.test", "!#$%&'@x.test"]
).filter(is_email)
TYPES = st.none() | st.sampled_from(
    ["image/png", "image/gif", "video/mp4", "Video/3GPP; x=1", "application/pdf"]
)


def built(make: Callable[..., Any], *some: Any, **named: Any) -> st.SearchStrategy[Any]:
    """Build values, leaving out those that the model refuses."""

    def attempt(given: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
        try:
            return make(*given[0], **given[1])
        except (InvalidValue, TypeError):
            return None

    return (
        st.tuples(st.tuples(*some), st.fixed_dictionaries({}, optional=named))
        .map(attempt)
        .filter(lambda value: value is not None)
    )


SOURCES = (
    URLS.map(Link)
    | st.builds(lambda url: Stored(account="nest", url=url), URLS)
    | st.sampled_from([Inline(b"png"), Inline(b""), Stored(account="nest", id="1")])
)
GOOD_SOURCES = URLS.map(Link)
ITEMS = built(
    MediaItem,
    st.sampled_from(MediaKind),
    SOURCES,
    content_type=TYPES,
    file_name=WORDS,
    alt_text=WORDS,
    animated=st.booleans(),
)
PICTURES = built(
    MediaItem,
    st.sampled_from([MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.GIF]),
    GOOD_SOURCES,
    content_type=TYPES,
    alt_text=WORDS,
)
AMOUNTS = st.decimals(0, 10**15, places=2) | st.sampled_from(
    [Decimal("0.005"), Decimal("1E+20"), Decimal("9.90000")]
)
LINKS = built(OpenUrl, LABELS, URLS, payload=WORDS)
ACTIONS = st.one_of(
    LINKS,
    built(Reply, LABELS, MAYBE, image_url=URLS, description=LONG),
    built(RequestLocation, st.none() | WORDS, payload=WORDS),
    built(Buy, WORDS, AMOUNTS, currency=st.sampled_from(["EUR", "¥¥¥", "usd"])),
    built(Dial, WORDS, st.just("+37255500002")),
)
BUTTONS = st.lists(ACTIONS, min_size=1, max_size=3)
CARDS = built(
    Card,
    title=WORDS,
    text=WORDS,
    media=PICTURES,
    actions=st.lists(LINKS, max_size=2) | BUTTONS,
    height=st.none() | st.just(CardHeight.TALL),
)
FIT_CARDS = st.builds(
    lambda title, url, text, label: Card(
        title=title,
        text=text,
        media=MediaItem(MediaKind.IMAGE, Link(url)),
        actions=[OpenUrl(label, url)],
    ),
    WORDS.filter(bool),
    URLS,
    st.none() | WORDS.filter(bool),
    LABELS.filter(bool),
)
TEXTS = built(Text, WORDS, preview_url=st.booleans())
MEDIA = built(Media, st.lists(ITEMS, min_size=1, max_size=3), MAYBE)
PLACES = built(Location, st.floats(-90, 90), st.floats(-180, 180), name=WORDS, address=WORDS)
LINES = st.lists(built(ListItem, WORDS, WORDS, description=LONG), min_size=1, max_size=3)
LISTS = built(
    ListPicker,
    WORDS,
    LONG,
    sections=st.lists(built(ListSection, LINES, MAYBE), min_size=1, max_size=2),
    header=WORDS,
    footer=WORDS,
) | built(
    ListPicker,
    WORDS,
    WORDS,
    sections=st.lists(built(ListSection, LINES, WORDS), min_size=1, max_size=2),
)
ROWS = st.sampled_from([2, 3, 10, 11])


def row(drawn: tuple[Card, Card, int]) -> list[Card]:
    """Repeat two cards up to the length of a carousel."""
    return [drawn[number % 2] for number in range(drawn[2])]  # type: ignore[misc]  # drawn[0] and drawn[1] are cards


CAROUSELS = built(
    Carousel,
    st.lists(CARDS | FIT_CARDS, min_size=2, max_size=4)
    | st.lists(FIT_CARDS, min_size=2, max_size=12),
    MAYBE,
    width=st.just(CardWidth.SMALL),
) | built(Carousel, st.tuples(FIT_CARDS, FIT_CARDS, ROWS).map(row), LONG)
PARTS = st.one_of(TEXTS, MEDIA, PLACES, LISTS, CAROUSELS)
SECTIONS = built(
    Section,
    st.lists(
        PARTS | built(Section, st.lists(PARTS, min_size=1, max_size=2)), min_size=1, max_size=3
    ),
)
MAILS = built(
    Email,
    subject=WORDS,
    html=WORDS,
    text=WORDS,
    cc=st.lists(MAILBOXES, max_size=2),
    bcc=st.lists(MAILBOXES, max_size=2),
    attachments=st.lists(
        built(Attachment, SOURCES, WORDS, content_type=TYPES, content_id=WORDS), max_size=2
    ),
    headers=st.dictionaries(st.sampled_from(["X-A", "X-B"]), WORDS),
    from_name=WORDS,
) | built(
    lambda subject, text: Email(subject=subject, text=text), WORDS.filter(bool), WORDS.filter(bool)
)
NAMES = st.none() | st.text("ab", max_size=2)
PARAMETERS = st.one_of(
    built(TextParameter, WORDS, name=NAMES),
    built(DateTimeParameter, WORDS, name=NAMES),
    built(MediaParameter, ITEMS, name=NAMES),
    built(CurrencyParameter, WORDS, st.just("EUR"), amount_1000=st.just(9), name=NAMES),
)
TEMPLATES = built(
    Template,
    st.sampled_from(["mapped", "0b8c6f0e-58a7-4b5e-9d55-5b8e8a6f1c11", "ready"]) | WORDS,
    st.none() | st.sampled_from(["en", "pt_BR", "zh-Hans-CN", "a b", "e"]),
    version=WORDS,
    header=PARAMETERS,
    body=st.lists(PARAMETERS, max_size=2),
)
OTPS = built(
    Otp, st.booleans(), st.none() | st.integers(0, 91), actions=st.lists(ACTIONS, max_size=2)
)
TAPPED = built(Interactive, MAYBE, BUTTONS, header=ITEMS | WORDS, footer=WORDS) | built(
    Interactive, MAYBE, BUTTONS
)
CONTENT = {
    "sms": st.one_of(TEXTS, MEDIA, TEMPLATES),
    "whatsapp": st.one_of(
        TEXTS, MEDIA, TEMPLATES, PLACES, LISTS, CAROUSELS, SECTIONS, OTPS, TAPPED
    ),
    "email": st.one_of(MAILS, TEMPLATES),
}
TAGS = [(), ("aB-_ 9",), ("a.b",), ("x" * 50,), ("x" * 51,), ("t",) * 11]
TIMES = st.sampled_from(
    [
        datetime(2030, 5, 1, 9, 30, 0, 1500, tzinfo=timezone(timedelta(hours=offset, seconds=odd)))
        for offset, odd in ((0, 0), (-5, 0), (14, 1800), (0, 1172))
    ]
)
NUMBERS = st.sampled_from(["+37255500001", "+1234567", "+123456789012345"])
PEOPLE = {
    "sms": NUMBERS | st.just(ProviderContact(key="phonenumber", value="+37255500001")),
    "whatsapp": NUMBERS
    | st.sampled_from([ProviderContact(id="c-1"), ProviderContact(key="whatsappbsuid", value="B")]),
    "email": MAILBOXES,
}


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Draw a message on one of the channels, with any optional fields."""
    channel = draw(st.sampled_from(sorted(CHANNELS)))
    sender = draw(st.sampled_from([None, "shop", "ø"])) if channel == "email" else None
    return Message(
        draw(PEOPLE[channel]),
        draw(CONTENT[channel]),
        channel=Channel(channel),
        reference=draw(st.sampled_from(["r-1", "ø/{}", "\x7f"])),
        sender=sender,
        tags=draw(
            st.sampled_from([(), ("aB-_ 9",), ("a.b",), ("x" * 50,), ("x" * 51,), ("t",) * 11])
        ),
        send_at=draw(st.none() | TIMES),
        ttl=draw(st.none() | st.integers(1, 10**6)),
        callback_url=draw(st.none() | URLS),
    )


ADAPTER = BirdAdapter(
    Account(
        name="nest",
        settings=BirdSettings(
            access_key=Secret("token"), workspace_id="w-1", channels=CHANNELS, batch=True
        ),
        base_url=BirdAdapter.base_url,
        templates={"mapped": TemplateMapping(id="p-1", language="pt_BR", keys=("first",))},
    )
)


def body(*sent: Message) -> Any:
    """Return the body of the request for messages."""
    request = next(ADAPTER.send(sent, CONTEXT))
    assert isinstance(request.body, bytes)
    return orjson.loads(request.body)


@settings(max_examples=300, suppress_health_check=SLOW)
@given(message=messages())
def test_what_passes_the_check_is_accepted(message: Message) -> None:
    """A message that passes the check is valid by the schema of Bird's documents."""
    if ADAPTER.check(message) is not None:
        return

    found = list(CREATE[str(message.channel)](body(message)))

    assert [] == found


@settings(max_examples=40, suppress_health_check=SLOW)
@given(
    some=st.lists(
        messages().filter(lambda each: ADAPTER.check(each) is None), min_size=2, max_size=3
    )
)
def test_a_batch_is_its_messages(some: list[Message]) -> None:
    """A batch contains each message exactly as it would be sent alone."""
    together = body(*some)

    assert [] == list(BATCH(together))
    assert [body(each) for each in some] == together["messageRequests"]


KINDS = [
    (channel, kind)
    for channel, can in ADAPTER.capabilities.channels.items()
    for kind in sorted(can.content)
]


@cache
def _reached() -> frozenset[tuple[Channel | None, str]]:
    """Draw up to 5,000 messages; return the channels and kinds of content that pass the check."""
    reached: set[tuple[Channel | None, str]] = set()

    def is_last_one(message: Message) -> bool:
        if ADAPTER.check(message) is None:
            reached.add((message.channel, message.content.kind))
        return reached.issuperset(KINDS)

    with suppress(NoSuchExample):
        find(
            messages(),
            is_last_one,
            settings=settings(
                max_examples=5000, database=None, phases=[Phase.generate], derandomize=True
            ),
        )
    return frozenset(reached)


@pytest.mark.parametrize(("channel", "kind"), KINDS)
def test_the_strategies_reach_everything(channel: Channel, kind: str) -> None:
    """Each kind of content is among the messages that pass the check."""
    assert (channel, kind) in _reached()
