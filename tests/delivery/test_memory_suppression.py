"""The memory suppression list: the latest change counts, in whatever order changes arrive."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.delivery import NOW, NUMBER, message

from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.invalid_value import InvalidValue
from omnimsg.domain.opt_out import Consent, ConsentChange
from omnimsg.testing import SuppressionConformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg.domain.message import Message
    from omnimsg.engine.suppression import Suppression

OUT, IN = Consent.OPTED_OUT, Consent.OPTED_IN
PLAIN, MARKETING = message(), message(tags=("marketing",))


def change(consent: Consent, seconds: float = 0.0, address: str | None = NUMBER) -> ConsentChange:
    """Return a consent change."""
    at = NOW + timedelta(seconds=seconds)
    return ConsentChange(consent=consent, account="main", at=at, address=address)


class TestContract(SuppressionConformance):
    """The memory list keeps the contract of every suppression list."""

    @asynccontextmanager
    async def open_suppression(self) -> AsyncIterator[Suppression]:
        """Return an empty list."""
        yield MemorySuppression()


def verdicts(
    *changes: ConsentChange, messages: tuple[Message, ...] = (PLAIN, MARKETING), **how: Any
) -> list[bool]:
    """Return which messages are suppressed after the changes."""
    suppression = MemorySuppression(**how)

    async def live() -> list[bool]:
        for each in changes:
            await suppression.record(each)
        return list(await suppression.suppressed("main", messages))

    return asyncio.run(live())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), [False, False]),
        ((change(Consent.OPTED_OUT),), [True, True]),
        ((change(Consent.MARKETING_OPTED_OUT),), [False, True]),
        ((change(Consent.OPTED_OUT), change(Consent.OPTED_IN, 1)), [False, False]),
        ((change(Consent.MARKETING_OPTED_OUT), change(Consent.OPTED_IN, 1)), [False, False]),
        ((change(Consent.OPTED_IN, 1), change(Consent.OPTED_OUT)), [False, False]),
        ((change(Consent.OPTED_IN), change(Consent.OPTED_OUT, 1)), [True, True]),
        (tuple(map(change, (OUT, IN, OUT), (0, 1, 2))), [True, True]),
        (tuple(map(change, (IN, OUT, IN), (0, 1, 2))), [False, False]),
        (tuple(map(change, (IN, OUT, IN), (2, 1, 0))), [False, False]),
        # An older STOP that arrives late still counts beside a newer opt-out of marketing.
        ((change(Consent.MARKETING_OPTED_OUT, 1), change(Consent.OPTED_OUT)), [True, True]),
        # Of two changes at the same time the order is unknown: the message is suppressed.
        ((change(Consent.OPTED_OUT), change(Consent.OPTED_IN)), [True, True]),
    ],
)
def test_the_latest_change_counts(changes: tuple[ConsentChange, ...], expected: list[bool]) -> None:
    """The latest change of consent decides: opted out, out of marketing, or in."""
    assert expected == verdicts(*changes)


# No deadline: each example runs an event loop, which is slow on a busy machine.
@settings(deadline=None)
@given(
    wishes=st.lists(st.tuples(st.sampled_from(Consent), st.integers(0, 3)), max_size=6),
    seed=st.integers(0, 2**32),
)
def test_the_order_of_changes_makes_no_difference(
    wishes: list[tuple[Consent, int]], seed: int
) -> None:
    """The order and repetition of consent changes make no difference."""
    changes = [change(consent, seconds) for consent, seconds in wishes]
    shuffled = [*changes, *changes[:2]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - repeatable

    assert verdicts(*changes) == verdicts(*shuffled)


def test_who_opted_out_before_is_known() -> None:
    """The application's own list of opt-outs is respected until an opt-in."""
    before = verdicts(opted_out=[NUMBER])
    after = verdicts(change(Consent.OPTED_IN), opted_out=[NUMBER])

    assert [True, True] == before
    assert [False, False] == after


def test_a_mailbox_is_the_same_in_any_case() -> None:
    """Mailboxes are compared without regard to case."""
    suppression = MemorySuppression(["Ola@Example.test"])
    asyncio.run(suppression.record(change(Consent.OPTED_OUT, address="UWE@example.test")))

    assert "ola@example.TEST" in suppression
    assert "uwe@example.test" in suppression
    assert "ada@example.test" not in suppression
    assert None not in suppression


def test_nobody_else_is_affected() -> None:
    """An opt-out affects only its own address, and one without an address affects none."""
    contact = message(to=ProviderContact(id="c-1"))  # type: ignore[arg-type]
    other = message(to="+37255500002")

    found = verdicts(
        change(Consent.OPTED_OUT),
        change(Consent.OPTED_OUT, address=None),
        messages=(contact, other, PLAIN),
    )

    assert [False, False, True] == found


def test_what_is_marketing_is_decided_by_the_application() -> None:
    """Messages with the application's marketing tags, and only they, count as marketing."""
    found = verdicts(
        change(Consent.MARKETING_OPTED_OUT),
        messages=(message(tags=("news",)), MARKETING),
        marketing_tags=["news", "offers"],
    )

    assert [True, False] == found


@pytest.mark.parametrize("listed", [NUMBER, NUMBER.removeprefix("+")])
def test_a_listed_number_may_lack_its_plus(listed: str) -> None:
    """A listed number is found with or without its plus, which databases often omit."""
    found = verdicts(opted_out=[listed])

    assert [True, True] == found


@pytest.mark.parametrize(
    "listed",
    [
        "+372 5550 0001",
        "+372-5550-0001",
        "+372 (0) 5550 0001",
        "0037255500001",
        "055500001",
        " +37255500001",
        "+37255500001\u202c",
        "+37255500001.0",
    ],
)
def test_a_listed_number_that_is_not_e164_is_refused(listed: str) -> None:
    """A number that is not E.164 would never match; the error shows its place, not the number."""
    with pytest.raises(InvalidValue) as refused:
        MemorySuppression(["ola@example.test", listed])

    assert "MemorySuppression.opted_out[1]" == refused.value.problems[0].path
    assert "5550" not in str(refused.value).replace("+37255500001: ", "")


@pytest.mark.parametrize("listed", ["ola@example.test", "27820001000", "12345", "wa-id-17"])
def test_other_addresses_are_listed_as_they_are(listed: str) -> None:
    """An address that is not a number is listed unchanged: a contact's id may be any text."""
    assert listed in MemorySuppression([listed])


@pytest.mark.parametrize("name", ["opted_out", "marketing_tags"])
def test_a_text_in_place_of_a_collection_is_refused(name: str) -> None:
    """A text in place of a collection is refused: its letters would be addresses or tags."""
    with pytest.raises(InvalidValue, match=rf"MemorySuppression\.{name}"):
        MemorySuppression(**{name: "marketing"})
