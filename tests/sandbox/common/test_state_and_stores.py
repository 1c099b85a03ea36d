"""Records, stores, scenarios and shared state, without a server."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omnimsg.sandbox as package
from omnimsg.sandbox import (
    MAGIC,
    Handsets,
    LifecycleStep,
    Limits,
    Media,
    MediaStore,
    MessageRecord,
    SandboxState,
    Scenario,
    magic_number,
    scenario,
    shuffle_entries,
)

if TYPE_CHECKING:
    from support.sandbox_fixtures import Clock


def record() -> MessageRecord:
    """Return a message that is accepted at 100, scheduled for 150 and delivered at 160."""
    return MessageRecord(
        provider="echo",
        id="1",
        channel="sms",
        to="27820000001",
        kind="text",
        content={},
        text="",
        created=100.0,
        start=150.0,
        waiting="scheduled",
        steps=(LifecycleStep("queued"), LifecycleStep("delivered", 10.0, delivers=True)),
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [(100, "scheduled"), (149, "scheduled"), (150, "queued"), (159, "queued"), (160, "delivered")],
)
def test_scheduled_message(now: float, expected: str) -> None:
    """A scheduled message has its waiting status until its start, then follows its timeline."""
    assert expected == record().latest_change(now).status


def test_handsets_are_bounded(clock: Clock) -> None:
    """Above the limits, the oldest handset and the oldest message of a handset are dropped."""
    handsets = Handsets(clock, Limits(handsets=2, messages_per_handset=2))

    for number in ("1", "2", "2", "2", "3"):
        handsets.add(attrs.evolve(record(), to=number))

    assert [len(handsets.received(number)) for number in ("1", "2", "3")] == [0, 2, 1]


def test_all_handsets_together_are_bounded(clock: Clock) -> None:
    """Above the limit, the oldest message is dropped, and a handset with its last message."""
    handsets = Handsets(clock, Limits(messages=2))

    for number in ("1", "2", "2", "2"):
        handsets.add(attrs.evolve(record(), to=number))

    assert [len(handsets.received(number)) for number in ("1", "2")] == [0, 2]


def test_throttling_is_bounded(clock: Clock) -> None:
    """Above the limit, the recipient throttled longest ago is forgotten."""
    state = SandboxState(clock=clock, limits=Limits(handsets=1))

    assert [state.should_throttle("echo", to) for to in ("1", "2", "1")] == [True, True, True]


def test_cancel_prevents_delivery() -> None:
    """A message cancelled before its delivering step keeps its history and never arrives."""
    cancelled = record()

    cancelled.cancel(155, LifecycleStep("cancelled"))

    assert [c.status for c in cancelled.history(1000)] == ["scheduled", "queued", "cancelled"]
    assert cancelled.delivered_at() is None


def test_cancel_before_the_start() -> None:
    """A message cancelled before its start goes from its waiting status to the last step."""
    cancelled = record()

    cancelled.cancel(120, LifecycleStep("cancelled"))

    assert [c.status for c in cancelled.history(120)] == ["scheduled", "cancelled"]


@pytest.mark.parametrize("wanted", list(Scenario))
def test_every_scenario_has_a_number(wanted: Scenario) -> None:
    """Each scenario has a magic number that is valid E.164."""
    number = magic_number(wanted)

    assert wanted is scenario(number)
    assert 8 <= len(number.removeprefix("+")) <= 15
    assert number[1] != "0"


@given(st.text())
def test_scenarios_are_total(address: str) -> None:
    """Any text has a scenario, and its suffix alone decides which."""
    assert MAGIC.get(address[-6:], scenario(address)) is scenario(address)


def test_mailboxes_have_scenarios() -> None:
    """The digits before the at sign decide for an e-mail address."""
    assert Scenario.OPTED_OUT is scenario("somebody+990004@example.com")


@given(st.lists(st.integers(), unique=True), st.integers())
def test_shuffled_is_another_permutation(items: list[int], seed: int) -> None:
    """A shuffle keeps the entries and changes the order of two or more."""
    result = shuffle_entries(items, random.Random(seed))  # noqa: S311 - an order, not a secret

    assert sorted(items) == sorted(result)
    assert (len(items) < 2) == (items == result)


def test_throttling_alternates(state: SandboxState) -> None:
    """A recipient is throttled on every odd attempt and accepted on every even one."""
    assert [state.should_throttle("echo", "1") for _ in range(3)] == [True, False, True]


def test_media_is_bounded_and_expires(clock: Clock) -> None:
    """Above the size limit the oldest file is dropped, and an expired file is not found."""
    store = MediaStore(10)

    for name in ("a", "b", "c"):
        store.add(Media(id=name, data=bytes(5), content_type="x/y", expires=clock.now + 60))

    found = [store.get(name, clock.now) is not None for name in ("a", "b", "c")]
    assert found == [False, True, True]
    assert store.get("c", clock.now + 60) is None


def test_media_that_is_stored_again_counts_once(clock: Clock) -> None:
    """An upload that is repeated takes no room of other files."""
    store = MediaStore(10)

    for name in ("a", "b", "b", "b"):
        store.add(Media(id=name, data=bytes(5), content_type="x/y"))

    assert store.get("a", clock.now) is not None


def test_equal_seeds_give_equal_ids() -> None:
    """States with equal seeds return equal ids."""
    assert [SandboxState(seed=3).hex_id(), SandboxState(seed=3).uuid()] == [
        SandboxState(seed=3).hex_id(),
        SandboxState(seed=3).uuid(),
    ]


def test_all_names_exist() -> None:
    """Every name in ``__all__`` exists."""
    assert all(hasattr(package, name) for name in package.__all__)
