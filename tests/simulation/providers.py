"""Provider hosts: the real emulators, each on a host of its own, with faults from the tape."""

from __future__ import annotations

import asyncio
import re
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import attrs
from aiohttp import web
from simulation.toy_emulator import ToyEmulator

from omnimsg.sandbox import Sandbox
from omnimsg.sandbox.fault_scripts import Fault, Faults
from omnimsg_bird.emulator import BirdEmulator
from omnimsg_clickatell.emulator import ClickatellEmulator
from omnimsg_messente.emulator import MessenteEmulator

if TYPE_CHECKING:
    from simulation.chance import Chance
    from simulation.harness import Host, Universe
    from simulation.story import Story

    from omnimsg.sandbox import Emulator

EMULATORS: dict[str, type[Emulator]] = {
    each.name: each for each in (ClickatellEmulator, MessenteEmulator, BirdEmulator, ToyEmulator)
}

PORT = 80

# An answer without a request.
_STRAY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"

# A 4xx page or a 307 proves that nothing was processed, and a client cannot detect the contrary.
# So these faults apply only to requests that are not processed.

# Kind, weight, and the choices for each parameter.
_KINDS: tuple[tuple[str, int, dict[str, tuple[Any, ...]]], ...] = (
    ("latency", 6, {"seconds": (0.05, 0.3, 1.0, 3.0)}),
    ("status", 6, {"status": (503, 500, 502, 504, 409), "retry_after": (None, 1, 20)}),
    ("reset_after", 5, {}),
    ("reset_before", 4, {}),
    ("rate_limit", 5, {"retry_after": (None, 1, 5, 90, 100_000)}),
    ("truncate", 3, {}),
    ("shuffle", 4, {}),
    ("html", 3, {"status": (502, 504, 200), "processed": (False, True)}),
    ("html", 2, {"status": (403, 400)}),
    ("status", 3, {"status": (408, 499, 425, 302, 303, 460), "processed": (False, True)}),
    ("redirect", 1, {"status": (307,)}),
    ("redirect", 1, {"status": (302,), "processed": (False, True)}),
    ("echo", 3, {"processed": (False, True)}),
    ("interim", 2, {"alone": (False, True), "processed": (False, True)}),
    ("latency", 2, {"seconds": (20.0, 70.0)}),
)
_WEIGHTED = tuple(place for place, (_, weight, _) in enumerate(_KINDS) for _ in range(weight))


# `None`, or: this request gets another one's answer; whether it is processed nevertheless.
_mixed_up: ContextVar[bool | None] = ContextVar("mixed_up", default=None)

_NUMBER = re.compile(rb"2782\d{7}")


FAULT_KINDS: frozenset[str] = frozenset(kind for kind, _, _ in _KINDS)
"""What a request may meet."""


@attrs.define(eq=False)
class Mood:
    """The present state of a provider.

    Attributes:
        storm: The percentage of requests with a fault.
        late: The percentage of requests that are processed late, maybe after their deadline.
        refuses: Whether every request gets a 401.
        lacks: Whether every request gets a 404, as for an unknown channel.
        fails: Whether every request gets a 503.
        always: The fault of every request: its kind and parameters.
    """

    storm: int = 0
    late: int = 0
    refuses: bool = False
    lacks: bool = False
    fails: bool = False
    always: tuple[str, dict[str, Any]] | None = None


class TapeFaults(Faults):
    """Faults that are drawn from the tape for each request.

    Args:
        provider: The provider's name.
        chance: Draws from the tape.
        mood: The provider's present state.
        story: Receives the faults.
    """

    def __init__(self, provider: str, chance: Chance, mood: Mood, story: Story) -> None:
        super().__init__([provider])
        self._chance = chance
        self._mood = mood
        self._story = story
        self._count = 0

    def select(self, provider: str, *, is_send: bool) -> list[Fault]:
        """Return the faults of this request."""
        _mixed_up.set(None)
        if self._mood.always is not None:
            return self._one(provider, *self._mood.always)
        mood = self._mood
        for is_so, status in ((mood.refuses, 401), (mood.lacks, 404), (mood.fails, 503)):
            if is_so:
                return self._one(provider, "status", {"status": status})
        if self._mood.late and self._chance.happens("fault.late", self._mood.late):
            seconds = self._chance.one_of("fault.later", [8.0, 4.0, 15.0])
            return self._one(provider, "latency", {"seconds": seconds})
        if not self._mood.storm or not self._chance.happens("fault", self._mood.storm):
            return []
        kind, _, choices = _KINDS[self._chance.one_of("fault.kind", _WEIGHTED)]
        if kind == "shuffle" and not is_send:
            return []
        params = {name: self._chance.one_of(f"fault.{name}", of) for name, of in choices.items()}
        faults = self._one(provider, kind, {k: v for k, v in params.items() if v is not None})
        if kind == "echo":
            _mixed_up.set(params["processed"])
            return []
        return faults

    def _one(self, provider: str, kind: str, params: dict[str, Any]) -> list[Fault]:
        self._count += 1
        shown = " ".join(f"{name}={value}" for name, value in params.items())
        self._story.tell(f"{provider} meets a request with {kind} {shown}")
        self._story.counts[f"fault {kind}"] += 1
        return [Fault(id=self._count, kind=kind, count=1, params=MappingProxyType(params))]


class MixedUpSandbox(Sandbox):
    """A sandbox behind a proxy that may give a request the answer to an earlier one."""

    _earlier: tuple[frozenset[bytes], web.Response] | None = None

    async def emulate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answer with the handler's response, or with that of an earlier request."""
        processed = _mixed_up.get()
        # The answer to a Bird batch names no message, so a mix-up could not be detected.
        if (
            request.method != "POST"
            or not request.content_type.endswith("json")
            or ("/batch/" in request.path)
        ):
            return cast("web.StreamResponse", await handler(request))
        numbers = frozenset(_NUMBER.findall(await request.read()))
        earlier = self._earlier
        if processed is None or earlier is None or earlier[0] & numbers:
            response = cast("web.StreamResponse", await handler(request))
            if isinstance(response, web.Response) and response.status < 300:
                self._earlier = numbers, response
            return response
        if processed:
            await handler(request)
        _, told = earlier
        return web.Response(status=told.status, body=told.body, content_type=told.content_type)


class Provider:
    """One provider: a host that serves its emulator, and may lose its power.

    Args:
        name: The provider's name.
        universe: The universe of its host.
        chance: Draws from the tape.
        story: Receives what happens.

    Attributes:
        name: Its name.
        host: Its host.
        mood: Its present state.
        sandbox: The sandbox that it serves. Its handsets survive every crash.
    """

    def __init__(self, name: str, universe: Universe, chance: Chance, story: Story) -> None:
        self.name = name
        self.host: Host = universe.host(f"{name}.sim")
        self.mood = Mood()
        self._universe = universe
        self._story = story
        self._restart: asyncio.Event | None = None
        self._is_serving = asyncio.Event()
        self.sandbox = MixedUpSandbox(
            [EMULATORS[name]],
            host=self.host.name,
            port=PORT,
            clock=lambda: _EPOCH + universe.now(),
        )
        self.sandbox.faults = TapeFaults(name, chance, self.mood, story)

    async def start(self) -> None:
        """Start serving."""
        self.host.run(self._serve)
        await self._is_serving.wait()

    async def _serve(self) -> None:
        while True:
            self._restart = asyncio.Event()
            async with self.sandbox:
                self._is_serving.set()
                await self._restart.wait()
            await asyncio.sleep(0.5)

    def restart_service(self) -> None:
        """Stop serving in order, and start again."""
        if self._restart is not None and self.host.is_up:
            self._story.tell(f"{self.name} restarts its service")
            self._restart.set()

    def crash(self) -> None:
        """Cut the host's power."""
        if self.host.is_up:
            self._story.tell(f"{self.name} loses its power")
            self.host.crash()

    def recover(self) -> None:
        """End all faults, and restore the power."""
        self.mood.storm = self.mood.late = 0
        self.mood.refuses = self.mood.lacks = self.mood.fails = False
        self.mood.always = None
        if not self.host.is_up:
            self.host.restart()

    async def say_unasked(self) -> None:
        """Send an answer without a request on all connections, as soon as all are idle.

        During a request it would count as the answer to that request, which cannot be detected.
        """
        for _ in range(40):
            if not self._story.busy[self.name]:
                self._story.tell(f"{self.name} says what nobody asked for")
                self._universe.say_unasked(self.host, _STRAY)
                return
            await asyncio.sleep(0.05)

    def close_idle(self) -> None:
        """Close all connections in order."""
        self._story.tell(f"{self.name} closes its connections")
        self._universe.close_connections(self.host)

    def received(self) -> list[tuple[str, str, str]]:
        """Return number, text and id of every message on the handsets."""
        return [(each.number, each.text, each.id) for each in self.sandbox.handsets.all()]


_EPOCH = 1_900_000_000.0
