"""A provider and its transport in memory, for which a test decides each request's fate."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import orjson
from support.adapters import references, result

from omnimsg.adapter import Request, Response
from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from support.audit import Book

    from omnimsg.transport import WriteMark

# The references that are processed, and the answer or the transport fault.
Fate: TypeAlias = "tuple[Sequence[str], Response | TransportFault]"


@attrs.define(eq=False)
class Call:
    """A request that waits for its answer.

    Attributes:
        references: The references of its messages.
        answer: The answer, once there is one.
    """

    references: list[str]
    answer: asyncio.Future[Response] = attrs.field(factory=asyncio.Future)


class Provider:
    """A transport and the provider behind it.

    Args:
        book: The journal, which must have an intent for every message before it is sent.

    Attributes:
        phones: How often each message has been delivered; look-ups read it.
        listing: Whether messages can be looked up.
        calls: The requests that were sent and wait for an answer.
        ghosts: Messages of cancelled requests, which may still be delivered at any time.
        online: Whether a connection is possible; if not, requests wait for one.
        connecting: How many requests wait for a connection.
        refusing: Whether waiting requests are refused their connection.
        slips: Rules that the engine broke, as far as a provider can tell.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._back = asyncio.Event()
        self._closed = False
        self.phones: Counter[str] = Counter()
        self.listing = True
        self.calls: list[Call] = []
        self.ghosts: list[str] = []
        self.online = True
        self.connecting = 0
        self.refusing = False
        self.slips: list[str] = []

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: object = None
    ) -> Response:
        """Wait for the answer to a request until its timeout."""
        del sink
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        try:
            async with asyncio.timeout(within):
                await self._connected()
                mark.written = True
                if request.method == "GET":
                    return self._listed(dict(request.query)["ref"])
                return await self._answered(Call(references(request)))
        except TimeoutError:
            raise TransportFault(Reason.TIMEOUT, "no answer in time") from None

    async def aclose(self) -> None:
        """Refuse further requests, and wait for those in progress."""
        self._closed = True
        while self.calls or self.connecting:  # noqa: ASYNC110 - the time is virtual
            await asyncio.sleep(0.1)

    def connect(self, *, refuse: bool) -> None:
        """Give the waiting requests a connection, or refuse it."""
        self.online = self.online or not refuse
        self.refusing = refuse
        self._back.set()
        self._back = asyncio.Event()

    def meet(self, call: Call, fate: Fate) -> None:
        """Process the messages of a request that the fate names, and answer the request."""
        arrived, answer = fate
        self.phones.update(arrived)
        self.calls.remove(call)
        if call.answer.done():
            return  # the request was cancelled
        if isinstance(answer, Response):
            call.answer.set_result(answer)
        else:
            call.answer.set_exception(answer)

    def haunt(self) -> None:
        """Deliver the oldest message of a cancelled request."""
        self.phones[self.ghosts.pop(0)] += 1

    def _listed(self, reference: str) -> Response:
        if not self.listing:
            return Response(503, b"")
        return Response(200, orjson.dumps({"there": self.phones[reference] > 0}))

    async def _connected(self) -> None:
        self.connecting += 1
        try:
            while not self.online:
                await self._back.wait()
                if self.refusing:
                    raise TransportFault(Reason.CONNECTION_FAILED, "no connection")
        finally:
            self.connecting -= 1

    async def _answered(self, call: Call) -> Response:
        for reference in call.references:
            told = self._book.told.get(reference)
            if not told or told[-1] is not None:
                self.slips.append(f"{reference} left without an intent")
        if len(set(call.references)) != len(call.references):
            self.slips.append(f"{call.references}: twice in one request")
        self.calls.append(call)
        try:
            return await call.answer
        except asyncio.CancelledError:
            if call in self.calls:
                self.calls.remove(call)
                self.ghosts += call.references
            raise


def _answer(results: Mapping[str, str], *, reverse: bool = False) -> Response:
    entries = [result(reference, word) for reference, word in results.items()]
    return Response(200, orjson.dumps({"results": entries[::-1] if reverse else entries}))


def _results_in_turn(references: Sequence[str], *words: str) -> Fate:
    """Give the messages these results in turn; those with the result "ok" are processed."""
    results = {reference: words[index % len(words)] for index, reference in enumerate(references)}
    return [reference for reference, word in results.items() if word == "ok"], _answer(results)


def _lost(what: str) -> TransportFault:
    return TransportFault(Reason.CONNECTION_LOST, what)


def _all_ok(references: Sequence[str], **how: Any) -> Response:
    return _answer(dict.fromkeys(references, "ok"), **how)


FATES: Mapping[str, Callable[[Sequence[str]], Fate]] = {
    "accepted": lambda all_: (all_, _all_ok(all_)),
    "answered backwards": lambda all_: (all_, _all_ok(all_, reverse=True)),
    "dropped before": lambda all_: ((), _lost("before")),
    "dropped after": lambda all_: (all_, _lost("after")),
    "dropped midway": lambda all_: (all_[:1], _lost("midway")),
    "garbled": lambda all_: (all_, Response(200, b'{"results": [')),
    "cut short": lambda all_: (all_, _all_ok(all_[1:])),
    "unavailable": lambda all_: ((), Response(503, b"")),
    "unavailable and processed": lambda all_: (all_, Response(503, b"")),
    "throttled": lambda all_: ((), Response(429, b"", {"Retry-After": "2"})),
    "throttled for long": lambda all_: ((), Response(429, b"", {"Retry-After": "3600"})),
    "refused": lambda all_: ((), Response(400, b"{}")),
    "unauthorised": lambda all_: ((), Response(401, b"")),
    "partly refused": lambda all_: _results_in_turn(all_, "ok", "no-such-number"),
    "partly throttled": lambda all_: _results_in_turn(all_, "slow-down", "ok"),
    "partly unpaid": lambda all_: _results_in_turn(all_, "ok", "no-money"),
    "partly unknown": lambda all_: _results_in_turn(all_, "who-knows", "ok"),
}
"""The fates by name: each returns the fate of a request with these references."""
