"""A client whose provider loses answers, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import orjson
from support.adapters import FakeTransport, TinyAdapter, accepted, references, results, tiny
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.virtual import VirtualLoop

from omnimsg import CallbackOptions, Client, Limits, Observer, Policy, RetryPolicy
from omnimsg.adapter import Request, Response
from omnimsg.domain.status import MessageStatus
from omnimsg.engine.delivery_events import DoubtEnded

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from omnimsg.adapter import Context, Flow
    from omnimsg.adapter.interface import Answered
    from omnimsg.delivery.receiver import Receiver

Reply: TypeAlias = "Response | Awaitable[Response]"


class Asked(Reporting):
    """An adapter that can look up statuses."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up the status of a message."""
        response = yield Request("GET", f"/status/{provider_id}", authenticated=True)
        document = response.json()
        if response.status != 200:
            return None
        state, _, reason = document["state"].partition(" because ")
        said = {"state": state, "id": provider_id, **({"reason": reason} if reason else {})}
        callback = self.event(said, None, context)  # type: ignore[arg-type]
        return MessageStatus(id=callback.message_id, legs=(callback.leg,))  # type: ignore[union-attr, arg-type]


@attrs.define
class World:
    """A client whose provider loses answers, in a time of its own.

    Attributes:
        reply: Answers a send.
        looks: What is said to each look-up in turn; then the message is absent.
        states: What is said to each question for a status in turn.
        looked: When each look-up came, seconds from the beginning.
        ends: What observers were told of doubts.
    """

    reply: Callable[[Request], Reply] = lambda request: results(
        dict.fromkeys(references(request), "who-knows")
    )
    looks: Iterator[str] = attrs.field(factory=lambda: iter(()))
    states: Iterator[str] = attrs.field(factory=lambda: iter(()))
    kind: type[TinyAdapter] = Reporting
    looked: list[float] = attrs.field(factory=list)
    ends: list[DoubtEnded] = attrs.field(factory=list)
    loop: VirtualLoop = attrs.field(factory=VirtualLoop)

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        if request.method != "GET":
            return self.reply(request)
        self.looked.append(round(self.loop.now - 1000))
        if request.url.startswith("/status"):
            said = next(self.states, "sent")
            if said == "down":
                return Response(503)
            return Response(200, orjson.dumps({"state": said}))
        said = next(self.looks, "absent")
        if said == "hangs":
            return self._hang()
        if said == "down":
            return Response(503)
        if said == "cancelled":
            raise asyncio.CancelledError
        return Response(200, orjson.dumps({"there": said == "there"}))

    def client(self, **options: Any) -> Client:
        """Build a client, such as one of several processes."""
        wire = FakeTransport(self.answer)
        return Client(
            [tiny(kind=self.kind)],
            policies={"main": Policy(retry=RetryPolicy(attempts=1), limits=Limits(linger=0))},
            transport=lambda _: wire,
            clock=self.loop,
            callbacks=CallbackOptions(public_url=PUBLIC_URL),
            **options,
        )

    def live(self, story: Callable[[Client, Receiver], Awaitable[Any]], **options: Any) -> Any:
        """Let something happen to a client with a receiver."""

        class Doubts(Observer):
            def doubt_ended(_, event: DoubtEnded) -> None:  # noqa: N805 - `self` is the world
                self.ends.append(event)

        async def told() -> Any:
            client = self.client(observers=[Doubts()], **options)
            receiver = client.receiver()
            try:
                return await story(client, receiver)
            finally:
                await client.aclose()
                await asyncio.sleep(1)

        return self.loop.drive_to_end(told())

    async def _hang(self) -> Response:
        await asyncio.sleep(3600)
        return Response(503)


def ok(request: Request) -> Response:
    """Accept everything."""
    return accepted(request)


async def report(receiver: Receiver, *, after: float, state: str = "sent", **names: str) -> None:
    """Deliver a report after a while, with the reference unless other names are given."""
    await asyncio.sleep(after)
    assert 204 == await deliver(receiver, {"state": state, "id": "m1", **(names or {"ref": "r0"})})
