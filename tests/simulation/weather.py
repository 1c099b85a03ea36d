"""Disturbances of the network, the providers' hosts and the clocks, at times from the tape."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
from simulation.application import WallClock
from simulation.chance import Chance
from simulation.harness import Host, Universe
from simulation.providers import Provider
from simulation.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


# The duration of the disturbances, seconds; then all is calm.
STORM = 40.0

_JUMPS = (3.0, -3.0, 3600.0, -3600.0, 40 * 86_400.0, -40 * 86_400.0)


@attrs.define(eq=False)
class Weather:
    """The disturbances of a world, until `calm`.

    Attributes:
        universe: The world's universe.
        chance: Draws from the tape.
        story: Receives what happens.
        app: The application's host.
        providers: The providers.
        clock: The application's clock.
    """

    universe: Universe
    chance: Chance
    story: Story
    app: Host
    providers: Sequence[Provider]
    clock: WallClock

    async def blow(self, events: int) -> None:
        """Run a number of disturbances, each at its own time."""
        self._set_climate()
        await asyncio.gather(*(self._event() for _ in range(events)))

    def _set_climate(self) -> None:
        chance = self.chance
        self.universe.set_latency(0.0005, chance.one_of("climate.latency", [0.02, 0.002, 0.2, 1.5]))
        self.universe.set_loss(chance.one_of("climate.loss", [0, 0, 2, 15]))
        for provider in self.providers:
            provider.mood.storm = chance.one_of("climate.storm", [0, 10, 30, 60])

    async def trouble(self) -> None:
        """Let the account or channel be refused, or the provider fail or vanish, at some time."""
        await asyncio.sleep(self.chance.seconds("event.at", 0.0, STORM * 0.6))
        kinds = [
            self._refuse,
            self._fail,
            self._storm,
            self._cut_off,
            self._refuse,
            self._lack,
            self._crash,
        ]
        await self.chance.one_of("event", kinds)(self.providers[0])

    async def _event(self) -> None:
        await asyncio.sleep(self.chance.seconds("event.at", 0.0, STORM * 0.6))
        provider = self.chance.one_of("event.provider", self.providers)
        await self.chance.one_of("event", self._events())(provider)

    def _events(self) -> list[Callable[[Provider], Coroutine[Any, Any, None]]]:
        return [
            self._close_idle,
            self._cut_off,
            self._cut_off,
            self._refuse,
            self._refuse,
            self._fail,
            self._crash,
            self._restart,
            self._reset,
            self._say_unasked,
            self._read_slowly,
            self._jump,
            self._storm,
        ]

    async def _last(self) -> None:
        await asyncio.sleep(self.chance.one_of("event.lasts", [1.0, 4.0, 12.0, 0.1]))

    async def _cut_off(self, provider: Provider) -> None:
        self.story.tell(f"{provider.name} is cut off")
        self.universe.cut_off(self.app, provider.host)
        await self._last()
        self.story.tell("the network heals")
        self.universe.heal()

    async def _refuse(self, provider: Provider) -> None:
        self.story.tell(f"{provider.name} refuses the account")
        provider.mood.refuses = True
        await self._last()
        self.story.tell(f"{provider.name} accepts the account again")
        provider.mood.refuses = False

    async def _lack(self, provider: Provider) -> None:
        """Let the account's ids be unknown, which affects only its channel."""
        self.story.tell(f"{provider.name} does not know the channel")
        provider.mood.lacks = True
        await self._last()
        self.story.tell(f"{provider.name} knows the channel again")
        provider.mood.lacks = False

    async def _fail(self, provider: Provider) -> None:
        self.story.tell(f"{provider.name} fails")
        provider.mood.fails = True
        await self._last()
        self.story.tell(f"{provider.name} works again")
        provider.mood.fails = False

    async def _crash(self, provider: Provider) -> None:
        provider.crash()
        await self._last()
        if not provider.host.is_up:
            provider.host.restart()

    async def _restart(self, provider: Provider) -> None:
        provider.restart_service()

    async def _reset(self, provider: Provider) -> None:
        self.story.tell(f"the connections to {provider.name} are reset")
        self.universe.reset_connections(self.app, provider.host)

    async def _close_idle(self, provider: Provider) -> None:
        provider.close_idle()

    async def _say_unasked(self, provider: Provider) -> None:
        await provider.say_unasked()

    async def _read_slowly(self, provider: Provider) -> None:
        self.story.tell(f"{provider.name} reads slowly")
        self.universe.slow_down(provider.host, 0.5, 4.0)
        await self._last()
        self.universe.slow_down(provider.host, 0.0005, 0.02)

    async def _jump(self, provider: Provider) -> None:
        del provider
        seconds = self.chance.one_of("event.jump", _JUMPS)
        self.story.tell(f"the time of day jumps by {seconds:g} s")
        self.clock.jump(seconds)

    async def _storm(self, provider: Provider) -> None:
        before, provider.mood.storm = provider.mood.storm, 90
        self.story.tell(f"{provider.name} meets a storm")
        await self._last()
        provider.mood.storm = min(before, provider.mood.storm)

    def calm(self) -> None:
        """End all disturbances."""
        self.story.tell("all is calm")
        self.story.is_calm = True
        self.universe.set_latency(0.0005, 0.02)
        self.universe.set_loss(0)
        for provider in self.providers:
            provider.recover()
            self.universe.slow_down(provider.host, 0.0005, 0.02)
        self.universe.heal()
