"""Whatever anybody sends: nothing raises, and only what is genuine gets any further."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from support.callback_fuzz import BODY_LIMIT, forgeries, genuine, repeated, requests
from support.genuine import CONFIG, PUBLIC_URL

from omnimsg import Client

if TYPE_CHECKING:
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.request import CallbackRequest
    from omnimsg.domain.events import Event

REFUSED = {400, 401, 404, 405, 408, 413}


@cache
def receiver(*, trusts: bool = False) -> tuple[Receiver, list[Event]]:
    """Return a receiver of all providers, and what reaches its handler."""
    seen: list[Event] = []
    callbacks: dict[str, object] = {"body_limit": BODY_LIMIT}
    callbacks |= {"trusted_proxies": ["127.0.0.0/8", "::1/128"]} if trusts else {}
    callbacks |= {} if trusts else {"public_url": PUBLIC_URL}
    client = Client.from_config({**CONFIG, "callbacks": callbacks})
    return client.receiver(seen.append), seen


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """Build the receivers before anything is timed."""
    for trusts in (False, True):
        receiver(trusts=trusts)


def answered(asked: CallbackRequest, *, trusts: bool = False) -> tuple[int, int]:
    """Return the status of the answer, and how many events it brought."""
    taken, seen = receiver(trusts=trusts)
    before = len(seen)
    answer = asyncio.run(taken.respond(asked))
    return answer.status, len(seen) - before


# An event loop for each example takes its time on a busy machine.
@settings(deadline=None)
@given(asked=requests())
def test_a_stranger_gets_nothing_in(asked: CallbackRequest) -> None:
    """Whatever method, path, lines and bytes; also where a proxy is trusted."""
    for trusts in (False, True):
        status, events = answered(asked, trusts=trusts)

        assert status in REFUSED
        assert 0 == events


@settings(deadline=None)
@given(asked=forgeries())
def test_what_was_changed_on_its_way_is_refused(asked: CallbackRequest) -> None:
    """One byte of the body, of the signature or of its time."""
    status, events = answered(asked)

    assert (401, 0) == (status, events)


@settings(deadline=None)
@given(asked=genuine())
def test_what_is_genuine_is_handled_once(asked: CallbackRequest) -> None:
    """Whatever is in it, it is taken, and its repetition brings nothing."""
    first, _ = answered(asked)
    second, repetitions = answered(repeated(asked))

    assert (204, 204, 0) == (first, second, repetitions)


@settings(max_examples=30, deadline=None)
@given(asked=requests() | forgeries())
def test_nothing_is_answered_in_detail(
    asked: CallbackRequest,
) -> None:
    """Neither a word nor a line that a stranger could learn from."""
    taken, _ = receiver()
    answer = asyncio.run(taken.respond(asked))

    assert {"Allow", "Connection"} >= {name for name, _ in answer.headers}


def test_nothing_was_logged_but_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    """Of thousands of requests there is no word in the log."""
    caplog.set_level("DEBUG", "omnimsg")

    @settings(max_examples=50, deadline=None)
    @given(asked=requests())
    def ask(asked: CallbackRequest) -> None:
        answered(asked)

    ask()

    said = {each.getMessage() for each in caplog.records if each.name.startswith("omnimsg")}
    why = {each.partition(" was refused: ")[2].split(" ")[0] for each in said}
    assert {"not_genuine", "too_large"} >= why
