"""Worlds of routes: three accounts at three providers, each of which fails and recovers in turn."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from simulation import oracles
from simulation.accounts import draw_policy, plan
from simulation.application import App
from simulation.chance import Chance
from simulation.story import Handed, Story, WorldError
from simulation.worlds import World, listening

from omnimsg import (
    Accepted,
    AccountTrouble,
    Ambiguous,
    Limits,
    Match,
    OnAmbiguous,
    Route,
    SendError,
)
from omnimsg.routing.failover_rules import may_move

if TYPE_CHECKING:
    from simulation.harness import Universe
    from simulation.plans import AccountPlan
    from simulation.providers import Provider

    from omnimsg import Outcome

KINDS = ("clickatell", "messente", "bird")

# The fault of every request; to refuse connections, the provider's host loses its power.
TROUBLES: dict[str, tuple[str, dict[str, Any]] | None] = {
    "slow": ("latency", {"seconds": 4.0}),
    "refusing": None,
    "resetting": ("reset_before", {}),
    "out of funds": ("status", {"status": 402}),
}

# Seconds after which a recovered account has been probed: a circuit probes every five, and a
# connection to a host without power takes ten to fail.
_RECOVERS = 20.0
# Messages after which the circuit is open, whatever was in flight when the trouble began.
_SHOWS_BY = 20


async def routed(universe: Universe) -> Story:
    """Each account fails once or more, and the other accounts take its messages."""
    chance = Chance(universe.draw)
    plans = [draw_plan(chance, kind) for kind in KINDS]
    world = World(universe, chance, plans)
    for provider in world.providers.values():
        await provider.start()
    universe.set_latency(0.0005, chance.one_of("climate.latency", [0.02, 0.002, 0.2]))
    app = await world.host.run(partial(_open, world))
    world.apps.append(app)
    with listening() as complaints:
        left = list(plans)
        while left:
            sick = left.pop(chance.draw("turn", len(left)))
            for _ in range(chance.count("troubles", 1, 2)):
                await _Turn(world, app, sick, chance.one_of("trouble", list(TROUBLES))).run()
        story = world.story
        oracles.all_is_quiet(story, world.apps)
        await world.host.run(partial(world.close, app, 30.0))
        await asyncio.sleep(0.1)
        oracles.nothing_is_left(story, universe, app)
        await asyncio.sleep(20.0)
        oracles.everybody_heard(story, world.apps)
        _handsets_agree(story, world)
        oracles.nothing_broke(story, universe, complaints)
    if story.slips:
        raise WorldError(story.slips, story)
    return story


def draw_plan(chance: Chance, kind: str) -> AccountPlan:
    """Draw an account that fails at once, and holds doubtful messages."""
    drawn = draw_policy(chance, finds=False)
    policy = attrs.evolve(
        drawn,
        account_trouble=AccountTrouble.FAIL,
        on_ambiguous=OnAmbiguous.HOLD,
        limits=Limits(concurrency=chance.one_of("limits.concurrency", [None, 1, 2, 4])),
        network=attrs.evolve(drawn.network, request_timeout=None),
    )
    return plan(f"{kind}-routed", kind, chance.one_of("account.messages", [3, 1, 2, 10]), policy)


async def _open(world: World) -> App:
    names = [each.name for each in world.plans]
    routes = [
        Route(
            accounts=(name, *(each for each in names if each != name)),
            match=Match(metadata={"first": name}),
        )
        for name in names
    ]
    return App(
        0,
        world.host,
        world.plans,
        providers=world.providers,
        book=None,
        clock=world.clock,
        story=world.story,
        routes=routes,
    )


class _Turn:
    """One trouble of one account, and the account's recovery."""

    def __init__(self, world: World, app: App, sick: AccountPlan, trouble: str) -> None:
        self._world = world
        self._app = app
        self._sick = sick
        self._trouble = trouble
        self._provider: Provider = world.providers[sick.provider]

    async def run(self) -> None:
        """Send during the trouble and after it."""
        story, chance = self._world.story, self._world.chance
        story.tell(f"{self._sick.name} is {self._trouble}")
        story.counts[f"trouble {self._trouble}"] += 1
        await asyncio.sleep(chance.seconds("quiet", 0.0, 2.0))
        if TROUBLES[self._trouble] is None:
            self._provider.crash()
        else:
            self._provider.mood.always = TROUBLES[self._trouble]
        found = await self._send(chance.count("load", 4, 40), chance.one_of("every", [0.3, 0.05]))
        self._taken_over(found)
        self._provider.recover()
        story.tell(f"{self._sick.name} is well again")
        await asyncio.sleep(_RECOVERS)
        # The first of these two may be the probe.
        await self._send(2, 6.0)
        (last,) = await self._send(1, 0.1)
        self._returned_to(last)

    async def _send(self, count: int, every: float) -> list[Handed]:
        """Send messages one after another, some as a stream; return them with their outcomes."""
        chance, world = self._world.chance, self._world
        first = self._sick.name
        handed = [
            world.people.write(0, self._sick, 60.0, is_plain=True, metadata={"first": first})
            for _ in range(count)
        ]
        streamed = chance.count("streamed", 0, count // 2)
        work = []
        if streamed:
            work.append(world.host.run(partial(self._stream, handed[:streamed], every)))
        for each in handed[streamed:]:
            work.append(world.host.run(partial(self._call, each)))
            await asyncio.sleep(every)
        _, pending = await asyncio.wait(work, timeout=300.0)
        for task in pending:
            world.story.slip("pending", f"somebody still waits: {task.get_name()}")
            task.cancel()
        await asyncio.gather(*work, return_exceptions=False)
        return handed

    async def _call(self, handed: Handed) -> None:
        handed.began = self._world.story.now()
        try:
            outcome: Outcome = await self._app.client.send(handed.message, deadline=handed.deadline)
        except SendError as error:
            outcome = error.outcome  # type: ignore[assignment]
        self._hear(handed, outcome)

    async def _stream(self, handed: list[Handed], every: float) -> None:
        async def slowly() -> Any:
            for each in handed:
                each.began, each.is_streamed = self._world.story.now(), True
                yield each.message
                await asyncio.sleep(every)

        async with aclosing(self._app.client.send_many(slowly(), deadline=60.0)) as outcomes:
            async for outcome in outcomes:
                self._hear(handed[outcome.position or 0], outcome)

    def _hear(self, handed: Handed, outcome: Outcome) -> None:
        story = self._world.story
        if outcome.reference != handed.message.reference:
            story.slip("outcome", f"{handed.name} hears of {outcome.reference}")
        handed.outcomes.append(outcome)
        handed.ended = story.now()
        story.counts[outcome.kind] += 1
        if outcome.account != handed.account.name:
            story.counts["taken over"] += 1
        story.tell(f"{handed.message.reference} is {outcome.kind} at {outcome.account}")

    def _taken_over(self, found: list[Handed]) -> None:
        """Others accept every message that may move; a message that may not keeps its outcome.

        A 402 that the provider itself has not written opens the circuit, so that others take over,
        but it does not move the message that it answered.
        """
        story = self._world.story
        for each in found:
            for outcome in each.outcomes:
                if may_move(outcome):
                    story.slip("take over", f"{each.name}: may move, and two others are well")
        elsewhere = [e for e in found if any(o.account != self._sick.name for o in e.outcomes)]
        if len(found) >= _SHOWS_BY and self._trouble != "slow" and not elsewhere:
            story.slip("take over", f"nobody took over from {self._sick.name}")

    def _returned_to(self, last: Handed) -> None:
        story = self._world.story
        if [each.account for each in last.outcomes] != [self._sick.name]:
            story.slip("returned to", f"{last.name}: its account is well again")
        else:
            story.counts["returned to"] += 1


def _handsets_agree(story: Story, world: World) -> None:
    """Every outcome agrees with the handsets, and no handset has a text twice."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, provider in world.providers.items():
        for _, text, _ in provider.received():
            found[text].append(name)
    by_name = {each.name: each.provider for each in world.plans}
    for each in story.handed:
        places = found[each.text]
        if len(places) > 1:
            story.slip("twice", f"{each.name}: is on its handset from {places}")
        for outcome in each.outcomes:
            if isinstance(outcome, Accepted) and places != [by_name[outcome.account]]:
                story.slip("accepted", f"{each.name}: is on its handset from {places}")
            if not isinstance(outcome, (Accepted, Ambiguous)) and places:
                story.slip("unsent", f"{each.name}: is on its handset from {places}")
