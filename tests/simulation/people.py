"""The callers of a world: they send, stream, upload, look up, cancel and give up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import attrs
from simulation.chance import Chance
from simulation.story import Handed, Story

from omnimsg import (
    Accepted,
    Media,
    MediaItem,
    Message,
    OperationError,
    SendError,
    Upload,
)
from omnimsg.domain.message import Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from simulation.application import App
    from simulation.plans import AccountPlan

    from omnimsg import Outcome

FOR_EVER = float("inf")

# The messages that a stream may read ahead of its reader, whatever its slots.
_MIN_AHEAD = 256

# The last digits of the sandbox's magic numbers.
_SPECIAL = ("990003", "990006", "990009", "990010")


@attrs.define(eq=False)
class People:
    """All callers of a world.

    Attributes:
        chance: Draws from the tape.
        story: Receives what they do and their outcomes.
        deadlines: The deadlines to draw from, seconds.
        count: The number of messages written.
        ids: The ids of accepted messages, by account.
    """

    chance: Chance
    story: Story
    deadlines: Sequence[float] = (30.0, 5.0, 0.4, 90.0, FOR_EVER)
    count: int = 0
    ids: dict[str, list[str]] = attrs.field(factory=dict)

    def write(
        self,
        client: int,
        plan: AccountPlan,
        deadline: float,
        *,
        is_plain: bool = False,
        **given: Any,
    ) -> Handed:
        """Build a message and add it to the story; the sender sets `began`."""
        chance, number = self.chance, self.count
        self.count += 1
        to, is_certain, extras = f"+2782{number:07}", True, {}
        kind = 0 if is_plain else chance.draw("message.kind", 20)
        if kind >= 17 and number:
            to = f"+2782{chance.count('message.to', 0, number - 1):07}"
        elif kind == 16:
            # Without a deadline, the number that is always out of funds would wait for ever.
            ends = _SPECIAL if deadline < FOR_EVER else _SPECIAL[:-1]
            to, is_certain = f"+27820{chance.one_of('message.special', ends)}", False
        elif kind == 15 and plan.kind != "bird-batch":
            extras = {plan.provider: {"nonsense": 1}}
        message = Message(
            to,
            given.pop("content", f"This is number {number}"),
            reference=f"m{number}",
            extras=extras,
            **({} if is_plain else self._traits()),
            **given,
        )
        handed = Handed(message, plan, client, self.story.now(), deadline, is_certain=is_certain)
        self.story.handed.append(handed)
        return handed

    def _traits(self) -> dict[str, Any]:
        priorities = [Priority.NORMAL] * 4 + [Priority.HIGH, Priority.LOW]
        return {
            "priority": self.chance.one_of("message.priority", priorities),
            "ttl": self.chance.one_of("message.ttl", [None] * 6 + [3, 60]),
        }

    async def call(self, app: App, plan: AccountPlan) -> None:
        """Send one message, and record its outcome."""
        await self.send(
            app, self.write(app.number, plan, self.chance.one_of("deadline", self.deadlines))
        )

    async def send(self, app: App, handed: Handed) -> None:
        """Send a message that was built before."""
        handed.began = self.story.now()
        self.story.tell(f"{handed.message.reference} is handed to {handed.account.name}")
        try:
            outcome: Outcome = await app.client.send(
                handed.message, account=handed.account.name, deadline=handed.deadline
            )
        except SendError as error:
            outcome = error.outcome  # type: ignore[assignment]
        except asyncio.CancelledError:
            handed.is_excused = True
            raise
        self.hear(handed, outcome)

    async def give_up(self, app: App, plan: AccountPlan) -> None:
        """Send one message, and cancel the call before its outcome."""
        calling = asyncio.create_task(self.call(app, plan))
        await asyncio.sleep(self.chance.seconds("give up", 0.0, 2.0))
        calling.cancel()
        await asyncio.wait([calling])

    async def burst(self, app: App, plan: AccountPlan) -> None:
        """Send several messages at once."""
        count = self.chance.count("burst", 2, 7)
        await asyncio.gather(*(self.call(app, plan) for _ in range(count)))

    async def stream(self, app: App, plan: AccountPlan) -> None:
        """Send a stream; read its outcomes slowly at times, or stop early."""
        chance = self.chance
        deadline = chance.one_of("deadline", self.deadlines)
        count, leaves = chance.count("stream", 1, 12), chance.happens("stream.leaves", 15)
        stays = chance.count("stream.stays", 1, count) if leaves else count
        read: list[Handed] = []
        source = self._messages(app, plan, deadline, count, read)
        given: Any = self._slowly(source) if chance.happens("stream.slow", 40) else source
        await self.take(app, plan, given, deadline, read, stays)

    async def flood(self, app: App, plan: AccountPlan) -> None:
        """Send more messages than a stream reads ahead, and read the outcomes late."""
        count = _most_ahead(plan) + 80
        read: list[Handed] = []
        source = self._messages(app, plan, 60.0, count, read)
        await self.take(app, plan, source, 60.0, read, count, pause=3.0)

    async def take(
        self,
        app: App,
        plan: AccountPlan,
        source: Any,
        deadline: float,
        read: list[Handed],
        stays: int,
        *,
        pause: float = 0.0,
    ) -> None:
        """Read at most `stays` outcomes of a stream, and check its read-ahead."""
        taken = 0
        outcomes = app.client.send_many(source, account=plan.name, deadline=deadline)
        limit = _most_ahead(plan)
        try:
            async with aclosing(outcomes):
                async for outcome in outcomes:
                    if taken == 0 and pause:
                        await asyncio.sleep(pause)
                    taken += 1
                    if len(read) - taken > limit:
                        self.story.slip("memory", f"{plan.name} reads {len(read)}, {taken} taken")
                    position = outcome.position
                    if position is None or position >= len(read):
                        self.story.slip("outcome", f"{plan.name}: position {position} of a stream")
                        continue
                    self.hear(read[position], outcome)
                    if taken == stays:
                        break
        finally:
            for each in read:
                each.is_excused = each.is_excused or not each.outcomes

    def _messages(
        self, app: App, plan: AccountPlan, deadline: float, count: int, read: list[Handed]
    ) -> Iterator[Message]:
        for _ in range(count):
            handed = self.write(app.number, plan, deadline)
            handed.is_streamed = True
            read.append(handed)
            yield handed.message

    async def _slowly(self, messages: Iterator[Message]) -> AsyncIterator[Message]:
        for each in messages:
            yield each
            await asyncio.sleep(self.chance.seconds("stream.pause", 0.0, 0.5))

    async def ask(self, app: App, plan: AccountPlan) -> None:
        """Look up an accepted message; without one, send a message first."""
        ids = self.ids.get(plan.name)
        if not ids:
            await self.call(app, plan)
            ids = self.ids.get(plan.name)
        if ids:
            await self._operation("status", app.client.status(ids[-1], deadline=20.0))

    async def stop(self, app: App, plan: AccountPlan) -> None:
        """Cancel an accepted message where the provider can, else look it up."""
        ids = self.ids.get(plan.name)
        if ids and plan.provider == "messente":
            await self._operation("cancel", app.client.cancel(ids[-1], deadline=20.0))
        else:
            await self.ask(app, plan)

    async def attach(self, app: App, plan: AccountPlan) -> None:
        """Upload a file, and send it."""
        if plan.provider not in {"clickatell", "bird"}:
            await self.burst(app, plan)
            return
        upload = Upload(_PNG, "image/png", file_name="menu.png")
        stored = await self._operation(
            "upload", app.client.upload(upload, account=plan.name, deadline=20.0)
        )
        if stored is None:
            return
        text = f"Here is file {self.count}"
        content = Media((MediaItem("image", stored),), text)
        handed = self.write(app.number, plan, 30.0, content=content, channel="whatsapp")
        handed.is_certain = False  # the service window may be closed
        await self.send(app, handed)

    async def _operation(self, name: str, work: Awaitable[Any]) -> Any:
        began = self.story.now()
        try:
            result = await work
        except OperationError as error:
            result = None
            self.story.tell(f"{name} fails: {error.failure.reason}")
        else:
            self.story.counts[name] += 1
        if self.story.now() - began > 21.0:
            self.story.slip("deadline", f"{name} took {self.story.now() - began:.1f} s of 20")
        return result

    def hear(self, handed: Handed, outcome: Outcome) -> None:
        """Record a caller's outcome."""
        if outcome.reference != handed.message.reference or outcome.account != handed.account.name:
            self.story.slip("outcome", f"{handed.name} hears of {outcome.reference}")
        handed.outcomes.append(outcome)
        handed.ended = self.story.now()
        self.story.counts[outcome.kind] += 1
        why = "" if isinstance(outcome, Accepted) else f" ({outcome.reason})"
        self.story.tell(f"{handed.message.reference} is {outcome.kind}{why}")
        if isinstance(outcome, Accepted) and outcome.id is not None:
            self.ids.setdefault(handed.account.name, []).append(str(outcome.id))


def _most_ahead(plan: AccountPlan) -> int:
    """Return the most messages that a stream may have read ahead of its reader.

    It is twice the read-ahead, because outcomes handed over together count as read at once.
    """
    most = plan.adapter.capabilities.max_messages
    return 2 * max((plan.slots + 2) * most, plan.slots + _MIN_AHEAD)


_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154"
    "78da63fcffff3f030005fe02fea72d1e480000000049454e44ae426082"
)
