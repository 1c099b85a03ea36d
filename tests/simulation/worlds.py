"""Worlds: their parts, the shapes of what happens in them, and the checks at their end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from simulation import oracles
from simulation.accounts import draw_account
from simulation.application import App, WallClock
from simulation.chance import Chance
from simulation.people import FOR_EVER, People
from simulation.providers import Provider
from simulation.slow_journal import FullDiskError, SlowBook
from simulation.story import Story, WorldError
from simulation.weather import STORM, Weather

from omnimsg import AccountTrouble, OnAmbiguous

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulation.harness import Host, Universe
    from simulation.plans import AccountPlan

# Seconds of calm within which every caller must have its outcome: the longest pause that a
# provider can impose, retries, look-ups.
LONGEST_RUN = 1500.0

# Seconds after the last outcome within which nothing waits any more: the longest pause.
_QUIET_AFTER = 310

# Seconds of calm in which regular messages are sent.
_REGULARLY = 35.0

# Seconds in which every stalled request at a provider ends.
_STRAGGLERS = 100.0


async def everyday(universe: Universe) -> Story:
    """Callers do anything, and any disturbance may happen."""
    chance = Chance(universe.draw)
    world = await World.create(universe, chance, accounts=chance.count("accounts", 1, 3))
    people = world.people
    acts = [
        people.call,
        people.burst,
        people.stream,
        people.give_up,
        people.ask,
        people.attach,
        people.stop,
    ]
    async with world.life(events=chance.count("events", 0, 6)):
        for _ in range(chance.count("acts", 2, 7)):
            world.act(chance.one_of("act", acts), within=STORM * 0.6)
        if chance.happens("flood", 1):
            world.act(people.flood, within=1.0)
        if chance.happens("closes", 25):
            world.close_midway()
        if chance.happens("second client", 20):
            await world.open_client()
    return world.story


async def held(universe: Universe) -> Story:
    """Callers without a deadline wait for an account that is refused and later accepted."""
    chance = Chance(universe.draw)
    drawn = draw_account(chance, 0)
    limits = attrs.evolve(drawn.policy.limits, requests_per_second=None, messages_per_second=None)
    trouble = chance.one_of("held.trouble", [AccountTrouble.HOLD] * 3 + [AccountTrouble.FAIL])
    policy = attrs.evolve(drawn.policy, account_trouble=trouble, limits=limits)
    world = World(universe, chance, [attrs.evolve(drawn, policy=policy)])
    world.people.deadlines = (FOR_EVER, FOR_EVER, 20.0)
    await world.begin()
    people = world.people
    acts = [people.burst, people.call, people.give_up, people.stream, people.burst]
    async with world.life(events=0):
        for _ in range(chance.count("acts", 1, 5)):
            world.act(chance.one_of("act", acts), within=STORM * 0.6)
        for _ in range(chance.count("events", 1, 6)):
            world.trouble()
        if chance.happens("regular", 40):
            world.work.append(world.host.run(world.send_regularly))
        elif chance.happens("closes", 15):
            world.close_midway()
    return world.story


async def doubts(universe: Universe) -> Story:
    """Answers are lost or late; doubtful messages are looked up, or held meanwhile."""
    chance = Chance(universe.draw)
    drawn = draw_account(chance, 0, kind=chance.one_of("doubts.kind", ["bird", "bird-batch"]))
    troubles = chance.one_of("doubts.troubles", [0, 0, 1, 4])
    policy = attrs.evolve(
        drawn.policy,
        on_ambiguous=OnAmbiguous.RESEND_IF_NOT_FOUND,
        not_found_for=3.0,
        account_trouble=AccountTrouble.HOLD if troubles else drawn.policy.account_trouble,
        network=attrs.evolve(
            drawn.policy.network,
            request_timeout=chance.one_of("doubts.timeout", [2.0, None, 10.0]),
        ),
    )
    world = World(universe, chance, [attrs.evolve(drawn, policy=policy)])
    world.people.deadlines = (90.0, FOR_EVER)
    await world.begin()
    people = world.people
    async with world.life(events=chance.count("events", 0, 3)):
        for _ in range(chance.count("acts", 1, 4)):
            world.act(chance.one_of("act", [people.burst, people.stream]), within=STORM * 0.5)
        for _ in range(troubles):
            world.trouble()
        mood = world.weather.providers[0].mood
        mood.storm, mood.late = 50, chance.one_of("doubts.late", [0, 15])
    return world.story


class World:
    """A world: providers, the application's host, callers and weather."""

    def __init__(self, universe: Universe, chance: Chance, plans: Sequence[AccountPlan]) -> None:
        self.universe = universe
        self.chance = chance
        self.plans = list(plans)
        self.story = Story(universe.now)
        self.host: Host = universe.host("app")
        self.clock = WallClock(universe)
        self.people = People(chance, self.story)
        self.providers = {
            each: Provider(each, universe, chance, self.story)
            for each in dict.fromkeys(plan.provider for plan in plans)
        }
        self.apps: list[App] = []
        self.work: list[asyncio.Task[Any]] = []
        self.weather = Weather(
            universe, chance, self.story, self.host, list(self.providers.values()), self.clock
        )

    @classmethod
    async def create(cls, universe: Universe, chance: Chance, *, accounts: int) -> World:
        """Draw a world's accounts, start their providers, and open a client."""
        world = cls(universe, chance, [draw_account(chance, each) for each in range(accounts)])
        await world.begin()
        return world

    async def begin(self) -> None:
        """Start the providers, and open a client."""
        for provider in self.providers.values():
            await provider.start()
        await self.open_client()

    async def open_client(self) -> App:
        """Open a client on the application's host."""
        chance = self.chance
        book = None
        if chance.happens("journal", 60):
            book = SlowBook(
                chance=chance,
                slowest=chance.one_of("book.slowest", [0.0, 0.0, 0.3]),
                failing=chance.one_of("book.failing", [0, 0, 0, 10]),
            )

        async def build() -> App:
            return App(
                len(self.apps),
                self.host,
                self.plans,
                providers=self.providers,
                book=book,
                clock=self.clock,
                story=self.story,
            )

        app: App = await self.host.run(build)
        self.apps.append(app)
        return app

    def act(self, what: Any, *, within: float) -> None:
        """Let a caller do something at some time, with one of the clients and accounts."""
        wait = self.chance.seconds("act.at", 0.0, within)
        plan = self.chance.one_of("act.account", self.plans)

        async def do() -> None:
            await asyncio.sleep(wait)
            await what(self.chance.one_of("act.client", self.apps), plan)

        self.work.append(self.host.run(do))

    def trouble(self) -> None:
        """Let the account be refused, or its provider fail, for a while."""
        self.work.append(asyncio.create_task(self.weather.trouble()))

    async def send_regularly(self) -> None:
        """Send messages at an interval, from before the calm until long after."""
        interval = self.chance.one_of("regular.interval", [1.5, 1.5, 0.4])
        await asyncio.sleep(self.chance.one_of("regular.from", [STORM - 5.0, 0.0, STORM * 0.3]))
        calls = []
        while self.story.now() < STORM + _REGULARLY:
            handed = self.people.write(0, self.plans[0], 20.0, is_plain=True)
            handed.is_regular = True
            calls.append(asyncio.create_task(self.people.send(self.apps[0], handed)))
            await asyncio.sleep(interval)
        await asyncio.gather(*calls)

    def close_midway(self) -> None:
        """Close the first client at some time while callers are active."""
        wait = self.chance.seconds("close.at", 0.0, STORM)
        deadline = self.chance.one_of("close.deadline", [30.0, 0.0, 0.5])

        async def close() -> None:
            await asyncio.sleep(wait)
            self.story.tell(f"client 0 is closed, deadline {deadline:g}")
            await self.close(self.apps[0], deadline)

        self.work.append(self.host.run(close))

    async def close(self, app: App, deadline: float) -> None:
        """Close a client, and check how long it takes."""
        began = self.story.now()
        await app.client.aclose(deadline=deadline)
        # The workers get 10 seconds to end, and so do the follow-ups.
        if self.story.now() - began > deadline + 25.0:
            self.story.slip("deadline", f"closing took {self.story.now() - began:.1f} s")

    def life(self, *, events: int) -> _Life:
        """Return the context in which the world lives, and whose end checks the rules."""
        return _Life(self, events)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect the errors that the product logs."""
    handler = _Complaints()
    log = logging.getLogger("omnimsg")
    log.addHandler(handler)
    try:
        yield handler.lines
    finally:
        log.removeHandler(handler)


class _Life:
    def __init__(self, world: World, events: int) -> None:
        self._world = world
        self._events = events

    async def __aenter__(self) -> None:
        world = self._world
        self._listening = listening()
        self._complaints = self._listening.__enter__()
        self._weather = asyncio.create_task(world.weather.blow(self._events))

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                await self._end()
        finally:
            self._listening.__exit__(None, None, None)

    async def _end(self) -> None:
        world, story = self._world, self._world.story
        await asyncio.sleep(STORM - story.now() % STORM)
        await self._weather
        world.weather.calm()
        _, pending = await asyncio.wait(world.work, timeout=LONGEST_RUN)
        for task in pending:
            story.slip("pending", f"somebody still waits: {task.get_name()}")
            task.cancel()
        await self._collect(world.work)
        if not pending:
            # A cancelled caller's message leaves the queue at its turn, maybe after a pause.
            for _ in range(_QUIET_AFTER):
                await asyncio.sleep(1.0)
                if not any(map(oracles.is_busy, world.apps)):
                    break
            oracles.all_is_quiet(story, world.apps)
        closing = [world.host.run(partial(world.close, each, 30.0)) for each in world.apps]
        await self._collect(closing)
        await asyncio.sleep(0.1)
        oracles.nothing_is_left(story, world.universe, world.apps[0])
        await asyncio.sleep(_STRAGGLERS)
        oracles.everybody_heard(story, world.apps)
        found = oracles.handsets_agree(story, world.providers)
        oracles.journal_agrees(story, world.apps, found)
        oracles.rates_are_kept(story, world.apps)
        oracles.resends_are_counted(story)
        oracles.accounts_recover(story, world.apps, STORM)
        oracles.nothing_broke(story, world.universe, self._complaints)
        if story.slips:
            raise WorldError(story.slips, story)

    async def _collect(self, work: Sequence[asyncio.Task[Any]]) -> None:
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


class _Complaints(logging.Handler):
    """Collects logged errors, none of which is expected."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # A failing journal is expected to be logged.
        if FullDiskError.__name__ not in (said := record.getMessage()):
            self.lines.append(f"{record.name}: {said}")
