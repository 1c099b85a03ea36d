"""Worlds of power cuts: the application resumes from what its disk has kept."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import attrs
from simulation import oracles
from simulation.accounts import draw_account
from simulation.application import App, WallClock
from simulation.chance import Chance
from simulation.disk_journal import DiskJournal, Recovered, recover
from simulation.people import People
from simulation.providers import Provider
from simulation.story import Handed, Story, WorldError
from simulation.weather import STORM, Weather

from omnimsg import AccountTrouble, OnAmbiguous, SendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.harness import Universe
    from simulation.plans import AccountPlan

# The most rounds of sending unsent messages once the weather is calm.
_ROUNDS = 6


async def power_cut(universe: Universe) -> Story:
    """After power cuts at any moment no message is lost, and none is sent twice."""
    chance = Chance(universe.draw)
    drawn = draw_account(chance, 0)
    policy = attrs.evolve(
        drawn.policy,
        on_ambiguous=OnAmbiguous.HOLD,
        account_trouble=AccountTrouble.FAIL,
        limits=attrs.evolve(drawn.policy.limits, max_pause=10.0),
    )
    world = _Cut(universe, chance, attrs.evolve(drawn, policy=policy))
    await world.provider.start()
    world.write(chance.count("file", 1, 14))
    blowing = asyncio.create_task(world.weather.blow(chance.count("events", 0, 4)))
    world.host.run(world.work)
    for _ in range(chance.count("cuts", 1, 3)):
        await asyncio.sleep(chance.seconds("cut.at", 0.0, 3.0))
        await world.cut()
    await asyncio.sleep(max(0.0, STORM - universe.now()))
    await blowing
    world.weather.calm()
    await world.finish()
    world.judge()
    return world.story


class _Cut:
    def __init__(self, universe: Universe, chance: Chance, plan: AccountPlan) -> None:
        self.universe = universe
        self.chance = chance
        self.plan = plan
        self.story = Story(universe.now)
        self.host = universe.host("app")
        self.provider = Provider(plan.provider, universe, chance, self.story)
        self.clock = WallClock(universe)
        self.weather = Weather(universe, chance, self.story, self.host, [self.provider], self.clock)
        self.people = People(chance, self.story, (60.0, 5.0))
        self.apps: list[App] = []
        self.file: list[Handed] = []
        self.is_finishing = False
        self.is_done = asyncio.Event()

    def write(self, count: int) -> None:
        """Build the messages to send, which survive every power cut."""
        for _ in range(count):
            handed = self.people.write(0, self.plan, self.chance.one_of("deadline", [60.0, 5.0]))
            handed.is_excused = True
            self.file.append(handed)

    async def cut(self) -> None:
        """Cut the power, and restore it."""
        self.story.tell("the power is cut")
        self.host.crash()
        await asyncio.sleep(self.chance.seconds("cut.lasts", 0.1, 2.0))
        self.story.tell("the power is back")
        self.host.restart()

    async def work(self) -> None:
        """Send the messages that the journal does not have, or has as not sent."""
        rounds = 0
        while True:
            known = recover(self.host)
            unsent = [each for each in self.file if self._is_unsent(each, known)]
            self.story.tell(f"{len(unsent)} to send, {len(known.open)} in doubt")
            if not unsent or rounds == _ROUNDS:
                break
            rounds += self.is_finishing
            await self._send(unsent, known)
            await asyncio.sleep(15.0)
        self.is_done.set()
        await asyncio.Event().wait()

    def _is_unsent(self, handed: Handed, known: Recovered) -> bool:
        reference = handed.message.reference
        if reference in known.open:
            return False
        return known.outcomes.get(reference, "not_sent") == "not_sent"

    async def _send(self, unsent: Sequence[Handed], known: Recovered) -> None:
        journal = DiskJournal(self.host, self.chance, known.segments)
        app = App(
            len(self.apps),
            self.host,
            [self.plan],
            providers={self.provider.name: self.provider},
            book=journal,
            clock=self.clock,
            story=self.story,
        )
        self.apps.append(app)
        for each in unsent:
            each.began = self.story.now()
        half = len(unsent) // 2 if self.chance.happens("file.both", 50) else len(unsent)
        streaming = self._stream(app, unsent[:half])
        await asyncio.gather(streaming, *(self._call(app, each) for each in unsent[half:]))
        await app.client.aclose()

    async def _stream(self, app: App, some: Sequence[Handed]) -> None:
        messages = [each.message for each in some]
        async with aclosing(app.client.send_many(messages, deadline=60.0)) as outcomes:
            async for outcome in outcomes:
                self.story.tell(f"{outcome.reference} is {outcome.kind}")

    async def _call(self, app: App, handed: Handed) -> None:
        try:
            await app.client.send(handed.message, deadline=handed.deadline)
        except SendError as error:
            self.story.tell(f"{handed.message.reference} is {error.outcome.kind}")

    async def finish(self) -> None:
        """Wait for the application's end in calm weather."""
        self.is_finishing = True
        self.is_done.clear()
        # A request whose answer never comes ends at its deadline.
        self.host.crash()
        await asyncio.sleep(1.0)
        self.host.restart()
        try:
            async with asyncio.timeout(2000.0):
                await self.is_done.wait()
        except TimeoutError:
            self.story.slip("pending", "the application does not come to its end")
        await asyncio.sleep(100.0)

    def judge(self) -> None:
        """Compare the journal with the handsets."""
        story, known = self.story, recover(self.host)
        arrived: dict[str, int] = {}
        for _, text, _ in self.provider.received():
            arrived[text] = arrived.get(text, 0) + 1
        for each in self.file:
            reference, times = each.message.reference, arrived.get(each.text, 0)
            kind = known.outcomes.get(reference)
            if reference in known.open:
                kind = "ambiguous"
            story.counts[f"in the end {kind}"] += 1
            if times > 1:
                story.slip("twice", f"{reference}: is {times} times on its handset")
            # This number is always out of funds, so its message stays not sent.
            if kind is None or (kind == "not_sent" and each.is_certain):
                story.slip("lost", f"{reference}: was never sent, the journal has {kind}")
            elif kind == "accepted" and not times and each.is_certain:
                story.slip("accepted", f"{reference}: is not on its handset")
            elif kind in {"rejected", "not_sent"} and times:
                story.slip("unsent", f"{reference}: is on its handset")
        oracles.nothing_broke(story, self.universe, ())
        for app in self.apps:
            app.abandon()
        if story.slips:
            raise WorldError(story.slips, story)
