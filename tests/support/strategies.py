"""Hypothesis strategies for the values of the model, of every kind and with every field.

Texts of a given form are built from `st.text` and `st.binary`, which draw a whole text at once:
`st.from_regex` draws every character by itself, which takes several times as long.
"""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from support.repeated_hour import RepeatedHour

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Action,
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
from omnimsg.domain.events import (
    Event,
    InboundMessage,
    InteractionEvent,
    StatusEvent,
    UnparsedEvent,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.media import Inline, Link, MediaKind, Source, Stored
from omnimsg.domain.message import Leg, Message, Priority
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import (
    Accepted,
    Ambiguous,
    LegId,
    NotSent,
    Outcome,
    Rejected,
    Scope,
    Usage,
)
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from hypothesis.strategies import SearchStrategy

_LETTERS = string.ascii_lowercase
_NAMES = st.text(_LETTERS, min_size=1, max_size=8)
_URLS = _NAMES.map("https://files.example.test/{}".format)
_SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)
_HEXADECIMAL = st.text(string.hexdigits, min_size=2, max_size=8).map(
    lambda digits: digits[: len(digits) // 2 * 2]
)
_CHANNELS = st.sampled_from(Channel)
_UNICODE = st.characters(codec="utf-8", exclude_characters="\0")


def words(*, most: int = 20) -> SearchStrategy[str]:
    """Return texts of one line, in any alphabet."""
    return st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=most)


def phone_numbers() -> SearchStrategy[str]:
    """Return numbers in E.164 form, of every length."""
    rest = st.text(string.digits, min_size=6, max_size=14)
    return st.builds("+{}{}".format, st.integers(1, 9), rest)


def emails() -> SearchStrategy[str]:
    """Return plain e-mail addresses."""
    mailbox = st.text(_LETTERS, min_size=2, max_size=8)
    extended = st.builds("{}.{}".format, mailbox, _NAMES)
    plus = st.builds("+{}".format, mailbox)
    hosts = st.sampled_from(("test", "example"))
    return st.builds("{}@{}.{}".format, mailbox | extended | plus, _NAMES, hosts)


def times() -> SearchStrategy[datetime]:
    """Return times with an offset from UTC, in whole minutes."""
    offsets = st.integers(-14 * 60, 14 * 60).map(lambda each: timezone(timedelta(minutes=each)))
    return st.datetimes(
        datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2040, 1, 1),  # noqa: DTZ001
        timezones=st.one_of(st.just(UTC), offsets),
    )


def zoned_times() -> SearchStrategy[datetime]:
    """Return times as `times` does, and times of a zone, in an hour that its clocks repeat."""
    repeated = st.builds(
        lambda minute, fold: datetime(2026, 10, 25, 3, minute, tzinfo=RepeatedHour(), fold=fold),
        st.integers(0, 59),
        st.sampled_from([0, 1]),
    )
    return st.one_of(times(), repeated)


def json_values() -> SearchStrategy[Any]:
    """Return arbitrary JSON values."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | words()
    )
    return st.recursive(
        scalars, lambda each: st.lists(each, max_size=3) | _mappings(each), max_leaves=6
    )


def _mappings(values: SearchStrategy[Any], *, least: int = 0) -> SearchStrategy[dict[str, Any]]:
    return st.dictionaries(words(), values, min_size=least, max_size=3)


def _maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


def _some(strategy: SearchStrategy[Any], *, least: int = 0) -> SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


def sources() -> SearchStrategy[Source]:
    """Return media sources of every kind."""
    return (
        st.builds(Inline, st.binary(max_size=8))
        | st.builds(Link, _URLS)
        | st.builds(
            Stored,
            account=words(),
            id=words(),
            url=_maybe(_URLS),
            sha256=_maybe(_SHA256),
            expires=_maybe(times()),
            restricted_to=_maybe(phone_numbers()),
            client_encrypted=st.booleans(),
        )
    )


def media_items() -> SearchStrategy[MediaItem]:
    """Return images, videos, audio and documents."""
    return st.builds(
        MediaItem,
        st.sampled_from(MediaKind),
        sources(),
        content_type=st.sampled_from(("image/png", "video/mp4", "text/plain; charset=utf-8")),
        file_name=_maybe(words()),
        alt_text=_maybe(words()),
        sha256=_maybe(_SHA256),
        thumbnail_url=_maybe(_URLS),
        duration=_maybe(st.integers(0, 100)),
        size=_maybe(st.integers(0, 100)),
        animated=_maybe(st.booleans()),
        refresh=_maybe(st.booleans()),
    )


def actions() -> SearchStrategy[Action]:
    """Return actions of every kind."""
    payload = _maybe(words())
    more = {"payload": payload, "fallback_url": _maybe(_URLS)}
    moments = st.tuples(zoned_times(), zoned_times()).map(
        lambda each: sorted(each, key=datetime.timestamp)
    )
    return st.one_of(
        st.builds(Reply, words(), payload, image_url=_maybe(_URLS), description=_maybe(words())),
        st.builds(
            OpenUrl,
            words(),
            _URLS,
            application=_maybe(st.sampled_from(("BROWSER", "WEBVIEW"))),
            view=_maybe(st.sampled_from(("FULL", "HALF", "TALL"))),
            description=_maybe(words()),
            **more,
        ),
        st.builds(OpenMedia, words()),
        st.builds(Dial, words(), phone_numbers(), **more),
        st.builds(
            ShowLocation,
            words(),
            latitude=_degrees(90),
            longitude=_degrees(180),
            label=_maybe(words()),
            query=_maybe(words()),
            **more,
        ),
        st.builds(ShowLocation, words(), query=words(), **more),
        st.builds(RequestLocation, _maybe(words()), **more),
        moments.flatmap(
            lambda pair: st.builds(
                CreateEvent,
                words(),
                words(),
                start=st.just(pair[0]),
                end=st.just(pair[1]),
                description=_maybe(words()),
                **more,
            )
        ),
        st.builds(Buy, words(), _amounts(), currency=_currencies()),
    )


def _degrees(most: float) -> SearchStrategy[float]:
    return st.floats(-most, most)


def _amounts() -> SearchStrategy[Decimal]:
    return st.decimals(0, 1000, places=2)


def _currencies() -> SearchStrategy[str]:
    return st.sampled_from(("EUR", "USD", "ZAR"))


def texts() -> SearchStrategy[Text]:
    """Return plain texts."""
    return st.builds(
        Text,
        st.text(_UNICODE, min_size=1, max_size=40),
        preview_url=_maybe(st.booleans()),
        udh=_maybe(_HEXADECIMAL),
        autoconvert=_maybe(st.sampled_from(Autoconvert)),
    )


def locations() -> SearchStrategy[Location]:
    """Return locations."""
    return st.builds(
        Location, _degrees(90), _degrees(180), name=_maybe(words()), address=_maybe(words())
    )


def medias() -> SearchStrategy[Media]:
    """Return one or several media with captions."""
    return st.builds(Media, _some(media_items(), least=1), _maybe(words()))


def templates() -> SearchStrategy[Template]:
    """Return templates with parameters, headers and buttons of every kind."""
    name = _maybe(words())
    text = st.builds(TextParameter, words(), name=name)
    media = st.builds(MediaParameter, media_items(), name=name)
    body = st.one_of(
        text,
        media,
        st.builds(
            CurrencyParameter,
            words(),
            _currencies(),
            amount_1000=st.integers(0, 10**9),
            name=name,
        ),
        st.builds(DateTimeParameter, words(), name=name),
    )
    button = st.builds(
        TemplateButton, st.integers(1, 9), st.sampled_from(ButtonKind), value=words()
    )
    return st.builds(
        Template,
        words(),
        _maybe(st.sampled_from(("en", "pt_BR"))),
        version=_maybe(words()),
        body=_some(body),
        header=_maybe(text | media | st.builds(LocationParameter, locations())),
        buttons=st.lists(button, max_size=3, unique_by=lambda each: each.position).map(tuple),
    )


def contact_cards() -> SearchStrategy[ContactCard]:
    """Return contact cards."""
    entries = _mappings(words(), least=1).map(FrozenDict)
    return st.builds(
        ContactCard,
        name=entries,
        phones=_some(entries, least=1),
        emails=_some(entries),
        addresses=_some(entries),
        urls=_some(entries),
        org=_maybe(entries),
        birthday=_maybe(st.dates(date(1900, 1, 1)).map(str)),
    )


def interactives() -> SearchStrategy[Interactive]:
    """Return texts with buttons."""
    header = words() | media_items()
    return st.builds(
        Interactive,
        words(),
        _some(actions(), least=1),
        header=_maybe(header),
        footer=_maybe(words()),
    ) | st.builds(Interactive, st.none(), _some(actions(), least=1), header=header)


def list_pickers() -> SearchStrategy[ListPicker]:
    """Return list pickers."""
    item = st.builds(ListItem, words(), words(), description=_maybe(words()))
    titled = st.builds(ListSection, _some(item, least=1), words())
    untitled = st.builds(ListSection, _some(item, least=1))
    return st.builds(
        ListPicker,
        words(),
        words(),
        sections=_some(titled, least=1) | st.tuples(untitled),
        header=_maybe(words()),
        footer=_maybe(words()),
    )


def _cards(**single: SearchStrategy[Any]) -> SearchStrategy[Card]:
    return st.builds(
        Card,
        title=words(),
        text=_maybe(words()),
        media=_maybe(media_items()),
        actions=_some(actions()),
        height=_maybe(st.sampled_from(CardHeight)),
        **single,
    )


def cards() -> SearchStrategy[Card]:
    """Return single cards."""
    return _cards(layout=_maybe(st.sampled_from(CardLayout)), suggestions=_some(actions()))


def carousels() -> SearchStrategy[Carousel]:
    """Return carousels."""
    return st.builds(
        Carousel,
        _some(_cards(), least=2),
        _maybe(words()),
        width=_maybe(st.sampled_from(CardWidth)),
        suggestions=_some(actions()),
    )


def sections() -> SearchStrategy[Section]:
    """Return sequences of content, nested at most once."""
    pieces = st.one_of(texts(), medias(), locations(), carousels(), list_pickers())
    flat = st.builds(Section, _some(pieces, least=1))
    return st.builds(Section, _some(pieces | flat, least=1))


def email_contents() -> SearchStrategy[Email]:
    """Return e-mails."""
    attachment = st.builds(
        Attachment,
        sources(),
        words(),
        content_type=st.just("text/plain"),
        content_id=_maybe(words()),
    )
    headers = st.dictionaries(_NAMES.map("X-{}".format), words(), max_size=2)
    return st.builds(
        Email,
        subject=words(),
        html=words(),
        text=_maybe(words()),
        cc=_some(emails()),
        bcc=_some(emails()),
        attachments=_some(attachment),
        headers=headers.map(FrozenDict),
        from_name=_maybe(words()),
    )


CONTENTS: dict[type, SearchStrategy[Any]] = {
    Text: texts(),
    Media: medias(),
    Template: templates(),
    Location: locations(),
    Contacts: st.builds(Contacts, _some(contact_cards(), least=1)),
    Interactive: interactives(),
    ListPicker: list_pickers(),
    Carousel: carousels(),
    Card: cards(),
    Section: sections(),
    Email: email_contents(),
    Otp: st.builds(Otp, st.booleans(), _maybe(st.integers(1, 90)), actions=_some(actions())),
    Binary: st.builds(Binary, st.binary(min_size=1, max_size=8), _maybe(_HEXADECIMAL)),
}


def contents() -> SearchStrategy[Content]:
    """Return content of every kind, each as likely as the others."""
    return st.sampled_from(sorted(CONTENTS, key=lambda each: each.__name__)).flatmap(
        CONTENTS.__getitem__
    )


def recipients() -> SearchStrategy[str | ProviderContact]:
    """Return recipients of every kind."""
    return st.one_of(
        phone_numbers(),
        emails(),
        st.builds(ProviderContact, id=words()),
        st.builds(ProviderContact, key=words(), value=words()),
    )


def messages(
    *,
    to: SearchStrategy[str | ProviderContact] | None = None,
    content: SearchStrategy[Content] | None = None,
) -> SearchStrategy[Message]:
    """Return messages with any of their fields set, except `encryption`: a secret has no JSON.

    Args:
        to: The recipients; by default all kinds.
        content: The content; by default all kinds.
    """
    leg = st.builds(
        Leg,
        channel=_CHANNELS,
        content=_maybe(texts() | locations()),
        sender=_maybe(words()),
        ttl=_maybe(st.integers(1, 10**6)),
    )
    return st.builds(
        Message,
        recipients() if to is None else to,
        contents() if content is None else content,
        channel=_maybe(_CHANNELS),
        sender=_maybe(words()),
        reference=words(),
        send_at=_maybe(zoned_times()),
        ttl=_maybe(st.integers(1, 10**6)),
        priority=st.sampled_from(Priority),
        tags=_some(words()),
        metadata=_mappings(json_values()),
        callback_url=_maybe(_URLS),
        reply_to=_maybe(st.builds(MessageId.of, accounts(), words())),
        fallback=_some(leg),
        extras=_mappings(_mappings(json_values())),
    )


def failures(retries: Iterable[Retry] = Retry) -> SearchStrategy[Failure]:
    """Return failures of every kind, or those with some retries."""
    return st.builds(
        Failure,
        reason=st.sampled_from(Reason),
        retry=st.sampled_from(tuple(retries)),
        fault=st.sampled_from(Fault),
        detail=st.text(_UNICODE, max_size=40),
        path=_maybe(st.just("content.text")),
        retry_after=_maybe(st.floats(0, 3600)),
        code=_maybe(words()),
        http_status=_maybe(st.integers(100, 599)),
        request_id=_maybe(words()),
        raw=json_values(),
    )


def usages() -> SearchStrategy[Usage]:
    """Return parts and prices."""
    return st.builds(
        Usage,
        parts=_maybe(st.integers(1, 9)),
        price=_maybe(_amounts()),
        currency=_maybe(_currencies()),
    )


def outcomes() -> SearchStrategy[Outcome]:
    """Return outcomes of all four kinds."""
    leg = st.builds(LegId, channel=_maybe(_CHANNELS), provider_id=words(), sender=_maybe(words()))
    accepted = st.builds(
        Accepted,
        reference=words(),
        account=accounts(),
        provider_id=_maybe(words()),
        legs=_some(leg),
        usage=_maybe(usages()),
        raw=json_values(),
        position=_maybe(st.integers(0, 9)),
    )
    common: dict[str, SearchStrategy[Any]] = {
        "reference": words(),
        "account": accounts(),
        "position": _maybe(st.integers(0, 9)),
    }
    final = failures(retries=(Retry.NEVER, Retry.AFTER_FIX, Retry.UNSAFE))
    return st.one_of(
        accepted,
        st.builds(Rejected, failure=final, **common),
        st.builds(NotSent, scope=st.sampled_from(Scope), failure=failures(), **common),
        st.builds(Ambiguous, failure=failures(retries=(Retry.UNSAFE,)), **common),
    )


def accounts() -> SearchStrategy[str]:
    """Return names of accounts."""
    first = string.ascii_letters + string.digits
    return st.builds(
        "{}{}".format, st.text(first, min_size=1, max_size=1), st.text(first + "_.-", max_size=8)
    )


def evidence() -> SearchStrategy[Evidence]:
    """Return pieces of evidence, few enough different ones that some are equal."""
    few = st.sampled_from(("", "ONE", "two"))
    return st.builds(
        Evidence,
        st.sampled_from(Status),
        few,
        code=_maybe(few),
        reason=_maybe(st.sampled_from((Reason.EXPIRED, Reason.UNKNOWN))),
        fault=_maybe(st.sampled_from((Fault.NETWORK, Fault.RECIPIENT))),
    )


def timelines(*, most: int = 6) -> SearchStrategy[Timeline]:
    """Return timelines of up to `most` pieces of evidence."""
    return st.dictionaries(evidence(), times(), max_size=most).map(
        lambda each: Timeline(FrozenDict(each))
    )


def legs() -> SearchStrategy[LegStatus]:
    """Return legs with any evidence."""
    return st.builds(
        LegStatus,
        channel=_maybe(_CHANNELS),
        timeline=timelines(),
        provider_id=_maybe(words()),
        usage=_maybe(usages()),
    )


def message_ids() -> SearchStrategy[MessageId]:
    """Return ids of any account."""
    return st.builds(MessageId.of, accounts(), words())


def message_statuses() -> SearchStrategy[MessageStatus]:
    """Return statuses of messages with some legs."""
    return st.builds(MessageStatus, id=message_ids(), legs=_some(legs()), raw=json_values())


def events() -> SearchStrategy[Event]:
    """Return events of all four kinds."""
    common: dict[str, SearchStrategy[Any]] = {
        "provider": words(),
        "account": accounts(),
        "at": times(),
        "key": words(),
        "reference": _maybe(words()),
        "raw": json_values(),
    }
    interaction = st.builds(
        Interaction,
        message_id=message_ids(),
        kind=st.sampled_from(InteractionKind),
        provider_kind=words(),
        at=_maybe(times()),
        channel=_maybe(_CHANNELS),
        payload=_maybe(words()),
        url=_maybe(words()),
        emoji=_maybe(words()),
    )
    return st.one_of(
        st.builds(
            StatusEvent,
            leg=legs(),
            message_id=_maybe(message_ids()),
            batch_id=_maybe(words()),
            token=_maybe(words()),
            **common,
        ),
        st.builds(
            InboundMessage,
            id=_maybe(message_ids()),
            channel=_maybe(_CHANNELS),
            sender=_maybe(words()),
            to=_maybe(words()),
            sender_name=_maybe(words()),
            text=_maybe(st.text(_UNICODE, max_size=40)),
            media=_some(media_items()),
            location=_maybe(locations()),
            contacts=_some(contact_cards()),
            tapped=_maybe(st.builds(Reply, words(), _maybe(words()))),
            reply_to=_maybe(message_ids()),
            **common,
        ),
        st.builds(InteractionEvent, interaction=interaction, **common),
        st.builds(
            UnparsedEvent,
            why=words(),
            provider_kind=st.just("") | words(),
            body=st.binary(max_size=8),
            **common,
        ),
    )
