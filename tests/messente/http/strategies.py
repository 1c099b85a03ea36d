"""Hypothesis strategies for messages at the limits of Messente and just beyond them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from omnimsg import (
    ButtonKind,
    Card,
    Carousel,
    Channel,
    CurrencyParameter,
    DateTimeParameter,
    Dial,
    Interactive,
    Leg,
    Link,
    Media,
    MediaItem,
    MediaKind,
    MediaParameter,
    Message,
    OpenMedia,
    OpenUrl,
    Priority,
    Reply,
    RequestLocation,
    ShowLocation,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.content import Autoconvert, CardHeight, CardLayout, CardWidth, CreateEvent

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from omnimsg.domain.content import Content

ACCOUNT = "messente"

_URLS = st.sampled_from(
    [
        "https://a.test",
        "http://a.test:8080/x?y=z#w",
        "https://[2001:db8::1]/x",
        "https://münchen.test/größe?ö=ü",
        "https://a.test/" + "x" * 2033,
        "https://a.test/" + "x" * 2034,
    ]
)
_MOMENTS = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis adds the time zone
    datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(seconds=1172))]
    ),
)


def _texts(*limits: int) -> SearchStrategy[str]:
    """Return texts of unusual characters, mostly within the limits, rarely just beyond them."""
    within = [1, *limits, *(each - 1 for each in limits if each > 1)]
    return st.builds(
        lambda char, length: char * length,
        st.sampled_from(["x", "ü", "🍽", "\n", "€", "\x01"]),
        st.sampled_from(within * 8 + [each + 1 for each in limits]),
    )


def _rarely(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(*[st.none()] * 5, strategy)


def _few(strategy: SearchStrategy[Any], *counts: int) -> SearchStrategy[tuple[Any, ...]]:
    return st.sampled_from(counts).flatmap(
        lambda count: st.lists(strategy, min_size=count, max_size=count).map(tuple)
    )


_MOSTLY_LINKS = st.one_of(
    *[st.builds(Link, _URLS)] * 9,
    st.builds(Stored, account=st.just(ACCOUNT), id=st.sampled_from(["1", "x" * 1024])),
)
_STILLS = st.one_of(*[_URLS] * 3, st.none())
_STORED = st.one_of(
    st.builds(Link, _URLS),
    st.builds(Stored, account=st.just(ACCOUNT), id=st.sampled_from(["1", "x" * 1024])),
    _rarely(st.builds(Stored, account=st.just(ACCOUNT), url=_URLS)).map(
        lambda each: each or Link("https://a.test")
    ),
)


def _items(
    *kinds: MediaKind,
    sources: SearchStrategy[Any] = _MOSTLY_LINKS,
    stills: SearchStrategy[Any] = _STILLS,
) -> SearchStrategy[MediaItem]:
    return st.builds(
        MediaItem,
        st.sampled_from([*kinds * 8, *MediaKind]),
        sources,
        content_type=_rarely(st.just("image/png; a=b")),
        file_name=_rarely(st.just("a.pdf")),
        alt_text=_rarely(_rarely(st.just("Fish"))),
        thumbnail_url=stills,
        duration=st.sampled_from([1, 600, 1, 600, 1, 600, 0, 601, None]),
        size=st.sampled_from([1, 200_000_000, 1, 2, 3, 4, 0, 200_000_001, None]),
        animated=_rarely(st.booleans()),
        refresh=_rarely(_rarely(st.booleans())),
    )


_LINKS = st.builds(OpenUrl, _texts(), _URLS)
_LABELS = _texts(25)
_TOLD: dict[str, SearchStrategy[Any]] = {
    "payload": _rarely(_texts(2047)),
    "fallback_url": _rarely(_URLS),
}
_ACTIONS = st.one_of(
    st.builds(Reply, _LABELS, _rarely(_texts(2047)), image_url=_rarely(_rarely(_URLS))),
    st.builds(
        OpenUrl,
        _LABELS,
        _URLS,
        application=st.sampled_from([None, "BROWSER", "WEBVIEW"]),
        view=_rarely(_rarely(st.sampled_from(["FULL", "HALF", "TALL"]))),
        description=_rarely(_texts(3000)),
        **_TOLD,
    ),
    st.builds(Dial, _LABELS, st.sampled_from(["+37255500001"] * 9 + ["112", "+1 555"]), **_TOLD),
    st.builds(
        ShowLocation,
        _LABELS,
        latitude=st.floats(-90, 90),
        longitude=st.floats(-180, 180),
        label=_rarely(_texts()),
        query=_rarely(_rarely(_texts())),
        **_TOLD,
    ),
    st.builds(ShowLocation, _LABELS, label=_rarely(_rarely(_texts())), query=_texts(), **_TOLD),
    st.builds(
        lambda label, title, at, **more: CreateEvent(label, title, start=at, end=at, **more),
        _LABELS,
        _texts(100),
        _MOMENTS,
        description=st.one_of(*[_texts(500)] * 6, st.none()),
        **_TOLD,
    ),
    st.builds(RequestLocation, st.one_of(*[_LABELS] * 6, st.none()), **_TOLD),
)
_PARAMETERS = st.one_of(
    st.builds(TextParameter, st.sampled_from(["", "Ola"]), name=st.sampled_from("abcdefg")),
    st.builds(TextParameter, _texts(), name=_texts()),
    _rarely(
        st.one_of(
            st.builds(
                CurrencyParameter,
                _texts(),
                st.sampled_from(["EUR", "eur", "12€"]),
                amount_1000=st.integers(-(10**15), 10**15),
            ),
            st.builds(DateTimeParameter, _texts()),
            st.builds(MediaParameter, _items(MediaKind.IMAGE, MediaKind.DOCUMENT)),
        )
    ).map(lambda each: TextParameter("x", name="z") if each is None else each),
)
_CARDS: dict[str, SearchStrategy[Any]] = {
    "title": _texts(2, 38),
    "text": _rarely(_texts(2000)),
    "media": _items(MediaKind.IMAGE),
    "height": _rarely(st.sampled_from(CardHeight)),
}
_PICTURES_AND_FILMS = st.one_of(
    _items(MediaKind.VIDEO), _items(MediaKind.IMAGE, stills=_rarely(_URLS))
)
_TEMPLATES = st.builds(
    Template,
    _texts(512 - 1),
    st.sampled_from(["en", "pt_BR", None]),
    body=_few(_PARAMETERS, 0, 1, 3),
    header=_rarely(st.builds(MediaParameter, _items(MediaKind.IMAGE, MediaKind.VIDEO))),
    buttons=st.one_of(
        st.just(()),
        st.builds(
            lambda kind, value: (TemplateButton(3, kind, value=value),),
            st.sampled_from(ButtonKind),
            _texts(),
        ),
    ),
)

CONTENTS: dict[tuple[Channel, str], SearchStrategy[Content]] = {
    (Channel.SMS, "text"): st.builds(
        Text,
        _texts(160, 1000),
        udh=_rarely(st.just("050003A10201")),
        autoconvert=_rarely(st.sampled_from(Autoconvert)),
    ),
    (Channel.VIBER, "text"): st.builds(Text, _texts(1000)),
    (Channel.VIBER, "media"): st.builds(
        Media, _few(_PICTURES_AND_FILMS, 1, 1, 1, 2), _rarely(_texts(1000))
    ),
    (Channel.VIBER, "interactive"): st.builds(
        Interactive,
        _texts(1000),
        _few(st.one_of(_LINKS, _LINKS, st.builds(OpenMedia, _texts())), 1, 1, 1, 2),
        header=st.one_of(st.none(), _PICTURES_AND_FILMS, _PICTURES_AND_FILMS),
        footer=_rarely(_texts()),
    ),
    (Channel.VIBER, "carousel"): st.builds(
        Carousel,
        _few(
            st.builds(
                Card,
                **_CARDS
                | {
                    "text": st.none(),
                    "height": st.none(),
                    "title": st.sampled_from(["Fi", "x" * 38, "Fish", "Fish", "Fish", "F"]),
                    "media": st.builds(MediaItem, st.just(MediaKind.IMAGE), st.builds(Link, _URLS)),
                },
                actions=_few(_LINKS, 1, 2, 1, 2, 1, 3, 0),
            ),
            2,
            5,
            6,
        ),
        _texts(1000),
    ),
    (Channel.VIBER, "template"): _TEMPLATES,
    (Channel.WHATSAPP, "text"): st.builds(Text, _texts(5000), preview_url=_rarely(st.booleans())),
    (Channel.WHATSAPP, "media"): st.builds(
        Media,
        _few(_items(*MediaKind, sources=_STORED, stills=_rarely(_URLS)), 1, 1, 1, 2),
        _rarely(_texts(1000)),
    ),
    (Channel.WHATSAPP, "template"): _TEMPLATES,
    (Channel.RCS, "text"): st.builds(Text, _texts(3072)),
    (Channel.RCS, "media"): st.builds(
        Media, _few(_items(*MediaKind), 1, 1, 1, 2), _rarely(_texts())
    ),
    (Channel.RCS, "interactive"): st.builds(
        lambda body, actions, header: Interactive(
            body if header is None else None, actions, header=header
        ),
        _texts(3072),
        _few(_ACTIONS, 1, 1, 2, 3, 11, 12),
        _rarely(_items(*MediaKind)),
    ),
    (Channel.RCS, "card"): st.builds(
        Card,
        **_CARDS | {"title": _rarely(_texts(200))},
        actions=_few(_ACTIONS, 0, 0, 1, 1, 4, 5),
        layout=_rarely(st.sampled_from(CardLayout)),
        suggestions=_few(_ACTIONS, 0, 0, 0, 1, 11, 12),
    ),
    (Channel.RCS, "carousel"): st.builds(
        Carousel,
        _few(
            st.builds(
                Card,
                title=_texts(200),
                text=_rarely(_texts(2000)),
                height=_rarely(_rarely(st.sampled_from(CardHeight))),
            ),
            2,
            2,
            10,
            11,
        ),
        _rarely(_rarely(_texts())),
        width=_rarely(st.sampled_from(CardWidth)),
        suggestions=_few(_ACTIONS, 0, 0, 0, 1, 11, 12),
    ),
}

_SENDERS = st.sampled_from(
    [None, "Acme", "x" * 11, "+123456789012345", "123456789012345"] * 3
    + ["x" * 12, "1" * 16, "Ac\tme"]
)


def messages(channel: Channel, kind: str) -> SearchStrategy[Message]:
    """Return messages of one kind on one channel, some with a fallback leg."""
    others = [each for each in CONTENTS if each[0] is not channel]
    legs = st.sampled_from(others).flatmap(
        lambda other: st.builds(
            Leg,
            channel=st.just(other[0]),
            content=CONTENTS[other],
            sender=_SENDERS,
            ttl=st.sampled_from([None, 1, 14 * 86400, 14 * 86400 + 1]),
        )
    )
    return st.builds(
        Message,
        st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z"),
        CONTENTS[channel, kind],
        channel=st.just(channel),
        sender=_SENDERS,
        send_at=_rarely(_MOMENTS),
        ttl=st.sampled_from([None, None, None, 1, 60, 3600, 14 * 86400, 2**53 - 1]),
        priority=st.sampled_from(Priority),
        callback_url=_rarely(_URLS),
        fallback=st.one_of(st.just(()), st.just(()), legs.map(lambda leg: (leg,))),
    )
