"""Reports during the look-ups of a doubtful message prevent a second send, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from support.adapters import FakeTransport, references, results, texts, tiny
from support.audit import Book, outcome_of
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.stores import DatabaseStore
from support.virtual import VirtualLoop

from omnimsg import (
    Accepted,
    CallbackOptions,
    Client,
    Limits,
    OnAmbiguous,
    Policy,
    RetryPolicy,
    SendError,
)
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg import Outcome
    from omnimsg.delivery.receiver import Receiver


class World:
    """A provider that answers the first request with doubt, and whose list stays empty."""

    def __init__(self, *, look_up_takes: float = 0.0) -> None:
        self.loop = VirtualLoop()
        self.began = self.loop.now
        self.book = Book()
        self.sent: list[list[str]] = []
        self.looked: list[float] = []
        self.look_up_takes = look_up_takes

    def now(self) -> float:
        """Return the virtual seconds since the start."""
        return round(self.loop.now - self.began, 3)

    async def answer(self, request: Request) -> Response:
        """Answer a look-up or a send."""
        if request.method == "GET":
            self.looked.append(self.now())
            await asyncio.sleep(self.look_up_takes)
            return Response(200, orjson.dumps({"there": False}))
        batch = references(request)
        self.sent.append(batch)
        word = "who-knows" if len(self.sent) == 1 else "ok"
        return results(dict.fromkeys(batch, word))

    def live(
        self,
        story: Callable[[Client, Receiver], Awaitable[Any]],
        *,
        limits: Limits | None = None,
        **options: Any,
    ) -> Any:
        """Run a coroutine with a client that receives reports; fail if a task is left."""

        async def told() -> Any:
            wire = FakeTransport(self.answer)
            client = Client(
                [tiny(kind=Reporting)],
                policies={
                    "main": Policy(
                        on_ambiguous=OnAmbiguous.RESEND_IF_NOT_FOUND,
                        retry=RetryPolicy(base=0),
                        limits=limits or Limits(),
                    )
                },
                journal=self.book,
                transport=lambda _: wire,
                clock=self.loop,
                callbacks=CallbackOptions(public_url=PUBLIC_URL),
                **options,
            )
            receiver = client.receiver()
            try:
                return await story(client, receiver)
            finally:
                await client.aclose()
                await asyncio.sleep(1)

        return self.loop.drive_to_end(told())


async def send(client: Client, count: int = 1) -> Sequence[Outcome]:
    """Send messages in one request, and return their outcomes."""

    async def call(number: int) -> Outcome:
        try:
            return await client.send(texts(1, start=number)[0], deadline=1000)
        except SendError as error:
            return outcome_of(error)

    return await asyncio.gather(*map(call, range(count)))


async def report(receiver: Receiver, after: float, *numbers: int) -> None:
    """Deliver reports of messages after a while."""
    await asyncio.sleep(after)
    entries = [{"state": "sent", "id": f"m{each}", "ref": f"r{each}"} for each in numbers]
    assert 204 == await deliver(receiver, *entries)


def test_a_report_ends_the_wait_for_the_next_look_up() -> None:
    """A report ends the wait for the next look-up; caller and journal get the acceptance."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> tuple[Sequence[Outcome], float]:
        reporting = asyncio.ensure_future(report(receiver, 30, 0))
        outcomes = await send(client)
        ended = place.now()
        await reporting
        return outcomes, ended

    (outcome,), ended = place.live(story)

    assert Accepted(reference="r0", account="main", provider_id="m0") == outcome
    assert pytest.approx(30, abs=0.5) == ended
    assert ([0.0], [["r0"]]) == (place.looked, place.sent)
    assert place.book.last("r0") == outcome


def test_an_early_report_is_found_at_once() -> None:
    """A report that came before the doubtful answer makes it an acceptance at once."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> tuple[Sequence[Outcome], float]:
        await report(receiver, 1, 0)
        return await send(client), place.now()

    (outcome,), ended = place.live(story)

    assert isinstance(outcome, Accepted)
    assert pytest.approx(1, abs=0.5) == ended
    assert [["r0"]] == place.sent


def test_a_report_during_the_last_look_up_keeps_it_from_being_sent_again() -> None:
    """A report during the last look-up, which finds nothing, prevents a second send."""
    place = World(look_up_takes=10)

    async def story(client: Client, receiver: Receiver) -> Sequence[Outcome]:
        # The second look-up begins at 130 s and ends at 140 s.
        reporting = asyncio.ensure_future(report(receiver, 135, 0))
        outcomes = await send(client)
        await reporting
        return outcomes

    (outcome,) = place.live(story)

    assert isinstance(outcome, Accepted)
    assert [0.0, 130.0] == place.looked
    assert [["r0"]] == place.sent


def test_a_report_keeps_what_waits_to_be_sent_again_from_leaving() -> None:
    """A report of a message that waits in the queue to be sent again removes it from the queue."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> Sequence[Outcome]:
        # One request in 20 seconds: the messages are found absent at 140 s, and would leave at 180
        # s.
        reporting = asyncio.ensure_future(report(receiver, 170, 0))
        outcomes = await send(client, 2)
        await reporting
        return outcomes

    outcomes = place.live(story, limits=Limits(requests_per_second=1 / 20))

    assert [["r0", "r1"], ["r1"]] == place.sent
    assert ["m0", "id-r1"] == [each.provider_id for each in outcomes if isinstance(each, Accepted)]


def test_only_what_no_report_names_is_sent_again() -> None:
    """Of one doubtful request, only the messages without a report are sent again."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> Sequence[Outcome]:
        reporting = asyncio.ensure_future(report(receiver, 30, 0, 2))
        outcomes = await send(client, 3)
        await reporting
        return outcomes

    outcomes = place.live(story)

    assert [["r0", "r1", "r2"], ["r1"]] == place.sent
    assert ["m0", "id-r1", "m2"] == [
        each.provider_id for each in outcomes if isinstance(each, Accepted)
    ]


def test_a_report_of_an_earlier_send_proves_nothing() -> None:
    """A report of an earlier send with the same reference does not prove the doubtful one."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> Sequence[Outcome]:
        place.sent.append([])
        assert ["accepted"] == [each.kind async for each in client.send_many(texts(1))]
        place.sent.clear()
        waiting = asyncio.ensure_future(send(client))
        await asyncio.sleep(30)
        assert 204 == await deliver(receiver, {"state": "sent", "id": "id-r0", "ref": "r0"})
        return await waiting

    (outcome,) = place.live(story)

    assert isinstance(outcome, Accepted)
    assert [["r0"], ["r0"]] == place.sent


def test_a_store_that_fails_is_no_report() -> None:
    """If the store fails, look-ups go on as if there were no reports."""
    place = World()
    store = DatabaseStore()
    store.is_down = True

    async def story(client: Client, _: Receiver) -> Sequence[Outcome]:
        return await send(client)

    (outcome,) = place.live(story, store=store)

    assert isinstance(outcome, Accepted)
    assert [["r0"], ["r0"]] == place.sent
    assert [0.0, 120.0] == place.looked
