"""Routes with an account that is not well: an open circuit, a pause, or no answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import texts
from support.routed import (
    AT_ONCE,
    Routed,
    accepted,
    outcome_of,
    pausing,
    saying,
    slowly,
    unreachable,
)

from omnimsg import Breaker, Client, Outcome, Policy, RetryPolicy, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from omnimsg.adapter import Request, Response


def test_an_account_with_an_open_circuit_is_passed_over_until_it_recovers() -> None:
    """An account with an open circuit is passed over, and used first again when it recovers."""
    is_well = False

    def sometimes(request: Request) -> Response | Awaitable[Response]:
        return accepted(request) if is_well else unreachable(request)

    policy = Policy(retry=AT_ONCE, breaker=Breaker(failures=2, pause=5.0))
    routed = Routed(
        sometimes,
        accepted,
        routes=(Route(accounts=("a", "b")),),
        policies={"a": policy, "b": policy},
    )
    routed.wires["a"].writes = False

    async def story(client: Client) -> tuple[list[str], int, list[str]]:
        nonlocal is_well
        sick = [(await outcome_of(client, each)).account for each in texts(10)]
        asked = len(routed.wires["a"].requests)
        is_well = True
        routed.loop.now += 6
        well = [(await outcome_of(client, each)).account for each in texts(3, start=10)]
        return sick, asked, well

    sick, asked, well = routed.run(story)

    assert ["b"] * 10 == sick
    assert 2 == asked
    assert ["a"] * 3 == well


def test_a_message_waits_for_a_probe_if_all_circuits_are_open() -> None:
    """If all circuits are open, a message waits for the first probe, and is accepted."""
    dead = True

    def refused(request: Request) -> Response | Awaitable[Response]:
        return saying("no-money")(request) if dead else accepted(request)

    def broken(request: Request) -> Response | Awaitable[Response]:
        return unreachable(request) if dead else accepted(request)

    policy = Policy(retry=RetryPolicy(attempts=5, base=1.0), breaker=Breaker(failures=1, pause=2.0))
    routed = Routed(
        broken, refused, routes=(Route(accounts=("a", "b")),), policies={"a": policy, "b": policy}
    )
    routed.wires["a"].writes = False

    async def story(client: Client) -> tuple[list[str], str]:
        nonlocal dead
        for each in texts(5):
            await outcome_of(client, each, deadline=0.5)
        open_ = sorted(client.health()["a"].open_circuits)
        dead = False
        outcome = await outcome_of(client, texts(1, start=9)[0], deadline=20.0)
        return open_, outcome.kind

    open_, kind = routed.run(story)

    assert ["the provider of account 'a'"] == open_
    assert "accepted" == kind


def test_rejected_messages_open_no_circuit() -> None:
    """Rejected messages open no circuit and do not fail over."""
    routed = Routed(saying("no-such-number"), accepted, routes=(Route(accounts=("a", "b")),))

    async def story(client: Client) -> dict[str, Any]:
        for each in texts(50):
            await outcome_of(client, each)
        return dict(client.health()["a"].open_circuits)

    assert {} == routed.run(story)
    assert {"a": 50, "b": 0} == routed.asked()


def test_a_pause_that_a_provider_asks_for_is_not_waited_for() -> None:
    """While an account pauses, the next one sends without asking the first."""
    routed = Routed(pausing(60.0), accepted, routes=(Route(accounts=("a", "b")),))

    async def story(client: Client) -> tuple[list[str], float]:
        began = routed.loop.now
        found = [(await outcome_of(client, each)).account for each in texts(5)]
        return found, routed.loop.now - began

    found, seconds = routed.run(story)

    assert ["b"] * 5 == found
    assert seconds < 1.0
    assert 1 == routed.asked()["a"]


@pytest.mark.parametrize("stream", [False, True])
def test_what_waits_for_an_account_that_does_not_answer_goes_on(stream: bool) -> None:
    """Messages waiting behind an account that does not answer move to the next one."""
    routed = Routed(slowly(15.0, "ok"), accepted, routes=(Route(accounts=("a", "b")),))
    count = 16 * 100

    async def together(client: Client) -> list[Outcome]:
        return await asyncio.gather(
            *[outcome_of(client, each, deadline=20.0) for each in texts(count)]
        )

    outcomes = routed.send_many(texts(count), deadline=20.0) if stream else routed.run(together)

    kinds = Counter((each.account, each.kind) for each in outcomes)
    assert {("a", "accepted"): 15 * 100, ("b", "accepted"): 100} == kinds


def test_what_waits_for_a_pause_goes_on() -> None:
    """When an account is paused, its waiting messages move to the next one."""
    routed = Routed(pausing(60.0), accepted, routes=(Route(accounts=("a", "b")),))

    async def story(client: Client) -> list[Outcome]:
        return await asyncio.gather(*[outcome_of(client, each) for each in texts(3000)])

    outcomes = routed.run(story)

    assert {("b", "accepted")} == {(each.account, each.kind) for each in outcomes}
    assert routed.asked()["a"] < 16
