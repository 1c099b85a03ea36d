"""Ids, times and the next step of a message."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.sandbox import LifecycleStep, MessageRecord, utc_timestamp
from omnimsg.sandbox.ids import named_uuid, random_uuid

RECORD = MessageRecord(
    provider="echo",
    id="1",
    channel="sms",
    to="27820000001",
    kind="text",
    content={},
    text="hi",
    created=100.0,
    start=100.0,
    steps=(LifecycleStep("accepted"), LifecycleStep("sent", 5.0), LifecycleStep("done", 10.0)),
)


@given(st.integers(0, 2**128 - 1))
def test_random_id(bits: int) -> None:
    """A random id equals the standard library's UUID of the same bits."""
    expected = str(UUID(int=bits, version=4))

    assert expected == random_uuid(bits)


@given(st.text(st.characters(codec="utf-8")))
def test_named_id(name: str) -> None:
    """The id of a name is always the same, and a UUID of version 8."""
    first, again = named_uuid(name), named_uuid(name)

    assert (first, 8, "specified in RFC 4122") == (
        again,
        UUID(first).version,
        UUID(first).variant,
    )


def test_names_have_different_ids() -> None:
    """Two names have two ids."""
    assert named_uuid("phonenumber:+1") != named_uuid("phonenumber:+2")


@given(st.integers(0, 4_000_000_000_000))
def test_time_of_whole_milliseconds(milliseconds: int) -> None:
    """A time in whole milliseconds is written exactly."""
    seconds, rest = divmod(milliseconds, 1000)
    second = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    assert f"{second}.{rest:03d}Z" == utc_timestamp(milliseconds / 1000)


@pytest.mark.parametrize(
    ("epoch_seconds", "expected"),
    [
        (1.9994, "1970-01-01T00:00:01.999Z"),
        (1.9999999, "1970-01-01T00:00:02.000Z"),
        (-0.25, "1969-12-31T23:59:59.750Z"),
    ],
    ids=["cut", "carried", "before 1970"],
)
def test_time_between_milliseconds(epoch_seconds: float, expected: str) -> None:
    """A time is rounded to microseconds, then cut to milliseconds, before 1970 too."""
    assert expected == utc_timestamp(epoch_seconds)


@pytest.mark.parametrize("seconds", [253_402_300_800.0, 1e18])
def test_time_after_the_last_one(seconds: float) -> None:
    """A time after the year 9999 is written as the last representable one."""
    assert "9999-12-31T23:59:59.999Z" == utc_timestamp(seconds)


@pytest.mark.parametrize(
    ("now", "expected"), [(99.0, 100.0), (100.0, 105.0), (105.5, 110.0), (110.0, None)]
)
def test_next_step(now: float, expected: float | None) -> None:
    """The next step is the first one after now, and none after the last."""
    assert expected == RECORD.next_step_at(now)


def test_no_next_step_without_steps() -> None:
    """A message without steps has no next one."""
    record = attrs.evolve(RECORD, steps=())

    assert record.next_step_at(0.0) is None
