"""Events: their time in UTC, their key, and the private fields that a repr hides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from support.strategies import events, json_values

from omnimsg.domain.content import MediaItem, Reply
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.events import Event, InboundMessage, UnparsedEvent, event_key
from omnimsg.domain.media import Inline, MediaKind

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def unparsed(**fields: Any) -> UnparsedEvent:
    """Build an `UnparsedEvent` with some fields changed."""
    usual: dict[str, Any] = {
        "provider": "toy",
        "account": "main",
        "at": NOW,
        "key": "k",
        "why": "unknown",
    }
    return UnparsedEvent(**(usual | fields))


@given(events())
def test_times_are_in_utc(event: Event) -> None:
    """The time of an event is in UTC, whatever its offset was."""
    assert event.at.tzinfo is UTC


@pytest.mark.parametrize(
    "at",
    [
        datetime(2030, 1, 2),  # noqa: DTZ001 - naive on purpose
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        "2030-01-02T03:04:05Z",
        None,
    ],
)
def test_a_time_without_an_offset_is_refused(at: Any) -> None:
    """A time without an offset, or that UTC cannot express, is refused with the field's name."""
    with pytest.raises(InvalidValue) as caught:
        unparsed(at=at)

    assert ["UnparsedEvent.at"] == [each.path for each in caught.value.problems]


def test_a_key_is_the_same_in_every_version() -> None:
    """The key of an event must not change between versions, because stores keep keys."""
    assert "8f3babb3baa636510e239be30c483161" == event_key("main", "status", "id-1", "READ", None)


@given(json_values(), json_values())
def test_keys_tell_different_parts_apart(first: Any, second: Any) -> None:
    """Two events have the same key only if their parts are equal and in the same positions."""
    assert event_key("a", "status", first) == event_key("a", "status", first)
    assert event_key("a", "status", first, second) != event_key("a", "status", [first, second])
    assert event_key("a", "status", first) != event_key("b", "status", first)


def test_a_repr_hides_what_people_wrote() -> None:
    """The repr of an event masks numbers, hides texts and names, and omits `raw`."""
    private = "+37255500001", "Meet me at noon", "Thandi", "secret-payload"
    event = InboundMessage(
        provider="toy",
        account="main",
        at=NOW,
        key="k",
        raw={"text": private[1]},
        reference=private[0],
        sender=private[0],
        to=private[0],
        sender_name=private[2],
        text=private[1],
        tapped=Reply(private[1], private[3]),
        media=[MediaItem(MediaKind.IMAGE, Inline(b"Meet me at noon"), content_type="image/png")],
    )

    assert [] == [each for each in private if each in f"{event!r} {event}"]
    assert "Meet" not in repr(unparsed(body=b"Meet me at noon", provider_kind="x"))
