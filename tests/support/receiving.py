"""A receiver, and records of what reaches its handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.adapters import FakeTransport, TinyAdapter, tiny
from support.delivery import Watcher
from support.reporting import PUBLIC_URL, Reporting, written

from omnimsg import CallbackOptions, Client

if TYPE_CHECKING:
    from omnimsg.delivery.request import CallbackRequest, RefusedBecause
    from omnimsg.domain.events import Event
    from omnimsg.engine.clock import Clock


BODY = written({"state": "sent", "id": "m1"})


class World:
    """A client with a receiver, and records of its events and refusals."""

    def __init__(
        self,
        *,
        kind: type[TinyAdapter] = Reporting,
        has_handler: bool = True,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        self.watcher = Watcher()
        self.events: list[Event] = []
        self.client = Client(
            [tiny(kind=kind)],
            transport=lambda _: FakeTransport(),
            callbacks=CallbackOptions(**{"public_url": PUBLIC_URL, **options}),
            observers=[self.watcher],
            clock=clock,
        )
        self.receiver = self.client.receiver(self.events.append if has_handler else None)

    async def ask(self, asked: CallbackRequest) -> int:
        """Send a request to the receiver; check that the answer's headers tell no detail."""
        answer = await self.receiver.respond(asked)
        assert {"Allow", "Retry-After", "Connection"} >= {name for name, _ in answer.headers}
        return answer.status

    def nothing_came_of(self, why: RefusedBecause, status: int) -> None:
        """Check that one request was refused, counted and observed, and nothing else happened."""
        assert [] == self.events
        assert 0 == self.receiver.handled
        assert {why: 1} == self.receiver.refused
        assert [(why, status)] == [(each.why, each.http_status) for each in self.watcher.refusals]
