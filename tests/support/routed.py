"""A client of several Tiny accounts, each with its own fake transport, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from support.adapters import (
    FakeTransport,
    Reply,
    TinyAdapter,
    accepted,
    references,
    results,
    tiny,
)
from support.virtual import VirtualLoop

from omnimsg import Client, Policy, RetryPolicy, SendError
from omnimsg.adapter import Response
from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from omnimsg import Message, Outcome, Route
    from omnimsg.adapter import Request
    from omnimsg.transport import TransportOptions

AT_ONCE = RetryPolicy(base=0)


def saying(word: str) -> Reply:
    """Answer every message with this result."""

    def reply(request: Request) -> Response:
        return results(dict.fromkeys(references(request), word))

    return reply


def pausing(seconds: float) -> Reply:
    """Answer every message with a rate limit and the seconds to wait."""

    def reply(request: Request) -> Response:
        said = [
            {"ref": each, "error": "slow-down", "after": seconds} for each in references(request)
        ]
        return Response(200, orjson.dumps({"results": said}))

    return reply


def slowly(seconds: float, word: str) -> Reply:
    """Answer every message with this result, after some seconds."""

    async def reply(request: Request) -> Response:
        await asyncio.sleep(seconds)
        return results(dict.fromkeys(references(request), word))

    return reply


def unreachable(_: Request) -> Response:
    """Fail to connect."""
    raise TransportFault(Reason.CONNECTION_FAILED, "no route to it")


class Routed:
    """Accounts `a`, `b`, ... of one client, each with a fake transport.

    Args:
        replies: The reply function of each account, in order.
        routes: The routes of the client.
        options: Further options of the client.

    Attributes:
        loop: The event loop, which is also the clock.
        wires: The transports by account name.
        client: The client.
    """

    def __init__(self, *replies: Reply, routes: Iterable[Route] = (), **options: Any) -> None:
        self.loop = VirtualLoop()
        names = "abcdef"[: len(replies)]
        self.wires: dict[str, FakeTransport] = {
            name: FakeTransport(reply) for name, reply in zip(names, replies, strict=True)
        }
        kind = options.pop("kind", TinyAdapter)
        adapters = [tiny(f"https://{name}.example", name=name, kind=kind) for name in names]
        self.client = Client(
            adapters,
            default=names[0],
            routes=tuple(routes),
            policies=options.pop("policies", None)
            or {name: Policy(retry=AT_ONCE) for name in names},
            transport=self._wire,
            clock=self.loop,
            **options,
        )

    def use(self, name: str, wire: FakeTransport) -> None:
        """Replace an account's transport, before it is used."""
        old, self.wires[name] = self.wires[name], wire
        old.reply = wire.reply
        old.exchange = wire.exchange  # type: ignore[method-assign]  # the account has the old one

    def _wire(self, options: TransportOptions) -> FakeTransport:
        name = (urlsplit(options.base_url).hostname or "").partition(".")[0]
        wire = self.wires[name]
        if wire.reply is unreachable:
            wire.writes = False
        return wire

    def run(self, story: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
        """Run a story with the client, and close it."""

        async def whole() -> Any:
            async with self.client as client:
                return await story(client)

        try:
            return self.loop.drive(whole())
        finally:
            self.loop.close()

    def send(self, message: Message, **options: Any) -> Outcome:
        """Send one message, and return its outcome."""
        found: Outcome = self.run(lambda client: outcome_of(client, message, **options))
        return found

    def send_many(self, messages: Iterable[Message], **options: Any) -> list[Outcome]:
        """Send messages as a stream, and return the outcomes in the order of the messages."""

        async def story(client: Client) -> list[Outcome]:
            found = [each async for each in client.send_many(messages, **options)]
            return sorted(found, key=lambda each: each.position or 0)

        outcomes: list[Outcome] = self.run(story)
        return outcomes

    def asked(self) -> dict[str, int]:
        """Return the number of requests of each account."""
        return {name: len(wire.requests) for name, wire in self.wires.items()}


async def outcome_of(client: Client, message: Message, **options: Any) -> Outcome:
    """Send one message, and return its outcome, also if it is an error."""
    try:
        return await client.send(message, **options)
    except SendError as error:
        outcome: Any = error.outcome
        found: Outcome = outcome
        return found


__all__ = [
    "AT_ONCE",
    "Routed",
    "accepted",
    "outcome_of",
    "pausing",
    "saying",
    "slowly",
    "unreachable",
]
