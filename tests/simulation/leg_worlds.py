"""Worlds of legs: each message has three legs with different texts, at three providers.

The oracles compare with the handsets: which leg arrived where, and when.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import attrs
from simulation import oracles
from simulation.application import App
from simulation.chance import Chance
from simulation.harness import EPOCH
from simulation.route_worlds import KINDS, TROUBLES, draw_plan
from simulation.story import Handed, Story, WorldError
from simulation.worlds import World, listening

from omnimsg import (
    Accepted,
    Ambiguous,
    Channel,
    Leg,
    LegChanged,
    LegState,
    Message,
    Observer,
    SendError,
    Text,
)
from omnimsg.sandbox import Scenario, magic_number

if TYPE_CHECKING:
    from simulation.harness import Universe
    from simulation.plans import AccountPlan

    from omnimsg import Outcome

# The fault of every request to the failing provider: lost answers, and the troubles of routes.
_TROUBLES = {"none": None, "losing": ("reset_after", {}), **TROUBLES}
# Seconds between two steps of a message at a provider; the second or third is the delivery.
_PACES = (0.0, 2.0, 20.0, 60.0)
_TTLS = (30, 120)
# Seconds after which the last leg is delivered and known: late legs are polled rarely.
_AFTERWARDS = 2_000.0
# Seconds by which the result of a look-up may lag behind the handsets.
_LATENCY = 2.0
# Seconds for which a provider must have worked before a look-up is expected to be up to date.
_WELL_FOR = 60.0
# Scenarios whose messages fail, or never end, at every provider.
_SPECIAL = (Scenario.UNDELIVERABLE, Scenario.EXPIRED, Scenario.NEVER_SETTLES)


@attrs.frozen
class _Told:
    at: float
    event: LegChanged


class _Ear(Observer):
    """An observer that records the events of legs."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.told: dict[str, list[_Told]] = defaultdict(list)

    def leg_changed(self, event: LegChanged) -> None:
        """Record the event."""
        self.told[event.reference].append(_Told(self._story.now(), event))
        self._story.counts[f"leg {event.state}"] += 1
        self._story.tell(f"leg {event.leg} of {event.reference} is {event.state}")


async def legged(universe: Universe) -> Story:
    """Providers deliver slowly or fail for a while; each person gets one leg where possible."""
    chance = Chance(universe.draw)
    plans = [draw_plan(chance, kind) for kind in KINDS]
    world = World(universe, chance, plans)
    for provider in world.providers.values():
        provider.sandbox.state.pace = chance.one_of("pace", _PACES)
        await provider.start()
    universe.set_latency(0.0005, chance.one_of("climate.latency", [0.02, 0.002, 0.2]))
    ear = _Ear(world.story)
    app = await world.host.run(partial(_open, world, ear))
    world.apps.append(app)
    unwell: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with listening() as complaints:
        for _ in range(chance.count("turns", 1, 3)):
            await _turn(world, app, unwell)
        await world.host.run(partial(_finish, world, app))
        story = world.story
        oracles.all_is_quiet(story, world.apps)
        await world.host.run(partial(world.close, app, 30.0))
        await asyncio.sleep(0.1)
        oracles.nothing_is_left(story, universe, app)
        await asyncio.sleep(20.0)
        oracles.everybody_heard(story, world.apps)
        _handsets_agree(world, ear, unwell)
        oracles.nothing_broke(story, universe, complaints)
    if story.slips:
        raise WorldError(story.slips, story)
    return story


async def _open(world: World, ear: _Ear) -> App:
    return App(
        0,
        world.host,
        world.plans,
        providers=world.providers,
        book=None,
        clock=world.clock,
        story=world.story,
        observers=[ear],
    )


async def _finish(world: World, app: App) -> None:
    """Wait for all legs, and then for late deliveries."""
    waiting = await app.client.finish_legs(timeout=3_600.0)
    if waiting:
        world.story.slip("legs", f"{waiting} messages still wait for a leg")
    await asyncio.sleep(_AFTERWARDS)


async def _turn(world: World, app: App, unwell: dict[str, list[tuple[float, float]]]) -> None:
    """Send messages while one provider fails, which is that of the first or a later leg."""
    chance, story = world.chance, world.story
    sick = chance.one_of("sick", world.plans)
    name = chance.one_of("trouble", list(_TROUBLES))
    provider, began = world.providers[sick.provider], story.now()
    story.tell(f"{sick.name} is {name}")
    if name == "refusing":
        provider.crash()
    elif name != "none":
        provider.mood.always = _TROUBLES[name]
    handed = [_write(world) for _ in range(chance.count("load", 2, 12))]
    streamed = handed[: chance.count("streamed", 0, len(handed))]
    work = [world.host.run(partial(_call, world, app, each)) for each in handed[len(streamed) :]]
    for plan in world.plans:
        own = [each for each in streamed if each.account is plan]
        work.append(world.host.run(partial(_stream, world, app, plan, own)))
    await asyncio.sleep(chance.one_of("lasts", [5.0, 40.0, 150.0]))
    provider.recover()
    story.tell(f"{sick.name} is well again")
    _, pending = await asyncio.wait(work, timeout=300.0)
    for task in pending:
        story.slip("pending", f"somebody still waits: {task.get_name()}")
        task.cancel()
    await asyncio.gather(*work)
    if name != "none":
        # A circuit probes every five seconds, and a connection to a host without power takes ten
        # to fail.
        unwell[sick.provider].append((began, story.now() + 20.0))


def _write(world: World) -> Handed:
    """Build a message of three legs, one for each account."""
    chance, people = world.chance, world.people
    number = people.count
    people.count += 1
    first = chance.one_of("first", world.plans)
    others = [each for each in world.plans if each is not first]
    if chance.happens("turned", 50):
        others.reverse()
    to, is_certain = f"+2782{number:07}", True
    if chance.happens("special", 20):
        to, is_certain = magic_number(chance.one_of("scenario", _SPECIAL)), False
    legs = [
        Leg(channel=Channel.SMS, account=each.name, content=Text(text(number, leg)), ttl=ttl)
        for leg, (each, ttl) in enumerate(
            zip(others, (chance.one_of("ttl", _TTLS), None), strict=True), 1
        )
    ]
    message = Message(
        to,
        text(number, 0),
        channel=Channel.SMS,
        reference=f"m{number}",
        ttl=chance.one_of("ttl", _TTLS),
        fallback=legs,
    )
    handed = Handed(message, first, 0, world.story.now(), 60.0, is_certain=is_certain)
    world.story.handed.append(handed)
    return handed


def text(number: int, leg: int) -> str:
    """Return the text of a leg, which is unique."""
    return f"This is number {number}, leg {leg}"


async def _call(world: World, app: App, handed: Handed) -> None:
    handed.began = world.story.now()
    try:
        outcome: Outcome = await app.client.send(
            handed.message, account=handed.account.name, deadline=handed.deadline
        )
    except SendError as error:
        outcome = error.outcome  # type: ignore[assignment]
    _hear(world.story, handed, outcome)


async def _stream(world: World, app: App, plan: AccountPlan, handed: list[Handed]) -> None:
    for each in handed:
        each.began, each.is_streamed = world.story.now(), True
    messages = [each.message for each in handed]
    outcomes = app.client.send_many(messages, account=plan.name, deadline=60.0)
    async with aclosing(outcomes):
        async for outcome in outcomes:
            _hear(world.story, handed[outcome.position or 0], outcome)


def _hear(story: Story, handed: Handed, outcome: Outcome) -> None:
    if outcome.reference != handed.message.reference:
        story.slip("outcome", f"{handed.name} hears of {outcome.reference}")
    handed.outcomes.append(outcome)
    handed.ended = story.now()
    story.counts[outcome.kind] += 1
    story.tell(f"{handed.message.reference} is {outcome.kind} at {outcome.account}")


def _handsets_agree(world: World, ear: _Ear, unwell: dict[str, list[tuple[float, float]]]) -> None:
    """Compare the events and outcomes of each message with the handsets."""
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for name, provider in world.providers.items():
        for each in provider.sandbox.handsets.all():
            arrived = datetime.fromisoformat(each.received).timestamp() - EPOCH
            found[each.text].append((name, arrived))
    for handed in world.story.handed:
        _Judge(world, handed, ear, found, unwell).judge()


class _Judge:
    """Checks one message against the rules."""

    def __init__(
        self,
        world: World,
        handed: Handed,
        ear: _Ear,
        found: dict[str, list[tuple[str, float]]],
        unwell: dict[str, list[tuple[float, float]]],
    ) -> None:
        self._story = world.story
        self._handed = handed
        self._told = ear.told[handed.message.reference]
        self._unwell = unwell
        accounts = [handed.account.name, *(str(each.account) for each in handed.message.fallback)]
        by_name = {each.name: each.provider for each in world.plans}
        self._providers = [by_name[each] for each in accounts]
        number = int(handed.message.reference[1:])
        texts = [text(number, leg) for leg in range(len(accounts))]
        self._found = [found[each] for each in texts]

    def judge(self) -> None:
        """Check all rules."""
        arrived = [leg for leg, places in enumerate(self._found) if places]
        for leg in arrived:
            if [self._providers[leg]] != [name for name, _ in self._found[leg]]:
                self._slip("twice", f"leg {leg} is on its handset from {self._found[leg]}")
        taken = self._legs_told(LegState.ACCEPTED)
        unsure = self._legs_told(LegState.DOUBTFUL)
        if not set(arrived) <= {*taken, *unsure}:
            self._slip("unsent", f"legs {arrived} arrived, and {taken} were accepted")
        # Only the last leg has no ttl, so only the last leg must arrive once it is accepted.
        last = {len(self._providers) - 1} & set(taken)
        if self._handed.is_certain and not last <= set(arrived):
            self._slip("accepted", f"legs {taken} were accepted, and {arrived} arrived")
        # Whether a doubtful leg arrived cannot be known to the client.
        known = set(arrived) & set(taken)
        if (len(known) > 1) != bool(self._legs_told(LegState.REACHED_TWICE)):
            self._slip("reached twice", f"legs {arrived} arrived: {self._states()}")
        for outcome in self._handed.outcomes:
            if isinstance(outcome, Accepted) != bool(taken):
                self._slip("outcome", f"{outcome.kind}: {self._states()}")
            if not isinstance(outcome, (Accepted, Ambiguous)) and arrived:
                self._slip("unsent", f"{outcome.kind}, and legs {arrived} arrived")
        self._nothing_follows()

    def _nothing_follows(self) -> None:
        """No leg is handed over after a delivered or a doubtful one.

        Also, no leg is handed over as overdue while the leg before is on its handset and its
        provider could be polled. A leg that was already handed over may still be queued, and is not
        cancelled.
        """
        handed_over = {each.event.leg + 1: each.at for each in self._told if each.event.next_leg}
        for each in self._told:
            leg, state = each.event.leg, each.event.state
            if state in (LegState.REACHED, LegState.REACHED_TWICE, LegState.DOUBTFUL):
                late = [number for number, at in handed_over.items() if at > each.at]
                if late:
                    self._slip("repeated", f"legs {late} followed leg {leg}, which was {state}")
            ttl = self._handed.message.ttl if leg == 0 else None
            if state is LegState.OVERDUE and ttl and each.at < self._handed.began + ttl - 1e-6:
                self._slip("ttl", f"leg 0 was overdue {each.at - self._handed.began:.1f} s on")
            if state is LegState.OVERDUE and each.event.next_leg:
                was_there = any(at < each.at - _LATENCY for _, at in self._found[leg])
                if was_there and not self._was_unwell(self._providers[leg], each.at):
                    self._slip("repeated", f"leg {leg} was there when it was called overdue")

    def _was_unwell(self, provider: str, at: float) -> bool:
        return any(start <= at and at - _WELL_FOR <= end for start, end in self._unwell[provider])

    def _legs_told(self, state: LegState) -> list[int]:
        return [each.event.leg for each in self._told if each.event.state is state]

    def _states(self) -> list[tuple[int, str]]:
        return [(each.event.leg, each.event.state.value) for each in self._told]

    def _slip(self, rule: str, what: str) -> None:
        self._story.slip(rule, f"{self._handed.name}: {what}")
