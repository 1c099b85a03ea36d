"""Any request: none raises, and only genuine callbacks reach the handler."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from support.callback_fuzz import BODY_LIMIT, forgeries, genuine, repeated, requests
from support.genuine_callbacks import CONFIG, PUBLIC_URL

from omnimsg import Client

if TYPE_CHECKING:
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.request import CallbackRequest
    from omnimsg.domain.events import Event

REFUSED = {400, 401, 404, 405, 408, 413}


@cache
def receiver(*, trusts: bool = False) -> tuple[Receiver, list[Event]]:
    """Return a receiver of all providers, and the list of its handled events."""
    seen: list[Event] = []
    callbacks: dict[str, object] = {"body_limit": BODY_LIMIT}
    callbacks |= {"trusted_proxies": ["127.0.0.0/8", "::1/128"]} if trusts else {}
    callbacks |= {} if trusts else {"public_url": PUBLIC_URL}
    client = Client.from_config({**CONFIG, "callbacks": callbacks})
    return client.receiver(seen.append), seen


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """Build the receivers before Hypothesis measures the examples."""
    for trusts in (False, True):
        receiver(trusts=trusts)


def answered(asked: CallbackRequest, *, trusts: bool = False) -> tuple[int, int]:
    """Return the status of the answer, and how many events were handled."""
    taken, seen = receiver(trusts=trusts)
    before = len(seen)
    answer = asyncio.run(taken.respond(asked))
    return answer.status, len(seen) - before


# No deadline: each example runs an event loop, which is slow on a busy machine.
@settings(deadline=None)
@given(asked=requests())
def test_a_stranger_gets_nothing_in(asked: CallbackRequest) -> None:
    """No unsigned request of any form reaches the handler, with or without a trusted proxy."""
    for trusts in (False, True):
        status, events = answered(asked, trusts=trusts)

        assert status in REFUSED
        assert 0 == events


@settings(deadline=None)
@given(asked=forgeries())
def test_what_was_changed_on_its_way_is_refused(asked: CallbackRequest) -> None:
    """A callback with one changed byte in body, signature or time is refused with 401."""
    status, events = answered(asked)

    assert (401, 0) == (status, events)


@settings(deadline=None)
@given(asked=genuine())
def test_what_is_genuine_is_handled_once(asked: CallbackRequest) -> None:
    """A genuine callback is answered 204, and its repetition brings no event."""
    first, _ = answered(asked)
    second, repetitions = answered(repeated(asked))

    assert (204, 204, 0) == (first, second, repetitions)


@settings(max_examples=30, deadline=None)
@given(asked=requests() | forgeries())
def test_nothing_is_answered_in_detail(
    asked: CallbackRequest,
) -> None:
    """A refusal has no header that tells a stranger its cause."""
    taken, _ = receiver()
    answer = asyncio.run(taken.respond(asked))

    assert {"Allow", "Connection"} >= {name for name, _ in answer.headers}


def test_nothing_was_logged_but_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    """The log of any refused request has only the cause of the refusal."""
    caplog.set_level("DEBUG", "omnimsg")

    @settings(max_examples=50, deadline=None)
    @given(asked=requests())
    def ask(asked: CallbackRequest) -> None:
        answered(asked)

    ask()

    said = {each.getMessage() for each in caplog.records if each.name.startswith("omnimsg")}
    why = {each.partition(" was refused: ")[2].split(" ")[0] for each in said}
    assert {"not_genuine", "too_large"} >= why
